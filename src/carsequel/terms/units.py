"""Units: the spellings laboratories really write, and exact conversion to the one unit each quantity is kept in.

Spellings are looked up as written first (`G/L` is giga per litre, `g/L` is gram per litre) and without regard to
case only where that is unambiguous. The table comes before any formal unit grammar on purpose: in UCUM `K/uL` means
kelvin per microlitre, while every laboratory means thousand cells.
"""

from functools import cache
from typing import NamedTuple

from carsequel.terms.quantities import quantity
from carsequel.terms.tables import read_table


class Conversion(NamedTuple):
    """value_kept = value * factor + offset, in `unit`."""

    factor: float
    offset: float
    unit: str


AS_GIVEN = "*"


@cache
def _spellings() -> tuple[dict[str, str], dict[str, str]]:
    exact = dict(read_table("carsequel.terms", "unit_spellings.csv").iter_rows())
    folded: dict[str, set[str]] = {}
    for written, unit in exact.items():
        folded.setdefault(written.lower(), set()).add(unit)
    return exact, {written: next(iter(units)) for written, units in folded.items() if len(units) == 1}


@cache
def _factors() -> dict[tuple[str, str, str], tuple[float, float]]:
    table = read_table("carsequel.terms", "unit_conversions.csv")
    return {(name, old, new): (float(f), float(o)) for name, old, new, f, o, _ in table.iter_rows()}


def canonical_unit(written: str) -> str | None:
    """Give the one spelling of a unit, or None where it is not known.

    >>> canonical_unit("x10E3/uL"), canonical_unit("cells/mm3"), canonical_unit("mg/dl"), canonical_unit("furlong")
    ('10^9/L', 'cells/uL', 'mg/dL', None)
    """
    exact, folded = _spellings()
    key = "".join(written.split()).replace("μ", "u").replace("µ", "u").replace("×", "x")
    return exact.get(key) or folded.get(key.lower())


@cache
def conversion(name: str, written: str) -> Conversion | None:
    """Give the exact conversion of a quantity from a written unit, or None where there is none.

    `name` is a quantity of `quantities.csv`; a name that is not in the table keeps every unit as it came.

    >>> conversion("platelets", "K/uL")
    Conversion(factor=1.0, offset=0.0, unit='10^9/L')
    >>> conversion("crp", "mg/dL").factor, conversion("crp", "U/L")
    (10.0, None)
    """
    kept = quantity(name)
    if kept is None or AS_GIVEN in kept.units or not kept.units:
        return Conversion(1.0, 0.0, canonical_unit(written) or written.strip())
    unit = canonical_unit(written)
    if unit is None:
        return None
    if unit in kept.units:
        return Conversion(1.0, 0.0, unit)
    for target in kept.units:
        found = _factors().get((name, unit, target)) or _factors().get(("*", unit, target))
        if found is not None:
            return Conversion(*found, target)
    return None
