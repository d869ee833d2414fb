"""What must be managed now: HLH-like syndrome, neutrophils, infection, the nervous system, steroids.

Each danger is `yes`, `no` or `unknown` at the end of the record. `no` needs a measurement or a coverage row; an old
value keeps its day, and a danger that nobody looked for is unknown.
"""

from typing import Any, Final

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.rules import HLH_WORDS

SEVERE_NEUTROPENIA: Final = 0.5
SEVERE_NEUTROPENIA_SOURCE: Final = "S125"
STEROIDS: Final = (
    "dexamethasone",
    "methylprednisolone",
    "prednisone",
    "prednisolone",
    "hydrocortisone",
    "corticosteroids",
)
DANGERS: Final = ("HLH-like syndrome", "severe neutropenia", "infection", "central nervous system", "steroids")


def active_dangers(course: Course, patient: str, as_of: float | None) -> list[dict[str, Any]]:
    """Give the five dangers of one patient at the end of the record (`as_of`, day from the first infusion).

    Each is {name, state: yes|no|unknown, text, day, facts, source}; `day` is the day of what the text speaks of.
    """
    own = course.only(patient)
    return [
        _hlh(own, as_of),
        _neutrophils(own),
        _infection(own, as_of),
        _nervous_system(own, as_of),
        _steroids(own, as_of),
    ]


def _row(
    name: str, state: str, text: str, seen: dict[str, Any] | None = None, source: str | None = None
) -> dict[str, Any]:
    seen = seen or {}
    day = seen.get("clock")
    return {"name": name, "state": state, "text": text, "day": day, "facts": seen.get("source"), "source": source}


def _last(course: Course, *names: str) -> dict[str, Any] | None:
    rows = course.facts.filter(pl.col("name").is_in(names) & pl.col("doubt").is_null())
    rows = rows.sort("clock", nulls_last=False, maintain_order=True)
    return rows.row(-1, named=True) if rows.height else None


def _ongoing(as_of: float | None) -> pl.Expr:
    """Tell whether a span is going on at the end of the record: open, or ending on its last day."""
    open_end = pl.col("clock_end").is_null() & pl.col("end_known").fill_null(True)
    end = pl.lit(as_of if as_of is not None else 0.0)
    return (pl.col("clock") <= end) & (open_end | (pl.col("clock_end").floor() >= end.floor()))


def _spans(
    course: Course, as_of: float | None, condition: pl.Expr
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Give the spans that meet a condition: those going on at the end of the record, and all."""
    rows = course.spans.filter(condition).sort("clock", nulls_last=False, maintain_order=True)
    return rows.filter(_ongoing(as_of)).to_dicts(), rows.to_dicts()


def _covered(course: Course, as_of: float | None, *names: str) -> bool:
    rows = course.covered(*names)
    day = as_of or 0.0
    found = rows.filter((pl.col("infusion") == 1) & (pl.col("since") <= day) & (pl.col("until") >= day))
    return found["name"].n_unique() == len(names)


def _span_words(span: dict[str, Any]) -> str:
    dose = f" {span['value']:g} {span['unit'] or ''}".rstrip() if span["value"] is not None else ""
    start = _day(span["clock"], span["when"])
    if span["clock_end"] is not None:
        until = f" to day {span['clock_end']:g}"
    else:
        until = ", end not given" if span["end_known"] is False or span["clock"] is None else ", still going"
    return f"{span['text'] or span['name']}{dose} from {start}{until}"


def _day(clock: float | None, when: str | None) -> str:
    return f"day {clock:g}" if clock is not None else f"a day not given ({when})" if when else "a day not given"


def _hlh(course: Course, as_of: float | None) -> dict[str, Any]:
    name = DANGERS[0]
    now, ever = _spans(course, as_of, (pl.col("name") == "toxicity") & pl.col("text").str.contains(HLH_WORDS))
    stated = _last(course, "iec_hs_grade")
    ferritin = _last(course, "ferritin")
    level = (
        f"; last ferritin {ferritin['value']:g} ug/L on {_day(ferritin['clock'], ferritin['when'])}" if ferritin else ""
    )
    if now:
        return _row(name, "yes", _span_words(now[-1]) + level, now[-1])
    if stated and stated["value"] and stated["clock"] == as_of:
        return _row(name, "yes", f"stated IEC-HS grade {stated['value']:g}{level}", stated)
    if ever:
        return _row(name, "unknown", f"earlier: {_span_words(ever[-1])}{level}", ever[-1])
    if level:
        return _row(name, "unknown", f"not stated; cut-offs of IEC-HS are unverified and not applied{level}", ferritin)
    return _row(name, "unknown", "nothing recorded: no ferritin, no stated HLH or IEC-HS")


def _neutrophils(course: Course) -> dict[str, Any]:
    name = DANGERS[1]
    last = _last(course, "anc")
    if last is None or last["value"] is None:
        return _row(name, "unknown", "no neutrophil count in the record")
    low = last["value"] <= SEVERE_NEUTROPENIA
    text = f"last ANC {last['value']:g} x 10^9/L on {_day(last['clock'], last['when'])} (severe: 0.5 or less)"
    return _row(name, "yes" if low else "no", text, last, SEVERE_NEUTROPENIA_SOURCE)


def _infection(course: Course, as_of: float | None) -> dict[str, Any]:
    name = DANGERS[2]
    now, ever = _spans(course, as_of, pl.col("name") == "infection")
    if now:
        return _row(name, "yes", _span_words(now[-1]), now[-1])
    events = course.facts.filter((pl.col("name") == "event") & (pl.col("text") == "infection")).sort("clock")
    if events.height:
        last = events.row(-1, named=True)
        where = last["site"] or "organism not given"
        text = f"last infection: {where} on {_day(last['clock'], last['when'])}; end not given"
        return _row(name, "unknown", text, last)
    if ever:
        return _row(name, "no", f"last: {_span_words(ever[-1])}", ever[-1])
    if _covered(course, as_of, "infection"):
        return _row(name, "no", "infections are recorded completely; none")
    return _row(name, "unknown", "no infection recorded, and the record does not say that it is complete")


def _nervous_system(course: Course, as_of: float | None) -> dict[str, Any]:
    name = DANGERS[3]
    disease = _last(course, "cns_disease")
    now, _ = _spans(course, as_of, (pl.col("name") == "toxicity") & pl.col("text").str.contains(r"(?i)icans|neurotox"))
    if now:
        return _row(name, "yes", _span_words(now[-1]), now[-1])
    if disease and disease["text"] == "yes":
        return _row(name, "yes", f"CNS disease, {_day(disease['clock'], disease['when'])}", disease)
    icans = _last(course, "icans_grade")
    if icans and icans["value"]:
        text = f"stated ICANS grade {icans['value']:g} on {_day(icans['clock'], icans['when'])}"
        return _row(name, "yes" if icans["clock"] == as_of else "unknown", text, icans)
    if disease and disease["text"] == "no":
        return _row(name, "no", f"no CNS disease, {_day(disease['clock'], disease['when'])}", disease)
    return _row(name, "unknown", "CNS disease not recorded")


def _steroids(course: Course, as_of: float | None) -> dict[str, Any]:
    name = DANGERS[4]
    condition = (pl.col("name") == "drug") & pl.col("text").is_in(STEROIDS)
    now, ever = _spans(course, as_of, condition & pl.col("role").fill_null("").is_in(["toxicity", "antipyretic", ""]))
    if now:
        return _row(name, "yes", _span_words(now[-1]), now[-1])
    if ever:
        open_end = [span for span in ever if span["clock_end"] is None]
        span = (open_end or ever)[-1]
        return _row(name, "unknown" if open_end else "no", f"last: {_span_words(span)}", span)
    if _covered(course, as_of, "drug"):
        return _row(name, "no", "drugs are recorded completely; no steroid")
    return _row(name, "unknown", "no steroid recorded, and the record does not say that drugs are complete")
