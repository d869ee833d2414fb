"""What a myeloma record holds at each assessment: M-protein, light chains, marrow, plasmacytomas, lesions, MRD.

Units as kept: serum M-protein g/dL, urine M-protein mg/24h, light chains mg/L, marrow %, circulating cells/uL, mm.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.signs.bounds import above, at_least, below, column, number
from carsequel.signs.detection import mrd_found
from carsequel.signs.visits import (
    DAY,
    KEYS,
    VISIT,
    flag,
    grid_of,
    highest,
    infused,
    lesions_of,
    rows_of,
    visits_of,
    with_baselines,
    with_nadirs,
    with_sources,
    with_tests,
)

MEASURES: Final = {
    "serum": "m_protein_serum",
    "urine": "m_protein_urine",
    "kappa": "flc_kappa",
    "lambda": "flc_lambda",
    "marrow": "marrow_plasma_cells",
    "plasmacytoma": "plasmacytoma",
    "circulating": "circulating_plasma_cells",
}
TESTED: Final = (
    *MEASURES.values(),
    *("immunofixation_serum", "immunofixation_urine", "bone_lesions", "mrd"),
)
TRACED: Final = ("serum", "urine", "dflc", "marrow", "plasmacytoma", "circulating")
CARRIED: Final = ("marrow", "plasmacytoma")
BIOCHEMICAL: Final = ("serum", "urine", "dflc", "ife_serum", "ife_urine")
GONE: Final = r"(?i)^(no|none|absent|resolved|gone|disappeared)\b"
FLOW: Final = r"(?i)flow|mfc|ngf"


class Limits(NamedTuple):
    """The numbers that decide while the record is being gathered: the normal light-chain ratio, growth of a lesion
    (share), the short axis (mm) a growing lesion must have had, and how many lesions must grow together."""

    ratio_low: float
    ratio_high: float
    growth: float
    short_axis: float
    several: float


def gather_visits(course: Course, gap: int, limits: Limits, confirmed_nadir: bool) -> pl.DataFrame:
    """Give one row per myeloma patient, infusion and visit with every measure now, before the infusion (suffix 0) and
    at its lowest so far (suffix n), each with bounds; marrow and plasmacytoma also as last seen (prefix last_); test
    results as true, false or null; and `facts` (sources)."""
    looks = infused(course, "MM")
    rows = _readable(rows_of(course, looks, TESTED))
    lesions = lesions_of(course, looks)
    days = pl.concat([rows.select(DAY), lesions.select(DAY)]).filter(pl.col("day") > 0)
    visits = visits_of(days, gap)
    rows = rows.join(visits.select(*DAY, "visit"), on=DAY, how="left", maintain_order="left")
    values = [each for short, name in MEASURES.items() for each in highest(name, short)]
    grid = with_tests(grid_of(visits), rows, *values, *_flags())
    grid = _carried(with_baselines(grid, rows, MEASURES))
    grid = _with_light_chains(grid, limits)
    grid = with_nadirs(grid, {name: confirmed_nadir and name not in CARRIED for name in TRACED})
    grid = _with_lesions(grid, lesions, visits, limits)
    own = [pl.col(f"{name}_low" if name in TRACED else name).is_not_null() for name in BIOCHEMICAL]
    return with_sources(grid, tested=pl.any_horizontal(own))


def _flags() -> list[pl.Expr]:
    """The tests in words: immunofixation, new bone lesions, residual disease (true, false or null)."""
    positive = pl.col("text") == "positive"
    return [
        *flag("immunofixation_serum", "ife_serum", positive),
        *flag("immunofixation_urine", "ife_urine", positive),
        *flag("bone_lesions", "new_bone", pl.col("text").str.contains(r"(?i)^new\b")),
        *flag("mrd", "mrd", mrd_found()),
    ]


def _carried(grid: pl.DataFrame) -> pl.DataFrame:
    """Add marrow and plasmacytoma as last seen (prefix last_) and the MRD of the visit or a negative one before it."""
    last = [pl.col(f"{name}_{side}").forward_fill().over(KEYS) for name in CARRIED for side in ("low", "high")]
    tests = [pl.col(f"{name}_source") for name in (*CARRIED, "mrd")]
    sources = [pl.when(each.list.len() > 0).then(each).forward_fill().over(KEYS) for each in tests]
    earlier = pl.col("mrd").forward_fill().over(KEYS)
    mrd = pl.coalesce("mrd", pl.when(~earlier).then(earlier))
    return grid.with_columns(*(each.name.prefix("last_") for each in last), *sources, mrd_found=mrd).drop("mrd")


def _readable(rows: pl.DataFrame) -> pl.DataFrame:
    """Read plasmacytomas given in words, and leave out marrow percentages of flow cytometry (not a morphology)."""
    worded = (pl.col("name") == "plasmacytoma") & pl.col("low").is_null() & pl.col("text").is_not_null()
    gone = pl.col("text").str.contains(GONE)
    flow = (pl.col("name") == "marrow_plasma_cells") & pl.col("method").fill_null("").str.contains(FLOW)
    return rows.with_columns(
        low=pl.when(worded & gone).then(0.0).when(worded).then(1e-6).otherwise("low"),
        high=pl.when(worded & gone).then(0.0).when(worded).then(float("inf")).otherwise("high"),
    ).filter(~flow)


def _with_light_chains(grid: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Add the kappa to lambda ratio (bounds), the involved chain before the infusion and the difference dFLC."""
    grid = grid.with_columns(*_ratio(""), *_ratio("0"))
    kappa_rich = above(column("ratio0"), number(limits.ratio_high))
    lambda_rich = below(column("ratio0"), number(limits.ratio_low))
    normal = at_least(column("ratio"), number(limits.ratio_low)) & ~above(column("ratio"), number(limits.ratio_high))
    grid = grid.with_columns(
        _kappa=kappa_rich, _lambda=lambda_rich, ratio_abnormal0=kappa_rich | lambda_rich, ratio_normal=normal
    )
    parts = []
    for suffix in ("", "0"):
        kappa, other = column(f"kappa{suffix}"), column(f"lambda{suffix}")
        for side, own, rest in (("low", "low", "high"), ("high", "high", "low")):
            more = (getattr(kappa, own) - getattr(other, rest)).clip(0.0)
            less = (getattr(other, own) - getattr(kappa, rest)).clip(0.0)
            parts.append(pl.when("_kappa").then(more).when("_lambda").then(less).alias(f"dflc{suffix}_{side}"))
    involved = [
        pl.when("_kappa").then(f"kappa0_{side}").when("_lambda").then(f"lambda0_{side}").alias(f"involved0_{side}")
        for side in ("low", "high")
    ]
    return grid.with_columns(*parts, *involved)


def _ratio(suffix: str) -> list[pl.Expr]:
    kappa, other = column(f"kappa{suffix}"), column(f"lambda{suffix}")
    low = pl.when(other.high > 0).then(kappa.low / other.high)
    high = pl.when(other.low > 0).then(kappa.high / other.low).when(other.low == 0).then(float("inf"))
    return [low.alias(f"ratio{suffix}_low"), high.alias(f"ratio{suffix}_high")]


def _with_lesions(grid: pl.DataFrame, lesions: pl.DataFrame, visits: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Add `new_lesion` and `lesion_growth` (true or null: imaging counts where it was done)."""
    if lesions.is_empty():
        unknown = pl.lit(None, dtype=pl.Boolean)
        return grid.with_columns(new_lesion=unknown, lesion_growth=unknown)
    own = lesions.sort(*KEYS, "lesion", "day").with_columns(spd=pl.col("ldi") * pl.col("sdi"))
    each = [*KEYS, "lesion"]
    lowest = {name: pl.col(name).cum_min().shift(1).over(each) for name in ("ldi", "spd")}
    own = own.with_columns(
        _long=pl.col("ldi") >= (1 + limits.growth) * lowest["ldi"],
        _area=pl.col("spd") >= (1 + limits.growth) * lowest["spd"],
        _wide=pl.col("sdi").shift(1).over(each) > limits.short_axis,
    )
    own = own.filter(pl.col("day") > 0).join(visits.select(*DAY, "visit"), on=DAY, how="inner")
    grown = pl.col("_area").fill_null(False)
    per = own.group_by(VISIT).agg(
        new_lesion=(pl.col("kind") == "new").fill_null(False).any(),
        lesion_growth=(pl.col("_long") & pl.col("_wide")).fill_null(False).any()
        | (pl.col("lesion").filter(grown).n_unique() > limits.several),
        lesion_source=pl.col("source"),
    )
    return grid.join(per, on=VISIT, how="left", maintain_order="left")
