"""Remission of myeloma by IMWG 2016 at a visit, sCR to MR, and whether it can be graded: true, false or open (null).

The value before the infusion is the measure with suffix 0; `n` gives a number of the rules by category, measure and
what it is for. Units as in `imwg`.
"""

from typing import Literal

import polars as pl

from carsequel.signs.bounds import above, at_least, at_most, below, column, known, number, times
from carsequel.signs.imwg_progression import Numbers


def measurable(n: Numbers, urine_if_measured: bool) -> dict[str, pl.Expr]:
    """Whether serum, urine and light chains could be measured before the infusion (null: not known)."""
    serum = at_least(column("serum0"), number(n("measurable", "serum", "from")))
    urine = at_least(column("urine0"), number(n("measurable", "urine", "from")))
    dflc = at_least(column("involved0"), number(n("measurable", "dflc", "from"))) & pl.col("ratio_abnormal0")
    if urine_if_measured:
        never = pl.col("urine_low").is_not_null().any().over("patient", "infusion") | known(column("urine0"))
        urine = pl.when(~never).then(False).otherwise(urine)
    return {
        "serum_measurable": serum,
        "urine_measurable": urine,
        "dflc_measurable": dflc,
        "m_unmeasurable": ~serum & ~urine,
    }


def shared_parts(n: Numbers) -> dict[str, pl.Expr]:
    """What several categories ask: plasmacytomas gone or halved, and a CR as far as it needs no marrow."""
    light = ~pl.col("m_unmeasurable") | ~pl.col("dflc_measurable") | pl.col("ratio_normal")
    return {
        "lesions_gone": _plasmacytoma(n, "gone"),
        "lesions_halved": _plasmacytoma(n, "halved"),
        "cr_without_marrow": _immunofixation("serum") & _immunofixation("urine") & light,
    }


def remission(n: Numbers) -> dict[str, pl.Expr]:
    """Give sCR, CR, VGPR, PR and MR; the columns are those of `gather_visits`, `measurable` and `shared_parts`."""
    few = number(n("CR", "marrow", "below"))
    marrow = _now_or_before("marrow", below(column("marrow"), few), below(column("last_marrow"), few))
    cr = pl.col("cr_without_marrow") & marrow & pl.col("lesions_gone")
    halved = pl.col("lesions_halved")
    mr = _by_measure(_serum_fallen(n, "MR") & _urine_fallen(n, "MR"), pl.lit(False))
    return {
        "sCR": cr & pl.col("ratio_normal") & ~pl.col("mrd_found"),
        "CR": cr,
        "VGPR": (_vgpr(n) | pl.col("cr_without_marrow")) & halved,
        "PR": _pr(n) & halved,
        "MR": mr & halved,
    }


def gradable(n: Numbers) -> pl.Expr:
    """Something comparable was measured, or the answer needs no comparison."""
    compared = [
        known(column(name)) & (known(column(f"{name}0")) | known(column(f"{name}n")))
        for name in ("serum", "urine", "dflc")
    ]
    enough = at_least(column("marrow0"), number(n("PR", "marrow", "before"))) & pl.col("m_unmeasurable")
    marrow = known(column("marrow")) & enough.fill_null(False)
    could = pl.any_horizontal(pl.col(f"{name}_measurable").fill_null(True) for name in ("serum", "urine", "dflc"))
    needs_none = pl.col("PD").fill_null(False) | pl.col("CR").fill_null(False)
    return (pl.any_horizontal(compared) & could) | marrow | needs_none


def _fallen(n: Numbers, measure: str, category: str) -> pl.Expr:
    """Whether a measure has fallen by the share of a category, compared with the value before the infusion."""
    return at_most(column(measure), times(column(f"{measure}0"), 1 - n(category, measure, "fall")))


def _serum_fallen(n: Numbers, category: str) -> pl.Expr:
    """A serum M-protein that was not measurable before must only stay so."""
    stays = below(column("serum"), number(n("measurable", "serum", "from"))) | ~known(column("serum"))
    before = pl.col("serum_measurable")
    return (before & _fallen(n, "serum", category)) | (~before & stays)


def _urine_fallen(n: Numbers, category: str) -> pl.Expr:
    """A urine M-protein that was not measurable before must only stay so, and need not be repeated."""
    low_enough = below(column("urine"), number(n("PR", "urine", "below")))
    enough = _fallen(n, "urine", category)
    measured = enough | low_enough if category == "PR" else enough
    stays = low_enough | ~known(column("urine"))
    before = pl.col("urine_measurable")
    return (before & measured) | (~before & stays) | (low_enough & measured)


def _plasmacytoma(n: Numbers, kind: Literal["gone", "halved"]) -> pl.Expr:
    """Plasmacytomas count where they are recorded; one seen before must have been looked for again."""
    now, was = column("plasmacytoma"), column("plasmacytoma0")
    limit = number(0) if kind == "gone" else times(was, 1 - n("PR", "plasmacytoma", "fall"))
    test = _now_or_before("plasmacytoma", at_most(now, limit), at_most(column("last_plasmacytoma"), limit))
    there = above(was, number(0))
    if kind == "halved":
        return pl.when(there.fill_null(False)).then(test).otherwise(True)
    asked = known(column("last_plasmacytoma")) | there.fill_null(False)
    return pl.when(asked).then(test).otherwise(True)


def _pr(n: Numbers) -> pl.Expr:
    enough = at_least(column("marrow0"), number(n("PR", "marrow", "before")))
    light = pl.col("dflc_measurable")
    instead = (light & _fallen(n, "dflc", "PR")) | (~light & enough & _fallen(n, "marrow", "PR"))
    return _by_measure(_serum_fallen(n, "PR") & _urine_fallen(n, "PR"), instead)


def _vgpr(n: Numbers) -> pl.Expr:
    none = at_most(column("serum"), number(0)) & at_most(column("urine"), number(0))
    deep = _serum_fallen(n, "VGPR") & below(column("urine"), number(n("VGPR", "urine", "below")))
    return _by_measure(none | deep, pl.col("dflc_measurable") & _fallen(n, "dflc", "VGPR"))


def _by_measure(measured: pl.Expr, instead: pl.Expr) -> pl.Expr:
    """M-protein decides where serum or urine is measurable, else what stands `instead`; open where neither is known."""
    unmeasurable = pl.col("m_unmeasurable")
    return (unmeasurable & instead) | (~unmeasurable & measured) | (instead & measured)


def _immunofixation(fluid: str) -> pl.Expr:
    """Negative where stated; not negative where M-protein is still measured."""
    still = above(column(fluid), number(0))
    return pl.coalesce(~pl.col(f"ife_{fluid}"), pl.when(still.fill_null(False)).then(~still))


def _now_or_before(measure: str, now: pl.Expr, before: pl.Expr) -> pl.Expr:
    """A marrow or a scan that was clear once stays so until it is repeated; one that was not leaves it open."""
    clear = before.fill_null(False)
    return pl.when(known(column(measure))).then(now).otherwise(pl.when(clear).then(clear))
