"""The five questions, one sentence each, made of the parts of the answer and of nothing else."""

from typing import Any

STATE_WORDS = {
    "not_infused": "No CAR T cells were infused.",
    "not_evaluable": "Failure cannot be judged: no response assessment after the infusion is in the record.",
    "not_failed": "Not failed",
    "suspected": "Failure is suspected, not established",
    "failed": "Failed",
    "died_without_progression": "Died without recorded progression",
    "new_therapy_without_progression": "A new therapy began before any recorded progression",
    "second_malignancy": "A second malignancy was diagnosed without recorded progression",
}
TYPE_WORDS = {"primary_refractory": "primary refractory", "relapse": "relapse", "mrd_failure": "MRD failure"}
RESIDUAL = "tumor_intrinsic_resistance"
TIMING_WORDS = {"very_early": "very early", "early": "early", "late": "late"}


def sentences_part(answer: dict[str, Any]) -> dict[str, str]:
    """Give one sentence for each of signs, causes, options, side_effects and research."""
    return {
        "signs": _signs(answer["failure"]),
        "causes": _causes(answer["failure"], answer["causes"]),
        "options": _options(answer["failure"], answer["options"], answer["options_reason"]),
        "side_effects": _side_effects(answer),
        "research": _research(answer),
    }


def _research(answer: dict[str, Any]) -> str:
    if answer["research"]:
        return f"{len(answer['research'])} what-ifs were simulated on the fitted patient: hypotheses, no evidence."
    why = (answer.get("model") or {}).get("why")
    return f"Nothing is explored for this patient: {why or 'it asks for a failure'}."


def _day(part: dict[str, Any]) -> str:
    low, high = part.get("day_low"), part.get("day_high")
    if part["day"] is not None:
        return f" on {'about ' if part.get('approximate') else ''}day {part['day']:g}"
    if low is not None and high is not None:
        return f" between day {low:g} and day {high:g}"
    if low is not None:
        return f" after day {low:g}"
    return f" by day {high:g}" if high is not None else " on a day not given"


def _signs(failure: dict[str, Any]) -> str:
    state = failure["state"]
    words = STATE_WORDS[state]
    if words.endswith("."):
        return words
    if state == "failed":
        kind = TYPE_WORDS.get(failure["type"] or "", "")
        timing = TIMING_WORDS.get(failure["timing"] or "", "")
        detail = ", ".join(part for part in (timing, kind) if part)
        proof = "tissue was examined" if failure["biopsy_proven"] else "not proven by biopsy"
        return f"{words}{_day(failure)}{f' ({detail})' if detail else ''}: {failure['why']}; {proof}."
    return f"{words}{_day(failure) if failure['day'] is not None else ''}: {failure['why']}."


def _causes(failure: dict[str, Any], causes: dict[str, Any]) -> str:
    if failure["state"] not in ("failed", "suspected") or not causes:
        return causes.get("method") or "Causes of failure do not apply."
    named: list[str] = []
    for row in causes["evidence"]:
        if row["direction"] == "for" and row["cause"] not in named:
            named.append(row["cause"])
    words = ", ".join(cause.replace("_", " ") for cause in named)
    found = f"The record speaks for {words}" if named else "Nothing in the record speaks for any cause"
    test = (causes.get("next_test") or {}).get("test")
    return f"{found}; {_by_model(causes)}{f'; the test that would change most: {test}' if test else ''}."


def _by_model(causes: dict[str, Any]) -> str:
    first = causes.get("first") or []
    if not first:
        return "no probability is computed"
    told = []
    for row in first:
        name = "intrinsic / unexplained" if row["cause"] == RESIDUAL else row["cause"].replace("_", " ")
        share, present = row["share"], row["present"]
        told.append(f"{name} ({100 * share:.0f} % of it)" if share is not None else f"{name} ({100 * present:.0f} %)")
    return f"the model of this patient names {' and '.join(told)}, trust {causes['model']['trust']}"


def _options(failure: dict[str, Any], options: list[dict[str, Any]], reason: str) -> str:
    if not options:
        return f"No option is listed: {reason.removeprefix('not given: ').removeprefix('not needed now: ')}."
    count = {gate: sum(row["gate"] == gate for row in options) for gate in ("open", "unknown", "closed")}
    lead = "If failure is confirmed: " if failure["state"] == "suspected" else ""
    text = f"{count['open']} options are open, {count['unknown']} wait for a fact, {count['closed']} are closed"
    return f"{lead}{text}; none is ranked."


def _side_effects(answer: dict[str, Any]) -> str:
    active = [row["name"] for row in answer["danger"] if row["state"] == "yes"]
    unknown = [row["name"] for row in answer["danger"] if row["state"] == "unknown"]
    parts = [f"Active at the end of the record: {', '.join(active)}" if active else "No danger is recorded as active"]
    if unknown:
        parts.append(f"not known: {', '.join(unknown)}")
    return "; ".join(parts) + "."
