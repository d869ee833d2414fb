"""Units of facts: value, laboratory limits and assay limit brought to the one unit a quantity is kept in."""

from typing import Final

import polars as pl

from carsequel.record.cells import as_number
from carsequel.record.report import Report
from carsequel.terms.quantities import quantities
from carsequel.terms.units import conversion

NUMBERS: Final = ("value", "lln", "uln", "limit")
DIGITS: Final = 12
NO_UNIT: Final = ("1", "points", "grade")
_AS_IS: Final = (
    (pl.col("_state") == "given") & (pl.col("_mult") == 1) & (pl.col("_add") == 0) & (pl.col("_kept") == pl.col("unit"))
)


def convert_units(rows: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Convert `value`, `lln`, `uln` and `limit` to the kept unit, once per distinct name and unit.

    Converted numbers keep 12 significant digits, so that 100.4 degF is 38 degC and not a hair more or less. A row
    without a number is left alone; a unit that is missing where it must be given, or that cannot be converted
    exactly, refuses the row.
    """
    rows = _read_numbers(rows, report)
    ways = _conversions(rows)
    changing = ways.filter(~_AS_IS)["name"].unique()
    if changing.is_empty():
        return rows.drop("_factor")
    part = rows.with_row_index("_at").filter(pl.col("name").is_in(changing.implode()))
    done = _converted(part, ways, report)
    places = done["_at"]
    rows = rows.drop("_factor").with_columns(rows[name].scatter(places, done[name]) for name in (*NUMBERS, "unit"))
    if done.height == part.height:
        return rows
    lost = part.filter(~pl.col("_at").is_in(places.implode()))["_at"]
    return rows.filter(pl.repeat(True, rows.height, eager=True).scatter(lost, False))


def _converted(rows: pl.DataFrame, ways: pl.DataFrame, report: Report) -> pl.DataFrame:
    """The rows whose unit could be converted, with their numbers and unit as kept; the others stand in the report."""
    measured = pl.col("value").is_not_null() | (pl.col("comparator").is_not_null() & pl.col("limit").is_not_null())
    rows = rows.with_columns(_measured=measured)
    rows = rows.join(ways, on=["name", "unit"], how="left", nulls_equal=True, maintain_order="left")
    rows = _refuse_units(rows, report)
    scale = (pl.col("_mult") != 1.0) | (pl.col("_add") != 0.0)
    shown = pl.coalesce("value", "limit")
    was = pl.format("{} {}", shown, "unit")
    now = pl.format("{} {}", _scaled(shown), "_kept")
    report.note(rows, pl.col("_measured") & scale, "converted", "unit converted", "nothing", was=was, now=now)
    _note_assumed(rows, report)
    given = [name for name in NUMBERS if rows[name].null_count() < rows.height]
    return rows.with_columns(
        *(pl.when(scale).then(_scaled(pl.col(name))).otherwise(name).alias(name) for name in given),
        unit=pl.when(pl.col("_kept") != "").then("_kept").otherwise("unit"),
    )


def _read_numbers(rows: pl.DataFrame, report: Report) -> pl.DataFrame:
    absent = [name for name in NUMBERS if name not in rows.columns]
    rows = rows.with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in absent)
    for name in NUMBERS:
        if rows.schema[name] == pl.String:
            lost = pl.col(name).is_not_null() & as_number(name).is_null()
            words = f"{name} is not a number, left empty"
            report.note(rows, lost, "doubt", words, "give the number alone", was=name)
            rows = rows.with_columns(as_number(name))
    rows = rows.with_columns(pl.col(*NUMBERS).cast(pl.Float64))
    factor = pl.col("_factor")
    if rows["_factor"].null_count() == rows.height:
        return rows
    was, now = "value", pl.col("value") * factor
    report.note(rows, factor != 1.0, "converted", "factor of the mapping applied", "nothing", was=was, now=now)
    kept = factor.is_null() | (factor == 1.0)
    return rows.with_columns(
        pl.when(kept).then(name).otherwise((pl.col(name) * factor).round_sig_figs(DIGITS)).alias(name)
        for name in NUMBERS
    )


def _conversions(rows: pl.DataFrame) -> pl.DataFrame:
    """Give the way of every distinct name and unit that stands beside a number."""
    number = pl.any_horizontal(pl.col(*NUMBERS).is_not_null())
    pairs = rows.select("name", "unit", _number=number).group_by("name", "unit").agg(pl.col("_number").max())
    table = [(name, unit, *_way(name, unit)) for name, unit, number in pairs.iter_rows() if number]
    schema = ("name", "unit", "_state", "_mult", "_add", "_kept")
    kinds = (pl.String, pl.String, pl.String, pl.Float64, pl.Float64, pl.String)
    return pl.DataFrame(table, schema=dict(zip(schema, kinds, strict=True)), orient="row")


def _way(name: str, unit: str | None) -> tuple[str, float | None, float | None, str]:
    known = quantities().get(name)
    if unit is None:
        state = "missing" if known is not None and known.refuse_without_unit else "assumed"
        return state, 1.0, 0.0, known.unit if known and known.unit not in NO_UNIT else ""
    found = conversion(name, unit)
    if found is None:
        return "unknown", None, None, ""
    return "given", found.factor, found.offset, found.unit


def _scaled(number: pl.Expr) -> pl.Expr:
    return (number * pl.col("_mult") + pl.col("_add")).round_sig_figs(DIGITS)


def _refuse_units(rows: pl.DataFrame, report: Report) -> pl.DataFrame:
    missing = (pl.col("_state") == "missing") & pl.col("_measured")
    hint = "give the unit (of a wide table in mapping.csv): usual units of this quantity differ tenfold"
    rows = report.remove(rows, missing, "refused", "unit missing", hint, was="value")
    unknown = pl.col("_state") == "unknown"
    hint = "give the value in a unit of the dictionary"
    rows = report.remove(rows, unknown, "refused", "unit cannot be converted exactly", hint, was="unit")
    bare = pl.col("_state") == "missing"
    report.note(rows, bare, "doubt", "limit without a unit, taken as the kept unit", "give the unit", was="limit")
    return rows


def _note_assumed(rows: pl.DataFrame, report: Report) -> None:
    assumed = rows.filter((pl.col("_state") == "assumed") & (pl.col("_kept") != "") & pl.col("_measured"))
    for name, unit in assumed.select("name", "_kept").unique().sort("name").iter_rows():
        report.say("converted", "facts", "unit missing, taken as the usual one", "give the unit", name=name, now=unit)
