"""What real tables suffer from: missing rows, the units of a second laboratory, and errors, with a list of them."""

from typing import Final, NamedTuple

import polars as pl

from carsequel.synthetic.numbers import number

OFTEN_MISSING: Final = (
    "anc",
    "platelets",
    "hemoglobin",
    "crp",
    "ferritin",
    "ldh",
    "temperature",
    "systolic_bp",
    "spo2",
)
OTHER_UNITS: Final = {"anc": ("cells/uL", 1000.0), "hemoglobin": ("g/L", 10.0), "crp": ("mg/dL", 0.1)}
NUMBERS: Final = ("value", "lln", "uln")
Tables = dict[str, pl.DataFrame]


class Broken(NamedTuple):
    """Tables with errors in them, and the errors: table, patient, name, day, kind."""

    tables: Tables
    injected: pl.DataFrame


def with_gaps(tables: Tables, seed: int) -> Tables:
    """Leave out a share of the daily rows; nobody claims them complete, so a missing row stays unknown."""
    rows = tables["facts"]
    chosen = pl.col("name").is_in(OFTEN_MISSING) & (pl.col("day") >= 0)
    drawn = pl.Series(rows.select("patient", "name", "day").hash_rows(seed)) % 10_000 < 10_000 * number("missing")
    return tables | {"facts": rows.filter(~(chosen & drawn))}


def with_mixed_units(tables: Tables) -> Tables:
    """Write counts and CRP of every second patient in the units of another laboratory."""
    rows, people = tables["facts"], tables["patients"]["patient"]
    other = pl.col("patient").is_in(people.gather_every(2).implode())
    for name, (unit, factor) in OTHER_UNITS.items():
        mine = other & (pl.col("name") == name)
        changed = [pl.when(mine).then((pl.col(n) * factor).round(4)).otherwise(n).alias(n) for n in NUMBERS]
        rows = rows.with_columns(*changed, unit=pl.when(mine).then(pl.lit(unit)).otherwise("unit"))
    return tables | {"facts": rows}


def with_errors(tables: Tables) -> Broken:
    """Put errors into the first rows of each kind for every patient: a unit that does not exist (ferritin), a copied
    row (LDH), a tenfold value (temperature), a drug that ends before it begins (cyclophosphamide)."""
    rows, lasting = tables["facts"].with_row_index("_at"), tables["spans"]
    first = {name: rows.filter((pl.col("name") == name) & (pl.col("day") >= 0)).unique("patient", keep="first",
             maintain_order=True) for name in ("ferritin", "ldh", "temperature")}  # fmt: skip
    typo = pl.col("_at").is_in(first["ferritin"]["_at"].implode())
    tenfold = pl.col("_at").is_in(first["temperature"]["_at"].implode())
    rows = rows.with_columns(
        unit=pl.when(typo).then(pl.lit("ug/Lx")).otherwise("unit"),
        value=pl.when(tenfold).then(pl.col("value") * 10).otherwise("value"),
    )
    rows = pl.concat([rows, first["ldh"]]).drop("_at")
    turned = (pl.col("text") == "cyclophosphamide") & (pl.col("role") == "lymphodepletion")
    lasting = lasting.with_columns(
        start=pl.when(turned).then("end").otherwise("start"), end=pl.when(turned).then("start").otherwise("end")
    )
    kinds = {"ferritin": "unit", "ldh": "copy", "temperature": "tenfold"}
    listed = [each.select("patient", "name", "day", kind=pl.lit(kinds[name])) for name, each in first.items()]
    wrong = lasting.filter(turned).select("patient", "name", day="start", kind=pl.lit("order"))
    injected = pl.concat([*(each.with_columns(table=pl.lit("facts")) for each in listed),
                          wrong.with_columns(table=pl.lit("spans"))])  # fmt: skip
    return Broken(tables | {"facts": rows, "spans": lasting}, injected)
