"""Reporting periods of the registries, in days from the infusion (day 0): what findings say in each of them.

EBMT (Cellular Therapy Med-A) asks onset, resolution and highest grade of CRS and ICANS at day 100, 6 months and yearly;
CIBMTR (form 4100) whether the reaction occurred or persisted, whether its date was reported before, and its maximum.
Periods do not overlap.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.terms.findings import FINDING_SCHEMA

KEYS: Final = ["patient", "infusion"]
EPISODE: Final = [*KEYS, "criterion", "definition", "period"]


class Choices(NamedTuple):
    """Days of a month (our own choice: a twelfth of 365.25 days) and the years for which periods are made."""

    month: float = 30.4375
    years: int = 15


CHOICES = Choices()


class Rule(NamedTuple):
    """A form: its name, and the last day of its first period."""

    form: str
    name: str
    first_end: int


RULES: tuple[Rule, ...] = (
    Rule("ebmt", "EBMT Cellular Therapy Med-A", 100),
    Rule("cibmtr", "CIBMTR form 4100", 100),
)
REACTIONS: Final = {"crs": "crs.astct2019", "icans": "icans.astct2019"}
MEANINGS: Final = {
    "ebmt": ("onset_day", "resolution_day", "maximum_grade"),
    "cibmtr": ("occurred_or_persisted", "onset_reported_before", "onset_day", "resolution_day", "maximum_grade"),
}


def reporting_periods(form: str) -> pl.DataFrame:
    """Give the periods of a form, in order: period, first, last (days, inclusive, no overlap).

    Raises ValueError for another form than `ebmt` and `cibmtr`.

    >>> reporting_periods("ebmt").head(3).rows()
    [('d0-100', 0, 100), ('d101-6m', 101, 183), ('6m-1y', 184, 365)]
    """
    rule = next((row for row in RULES if row.form == form), None)
    if rule is None:
        raise ValueError(f"form: allowed are {', '.join(row.form for row in RULES)}; choose one of them")
    ends = [rule.first_end, round(6 * CHOICES.month), *(round(12 * year * CHOICES.month) for year in _years())]
    names = [f"d0-{rule.first_end}", f"d{rule.first_end + 1}-6m", "6m-1y"]
    names += [f"{year - 1}y-{year}y" for year in list(_years())[1:]]
    return pl.DataFrame(
        {"period": names, "first": [0, *(end + 1 for end in ends[:-1])], "last": ends},
        schema={"period": pl.String, "first": pl.Int64, "last": pl.Int64},
    )


def _years() -> range:
    return range(1, CHOICES.years + 1)


def period_grid(followed: pl.DataFrame, form: str) -> pl.DataFrame:
    """Give each period of a form that the follow-up of an infusion reached: patient, infusion, followed, period,
    first, last.

    `followed` has one row per infusion (patient, infusion, last: last day followed). Raises ValueError for another
    form.
    """
    followed = followed.select("patient", pl.col("infusion").cast(pl.Int64), followed=pl.col("last").floor())
    return followed.join(reporting_periods(form), how="cross").filter(pl.col("first") <= pl.col("followed"))


def reaction_cells(
    findings: pl.DataFrame, grid: pl.DataFrame, form: str, resolved: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """Give the cells of a form about CRS and ICANS by meaning (`crs_onset_day` …), one row per row of the grid.

    `findings` holds default maxima and episodes of CRS and ICANS (grade them to day 100 for the first period),
    `resolved` when the episodes were resolved (`day_findings.RESOLVED`, graded alike). Columns:
    patient, infusion, period, first, last, low, high, needs_person, why, facts. Days without an episode are empty.
    """
    cells: dict[str, pl.DataFrame] = {}
    for reaction, criterion in REACTIONS.items():
        own = findings.select(list(FINDING_SCHEMA)).filter((pl.col("criterion") == criterion) & pl.col("default"))
        answers = _answers(_in_periods(_with_resolved(own, resolved), grid))
        cells |= {f"{reaction}_{meaning}": answers[meaning] for meaning in MEANINGS[form]}
    return cells


def _in_periods(own: pl.DataFrame, grid: pl.DataFrame) -> pl.DataFrame:
    """Per infusion and period: the maximum's bounds and window, and what the episodes inside say."""
    window = pl.col("period").str.extract_groups(r"^d(\d+)-(\d+)$").struct
    top = own.filter(pl.col("kind") == "maximum").select(
        *KEYS,
        top_low="low",
        top_high="high",
        top_why="why",
        top_start="start",
        window_first=window[0].cast(pl.Int64),
        window_last=window[1].cast(pl.Int64),
    )
    episodes = own.filter(pl.col("kind") == "episode").select(*KEYS, "start", "end", "low", "high", "over", "facts")
    both = grid.join(episodes, on=KEYS, how="inner")
    both = both.filter((pl.col("start") <= pl.col("last")) & (pl.col("end") >= pl.col("first")))
    inside = (pl.col("start") >= pl.col("first")) & (pl.col("end") <= pl.col("last"))
    ends_here = pl.col("end") <= pl.col("last")
    per = (
        both.sort(*KEYS, "first", "start")
        .group_by([*KEYS, "period"], maintain_order=True)
        .agg(
            onset=pl.col("start").filter(pl.col("start") >= pl.col("first")).first(),
            earlier=(pl.col("start") < pl.col("first")).any(),
            resolved=pl.when(ends_here).then("over").last(),
            grade_low=pl.when(inside).then("low").otherwise(pl.min_horizontal("low", 1)).max(),
            facts=pl.col("facts").drop_nulls().unique().sort().str.join("; "),
        )
    )
    return grid.join(top, on=KEYS, how="left").join(per, on=[*KEYS, "period"], how="left").sort(*KEYS, "first")


def _with_resolved(own: pl.DataFrame, resolved: pl.DataFrame) -> pl.DataFrame:
    """Add `over`, the day on which an episode was resolved; null where that is not one known day."""
    sure = pl.when(pl.col("resolved_low") == pl.col("resolved_high")).then("resolved_high")
    days = resolved.select(*EPISODE, over=sure.cast(pl.Float64))
    return own.join(days, on=EPISODE, how="left", maintain_order="left")


def _answers(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    graded = pl.col("top_low").is_not_null()
    last_seen = pl.min_horizontal("last", "followed")
    whole = (pl.col("window_first") <= pl.col("first")) & (pl.col("window_last") >= last_seen)
    looked = (pl.col("window_first") <= pl.col("last")) & (pl.col("window_last") >= pl.col("first"))
    seen = pl.col("grade_low").is_not_null()
    gravest_here = pl.col("top_start").is_between(pl.col("first"), pl.col("last")).fill_null(False)
    certain = pl.max_horizontal(pl.coalesce("grade_low", 0), pl.when(gravest_here).then("top_low"))
    low = pl.when(graded & (looked | seen)).then(certain)
    # Outside the period of the gravest day the findings say only that no day was graver.
    high = pl.when(low.is_not_null()).then(pl.max_horizontal("top_high", low))
    rows = rows.with_columns(grade_low=low.cast(pl.Float64), grade_high=high.cast(pl.Float64), whole=whole, seen=seen)
    rows = rows.with_columns(why=_why(), whole=pl.col("whole").fill_null(False))
    happened = [pl.when(pl.col(side).is_not_null()).then((pl.col(side) > 0).cast(pl.Float64)) for side in _SIDES]
    before = pl.when(pl.col("grade_low").is_not_null()).then(pl.col("earlier").fill_null(False).cast(pl.Float64))
    onset_missing = pl.col("onset").is_null() & pl.col("seen") & ~pl.col("earlier").fill_null(False)
    end_missing = pl.col("resolved").is_null() & pl.col("seen")
    return {
        "maximum_grade": _row(rows, pl.col("grade_low"), pl.col("grade_high")),
        "occurred_or_persisted": _row(rows, happened[0], happened[1]),
        "onset_reported_before": _row(rows, before, before),
        "onset_day": _row(rows, pl.col("onset"), pl.col("onset"), onset_missing),
        "resolution_day": _row(rows, pl.col("resolved"), pl.col("resolved"), end_missing),
    }


_SIDES: Final = ("grade_low", "grade_high")


def _row(rows: pl.DataFrame, low: pl.Expr, high: pl.Expr, missing: pl.Expr | None = None) -> pl.DataFrame:
    unsettled = (pl.col("grade_low") != pl.col("grade_high")) | pl.col("grade_low").is_null()
    absent = low.is_null() if missing is None else missing
    rows = rows.with_columns(low=low.cast(pl.Float64), high=high.cast(pl.Float64), missing=absent)
    return rows.select(
        *KEYS,
        "period",
        "first",
        "last",
        "low",
        "high",
        "why",
        "facts",
        needs_person=(unsettled | pl.col("missing") | ~pl.col("whole")).fill_null(True),
    )


def _why() -> pl.Expr:
    asked = pl.format("graded on day {} to {} only", "window_first", "window_last")
    return (
        pl.when(pl.col("top_low").is_null())
        .then(pl.coalesce("top_why", pl.lit("not graded")))
        .when(pl.col("grade_low").is_null())
        .then(asked)
        .when(~pl.col("whole"))
        .then(pl.concat_str("top_why", asked, separator="; ", ignore_nulls=True))
        .otherwise("top_why")
    )
