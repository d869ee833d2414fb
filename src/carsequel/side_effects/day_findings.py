"""From graded days to findings: the gravest grade of the window and each episode, each with its sentence."""

from typing import NamedTuple

import polars as pl

from carsequel.side_effects.daily import DAY, KEYS
from carsequel.terms.findings import as_findings, grade_label


class Answer(NamedTuple):
    """What a graded reaction says of itself: criterion id, definition, default, source key, and its words."""

    criterion: str
    definition: str
    default: bool
    source: str
    nothing: str
    unrecorded: str


def maxima(
    days: pl.DataFrame, windows: pl.DataFrame, rows: pl.DataFrame, remarks: pl.DataFrame, period: str, answer: Answer
) -> pl.DataFrame:
    """Give the gravest grade of the window, one finding per infusion.

    `rows` are the records used (keys, day, source), `remarks` one sentence part per infusion (keys, remark).
    """
    top = pl.col("low") == pl.col("low").max()
    per = days.group_by(KEYS).agg(
        low=pl.col("low").max(),
        high=pl.col("high").max(),
        known=pl.col("known").any(),
        start=pl.col("day").filter(top & (pl.col("low") > 0)).min(),
        end=pl.col("day").filter(top & (pl.col("low") > 0)).max(),
        doubt_day=pl.coalesce(
            pl.col("day").filter(top & (pl.col("high") == pl.col("high").max())).min(),
            pl.col("day").filter(pl.col("high") == pl.col("high").max()).min(),
        ),
        doubt_days=(pl.col("high") > pl.col("low").max()).sum(),
    )
    found = (
        windows.select(*KEYS, "last")
        .join(per, on=KEYS, how="left")
        .with_columns(known=pl.col("known").fill_null(False))
    )
    found = found.with_columns(pl.when("known").then(name).alias(name) for name in ("low", "high", "start", "end"))
    found = found.join(days.select(*KEYS, start="day", lead="lead"), on=[*KEYS, "start"], how="left")
    found = found.join(days.select(*KEYS, doubt_day="day", doubt="doubt"), on=[*KEYS, "doubt_day"], how="left")
    found = found.join(remarks, on=KEYS, how="left")
    found = found.with_columns(day=pl.coalesce("start", "doubt_day"), why=_why_maximum(answer), label=grade_label())
    return _finish(_with_sources(found, rows), "maximum", answer, period=period)


def _why_maximum(answer: Answer) -> pl.Expr:
    seen = pl.format("grade {} on day {}: {}", "low", "start", pl.col("lead").fill_null("signs recorded"))
    none = pl.format(f"{answer.nothing} on day 0 to {{}}", "last")
    unsure = pl.format("nothing certain on day 0 to {}", "last")
    settled = pl.col("low") == pl.col("high")
    first = pl.when(pl.col("low") > 0).then(seen).when(settled).then(none).otherwise(unsure)
    open_days = pl.when(pl.col("doubt_days") > 1).then(pl.format(" and {} more days", pl.col("doubt_days") - 1))
    more = pl.format(
        "up to grade {} cannot be excluded on day {}{}: {}",
        "high",
        "doubt_day",
        open_days.otherwise(pl.lit("")),
        pl.col("doubt").fill_null("records are missing"),
    )
    parts = pl.concat_str(first, pl.when(~settled).then(more), "remark", separator="; ", ignore_nulls=True)
    return pl.when("known").then(parts).otherwise(pl.format(f"{answer.unrecorded} on day 0 to {{}}", "last"))


def episodes(days: pl.DataFrame, rows: pl.DataFrame, windows: pl.DataFrame, answer: Answer) -> pl.DataFrame:
    """Give each episode from onset to the last day with a grade: days of certain grade 1 or more that no day of
    certain grade 0 separates; `why` says whether resolution was seen."""
    new = pl.any_horizontal(pl.col(key) != pl.col(key).shift(1) for key in KEYS).fill_null(True)
    numbered = days.sort(DAY).with_columns(_part=(new | (pl.col("high") == 0)).cum_sum())
    graded = pl.col("day").filter(pl.col("low") >= 1)
    inside = pl.col("day").is_between(graded.min(), graded.max())
    found = (
        numbered.filter(pl.col("high") > 0)
        .group_by("_part")
        .agg(
            *(pl.col(key).first() for key in KEYS),
            low=pl.col("low").max(),
            high=pl.col("high").filter(inside).max(),
            start=graded.min(),
            end=graded.max(),
            _until=pl.col("day").max(),
            day=pl.col("day").filter(pl.col("low") == pl.col("low").max()).min(),
            open_days=((pl.col("high") > pl.col("low")) & inside).sum(),
        )
        .filter(pl.col("low") >= 1)
    )
    found = found.join(days.select(*DAY, "lead"), on=DAY, how="left").sort(*KEYS, "start")
    found = found.join(windows.select(*KEYS, _last="last", _death="death"), on=KEYS, how="left", maintain_order="left")
    period = pl.format("episode {}", pl.int_range(pl.len()).over(KEYS) + 1)
    found = found.with_columns(period=period, why=_why_episode(), label=grade_label())
    return _finish(_with_sources(found, rows), "episode", answer)


def _why_episode() -> pl.Expr:
    first = pl.format("grade {} on day {}: {}", "low", "day", pl.col("lead").fill_null("signs recorded"))
    over = pl.col("_until") < pl.col("_last")
    end = (
        pl.when(over & (pl.col("_until") == pl.col("end")))
        .then(pl.format("resolved on day {}", pl.col("end") + 1))
        .when(over)
        .then(pl.format("resolved between day {} and day {}", pl.col("end") + 1, pl.col("_until") + 1))
        .when(pl.col("_death") == pl.col("_last"))
        .then(pl.format("not resolved at death on day {}", "_death"))
        .otherwise(pl.format("resolution not seen by day {}", "_last"))
    )
    more = pl.format("days of it not fully recorded: {}", "open_days")
    unsure = pl.when(pl.col("low") < pl.col("high")).then(more)
    return pl.concat_str(first, end, unsure, separator="; ", ignore_nulls=True)


def _with_sources(found: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Add `facts`: the sources of the records of the day that each finding speaks of."""
    named = rows.join(found.select(DAY), on=DAY, how="semi").filter(pl.col("source").is_not_null())
    facts = named.group_by(DAY).agg(facts=pl.col("source").unique().sort().str.join("; "))
    return found.join(facts, on=DAY, how="left", maintain_order="left")


def _finish(found: pl.DataFrame, kind: str, answer: Answer, **fixed: str) -> pl.DataFrame:
    return as_findings(
        found,
        kind=kind,
        criterion=answer.criterion,
        definition=answer.definition,
        default=answer.default,
        source=answer.source,
        **fixed,
    )
