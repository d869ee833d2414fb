"""Trials against patients: yes, no or unknown for every pair at once, and the reasons for the pairs one asks about."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from carsequel.options.trials.ask import ask
from carsequel.options.trials.kleene import NO, UNKNOWN, WORDS, YES, Truth, all_of, any_of, not_
from carsequel.options.trials.moment import Moment
from carsequel.options.trials.reasons import leaf_reason
from carsequel.options.trials.trial import Criterion, Leaf, Rule, Trial

MATCHES: Final = {YES: "nothing in the record excludes it", NO: "excluded by the record", UNKNOWN: "a fact is missing"}


class TrialMatch:
    """Trials matched against the patients of a moment. `verdicts` holds one row a trial and one column a patient."""

    def __init__(self, moment: Moment, trials: Sequence[Trial]) -> None:
        """Ask every distinct leaf once of all patients, then join them by the rules."""
        self.moment, self.trials = moment, tuple(trials)
        self._asked: dict[str, Truth] = {}
        self.verdicts = np.empty((len(self.trials), moment.size), dtype=np.int8)
        for at, trial in enumerate(self.trials):
            applied = [self.criterion(each) for each in trial.criteria if each.applied]
            self.verdicts[at] = all_of(applied, moment.size) if applied else UNKNOWN

    def criterion(self, criterion: Criterion) -> Truth:
        """Give yes where a criterion lets the patient pass (an exclusion passes where its rule does not hold)."""
        held = self._rule(criterion.rule)
        return not_(held) if criterion.excludes else held

    def _rule(self, rule: Rule) -> Truth:
        if isinstance(rule, Leaf):
            if rule.key not in self._asked:
                self._asked[rule.key] = ask(self.moment, rule)
            return self._asked[rule.key]
        parts = [self._rule(part) for part in rule.parts]
        if rule.joined == "not":
            return not_(parts[0])
        return all_of(parts, self.moment.size) if rule.joined == "all" else any_of(parts, self.moment.size)

    def table(self) -> pl.DataFrame:
        """Give one row per patient and trial: patient, trial, title, match (yes, no, unknown)."""
        people = self.moment.people["patient"]
        match = pl.Series(self.verdicts.reshape(-1)).replace_strict(WORDS, return_dtype=pl.String)
        repeated = [trial.id for trial in self.trials for _ in range(len(people))]
        titles = {trial.id: trial.title for trial in self.trials}
        rows = pl.DataFrame({"patient": people.to_list() * len(self.trials), "trial": repeated})
        rows = rows.with_columns(title=pl.col("trial").replace_strict(titles, return_dtype=pl.String), match=match)
        place = pl.col("patient").replace_strict({p: at for at, p in enumerate(people)}, return_dtype=pl.Int64)
        return rows.sort(place, maintain_order=True)

    def reasons(self, patient: str, trial: Trial) -> list[dict[str, Any]]:
        """Give the criteria of a trial for one patient: id, kind, text, verdict (yes lets pass, no excludes, unknown),
        why (words), facts (record rows), decides (what would settle an unknown), status, applied. Raises KeyError for a
        patient that is not in the course."""
        place = self.moment.people["patient"].index_of(patient)
        if place is None:
            raise KeyError("no such patient in this course; give an id of its patients table")
        return [self._reason(criterion, place) for criterion in trial.criteria]

    def _reason(self, criterion: Criterion, place: int) -> dict[str, Any]:
        verdict = int(self.criterion(criterion)[place])
        told = [leaf_reason(self.moment, leaf, int(self._rule(leaf)[place]), place) for leaf in leaves(criterion.rule)]
        # Of several parts, those that carry the verdict come alone, where some do.
        held = not_(np.array([verdict], dtype=np.int8))[0] if criterion.excludes else verdict
        carrying = [each for each in told if each.truth == held] or told
        return {
            "id": criterion.id,
            "kind": "exclusion" if criterion.excludes else "inclusion",
            "text": criterion.text,
            "verdict": WORDS[verdict],
            "why": "; ".join(dict.fromkeys(each.why for each in carrying)),
            "facts": "; ".join(dict.fromkeys(each.source for each in carrying if each.source)) or None,
            "decides": "; ".join(dict.fromkeys(each.decides for each in carrying if each.decides)) or None
            if verdict == UNKNOWN
            else None,
            "status": criterion.status,
            "applied": criterion.applied,
        }


def leaves(rule: Rule) -> list[Leaf]:
    """Give the leaves of a rule, in order."""
    return [rule] if isinstance(rule, Leaf) else [leaf for part in rule.parts for leaf in leaves(part)]
