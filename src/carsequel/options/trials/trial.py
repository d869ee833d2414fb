"""A trial with its eligibility as rules: groups of all, any and not, over leaves that each ask one fact."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from carsequel.terms.tables import read_table

FORMAT: Final = "carsequel-trial/1"
GROUPS: Final = ("all", "any", "not")
STATUSES: Final = ("VERIFIED", "SECONDARY", "UNVERIFIED")
READINGS: Final = ("present", "reduced", "absent", "epitope_lost")
CONDITIONS: Final = ("crs", "icans", "iec_hs", "gvhd", "infection")
SUPPORT: Final = ("transfusion_platelets", "transfusion_red_cells", "growth_factor")
BOUNDS: Final = ("at_least", "at_most", "above", "below")
_NUMBERS: Final = (*BOUNDS, "within_days")
_NAMED: Final = {"measured": "name", "stated": "name", "antigen": "antigen", "active": "condition"}


class TrialError(ValueError):
    """A trial that cannot be read: the text names the place, what is allowed and the next step."""


class Leaf(NamedTuple):
    """One fact that is asked: its kind and what is asked of it."""

    fact: str
    asks: Mapping[str, Any]

    @property
    def key(self) -> str:
        """What makes two leaves ask the same."""
        return repr((self.fact, sorted(self.asks.items(), key=lambda each: each[0])))


class Group(NamedTuple):
    """Parts joined by all, any or not."""

    joined: str
    parts: tuple["Rule", ...]


Rule = Leaf | Group


class Criterion(NamedTuple):
    """One criterion of a trial: an exclusion holds where its rule does not. Those without `applied` are shown only."""

    id: str
    excludes: bool
    text: str
    rule: Rule
    status: str
    applied: bool


class Trial(NamedTuple):
    """A trial: who may enter, by criteria, and what stands beside (`about`: phase, recruitment, locations …)."""

    id: str
    title: str
    source: str
    read_on: str
    criteria: tuple[Criterion, ...]
    about: Mapping[str, Any]
    free_text: str


@cache
def known_facts() -> dict[str, dict[str, str | None]]:
    """Give what a leaf may ask: fact, kind, unit, asks (names joined with a space) and meaning, by fact."""
    return {row["fact"]: row for row in read_table("carsequel.options.trials", "facts.csv").to_dicts()}


@cache
def known_therapies() -> dict[str, dict[str, str | None]]:
    """Give the therapies that `given` and `washout` may name, with the pattern and the roles that tell them."""
    return {row["therapy"]: row for row in read_table("carsequel.options.trials", "therapies.csv").to_dicts()}


def read_trial(told: Any, unverified: bool = False) -> Trial:
    """Give a trial from its dictionary in our own format (docs/trials.md). Criteria marked UNVERIFIED are shown and not
    applied unless asked for. Raises TrialError, which names the criterion, what is allowed and the next step."""
    if not isinstance(told, Mapping) or told.get("format") != FORMAT:
        raise TrialError(f"not a trial of this format; give an object with format = {FORMAT} (docs/trials.md)")
    name = _text(told, "id", "the trial")
    rows = told.get("criteria")
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows:
        raise TrialError(f"trial {name}: criteria is not a list of criteria; give at least one (docs/trials.md)")
    criteria = tuple(_criterion(row, f"trial {name}, criterion {at + 1}", unverified) for at, row in enumerate(rows))
    ids = [each.id for each in criteria]
    if len(set(ids)) < len(ids):
        raise TrialError(f"trial {name}: two criteria share an id; give each its own")
    return Trial(
        name,
        _text(told, "title", f"trial {name}"),
        _text(told, "source", f"trial {name}"),
        _text(told, "read_on", f"trial {name}"),
        criteria,
        dict(told.get("about") or {}),
        str(told.get("free_text") or ""),
    )


def _criterion(row: Any, place: str, unverified: bool) -> Criterion:
    if not isinstance(row, Mapping):
        raise TrialError(f"{place}: not an object; give id, kind, text, status and rule")
    kind, status = row.get("kind"), row.get("status")
    if kind not in ("inclusion", "exclusion"):
        raise TrialError(f"{place}: kind is not inclusion or exclusion; give one of them")
    if status not in STATUSES:
        raise TrialError(f"{place}: status is not one of {', '.join(STATUSES)}; say how the criterion is known")
    rule = _rule(row.get("rule"), place)
    applied = unverified or status != "UNVERIFIED"
    return Criterion(_text(row, "id", place), kind == "exclusion", _text(row, "text", place), rule, status, applied)


def _rule(told: Any, place: str) -> Rule:
    if not isinstance(told, Mapping):
        raise TrialError(f"{place}: the rule is not an object; give a fact, or one of {', '.join(GROUPS)}")
    joined = [name for name in GROUPS if name in told]
    if not joined:
        return _leaf(told, place)
    if len(joined) > 1 or set(told) - set(GROUPS):
        raise TrialError(f"{place}: a group holds exactly one of {', '.join(GROUPS)} and nothing else; nest them")
    parts = [told["not"]] if joined == ["not"] else told[joined[0]]
    if not isinstance(parts, list) or not parts:
        raise TrialError(f"{place}: {joined[0]} is not a list of rules; give at least one")
    return Group(joined[0], tuple(_rule(part, place) for part in parts))


def _leaf(told: Mapping[str, Any], place: str) -> Leaf:
    fact = told.get("fact")
    if fact not in known_facts():
        raise TrialError(f"{place}: the fact is not known; allowed: {', '.join(known_facts())}")
    asks = {name: value for name, value in told.items() if name != "fact"}
    allowed = {*str(known_facts()[fact]["asks"] or "").split(), *([_NAMED[fact]] if fact in _NAMED else [])}
    if set(asks) - allowed:
        raise TrialError(f"{place}: {fact} asks for something it cannot; allowed: {', '.join(sorted(allowed))}")
    _check_values(str(fact), asks, place)
    return Leaf(str(fact), {name: tuple(v) if isinstance(v, list) else v for name, v in asks.items()})


def _check_values(fact: str, asks: Mapping[str, Any], place: str) -> None:
    kind = known_facts()[fact]["kind"]
    if any(isinstance(asks.get(n), bool) or not isinstance(asks.get(n, 0), int | float) for n in _NUMBERS):
        raise TrialError(f"{place}: a bound of {fact} is not a number; give {', '.join(_NUMBERS)} as numbers")
    checks = {
        "number": (any(name in asks for name in BOUNDS), f"one of {', '.join(BOUNDS)}"),
        "word": (_listed(asks.get("one_of")), "one_of with at least one word"),
        "antigen": (_listed(asks.get("one_of"), READINGS), f"one_of from {', '.join(READINGS)}"),
        "therapy": (_therapy(fact, asks), f"a therapy ({', '.join(known_therapies())}, or anti_ANTIGEN) and its bound"),
        "condition": (asks.get("condition") in CONDITIONS, f"a condition from {', '.join(CONDITIONS)}"),
        "registry": (fact != "conditions" or isinstance(asks.get("diseases"), list), "diseases as a list"),
    }
    good, wanted = checks[str(kind)]
    support = asks.get("free_of") or {}
    if not isinstance(support, Mapping) or set(support) - set(SUPPORT):
        good, wanted = False, f"free_of with {', '.join(SUPPORT)} and their days"
    if fact in _NAMED and not isinstance(asks.get(_NAMED[fact]), str):
        good, wanted = False, f"{_NAMED[fact]} as a word"
    if not good:
        raise TrialError(f"{place}: {fact} needs {wanted}")


def _therapy(fact: str, asks: Mapping[str, Any]) -> bool:
    named = str(asks.get("therapy") or "")
    bound = "at_least" in asks if fact == "washout" else asks.get("ever") is True
    return bound and (named in known_therapies() or (named.startswith("anti_") and len(named) > len("anti_")))


def _listed(value: Any, allowed: Sequence[str] | None = None) -> bool:
    fits = isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)
    return fits and (allowed is None or set(value) <= set(allowed))


def _text(told: Mapping[str, Any], name: str, place: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value.strip():
        raise TrialError(f"{place}: {name} is missing; give it as text")
    return value.strip()
