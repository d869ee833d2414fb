"""Quantities: the names of `facts`, each with the one unit it is kept in and what a missing unit means."""

from functools import cache
from typing import NamedTuple

from carsequel.terms.tables import read_table


class Quantity(NamedTuple):
    """One name of `quantities.csv`; `units` holds several where assays are never mixed, `*` where any is kept."""

    name: str
    kind: str
    units: tuple[str, ...]
    group: str
    refuse_without_unit: bool
    plausible: tuple[float | None, float | None]
    answers: tuple[str, ...]
    meaning: str

    @property
    def unit(self) -> str:
        """The unit taken where none is given (the only one, or nothing where several are possible)."""
        return self.units[0] if len(self.units) == 1 and self.units[0] != "*" else ""


def _number(text: str | None) -> float | None:
    return float(text) if text else None


@cache
def quantities() -> dict[str, Quantity]:
    """Give all quantities by name, in the order of the table."""
    return {
        row["name"]: Quantity(
            name=row["name"],
            kind=row["kind"],
            units=tuple(part for part in (row["unit"] or "").split("|") if part),
            group=row["group"],
            refuse_without_unit=row["missing_unit"] == "refuse",
            plausible=(_number(row["plausible_low"]), _number(row["plausible_high"])),
            answers=tuple((row["answers"] or "").split()),
            meaning=row["meaning"],
        )
        for row in read_table("carsequel.terms", "quantities.csv").iter_rows(named=True)
    }


def quantity(name: str) -> Quantity | None:
    """Give one quantity, or None for a name that is not in the table.

    >>> quantity("anc").unit, quantity("anc").refuse_without_unit, quantity("ferritin").refuse_without_unit
    ('10^9/L', True, False)
    """
    return quantities().get(name)
