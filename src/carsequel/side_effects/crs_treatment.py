"""When a CRS no longer needs fever: it began with fever, and a drug that hides fever has been given since."""

from typing import Final

import polars as pl

from carsequel.side_effects.windows import by_now, time_line

ANTICYTOKINES: Final = (
    "tocilizumab|siltuximab|anakinra|dexamethasone|methylprednisolone|prednisone|prednisolone|hydrocortisone"
)
SIGNS: Final = ("fever", "pressor", "pressure", "hypoxia")


def with_treatment(grid: pl.DataFrame, spans: pl.DataFrame, windows: pl.DataFrame, clear: int) -> pl.DataFrame:
    """Add to graded signs whether fever is no longer required: freed_low (certain), freed_high (possible), drug (the
    first such drug), drug_doubt.

    `spans` has id, day (of the beginning; null without one), name, text, role. More than `clear` days without any
    certain sign end a CRS, so that fever before them no longer counts for certain.
    """
    role, name = pl.col("role").fill_null(""), pl.col("text").str.to_lowercase()
    anticytokine = name.str.contains(ANTICYTOKINES).fill_null(False)
    hides = (role == "antipyretic") | (anticytokine & role.is_in(["", "toxicity"]))
    given = spans.filter((pl.col("name") == "drug") & hides)
    possible, unknown = by_now(pl.col("fever_high") > 0), by_now(~pl.col("covered_drug"))
    incomplete = pl.lit("drugs that hide fever not recorded as complete")
    if given.is_empty():
        nothing = {"drug": pl.lit(None, dtype=pl.String), "freed_low": pl.lit(False), "freed_high": unknown & possible}
        return grid.with_columns(**nothing, drug_doubt=pl.when(unknown).then(incomplete))
    begun = given.join(windows.select("id", "first", "last"), on="id")
    begun = begun.filter(pl.col("day").is_between(pl.col("first"), pl.col("last")))
    drug = pl.col("text").sort_by("day", "text").first()
    first = begun.group_by("id").agg(_from=pl.col("day").min(), drug=drug)
    undated = given.filter(pl.col("day").is_null()).select("id", _undated=True).unique()
    grid = grid.join(first, on="id", how="left", maintain_order="left")
    grid = grid.join(undated, on="id", how="left", maintain_order="left").with_columns(
        _treated=(pl.col("day") >= pl.col("_from")).fill_null(False),
        _unknown=unknown | pl.col("_undated").fill_null(False),
        _feverish=(_last(pl.col("fever_low") > 0) >= _last(_begins(clear))).fill_null(False),
    )
    over = pl.lit(f"no fever, and the last sign of CRS was more than {clear} days ago")
    return grid.with_columns(
        freed_low=pl.col("_treated") & pl.col("_feverish"),
        freed_high=(pl.col("_treated") | pl.col("_unknown")) & possible,
        drug_doubt=pl.when(pl.col("_treated") & ~pl.col("_feverish"))
        .then(over)
        .when(pl.col("_unknown") & ~pl.col("_treated"))
        .then(incomplete),
    )


def _begins(clear: int) -> pl.Expr:
    """Whether a CRS begins on this day: a certain sign, the one before it more than `clear` days ago."""
    sign = pl.any_horizontal(pl.col(f"{name}_low") > 0 for name in SIGNS)
    apart = (time_line() - _last(sign).shift(1) - 1 > clear).fill_null(True)
    return sign & apart


def _last(flag: pl.Expr) -> pl.Expr:
    """The last day up to this one on which it was so, on the line of all infusions."""
    return pl.when(flag).then(time_line()).forward_fill()
