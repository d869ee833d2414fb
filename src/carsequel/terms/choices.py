"""Named choices: which a criterion offers, which a centre has made its default, and which definition that selects.

A definition is a list of `name=choice`. A centre's choices are `{criterion: {name: choice}}`; a criterion or name that
is not in it keeps its shipped choice.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, Final

from carsequel.terms.findings import criteria_table

Choices = dict[str, dict[str, str]]
UNVERIFIED: Final = "_unverified"
ALLOWED: Final = "carsequel definitions prints what each criterion offers"


class ChoicesError(ValueError):
    """Choices that no criterion offers: `str(error)` names them, `hint` says what is allowed."""

    def __init__(self, message: str, hint: str = ALLOWED) -> None:
        super().__init__(message)
        self.hint = hint


@cache
def offered_choices() -> dict[str, dict[str, tuple[str, ...]]]:
    """Give, per criterion and name, the choices it offers, the shipped default first; `()` where they come from the
    record (units, assays, methods).

    >>> offered_choices()["icaht_early.eha2023"]["counting"]
    ('longest', 'cumulative')
    """
    rows = criteria_table().select("id", "choices").rows()
    return {criterion: dict(map(_offer, (text or "").split(";"))) if text else {} for criterion, text in rows}


def _offer(part: str) -> tuple[str, tuple[str, ...]]:
    name, _, allowed = part.partition("=")
    return name, tuple(allowed.split("|")) if allowed else ()


def check_choices(wanted: Mapping[str, Any]) -> Choices:
    """Give a centre's choices as `{criterion: {name: choice}}`; nested tables are joined by dots, so that TOML's
    `[icaht_early.eha2023]` names the criterion. Raises ChoicesError for a criterion, name or choice that is not
    offered, and for an UNVERIFIED reading, which is never a default.

    >>> check_choices({"icaht_early": {"eha2023": {"counting": "cumulative"}}})
    {'icaht_early.eha2023': {'counting': 'cumulative'}}
    """
    chosen: Choices = {}
    for criterion, name, choice in _leaves(wanted, ()):
        _check(criterion, name, choice)
        chosen.setdefault(criterion, {})[name] = choice
    return chosen


def _leaves(tables: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    for name, inside in tables.items():
        if isinstance(inside, Mapping):
            yield from _leaves(inside, (*path, str(name)))
        elif isinstance(inside, (str, int, float)) and not isinstance(inside, bool):
            yield ".".join(path), str(name), str(inside)
        else:
            raise ChoicesError(f"{'.'.join((*path, str(name)))}: a choice is one word or number")


def _check(criterion: str, name: str, choice: str) -> None:
    offered = offered_choices()
    if criterion not in offered:
        near = get_close_matches(criterion, list(offered), 3, 0.5)
        what = f"criterion {criterion} is not known" if criterion else f"{name} stands under no criterion"
        raise ChoicesError(what, f"near: {', '.join(near)}" if near else ALLOWED)
    names = offered[criterion]
    if name not in names:
        raise ChoicesError(f"{criterion} offers no choice {name}", f"it offers: {', '.join(names) or 'none'}")
    if not names[name]:
        raise ChoicesError(f"{criterion}: {name} comes from the record and cannot be chosen")
    if choice not in names[name]:
        raise ChoicesError(f"{criterion}: {name} = {choice} is not offered", f"allowed are {', '.join(names[name])}")
    if choice.endswith(UNVERIFIED):
        raise ChoicesError(f"{criterion}: {name} = {choice} is an UNVERIFIED reading", "it is never a default")


def choices_in(definition: str | None) -> dict[str, str]:
    """Give the named choices that a definition spells.

    >>> choices_in("counting=longest bridge=2")
    {'counting': 'longest', 'bridge': '2'}
    """
    parts = (part.partition("=") for part in (definition or "").split())
    return {name: choice for name, _, choice in parts}


def follows(definition: str | None, chosen: Mapping[str, str]) -> bool:
    """Say whether a definition follows a centre's choices: it spells at least one of them and contradicts none.

    >>> follows("counting=cumulative missing=bounds", {"counting": "cumulative"})
    True
    """
    spelled = choices_in(definition)
    return any(name in spelled for name in chosen) and not contradicts(definition, chosen)


def contradicts(definition: str | None, chosen: Mapping[str, str]) -> bool:
    """Say whether a definition spells one of a centre's choices otherwise.

    >>> contradicts("at=infusion", {"age": "with"}), contradicts("at=infusion age=without", {"age": "with"})
    (False, True)
    """
    spelled = choices_in(definition)
    return any(spelled.get(name, choice) != choice for name, choice in chosen.items())


def distance_from_shipped(criterion: str, definition: str | None, chosen: Mapping[str, str]) -> tuple[int, ...]:
    """Give how far a definition lies from the shipped one, apart from the chosen names; the smallest is nearest: how
    many names it spells otherwise, then the place of its choice of each name among the offered ones, in their order
    (of two that are equally far the one that departs in the later name is nearer).

    >>> distance_from_shipped("icaht_early.eha2023", "counting=cumulative missing=interpolate7", {})[0]
    1
    """
    spelled = choices_in(definition)
    places = []
    for name, offers in offered_choices().get(criterion, {}).items():
        choice = spelled.get(name, offers[0] if offers else "")
        free = not offers or name in chosen
        places.append(0 if free else offers.index(choice) if choice in offers else len(offers))
    return sum(place > 0 for place in places), *places


def departing(chosen: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str, str]]:
    """Give the choices (criterion, name, choice) that are not the shipped ones, in order."""
    offers = offered_choices()
    told = [(criterion, name, choice) for criterion, names in chosen.items() for name, choice in names.items()]
    return sorted(each for each in told if offers[each[0]][each[1]][0] != each[2])


def changing(chosen: Mapping[str, str], criterion: str) -> dict[str, str]:
    """Give the chosen names that have more than one choice: the others change nothing."""
    offers = offered_choices().get(criterion, {})
    return {name: choice for name, choice in chosen.items() if len(offers.get(name, ())) > 1}
