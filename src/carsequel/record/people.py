"""Patients: one row each, with a disease id where the words name one."""

import polars as pl

from carsequel.record.cells import is_number
from carsequel.record.columns import fill_columns
from carsequel.record.infusions import says_not_infused
from carsequel.record.report import Report
from carsequel.terms.diseases import disease_from_text
from carsequel.terms.lists import DISEASES


def normalise_patients(raw: dict[str, pl.DataFrame], report: Report) -> pl.DataFrame:
    """Give one row per patient with a disease id; patients named only elsewhere are added with a doubt."""
    rows = fill_columns(_split_age(raw["patients"]), "patients", report)
    if "age_at_infusion" in rows.columns:
        rows = rows.with_columns(age=pl.coalesce("age", pl.col("age_at_infusion").cast(pl.Float64, strict=False)))
    rows = _one_row_each(rows, report)
    unlisted = pl.col("patient").is_not_null() & ~pl.col("patient").is_in(rows["patient"].implode())
    another = pl.col("patient").ne_missing(pl.col("patient").shift(1))
    others = [
        raw[name].select("patient", "row").filter(another).filter(unlisted)
        for name in ("infusions", "facts", "spans", "lesions")
    ]
    missing = pl.concat(others).unique("patient", keep="first", maintain_order=True)
    if not raw["patients"].is_empty():
        report.add(missing, "doubt", "patient is not in the patients table", "add a row with the disease")
    rows = pl.concat([rows, missing.select("patient", "row")], how="diagonal")
    never = _never_infused(raw["infusions"])
    return _name_diseases(rows, report).with_columns(not_infused=pl.col("patient").is_in(never.implode()))


def _one_row_each(rows: pl.DataFrame, report: Report) -> pl.DataFrame:
    content = [name for name in rows.columns if name not in ("row", "source")]
    copy = ~pl.struct(content).is_first_distinct()
    rows = report.remove(rows, copy, "converted", "duplicate row counted once", "remove the copy")
    again = ~pl.col("patient").is_first_distinct()
    return report.remove(rows, again, "refused", "patient given twice", "keep one row a patient; the first was used")


def _never_infused(infusions: pl.DataFrame) -> pl.Series:
    if "note" not in infusions.columns:
        return pl.Series("patient", [], dtype=pl.String)
    return infusions.filter(says_not_infused()).get_column("patient").unique()


def _split_age(rows: pl.DataFrame) -> pl.DataFrame:
    """Move an age that is written as a band (`60-69`, `90+`) into `age_band`."""
    if "age" not in rows.columns or rows.schema["age"] != pl.String:
        return rows
    band = pl.when(~is_number("age")).then("age")
    given = pl.col("age_band") if "age_band" in rows.columns else pl.lit(None, dtype=pl.String)
    return rows.with_columns(age_band=pl.coalesce(given, band), age=pl.when(is_number("age")).then("age"))


def _name_diseases(rows: pl.DataFrame, report: Report) -> pl.DataFrame:
    words = rows.get_column("disease").drop_nulls().unique().to_list()
    ids = {word: word if word in DISEASES else disease_from_text(word) for word in words}
    found = pl.col("disease").replace_strict(ids, default=None, return_dtype=pl.String)
    rows = rows.with_columns(_found=found)
    renamed = pl.col("_found").is_not_null() & (pl.col("_found") != pl.col("disease"))
    report.note(rows, renamed, "converted", "disease named", "nothing", was="disease", now="_found")
    known = f"known: {' '.join(DISEASES)}"
    unknown = pl.col("_found").is_null() & pl.col("disease").is_not_null()
    report.note(rows, unknown, "doubt", "disease without criteria of its own", known, was="disease")
    report.note(rows, pl.col("disease").is_null(), "doubt", "disease not given", known)
    # The words that named the disease must not get lost: they say more (transformed, double hit) than its id.
    detail = pl.coalesce("disease_detail", pl.when(renamed).then("disease"))
    return rows.with_columns(disease=pl.coalesce("_found", "disease"), disease_detail=detail).drop("_found")
