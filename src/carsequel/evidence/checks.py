"""What a row of evidence must say before it may be used."""

import polars as pl

from carsequel.evidence.rows import TABLES, evidence_rows
from carsequel.terms.sources import check_keys

STATUSES = ("VERIFIED", "SECONDARY", "UNVERIFIED")
ROLES = ("calibrate", "external", "context")
INTERVALS = ("published", "exact", "wilson", "none")
SCALES = ("ASTCT", "Lee", "Penn", "unknown")
_TOXICITY = r"^(?:severe |new )?(?:CRS|ICANS)(?: any| grade| after|,|$)|neurotoxicity"
# A printed per cent is rounded; counts that miss it by more than this are a slip of the pen.
_ROUNDING_PERCENT = 1.0


def problems_of(rows: pl.DataFrame) -> list[str]:
    """Give one line a faulty row of an evidence frame (`id: what is wrong`); empty when every row may be used.

    A row needs an id of its own, a source that exists, a status, role and interval of the fixed lists, words or a
    number, a unit for every number, a scale for every graded toxicity, the date it was read, and either n or
    `n_note` that says why it is missing; limits enclose the value and counts agree with the per cent.

    >>> problems_of(evidence_rows("targets"))
    []
    """
    number = pl.any_horizontal(pl.col("value", "low", "high").is_not_null())
    limits = (pl.col("low") > pl.col("value")) | (pl.col("value") > pl.col("high")) | (pl.col("low") > pl.col("high"))
    counts = (100 * pl.col("n_events") / pl.col("n") - pl.col("value")).abs() > _ROUNDING_PERCENT
    faults = {
        "id stands twice": pl.col("id").is_duplicated(),
        "no source": pl.col("source").is_null(),
        "source is not in sources.csv": pl.col("source").is_in(_cells_with_unknown_keys(rows)),
        "status is not one of " + ", ".join(STATUSES): ~pl.col("status").is_in(STATUSES).fill_null(False),
        "role is not one of " + ", ".join(ROLES): ~pl.col("role").is_in(ROLES).fill_null(False),
        "interval is not one of " + ", ".join(INTERVALS): ~pl.col("interval").is_in(INTERVALS).fill_null(False),
        "neither a number nor words": ~number & pl.col("words").is_null(),
        "a number without its unit": number & pl.col("unit").is_null(),
        "n is missing and n_note does not say why": pl.col("n").is_null() & pl.col("n_note").is_null(),
        "the limits do not enclose the value": limits,
        "n_events exceeds n": pl.col("n_events") > pl.col("n"),
        "a graded toxicity without its scale (" + ", ".join(SCALES) + ")": _toxicity(rows) & ~_scale(rows),
        "date_read is no ISO date": pl.col("date_read").str.to_date("%Y-%m-%d", strict=False).is_null(),
        "counts and per cent differ": (pl.col("unit") == "%") & counts,
    }
    found = [
        rows.filter(fault.fill_null(False)).select("id", pl.lit(what).alias("what")) for what, fault in faults.items()
    ]
    return [f"{name}: {what}" for name, what in pl.concat(found).iter_rows()]


def _toxicity(rows: pl.DataFrame) -> pl.Expr:
    """True on a row that counts a graded toxicity, in a table that has a scale."""
    return pl.col("outcome").str.contains(_TOXICITY) if "scale" in rows.columns else pl.lit(False)


def _scale(rows: pl.DataFrame) -> pl.Expr:
    return pl.col("scale").is_in(SCALES).fill_null(False) if "scale" in rows.columns else pl.lit(True)


def _cells_with_unknown_keys(rows: pl.DataFrame) -> list[str]:
    cells = rows.select(pl.col("source").drop_nulls().unique())
    return [cell for cell in cells["source"].to_list() if check_keys(pl.DataFrame({"source": [cell]}))]


def check_evidence() -> None:
    """Refuse the shipped tables when a row is faulty: raises ValueError that lists table, row and fault.

    >>> check_evidence()
    """
    faults = [f"{table}.csv {line}" for table in TABLES for line in problems_of(evidence_rows(table))]
    if faults:
        raise ValueError("evidence rows that may not be used; correct them in the CSV: " + "; ".join(faults))
