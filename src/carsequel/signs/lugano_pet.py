"""Lugano 2014 by PET: what the Deauville score (1-5), SUVmax, new foci and the marrow say on one scan day.

Uptake is compared with the last (or the earliest) score before the infusion. How large a change of uptake is "clear"
has no number in the paper: where the score is the same, SUVmax moves the answer only as far as it is possible.
"""

from typing import NamedTuple

import polars as pl

from carsequel.signs.lugano_ct import marrow_progressed
from carsequel.signs.scans import BASELINES, DAY, KEYS, SCAN


class Scores(NamedTuple):
    """The highest Deauville score of a complete metabolic response, and the one that a new lesion alone may give."""

    complete: float = 3
    new_lesion: float = 5


SCORES = Scores()


def pet_days(uptake: pl.DataFrame, lesions: pl.DataFrame) -> pl.DataFrame:
    """Give one row per infusion, `baseline` (as in `ct_days`) and day after day 0 with a Deauville score: `score`,
    `suvmax`, `score_base`, `suv_base`, `foci_c` and `foci_p` (certainly, possibly new and avid), the words `foci` and
    `foci_unclear`, `complete`, `returned` (uptake is back after a complete metabolic response), `may_be_new` (a score
    of 5, no lesions listed), and `pet_source` (list)."""
    uptake = uptake.sort(DAY)
    told = pl.struct(score_base="score", suv_base="suvmax", base_source="source").filter(pl.col("day") <= 0)
    complete = pl.col("score") <= SCORES.complete
    after = pl.col("day") > 0
    earlier = (complete & after).cum_max().shift(1).over(KEYS).fill_null(False)
    days = uptake.with_columns(
        _first=told.first().over(KEYS), _last=told.last().over(KEYS), complete=complete, returned=earlier & ~complete
    )
    days = days.filter(after).join(BASELINES, how="cross")
    days = days.with_columns(_base=pl.when(baseline="earliest").then("_first").otherwise("_last")).unnest("_base")
    listed = lesions.select(DAY).unique().with_columns(listed=pl.lit(True))
    days = days.join(_foci(lesions), on=DAY, how="left").join(listed, on=DAY, how="left")
    return days.select(
        *SCAN,
        *("score", "suvmax", "score_base", "suv_base", "complete", "returned", "foci", "foci_unclear"),
        pl.col("foci_c", "foci_p").fill_null(False),
        pet=pl.lit(True),
        may_be_new=(pl.col("score") >= SCORES.new_lesion) & pl.col("listed").is_null(),
        pet_source=pl.concat_list(pl.col("source", "base_source", "foci_source").fill_null([])),
    )


def _foci(lesions: pl.DataFrame) -> pl.DataFrame:
    """New lesions by their own uptake: avid (4, 5) is a new focus, X is not, below or unknown leaves it open."""
    rows = lesions.filter((pl.col("kind") == "new") & ~pl.col("avid_unlikely"))
    avid = (pl.col("uptake") > SCORES.complete).fill_null(False)
    return (
        rows.with_columns(_avid=avid)
        .group_by(DAY)
        .agg(
            foci_c=pl.col("_avid").any(),
            foci_p=pl.len() > 0,
            foci=pl.col("lesion").filter("_avid").unique().sort().str.join(", "),
            foci_unclear=pl.col("lesion").filter(~pl.col("_avid")).unique().sort().str.join(", "),
            foci_source=pl.col("source"),
        )
    )


def pet_answer() -> dict[str, pl.Expr]:
    """Give `pet_low` and `pet_high` (0 CR, 1 PR, 2 SD, 3 PD) of a scan day with its organs."""
    low, high = _change()
    marrow_c, marrow_p = marrow_progressed()
    floor = pl.when(pl.col("marrow").fill_null(False)).then(1).otherwise(0)
    pd_c = pl.col("foci_c") | marrow_c
    pd_p = pd_c | pl.col("foci_p") | marrow_p | pl.col("returned") | pl.col("may_be_new")
    low = pl.max_horizontal(pl.when("complete").then(0).otherwise(low), floor)
    high = pl.max_horizontal(pl.when("complete").then(0).otherwise(high), floor)
    return {"pet_low": pl.when(pd_c).then(3).otherwise(low), "pet_high": pl.when(pd_p).then(3).otherwise(high)}


def _change() -> tuple[pl.Expr, pl.Expr]:
    """Bounds of the answer for a score of 4 or 5 by the change since baseline: 1 lower, 2 the same, 3 higher."""
    score = (pl.col("score") - pl.col("score_base")).sign() + 2
    suv = (pl.col("suvmax") - pl.col("suv_base")).sign() + 2
    same_low = pl.min_horizontal(suv, 2.0)
    same_high = pl.max_horizontal(suv, 2.0)
    agree = suv.is_null() | (suv == score) | (suv == 2)
    both_low = pl.when(agree).then(score).otherwise(pl.min_horizontal(score, suv))
    both_high = pl.when(agree).then(score).otherwise(pl.max_horizontal(score, suv))
    by_suv = score.is_null() | (score == 2)
    low = pl.when(by_suv).then(pl.when(suv.is_null()).then(1.0).otherwise(same_low)).otherwise(both_low)
    high = pl.when(by_suv).then(pl.when(suv.is_null()).then(3.0).otherwise(same_high)).otherwise(both_high)
    return low, high
