"""Lugano 2014 by CT: what the diameters of lesions (mm), the spleen (cm) and the marrow say on one scan day.

Every condition is a pair: certain (`_c`) and possible (`_p`), because a lesion that was not measured may have been
anything. The size class of a growing lesion is its long diameter at its smallest.
"""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from carsequel.signs.scans import BASELINES, CASE, DAY, KEYS, SCAN, measures


class Sizes(NamedTuple):
    """Numbers of the CT rules: mm, cm (spleen) and shares."""

    targets: int = 6
    node: float = 15.0
    new_extranodal: float = 10.0
    half: float = 0.5
    growth: float = 1.5
    small: float = 20.0
    step_small: float = 5.0
    step_large: float = 10.0
    spleen: float = 13.0
    spleen_share: float = 0.5
    spleen_new: float = 2.0


SIZES = Sizes()


def ct_days(lesions: pl.DataFrame) -> pl.DataFrame:
    """Give one row per infusion, `baseline` (the last or the earliest scan before the infusion) and scan day after day
    0 with lesion rows: `spd_low`, `spd_high`, `base_low`, `base_high` (mm2), the conditions of _sums and _fresh_rules,
    and the words `grown`, `appeared`, `unclear`, `unlisted`, `unmeasured`, `merged`."""
    seen = measures(lesions)
    firm = _at_baseline(seen)
    each = _lesion_rules(_on_every_scan(firm, seen))
    sums = each.group_by("_case", "day").agg(pl.col(*CASE, "base_day").first(), *_sums())
    for name, which in _named().items():
        sums = sums.join(_names_of(each, which).rename({"names": name}), on=["_case", "day"], how="left")
    at_baseline = pl.col("day") == pl.col("base_day")
    sums = sums.with_columns(
        pl.col(f"spd_{side}").filter(at_baseline).first().over("_case").alias(f"base_{side}")
        for side in ("low", "high")
    ).drop("_case")
    after = seen.filter(pl.col("day") > 0).join(BASELINES, how="cross")
    fresh = _fresh_rules(after.join(firm, on=[*CASE, "group"], how="anti"))
    days = after.select(SCAN).unique().join(sums, on=SCAN, how="left").join(fresh, on=SCAN, how="left")
    return days.with_columns(pl.col("appeared_c", "appeared_p").fill_null(False))


def _at_baseline(seen: pl.DataFrame) -> pl.DataFrame:
    """Give the lesions of each baseline scan; role `target` for the largest up to six. `_lesion` and `_case` number
    them and their baselines: one integer is cheaper to look over than the names."""
    before = seen.filter(pl.col("day") <= 0).join(BASELINES, how="cross")
    first, last = pl.col("day").min().over(CASE), pl.col("day").max().over(CASE)
    base = before.filter(pl.col("day") == pl.when(baseline="earliest").then(first).otherwise(last))
    order = base.sort(*CASE, "ppd_high", "group", descending=[False, False, False, True, False], nulls_last=True)
    is_target = pl.col("kind") == "target"
    largest = is_target & (is_target.cum_sum().over(CASE) <= SIZES.targets)
    role = pl.when(largest).then(pl.lit("target")).otherwise(pl.lit("other"))
    firm = order.select(*CASE, "group", base_day="day", role=role, base_nodal="nodal", base_names="names")
    another = pl.any_horizontal(pl.col(CASE).ne_missing(pl.col(CASE).shift(1)))
    return firm.sort(*CASE, "group").with_row_index("_lesion").with_columns(_case=another.cum_sum())


def _on_every_scan(firm: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Give every baseline lesion on every scan from the baseline on; diameters are null where it was not measured."""
    grid = firm.join(seen.select(DAY).unique(), on=KEYS, how="inner").filter(pl.col("day") >= pl.col("base_day"))
    known = grid.join(seen, on=[*DAY, "group"], how="left").sort("_lesion", "day")
    return known.with_columns(nodal=pl.coalesce("nodal", "base_nodal"), measured=pl.col("measured").fill_null(False))


def appears(ldi: str = "ldi", nodal: str = "nodal") -> tuple[pl.Expr, pl.Expr]:
    """Tell (certainly, possibly) whether a lesion that was not there counts as new: a node above 1.5 cm, another
    lesion above 1 cm or smaller if unequivocal."""
    size = pl.col(ldi)
    node = pl.col(nodal)
    limit = pl.when(node.eq(False)).then(SIZES.new_extranodal).otherwise(SIZES.node)
    certain = (size > limit).fill_null(False)
    possible = size.is_null() | pl.when(node).then(size > SIZES.node).otherwise(size > 0)
    return certain, possible.fill_null(True)


def normal(ldi: str = "ldi", nodal: str = "nodal") -> tuple[pl.Expr, pl.Expr]:
    """Tell (certainly, possibly) whether a lesion is back to normal: a node of at most 1.5 cm, anything else gone."""
    size, node = pl.col(ldi), pl.col(nodal)
    gone = (size == 0).fill_null(False)
    certain = gone | (node & (size <= SIZES.node)).fill_null(False)
    possible = size.is_null() | gone | ((size <= SIZES.node) & node.fill_null(True))
    return certain, possible


def _lesion_rules(known: pl.DataFrame) -> pl.DataFrame:
    rows = known.with_columns(_smallest(known))
    grown_c, grown_p = _grown()
    certain_kind = (pl.col("role") == "target") & ~pl.col("joined").fill_null(False)
    normal_c, normal_p = normal()
    return rows.with_columns(
        grown_c=(grown_c & certain_kind & pl.col("measured")).fill_null(False),
        grown_p=pl.when("measured").then(grown_p).otherwise(pl.col("role") == "target").fill_null(True),
        normal_c=normal_c & pl.col("measured"),
        normal_p=normal_p,
    )


def _smallest(known: pl.DataFrame) -> list[pl.Series]:
    """The smallest size on earlier scans as measured (`nadir_`), and whether an earlier scan left it open: `unseen`,
    `unseen_after` (after the baseline scan, when the lesion may have been gone) and `unseen_sdi`.

    A lesion that is no target and is not listed on a scan was not larger there, and not looked at for its size.
    """
    lost = ~pl.col("measured") & ((pl.col("role") == "target") | pl.col("names").is_not_null())
    short = pl.col("measured") & pl.col("sdi").is_null() & (pl.col("ldi") != 0)
    flags = {"unseen": lost, "unseen_after": lost & (pl.col("day") > pl.col("base_day")), "unseen_sdi": short}
    sizes = ("ldi", "sdi", "ppd_low", "ppd_high")
    rows = known.select(
        "_lesion",
        *(flag.fill_null(False).alias(name) for name, flag in flags.items()),
        *(pl.when("measured").then(name).alias(f"nadir_{name}") for name in sizes),
    )
    return _so_far(rows, tuple(flags), tuple(f"nadir_{name}" for name in sizes))


def _so_far(rows: pl.DataFrame, flags: Sequence[str], sizes: Sequence[str]) -> list[pl.Series]:
    """Give, for each scan of a lesion (rows in the order of `_lesion` and day), whether a flag was true and the lowest
    size on the scans before it, by steps of 1, 2, 4 … scans: far faster than to walk through every lesion."""
    scans = max(rows.group_by("_lesion").len()["len"].to_list(), default=1)
    step = 1
    while step < scans:
        same = pl.col("_lesion") == pl.col("_lesion").shift(step)
        rows = rows.with_columns(
            *(pl.col(name) | (same & pl.col(name).shift(step)).fill_null(False) for name in flags),
            *(pl.min_horizontal(name, pl.when(same).then(pl.col(name).shift(step))).alias(name) for name in sizes),
        )
        step *= 2
    same = pl.col("_lesion") == pl.col("_lesion").shift(1)
    return rows.select(pl.when(same).then(pl.col(name).shift(1)).alias(name) for name in (*flags, *sizes)).get_columns()


def _grown() -> tuple[pl.Expr, pl.Expr]:
    """Tell (certainly, possibly) whether a lesion grew from its smallest; where that was not seen, it may have been
    anything down to nothing."""
    step = pl.when(pl.col("nadir_ldi") <= SIZES.small).then(SIZES.step_small).otherwise(SIZES.step_large)
    longer = (pl.col("ldi") - pl.col("nadir_ldi") >= step).fill_null(False)
    wider = pl.col("sdi") - pl.col("nadir_sdi") >= step
    wider_p = (wider | (pl.col("unseen_sdi") & (pl.col("sdi") >= step))).fill_null(True)
    large = (pl.col("ldi") > SIZES.node).fill_null(False)
    more_c = pl.col("ppd_low") >= SIZES.growth * pl.col("nadir_ppd_high")
    more_p = pl.col("ppd_high") >= SIZES.growth * pl.col("nadir_ppd_low")
    again_c, again_p = appears()
    resolved = (pl.col("nadir_ldi") == 0).fill_null(False)
    certain = pl.when(resolved).then(again_c).otherwise(large & more_c & (longer | wider.fill_null(False)))
    possible = pl.when(resolved).then(again_p).otherwise(large & more_p.fill_null(True) & (longer | wider_p))
    unseen, gone = (pl.col(name).fill_null(False) for name in ("unseen", "unseen_after"))
    return certain, possible | (unseen & large) | (gone & again_p)


def _missing() -> pl.Expr:
    return (pl.col("role") == "target") & pl.col("ppd_high").is_null()


def _sums() -> list[pl.Expr]:
    target = pl.col("role") == "target"
    whole = pl.col("ppd_high").filter(target).sum()
    return [
        pl.col("ppd_low").filter(target).sum().alias("spd_low"),
        pl.when(_missing().any()).then(float("inf")).otherwise(whole).alias("spd_high"),
        target.sum().alias("targets"),
        pl.col("grown_c", "grown_p").any(),
        pl.col("normal_c", "normal_p").all(),
        pl.col("source").list.explode(keep_nulls=False, empty_as_null=False).alias("known_source"),
    ]


def _named() -> dict[str, pl.Expr]:
    """Which lesions of a scan are named in its sentence, and under which heading."""
    return {
        "grown": pl.col("grown_c"),
        "unclear": pl.col("grown_p") & ~pl.col("grown_c") & pl.col("measured"),
        "unmeasured": _missing(),
        "merged": pl.col("joined").fill_null(False),
    }


def _names_of(each: pl.DataFrame, which: pl.Expr) -> pl.DataFrame:
    """The names of these lesions of each scan that has any (`_case`, day), in order, joined with commas."""
    rows = each.filter(which).select("_case", "day", names=pl.coalesce("names", "base_names")).sort("names")
    return rows.group_by("_case", "day", maintain_order=True).agg(pl.col("names").str.join(", "))


def _fresh_rules(fresh: pl.DataFrame) -> pl.DataFrame:
    """Judge lesions that the baseline scan does not list: called new by the centre, or only not listed there."""
    certain, possible = appears()
    called = pl.col("kind") == "new"
    rows = fresh.with_columns(_c=certain & called, _p=possible | ~called)
    return rows.group_by(SCAN).agg(
        appeared_c=pl.col("_c").any(),
        appeared_p=pl.col("_p").any(),
        appeared=pl.col("names").filter("_c").sort().str.join(", "),
        unlisted=pl.col("names").filter(pl.col("_p") & ~pl.col("_c")).sort().str.join(", "),
        fresh_source=pl.col("source").list.explode(keep_nulls=False, empty_as_null=False),
    )


def with_organs(days: pl.DataFrame, spleen: pl.DataFrame, marrow: pl.DataFrame) -> pl.DataFrame:
    """Add to days the spleen (`spleen`, `spleen_base`) and the marrow (`marrow`: the latest after day 0, `marrow_base`,
    `marrow_was_clear`: a clear one was seen before it)."""
    before = spleen.filter(pl.col("day") <= 0).group_by(KEYS).agg(spleen_base=pl.col("spleen").sort_by("day").last())
    first = marrow.filter(pl.col("day") <= 0).group_by(KEYS).agg(marrow_base=pl.col("marrow").sort_by("day").last())
    clear = (~pl.col("marrow")).cum_max().shift(1).over(KEYS, order_by="day").fill_null(False)
    after = marrow.with_columns(marrow_was_clear=clear).filter(pl.col("day") > 0).sort("day")
    days = days.join(spleen, on=DAY, how="left").join(before, on=KEYS, how="left").join(first, on=KEYS, how="left")
    return days.sort("day").join_asof(after, on="day", by=KEYS, strategy="backward", check_sortedness=False)


def marrow_progressed() -> tuple[pl.Expr, pl.Expr]:
    """Tell (certainly, possibly) whether the marrow is newly involved."""
    now = pl.col("marrow").fill_null(False)
    was_clear = pl.col("marrow_was_clear").fill_null(False)
    return now & was_clear, now & (was_clear | pl.col("marrow_base").is_null())


def _spleen_rules() -> dict[str, pl.Expr]:
    now, base = pl.col("spleen"), pl.col("spleen_base")
    excess = base - SIZES.spleen
    large = (excess > 0).fill_null(False)
    unknown = (large & now.is_null()) | (base.is_null() & (now > SIZES.spleen).fill_null(False))
    smaller = (base - now > SIZES.spleen_share * excess).fill_null(False)
    bigger = pl.when(large).then(now - base > SIZES.spleen_share * excess)
    newly = (now - base >= SIZES.spleen_new) & (now > SIZES.spleen)
    grown = bigger.otherwise(newly).fill_null(False)
    return {
        "pr_c": pl.when(large).then(smaller).otherwise(~unknown),
        "pr_p": pl.when(large).then(smaller | now.is_null()).otherwise(True),
        "pd_c": grown,
        "pd_p": grown | unknown,
        "cr_c": (now <= SIZES.spleen).fill_null(False),
        "cr_p": (now <= SIZES.spleen).fill_null(True),
    }


def ct_answer() -> dict[str, pl.Expr]:
    """Give `ct_low` and `ct_high` (0 CR, 1 PR, 2 SD, 3 PD) of a scan day with its organs, `organ_pd` and
    `organ_doubt`."""
    organ = _spleen_rules()
    marrow_c, marrow_p = marrow_progressed()
    free = pl.coalesce("marrow", "marrow_base").eq(False).fill_null(False)
    pd_c = pl.col("grown_c").fill_null(False) | pl.col("appeared_c") | organ["pd_c"] | marrow_c
    pd_p = pd_c | pl.col("grown_p").fill_null(True) | pl.col("appeared_p") | organ["pd_p"] | marrow_p
    cr_c = pl.col("normal_c").fill_null(False) & organ["cr_c"] & free
    cr_p = pl.col("normal_p").fill_null(True) & organ["cr_p"] & ~pl.col("marrow").fill_null(False)
    half_c = (pl.col("spd_high") <= SIZES.half * pl.col("base_low")) & (pl.col("targets") > 0)
    half_p = (pl.col("spd_low") <= SIZES.half * pl.col("base_high")) | (pl.col("targets") == 0)
    pr_c = half_c.fill_null(False) & organ["pr_c"]
    pr_p = half_p.fill_null(True) & organ["pr_p"]
    return {
        "ct_low": pl.when(pd_c).then(3).when(cr_p).then(0).when(pr_p).then(1).otherwise(2),
        "ct_high": pl.when(pd_p).then(3).when(cr_c).then(0).when(pr_c).then(1).otherwise(2),
        "organ_pd": organ["pd_c"],
        "organ_doubt": (~pd_c & (organ["pd_p"] | marrow_p)) | (cr_p & ~(organ["cr_c"] & free)),
    }
