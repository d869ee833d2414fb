"""A leaf put to one small record, and a trial of the leaf alone."""

from typing import Any

from carsequel.options.trials import Moment, Trial, TrialMatch, read_trial


def trial_of(rule: dict[str, Any], kind: str = "inclusion", status: str = "VERIFIED") -> Trial:
    row = {"id": "c", "kind": kind, "text": "words of the protocol", "status": status, "rule": rule}
    told = {"format": "carsequel-trial/1", "id": "T", "title": "a trial", "source": "s", "read_on": "2026-11-22"}
    return read_trial(told | {"criteria": [row]})


def asked(course: Any, verdicts: Any, rule: dict[str, Any], as_of: float = 120.0, **more: Any) -> dict[str, Any]:
    """The reason of patient p for a trial of one criterion."""
    trial = trial_of(rule, **{name: more.pop(name) for name in ("kind",) if name in more})
    match = TrialMatch(Moment(course, verdicts, as_of=as_of, **more), [trial])
    return match.reasons("p", trial)[0]
