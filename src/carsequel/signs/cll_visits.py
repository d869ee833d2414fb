"""What a record of CLL holds at each assessment: nodes, spleen, marrow, symptoms, and the counts closest to it.

Nodes are the stated sum of products (cm2), or the sum over the lesions of a day; the longest diameter is in mm.
"""

from typing import Final

import polars as pl

from carsequel.record.course import Course
from carsequel.signs.bounds import WIDEST
from carsequel.signs.visits import (
    DAY,
    KEYS,
    VISIT,
    Side,
    flag,
    grid_of,
    highest,
    infused,
    lesions_of,
    rows_of,
    visits_of,
    with_baselines,
    with_nadirs,
    with_nearest,
    with_sources,
    with_tests,
)

MEASURED: Final = ("spd", "spleen")
COUNTED: Final[dict[str, Side]] = {
    "lymphocytes": "max",
    "b_cells": "max",
    "platelets": "min",
    "hemoglobin": "min",
    "lymph_share": "max",
}
WORDS: Final = {"marrow_involved": "marrow", "b_symptoms": "symptoms"}
ROW: Final = (*DAY, "name", "low", "high", "text", "source")
MM2_PER_CM2: Final = 100.0


def gather_cll(course: Course, gap: int, near: int) -> pl.DataFrame:
    """Give one row per CLL patient, infusion and visit: nodes, longest, spleen, lymphocytes, lymph_share (of the upper
    limit), b_cells, platelets, hemoglobin with bounds, before the infusion (suffix 0) and lowest (suffix n), `marrow`
    and `symptoms` as true, false or null, where the lowest size was not looked for (suffix _unseen), and `facts`."""
    looks = infused(course, "CLL")
    rows = rows_of(course, looks, (*MEASURED, *COUNTED, *WORDS))
    share = rows.filter((pl.col("name") == "lymphocytes") & (pl.col("uln") > 0))
    share = share.with_columns(pl.col("low", "high") / pl.col("uln"), name=pl.lit("lymph_share"))
    rows = pl.concat([part.select(ROW) for part in (rows, share, _node_rows(lesions_of(course, looks)))])
    anchor = pl.col("name").is_in([*MEASURED, "longest", "marrow_involved"])
    visits = visits_of(rows.filter(anchor & (pl.col("day") > 0)), gap)
    rows = rows.join(visits.select(*DAY, "visit"), on=DAY, how="left", maintain_order="left")
    sizes = {"nodes": "spd", "longest": "longest", "spleen": "spleen"}
    grid = with_tests(grid_of(visits), rows, *(each for short, name in sizes.items() for each in highest(name, short)))
    grid = with_nearest(grid, rows, near, {name: (name, worst) for name, worst in COUNTED.items()})
    grid = with_baselines(grid, rows, sizes | {name: name for name in COUNTED})
    grid = _opened(with_nadirs(grid, {"nodes": False, "spleen": False}), ("nodes", "spleen"))
    return with_sources(_with_words(grid, rows), tested=pl.lit(True))


def _opened(grid: pl.DataFrame, shorts: tuple[str, ...]) -> pl.DataFrame:
    """Take the lowest size before a visit as anything down to nothing where the time before the infusion or an earlier
    visit did not look for it; SHORT_unseen names which of the two (null where both looked)."""
    found = {}
    for short in shorts:
        skipped = pl.col(f"{short}_low").is_null().cum_max().shift(1).over(KEYS).fill_null(False)
        never = pl.col(f"{short}0_low").is_null()
        lowest = pl.col(f"{short}n_low")
        found[f"{short}n_low"] = pl.when((skipped | never) & lowest.is_not_null()).then(0.0).otherwise(lowest)
        earlier, before = pl.lit("at an earlier assessment"), pl.lit("before the infusion")
        found[f"{short}_unseen"] = pl.when(skipped).then(earlier).when(never).then(before)
    return grid.with_columns(**found)


def _node_rows(lesions: pl.DataFrame) -> pl.DataFrame:
    """Give the lesions of each day as two rows of facts: the sum of products (cm2) and the longest diameter (mm).

    Where a diameter is missing, or a lesion that was listed before the infusion is not listed, they may be anything
    above what was measured; nothing is given where nothing was measured.
    """
    each = lesions.group_by(*DAY, "lesion").agg(pl.col("ldi").max(), pl.col("sdi").max(), pl.col("source").first())
    product = pl.col("ldi") * pl.col("sdi") / MM2_PER_CM2
    per = (
        each.join(_at_baseline(each), on=[*KEYS, "lesion"], how="left", maintain_order="left")
        .group_by(DAY)
        .agg(
            spd=pl.when(product.is_not_null().any()).then(product.sum()),
            longest=pl.col("ldi").max(),
            spd_whole=product.is_not_null().all(),
            longest_whole=pl.col("ldi").is_not_null().all(),
            _listed=pl.col("_before").is_not_null().sum(),
            source=pl.col("source").drop_nulls().unique().sort().str.join("; "),
        )
    )
    asked = _at_baseline(each).group_by(KEYS).agg(_asked=pl.len())
    per = per.join(asked, on=KEYS, how="left", maintain_order="left")
    every = (pl.col("_listed") >= pl.col("_asked").fill_null(0)) | (pl.col("day") <= 0)
    parts = [
        per.select(
            *DAY,
            name=pl.lit(name),
            low=pl.col(name),
            high=pl.when(pl.col(name).is_not_null() & ~(every & pl.col(f"{name}_whole"))).then(WIDEST).otherwise(name),
            text=pl.lit(None, dtype=pl.String),
            source="source",
        )
        for name in ("spd", "longest")
    ]
    return pl.concat(parts)


def _at_baseline(each: pl.DataFrame) -> pl.DataFrame:
    """The lesions of the last day before the infusion that lists any: patient, infusion, lesion, `_before` (true)."""
    before = each.filter(pl.col("day") <= 0)
    last = before.filter(pl.col("day") == pl.col("day").max().over(KEYS))
    return last.select(*KEYS, "lesion", _before=pl.lit(True))


def _with_words(grid: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Add a yes or no of the visit, or the last one since the infusion; yes where rows of a visit disagree. A yes of an
    earlier visit says nothing of this one."""
    own = rows.filter(pl.col("name").is_in(list(WORDS)) & (pl.col("day") > 0) & pl.col("text").is_in(["yes", "no"]))
    both = grid.select(*VISIT, "first", "last").join(own.drop("visit"), on=KEYS, how="inner")
    both = both.filter(pl.col("day") <= pl.col("last"))
    both = both.filter(pl.col("day") == pl.col("day").max().over(*VISIT, "name"))
    yes = pl.col("text") == "yes"
    said = pl.when(~yes | (pl.col("day") >= pl.col("first"))).then(yes)
    found = [each for name, short in WORDS.items() for each in flag(name, short, said)]
    return grid.join(both.group_by(VISIT).agg(found), on=VISIT, how="left", maintain_order="left")
