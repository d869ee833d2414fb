"""Infusions: which product, on which day, and how the record's own numbers relate to one infusion after another."""

from functools import cache
from typing import Final

import polars as pl

from carsequel.record.columns import fill_columns, read_infusion_numbers
from carsequel.record.report import Report
from carsequel.record.schema import empty
from carsequel.record.timing import put_on_clock, to_days
from carsequel.terms.products import product_facts, product_from_text, product_ids, target_from_text

NOT_INFUSED: Final = "not_infused"
WRITTEN: Final = {
    "patient": pl.String,
    "infusion": pl.Int64,
    "_number": pl.Int64,
    "_zero": pl.Float64,
    "_start": pl.Float64,
}
SAME: Final = ("patient", "infusion", "day", "product", "target", "dose", "dose_unit", "note", "when")


def says_not_infused() -> pl.Expr:
    """Tell whether the note of an infusions row says that the patient was never infused."""
    return (pl.col("note").str.to_lowercase().str.replace_all(r"[ -]", "_") == NOT_INFUSED).fill_null(False)


def read_infusions(raw: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Give the rows of infusions that took place, with their numbers read; the others are left to the patients."""
    if "note" not in raw.columns:
        raw = raw.with_columns(note=pl.lit(None, dtype=pl.String))
    never = says_not_infused()
    told = [name for name in ("day", "date", "dose") if name in raw.columns]
    both = raw.filter(never & pl.any_horizontal(pl.col(name).is_not_null() for name in told)) if told else raw.clear()
    report.add(both, "doubt", "not_infused with a day or dose, read as not infused", "clear the day or the note")
    rows = read_infusion_numbers(raw.filter(~never), report)
    bare = pl.col("infusion").is_null()
    return report.remove(rows, bare, "refused", "infusion is empty", "number the infusions 1, 2, …")


def normalise_infusions(rows: pl.DataFrame, origin: pl.DataFrame, report: Report) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give infusions with days, product ids and targets, and beside them what the record's own numbers mean.

    A split dose is one infusion; infusion 1 is day 0. The second frame has, per patient and infusion as written,
    `_number` (as counted here), `_zero` (day of the written one) and `_start` (day of the counted one).
    """
    if rows.is_empty():
        return empty("infusions").with_columns(product_name=pl.lit(None, dtype=pl.String)), pl.DataFrame(schema=WRITTEN)
    rows = to_days(_undate(rows, origin, report), origin, report)
    if "day" not in rows.columns:
        rows = rows.with_columns(day=pl.lit(None, dtype=pl.Float64))
    rows = fill_columns(put_on_clock(rows, None, {"day": "day"}, report), "infusions", report)
    rows = rows.with_columns(pl.col("day").floor(), source=pl.coalesce("source", "row"), product_name=pl.col("product"))
    rows = _drop_doubles(_name_products(rows, report), report)
    first = (pl.col("infusion") == 1) & pl.col("day").is_null()
    rows = rows.with_columns(day=pl.when(first).then(0.0).otherwise("day"))
    rows, written = _join_split_doses(rows.sort("patient", "infusion", "day", maintain_order=True), report)
    return _refuse_disorder(rows, report), written


def _undate(rows: pl.DataFrame, origin: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Keep a later infusion whose date cannot be counted (infusion 1 has none), without its day."""
    if "date" not in rows.columns:
        return rows
    orphan = (
        ~pl.col("patient").is_in(origin["patient"].implode()) & pl.col("date").is_not_null() & (pl.col("infusion") > 1)
    )
    words = "date without the date of infusion 1: kept without a day"
    report.note(rows, orphan, "doubt", words, "give the date of infusion 1")
    return rows.with_columns(date=pl.when(~orphan).then("date"))


def _drop_doubles(rows: pl.DataFrame, report: Report) -> pl.DataFrame:
    again = ~pl.struct(SAME).is_first_distinct()
    return report.remove(rows, again, "converted", "duplicate row counted once", "remove the copy")


def _refuse_disorder(rows: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Refuse infusions that cannot be where they stand: 1 off day 0, a number twice, a day not after the one before."""
    misplaced = ((pl.col("infusion") == 1) & (pl.col("day") != 0)).fill_null(False)
    hint = "count every day from the first CAR-T infusion, or give its date"
    rows = report.remove(rows, misplaced, "refused", "infusion 1 is not on day 0", hint, was="day")
    doubled = ~pl.struct("patient", "infusion").is_first_distinct()
    hint = "number the infusions 1, 2, …"
    rows = report.remove(rows, doubled, "refused", "infusion number given twice", hint, was="infusion")
    if rows["patient"].is_duplicated().any():
        early = pl.col("day") <= pl.col("day").shift(1).forward_fill().cum_max().over("patient")
        hint = "number the infusions in the order of their days"
        rows = report.remove(rows, early, "refused", "infusion is not after the one before", hint, was="day")
    if (rows["infusion"] > 1).any():
        alone = pl.col("infusion").min().over("patient") > 1
        report.note(rows, alone, "doubt", "infusion 1 is missing: its day is taken as day 0", "add infusion 1")
    return rows


def _name_products(rows: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Map product words to product ids once per distinct wording; the words stay in `product_name`."""
    words = rows.get_column("product").drop_nulls().unique().to_list()
    ids = {word: product_from_text(word) for word in words}
    unknown = [word for word in words if ids[word] is None]
    hint = f"known products: {' '.join(product_ids())}; give `target` for others"
    report.note(
        rows, pl.col("product").is_in(unknown), "doubt", "unknown product kept by its own name", hint, was="product"
    )
    listed = {word: found for word, found in ids.items() if found in product_ids()}
    known = pl.col("product").replace_strict(listed, default=None, return_dtype=pl.String)
    renamed = known.is_not_null() & (known != pl.col("product"))
    report.note(rows, renamed, "converted", "product named", "nothing", was="product", now=known)
    report.note(rows, pl.col("product").is_null(), "doubt", "product not given", f"known: {' '.join(product_ids())}")
    targets = {word: target_from_text(word) for word in words}
    target = pl.col("product").replace_strict(targets, default=None, return_dtype=pl.String)
    return rows.with_columns(
        product=pl.coalesce(known, "product"), target=pl.coalesce(pl.col("target").str.to_uppercase(), target)
    )


def _join_split_doses(rows: pl.DataFrame, report: Report) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Count two administrations of a split-dose product within its interval as one infusion with the sum of doses.

    The two may be numbered 1 and 2, or both 1; later infusions move up where a number was used for the second part.
    `rows` come sorted by patient.
    """
    rows = rows.join(_split_limits(), on="product", how="left", maintain_order="left")
    near = (pl.col("product") == _beside("product", 1)) & (pl.col("day") - _beside("day", 1)).is_between(
        pl.col("_least"), pl.col("_most")
    )
    rows = rows.with_columns(_near=near.fill_null(False)).drop("_least", "_most")
    rows = rows.with_columns(_second=pl.col("_near") & ~_beside("_near", 1).fill_null(False))
    words = "second part of a split dose: one infusion, doses added"
    report.note(rows, pl.col("_second"), "converted", words, "nothing", was="infusion")
    own = pl.col("_second") & (pl.col("infusion") != _beside("infusion", 1))
    moved = own.cum_sum().over("patient") if rows["_second"].any() else 0
    rows = rows.with_columns(
        _number=pl.col("infusion") - moved,
        _start=pl.when("_second").then(_beside("day", 1)).otherwise("day"),
    )
    written = rows.select("patient", "infusion", "_number", "_start", _zero="day").select(list(WRITTEN))
    written = written.unique(["patient", "infusion"], keep="first", maintain_order=True)
    follows = _beside("_second", -1).fill_null(False)
    alike = pl.col("dose_unit").eq_missing(_beside("dose_unit", -1))
    total = pl.col("dose") + _beside("dose", -1)
    rows = rows.with_columns(
        infusion="_number", dose=pl.when(follows & alike).then(pl.coalesce(total, "dose")).otherwise("dose")
    )
    return rows.filter(~pl.col("_second")).drop("_second", "_near", "_number", "_start"), written


@cache
def _split_limits() -> pl.DataFrame:
    """Days between the two administrations of a split dose, by product (null where it is given at once)."""
    facts = {name: product_facts(name) for name in product_ids()}
    return pl.DataFrame(
        [(name, fact["split_min_days"], fact["split_max_days"]) for name, fact in facts.items()],
        schema={"product": pl.String, "_least": pl.Float64, "_most": pl.Float64},
        orient="row",
    )


def _beside(column: str, rows_before: int) -> pl.Expr:
    """The cell of the same patient one row before (1) or after (-1), null where there is none."""
    same = pl.col("patient") == pl.col("patient").shift(rows_before)
    return pl.when(same).then(pl.col(column).shift(rows_before))
