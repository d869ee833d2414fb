"""The same record written in another way: other order, rows twice, other units, fewer neighbours."""

import random
from dataclasses import fields
from functools import cache
from typing import Any

from golden_table import Raw

from carsequel.terms.quantities import quantity
from carsequel.terms.tables import read_table

NUMBERS = ("value", "lln", "uln", "limit")
ROWS = ("patients", "infusions", "facts", "spans", "coverage", "lesions")


@cache
def ways_to(name: str, unit: str) -> list[tuple[str, float, float]]:
    """Give the units (with factor and offset) that a quantity can be converted from into its kept unit."""
    table = read_table("carsequel.terms", "unit_conversions.csv").rows()
    return [(old, float(f), float(o)) for of, old, new, f, o, _ in table if of in ("*", name) and new == unit]


def in_another_unit(fact: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """Give the fact in another unit of its quantity, limits included; unchanged where there is no other."""
    known, unit = quantity(fact["name"]), fact.get("unit")
    ways = ways_to(fact["name"], unit) if known is not None and unit and unit == known.unit else []
    if not ways:
        return fact
    other, factor, offset = dice.choice(ways)
    given = {name: fact[name] for name in NUMBERS if fact.get(name) is not None}
    changed = {name: repr((float(number) - offset) / factor) for name, number in given.items()}
    return fact | changed | {"unit": other}


def told_otherwise(raw: Raw, seed: int = 1) -> Raw:
    """Give the raw tables with other units, a third of the rows twice, and every table in another order."""
    dice = random.Random(seed)
    facts = [in_another_unit(fact, dice) for fact in raw.facts]
    other = Raw(**{field.name: list(getattr(raw, field.name)) for field in fields(raw)})
    other.facts = facts
    for name in ROWS:
        rows = getattr(other, name)
        if name not in ("patients", "infusions"):
            rows += dice.sample(rows, len(rows) // 3)
        dice.shuffle(rows)
    return other


def of_patients(raw: Raw, patients: set[str]) -> Raw:
    """Give the raw tables of some of the patients, and of lines for everyone."""
    kept = patients | {"*"}
    chosen = {field.name: [row for row in getattr(raw, field.name) if row["patient"] in kept] for field in fields(raw)}
    return Raw(**chosen)
