"""From a record to what the likelihood reads: which facts count, in which series, until which day, what is left out.

Every fact of a name that the likelihood knows is either a row or a note with its reason; nothing is left out silently.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

import polars as pl

from carsequel.inference.numbers import measures, number
from carsequel.inference.observations import FailureSeen, Observations, Treatment, as_rows
from carsequel.inference.particles import HORIZON
from carsequel.inference.treatments import AGAINST_TOXICITY, arm_given
from carsequel.mechanism.clinic import clinic_rules
from carsequel.record.course import Course

AFTER_FAILURE: Final = 60.0
SAME_START: Final = 7.0  # days between an event `new_therapy` and the span that it speaks of
ANY_UNIT: Final = "any"
AT_FAILURE: Final = r"(?i)relaps|progress|failure|recurr"
BEFORE: Final = r"(?i)baseline|before|pre-|screening|apheresis|lymphodepletion|at infusion"
BLOOD: Final = r"(?i)blood|plasma|serum|^pb$"
B_CELL_TARGETS: Final = {"CD19", "CD20", "CD22"}
SAME: Final[Mapping[str, Mapping[str, str]]] = {
    "lymphoma": {"CR": "CR", "CMR": "CR", "PR": "PR", "PMR": "PR", "SD": "SD", "NMR": "SD"},
    "leukemia": {"CR": "CR", "CRi": "CR", "CRh": "CR"},
    "myeloma": {"sCR": "CR", "CR": "CR", "VGPR": "VGPR", "PR": "PR", "MR": "SD", "SD": "SD"},
}
READ: Final = (
    "car_t", "b_cells", "b_cell_aplasia", "response", "mtv", "spd", "marrow_blasts", "mrd", "m_protein_serum", "ldh",
    "ferritin", "il6", "ctdna",
)  # fmt: skip
OF_RULES: Final = {
    "lymphoma": {"mtv", "spd", "ldh", "ferritin", "il6", "ctdna"},
    "leukemia": {"marrow_blasts", "mrd", "ferritin", "il6"},
    "myeloma": {"m_protein_serum", "ferritin", "il6"},
}


def read_observations(course: Course, verdict: Mapping[str, Any]) -> Observations:
    """Give what the likelihood reads of one infusion of one patient.

    `course` holds that patient alone; `verdict` is the row of the verdict on the infusion (infusion, disease, target,
    state, day, day_low, day_high, approximate). A therapy before the failure that the model has an arm for becomes a
    treatment; what comes after any other next therapy, or more than 60 days after the failure, is left out. Raises
    ClinicError for a disease without clinical rules.
    """
    own = pl.col("infusion") == verdict["infusion"]
    rows, notes = list[dict[str, Any]](), list[dict[str, Any]]()
    therapy, treatments = _therapies(course, own, _day_of_failure(verdict), notes)
    failure = _failure(verdict, course.clock.filter(own)["last"].to_list(), therapy)
    end = min(therapy, failure.day + AFTER_FAILURE if failure.state == "failed" else failure.day, HORIZON)
    antigen = f"antigen_{str(verdict['target'] or '').lower()}"
    facts = course.facts_since(*READ, antigen, before=60.0, undated=True).filter(own)
    for fact in _dated(facts, failure, notes):
        found = _row(fact, verdict, failure, antigen)
        if isinstance(found, str):
            notes.append(_note(fact, found))
        elif fact["since"] > end:
            notes.append(_note(fact, _too_late(end, therapy)))
        else:
            rows.append(found)
    rows += _lesions(course, verdict, end)
    frame = as_rows(rows).unique(["measure", "series", "day", "value", "bound", "text"], maintain_order=True)
    last = max([failure.day if failure.state != "unknown" else 0.0, *frame["day"].to_list(), 0.0])
    given = tuple(each for each in treatments if each.day < end)
    return Observations(frame, failure, min(last, end), tuple(notes), given, int(verdict["infusion"]))


def _day_of_failure(verdict: Mapping[str, Any]) -> float:
    """The earliest day that the failure can have; infinite where there is none."""
    days = [verdict.get(name) for name in ("day_low", "day")]
    known = [float(day) for day in days if day is not None and not math.isnan(day)]
    return min(known, default=math.inf) if verdict["state"] == "failed" else math.inf


def _failure(verdict: Mapping[str, Any], last: list[Any], therapy: float) -> FailureSeen:
    state, day = verdict["state"], verdict["day"]
    known = min(float(last[0]) if last and last[0] is not None else 0.0, therapy, HORIZON)
    if state == "failed" and day is not None and not math.isnan(day):
        return FailureSeen("failed", float(day), bool(verdict.get("approximate")))
    if state == "failed":
        low, high = verdict.get("day_low"), verdict.get("day_high")
        earliest, latest = float(low or 1.0), float(min(high, HORIZON) if high else HORIZON)
        middle = math.sqrt(max(earliest, 1.0) * max(latest, 1.0))
        return FailureSeen("failed", middle, True, earliest, max(latest, earliest))
    if state in ("suspected", "not_evaluable"):
        return FailureSeen("unknown", known)
    return FailureSeen("free", min(float(day), known) if day is not None else known)


def _therapies(
    course: Course, own: pl.Expr, failed: float, notes: list[dict[str, Any]]
) -> tuple[float, tuple[Treatment, ...]]:
    """Day of the first therapy that the model cannot follow (infinite where there is none), and those that it can:
    with an arm, and begun before the failure."""
    event = course.facts_since("event").filter(own & (pl.col("text") == "new_therapy") & (pl.col("since") > 0))
    spans = course.spans_since("therapy", "drug").filter(own & (pl.col("since") > 0) & pl.col("text").is_not_null())
    spans = spans.filter(pl.col("role").is_in(["next_line", "toxicity"]))
    followed, ends = list[Treatment](), list[float]()
    for span in spans.sort("since", maintain_order=True).iter_rows(named=True):
        arm, day = arm_given(span["text"]), float(span["since"])
        if span["role"] == "next_line" and arm in AGAINST_TOXICITY:
            arm = None
        if arm is not None and day < failed:
            followed.append(Treatment(arm, day))
        elif span["role"] == "next_line":
            ends.append(day)
            if day < failed:
                notes.append(_note(span, "given before the failure; the model has no term for it"))
    explained = [each.day for each in followed]
    ends += [day for day in event["since"].to_list() if not any(abs(day - other) <= SAME_START for other in explained)]
    end = min(ends, default=math.inf)
    return float(end), tuple(dict.fromkeys(each for each in followed if each.day < end))


def _dated(facts: pl.DataFrame, failure: FailureSeen, notes: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Facts with a day; one without gets that of the failure or of the baseline where its words say so."""
    for fact in facts.iter_rows(named=True):
        words = " ".join(str(fact.get(name) or "") for name in ("when", "site", "specimen", "method"))
        said = pl.Series([words])
        if fact["since"] is not None:
            yield fact
        elif said.str.contains(AT_FAILURE)[0] and failure.state == "failed":
            yield fact | {"since": failure.day}
        elif said.str.contains(BEFORE)[0]:
            yield fact | {"since": -1.0}
        else:
            notes.append(_note(fact, "has no day"))


def _row(fact: dict[str, Any], verdict: Mapping[str, Any], failure: FailureSeen, antigen: str) -> dict[str, Any] | str:
    """The row of a fact, or why it is none."""
    name, rules = fact["name"], clinic_rules(verdict["disease"])["rules"]
    if name == antigen:
        return _antigen(fact)
    if name == "response":
        return _response(fact, rules, failure)
    if name in ("b_cells", "b_cell_aplasia") and not B_CELL_TARGETS & set(str(verdict["target"]).split("/")):
        return "normal B cells do not carry the target"
    if name == "b_cell_aplasia":
        known = fact["text"] in ("yes", "no")
        return _stated(fact, "aplasia", fact["text"]) if known else "no reading"
    if name not in ("car_t", "b_cells") and name not in OF_RULES[rules]:
        return "not read in this disease"
    return _measured(fact)


def _antigen(fact: dict[str, Any]) -> dict[str, Any] | str:
    if fact["text"] in ("not_tested", "not_biopsied", None):
        return "not tested: no information"
    if fact["since"] <= 0:
        return "before the infusion: the model begins with the antigen"
    if fact["text"] in ("dim", "patchy"):
        return "reduced antigen: the model knows lost and kept; see the evidence"
    wrong = number("antigen_error_named" if fact["method"] else "antigen_error")
    return _stated(fact, "antigen", "positive" if fact["text"] == "positive" else "negative") | {"value": wrong}


def _response(fact: dict[str, Any], rules: str, failure: FailureSeen) -> dict[str, Any] | str:
    category = SAME[rules].get(fact["text"] or "")
    if category is None:
        return "no remission: it enters as the failure" if failure.state == "failed" else "not read as a category"
    if fact["since"] <= 0:
        return "before the infusion"
    if failure.state == "failed" and fact["since"] >= failure.day:
        return "at or after the failure: it enters as the failure"
    return _stated(fact, "response", category)


def _stated(fact: dict[str, Any], measure: str, text: str) -> dict[str, Any]:
    return {"measure": measure, "series": measure, "day": float(fact["since"]), "value": None, "bound": 0,
            "text": text, "source": fact["source"]}  # fmt: skip


def _measured(fact: dict[str, Any]) -> dict[str, Any] | str:
    kinds = [each for each in measures().values() if each.quantity == fact["name"]]
    kind = next((each for each in kinds if fact["unit"] in (each.unit, None) and len(kinds) == 1), None)
    kind = kind or next((each for each in kinds if each.unit == ANY_UNIT), None)
    kind = kind or next((each for each in kinds if fact["unit"] == each.unit), None)
    if kind is None:
        return "in a unit that the model does not speak of"
    specimen = fact["specimen"]
    if fact["name"] in ("car_t", "b_cells") and specimen and not pl.Series([specimen]).str.contains(BLOOD)[0]:
        return "not measured in blood"
    value, bound = _limit(fact, kind.limit if kind.unit != ANY_UNIT else None)
    if value is None:
        return "no value and no limit"
    series = f"{fact['unit'] or kind.unit} {fact['method'] or ''}".strip()
    return {"measure": kind.measure, "series": series, "day": float(fact["since"]), "value": value, "bound": bound,
            "text": None, "source": fact["source"]}  # fmt: skip


def _limit(fact: dict[str, Any], usual: float | None) -> tuple[float | None, int]:
    """The value and whether the truth lies below (-1) or above it (1)."""
    value, sign = fact["value"], fact["comparator"]
    if sign in ("<", "<=") or value == 0 or (value is None and fact["text"] in ("negative", "not detected", "absent")):
        limit = value if value else fact["limit"] or usual
        return (float(limit), -1) if limit else (None, 0)
    if value is None or value < 0:
        return None, 0
    return float(value), 1 if sign in (">", ">=") else 0


def _lesions(course: Course, verdict: Mapping[str, Any], end: float) -> list[dict[str, Any]]:
    """The sum of products of target lesions at each scan on which all of them were measured."""
    start = course.clock.filter(pl.col("infusion") == verdict["infusion"])["day"].to_list()
    if clinic_rules(verdict["disease"])["rules"] != "lymphoma" or not start or start[0] is None:
        return []
    target = course.lesions.filter((pl.col("kind") == "target") & pl.col("ldi").is_not_null())
    target = target.with_columns(since=pl.col("clock") - start[0], product=pl.col("ldi") * pl.col("sdi") / 100)
    per = target.group_by("since").agg(
        pl.col("product").sum(), pl.len(), pl.col("product").is_null().any().alias("gap")
    )
    full = per.filter(~pl.col("gap") & (pl.col("len") == pl.col("len").max()) & (pl.col("since") <= end)).sort("since")
    limit = measures()["spd"].limit or 1.0
    return [
        {"measure": "spd", "series": "lesions", "day": float(day), "value": max(float(value), limit),
         "bound": -1 if value < limit else 0, "text": None, "source": "lesions"}
        for day, value in full.select("since", "product").iter_rows()
    ]  # fmt: skip


def _too_late(end: float, therapy: float) -> str:
    if end >= HORIZON:
        return "later than the model is followed"
    return "after the next therapy" if end == therapy else "long after the failure or after what is known of it"


def _note(fact: dict[str, Any], why: str) -> dict[str, Any]:
    return {"fact": fact["name"], "source": fact["source"], "why": why}
