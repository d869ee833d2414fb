"""What the answers say of this patient's record, for the clinician: one function a question, made of the parts."""

from collections.abc import Callable, Mapping
from typing import Any, Final

Parts = Mapping[str, Any]
GATES: Final = ("open", "unknown", "closed")
CELLS: Final = ("second_infusion", "second_bcma_car_t", "cd22_car_t", "dual_target_car_t", "other_target_car_t")
COMBINED: Final = ("tafasitamab_lenalidomide", "polatuzumab_based", "checkpoint_inhibitor")
NO_SURVIVAL: Final = "no cohort that reports survival after failure in this disease was retrieved"


def fails(parts: Parts) -> str:
    """What is recorded of the failure, and of survival after it."""
    said = str((parts.get("sentences") or {}).get("signs") or parts["failure"]["why"])
    projected = [words for row in parts["options"] if (words := projected_words(row))]
    return said + (f" Statistical projection from published cohorts: {'; '.join(projected)}." if projected else "")


def projected_words(row: Mapping[str, Any]) -> str:
    """Give the projected survival of an option with its interval, n and sources; nothing where none is anchored."""
    told = row.get("projected") or {}
    if told.get("value") is None or not told.get("n_note"):
        return ""
    what = f"{told['outcome']} at {told['time_months']:g} months with {row['title']}"
    return f"{what} {told['value']:g} % ({told['low']:g} to {told['high']:g}; n: {told['n_note']}) [{told['source']}]"


def repeat(parts: Parts) -> str:
    """Whether cells can be given again: by the gate of each kind of cells, with its reason."""
    rows = [row for row in parts["options"] if row["option"] in CELLS]
    if not rows:
        return _no_options(parts)
    named = [f"{row['title']}: {row['gate']} ({_first(row['why'], row['gate'])}{_decides(row)})" for row in rows]
    return f"It depends on why it failed. In this record: {'; '.join(named)}."


def next_steps(parts: Parts) -> str:
    """The next test, the next look and the options, in the order of the fixed list and not ranked."""
    test = (parts["causes"].get("next_test") or {}).get("test")
    said = [f"The test that would change most: {test}." if test else ""]
    look = parts["failure"].get("next_look")
    said.append(f"Next look: {look}." if look else "")
    if not parts["options"]:
        return " ".join([*(s for s in said if s), _no_options(parts)])
    for gate in ("open", "unknown"):
        titles = [row["title"] for row in parts["options"] if row["gate"] == gate]
        said.append(f"{gate.capitalize()}: {', '.join(titles) or 'none'}.")
    return " ".join(each for each in said if each) + " Goals of care are asked for beside every option."


def nothing_left(parts: Parts) -> str:
    """How many options the record leaves open, and that care is never closed."""
    if not parts["options"]:
        return _no_options(parts)
    count = {gate: sum(row["gate"] == gate for row in parts["options"]) for gate in GATES}
    return (
        f"No. By this record {count['open']} options are open, {count['unknown']} wait for a fact and "
        f"{count['closed']} are closed; supportive and palliative care are never closed. Response and survival differ "
        f"by time to failure and treatment, and cohorts of treatment hold only patients fit enough to be treated."
    )


def why(parts: Parts) -> str:
    """What the record speaks for, and what was not looked at."""
    causes = parts["causes"]
    if not causes or not causes.get("evidence"):
        return str(causes.get("method") or "Causes of failure do not apply.")
    said = {side: _causes(causes["evidence"], side) for side in ("for", "missing")}
    found = f"The record speaks for {', '.join(said['for'])}." if said["for"] else "The record speaks for no cause."
    known = [
        f"{cause.replace('_', ' ')} {_probability(prob)}"
        for cause, prob in (causes.get("present") or {}).items()
        if prob.get("p") is not None and prob.get("basis") in ("modelled", "counted")
    ]
    trust = (causes.get("model") or {}).get("trust")
    marked = f" (trust in the model: {trust})" if trust else ""
    model = f" Probability{marked}: {'; '.join(known)}." if known else " No probability is computed."
    unseen = [cause for cause in said["missing"] if cause not in said["for"]]
    missing = f" Not looked at: {', '.join(unseen)}." if unseen else ""
    return found + missing + model


def risks(parts: Parts) -> str:
    """What is active now, what is not known."""
    active = [row["name"] for row in parts["danger"] if row["state"] == "yes"]
    unknown = [row["name"] for row in parts["danger"] if row["state"] == "unknown"]
    said = f"Active at the end of the record: {', '.join(active)}." if active else "No danger is recorded as active."
    return said + (f" Not known: {', '.join(unknown)}." if unknown else "")


def biomarkers(parts: Parts) -> str:
    """Which markers were recorded here; none decides alone."""
    kinds = ("expansion.", "persistence.", "b_cell_aplasia.", "ctdna", "mrd", "tumour_volume", "pc_pi", "car_hematotox")
    rows = [*parts["signs"], *parts["risks"]]
    found = {
        f"{row['criterion']} {row['label']}"
        for row in rows
        if row.get("default")
        and str(row["criterion"]).startswith(kinds)
        and row.get("label")
        and row["low"] is not None
    }
    listed = f"In this record: {'; '.join(sorted(found))}." if found else "None of them is recorded here."
    return f"Several, none that decides alone. {listed}"


def how_long(parts: Parts) -> str:
    """When it was known here, and when the next look falls."""
    look = parts["failure"].get("next_look")
    failure = parts["failure"]
    here = ""
    if failure["state"] == "failed":
        here = f" Here: {failure['why']}."
    said = f"At the first assessments in many, later in others; counted timing stands below.{here}"
    return said + forecast_words(parts) + (f" Next look: {look}." if look else "")


def combinations(parts: Parts) -> str:
    """Which combinations stand among the options; what was modelled is a hypothesis."""
    rows = [f"{row['title']}: {row['gate']}" for row in parts["options"] if row["option"] in COMBINED]
    modelled = [str(row["what_if"]) for row in parts.get("research") or []]
    listed = f" In this record: {'; '.join(rows)}." if rows else ""
    told = (
        f" Modelled for this patient (HYPOTHESIS): {'; '.join(modelled)}." if modelled else " Nothing is modelled here."
    )
    return f"Not shown to be better than one drug after CAR T cells; the cohorts are small.{listed}{told}"


def research(parts: Parts) -> str:
    """Which options are investigational for this patient, and where trials are matched."""
    rows = [row for row in parts["options"] if row["option"] in CELLS[1:]]
    listed = f" For this disease: {', '.join(row['title'] for row in rows)}." if rows else ""
    modelled = [f"{row['what_if']}: {row['result']} (HYPOTHESIS)" for row in parts.get("research") or []]
    told = f" Explored for this patient: {'; '.join(modelled)}." if modelled else ""
    return (
        f"Cells with two targets or another target, combinations, earlier markers and closer monitoring.{listed}{told} "
        f"`carsequel trials` matches trials against this record."
    )


def forecast_words(parts: Parts) -> str:
    """What the model of this patient says of failure by a day still to come; nothing where there is none."""
    model = parts.get("model") or {}
    if parts["failure"]["state"] == "failed" or not model.get("forecast"):
        return ""
    later = [row for row in model["forecast"] if row["day"] > (model.get("as_of") or 0.0)]
    named = [
        f"day {row['day']:.0f} {_probability(row | {'basis': 'modelled', 'n': row.get('effective')})}" for row in later
    ]
    if not named:
        return ""
    return f" Failure by the model (trust: {model.get('trust')}; n = virtual patients behind it): {'; '.join(named)}."


TOLD: Final[dict[str, Callable[[Parts], str]]] = {
    "fails": fails,
    "repeat": repeat,
    "next": next_steps,
    "nothing_left": nothing_left,
    "why": why,
    "risks": risks,
    "biomarkers": biomarkers,
    "how_long": how_long,
    "combinations": combinations,
    "research": research,
}


def _no_options(parts: Parts) -> str:
    reason = str(parts.get("options_reason") or "no option is listed")
    return f"No option is listed: {reason.removeprefix('not given: ').removeprefix('not needed now: ')}."


def _first(reasons: list[str], gate: str) -> str:
    """Give the reason that carries the gate, as far as the words show it: the failure itself stands in all of them."""
    rest = [reason for reason in reasons if not reason.startswith(("failed (", "failure not confirmed"))]
    return (rest or reasons or [gate])[0]


def _decides(row: Mapping[str, Any]) -> str:
    return f"; to settle: {row['decides']}" if row["gate"] == "unknown" and row.get("decides") else ""


def _probability(prob: Mapping[str, Any]) -> str:
    low, high, n = prob.get("low"), prob.get("high"), prob.get("n")
    between = f"{low:.2f} to {high:.2f}, " if low is not None and high is not None else ""
    size = f"n = {n:.0f}" if n is not None else "n not given"
    return f"{prob['p']:.2f} ({between}{prob.get('basis') or 'modelled'}, {size})"


def _causes(evidence: list[dict[str, Any]], side: str) -> list[str]:
    named = [row["cause"].replace("_", " ") for row in evidence if row["direction"] == side]
    return list(dict.fromkeys(named))
