"""Progression of myeloma by IMWG 2016 at a visit, measure by measure: true, false or open (null).

The lowest value before a visit is the measure with suffix n; `n` gives a number of the rules by category, measure and
what it is for. Units as in `imwg`.
"""

from collections.abc import Callable

import polars as pl

from carsequel.signs.bounds import above, at_least, at_most, column, known, minus, number, times

Numbers = Callable[[str, str, str], float]


def progression(n: Numbers) -> dict[str, pl.Expr]:
    """Give `pd_` of each measure, and `sure_pd` (by imaging, which needs no second test); the columns are those of
    `gather_visits` and `measurable`."""
    share = n("PD", "any", "rise_share")
    high = at_least(column("serumn"), number(n("PD", "serum", "high_nadir")))
    flat, steep = n("PD", "serum", "rise"), n("PD", "serum", "rise_from_high")
    serum = _risen("serum", share, flat) | (high & _risen("serum", 0.0, steep))
    dflc = _risen("dflc", share, n("PD", "dflc", "rise"), strict=True)
    silent = pl.col("m_unmeasurable") & ~pl.col("dflc_measurable")
    marrow = _risen("marrow", share, n("PD", "marrow", "rise"))
    circulating = _risen("circulating", n("PD", "circulating", "rise_share"), n("PD", "circulating", "rise"))
    only = silent & ~known(column("marrow0")) & ~known(column("marrow"))
    return {
        "pd_serum": _only_if("serum_measurable", serum, "serum"),
        "pd_urine": _only_if("urine_measurable", _risen("urine", share, n("PD", "urine", "rise")), "urine"),
        "pd_dflc": pl.col("m_unmeasurable") & _only_if("dflc_measurable", dflc, "dflc"),
        "pd_marrow": silent & pl.when(known(column("marrow"))).then(marrow).otherwise(False),
        "pd_circulating": only & pl.when(known(column("circulating"))).then(circulating).otherwise(False),
        "sure_pd": _imaged(n),
    }


def progressed() -> pl.Expr:
    """Tell whether any measure shows progression."""
    serum, urine, dflc = pl.col("pd_serum"), pl.col("pd_urine"), pl.col("pd_dflc")
    return serum | urine | dflc | pl.col("pd_marrow") | pl.col("pd_circulating") | pl.col("sure_pd")


def _risen(measure: str, share: float, rise: float, strict: bool = False) -> pl.Expr:
    """Whether a measure stands above its lowest value by a share and an amount (`strict`: by more than the amount)."""
    now, lowest = column(measure), column(f"{measure}n")
    change = minus(now, lowest)
    enough = above(change, number(rise)) if strict else at_least(change, number(rise))
    return enough & at_least(now, times(lowest, 1 + share))


def _only_if(measurable: str, test: pl.Expr, measure: str) -> pl.Expr:
    """A measure that was measurable before leaves progression open where it was not repeated; another does not."""
    due = pl.col(measurable).eq_missing(True)
    return pl.when(known(column(measure))).then(test).otherwise(pl.when(~due).then(due))


def _imaged(n: Numbers) -> pl.Expr:
    """New or growing lesions. The short axis of a plasmacytoma is not recorded: its growth leaves progression open, it
    does not prove it."""
    now, lowest = column("plasmacytoma"), column("plasmacytoman")
    there = above(now, number(0))
    grown = at_least(now, times(lowest, 1 + n("PD", "lesion", "growth")))
    wide = above(lowest, number(n("PD", "lesion", "short_axis")))
    appeared = there & at_most(lowest, number(0))
    doubt = (((grown & wide) | lowest.low.is_null()) & there).fill_null(False)
    seen = [pl.col(name).fill_null(False) for name in ("new_lesion", "lesion_growth", "new_bone")]
    return pl.any_horizontal(*seen, appeared.fill_null(False)) | pl.when(~doubt).then(doubt)
