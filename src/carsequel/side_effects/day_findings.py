"""From graded days to findings: the gravest grade of the window and each episode, each with its sentence."""

from typing import NamedTuple

import polars as pl

from carsequel.side_effects.sources import joined_sources
from carsequel.side_effects.windows import ID_DAY
from carsequel.terms.findings import as_findings, grade_label

TOLD = ("patient", "infusion", "id", "kind", "period", "start", "end", "low", "high", "day", "why")


class Answer(NamedTuple):
    """What a graded reaction says of itself: criterion id, definition, default, source key, and its words."""

    criterion: str
    definition: str
    default: bool
    source: str
    nothing: str
    unrecorded: str


def day_findings(
    days: pl.DataFrame, windows: pl.DataFrame, rows: pl.DataFrame, remarks: pl.LazyFrame, period: str, answer: Answer
) -> pl.DataFrame:
    """Give the gravest grade of the window, one `maximum` per infusion, and one `episode` per episode: days of certain
    grade 1 or more that no day of certain grade 0 separates.

    `days` are those of `domains.py`, `rows` the records used (id, day, source), `remarks` one sentence part per
    infusion (id, remark).
    """
    plan, who = days.lazy(), windows.lazy()
    found = _maxima(plan, who, remarks, period, answer)
    if (days["low"] > 0).any():
        found = pl.concat([found, _episodes(plan, who)])
    found = found.collect(engine="in-memory").lazy()
    used = joined_sources(rows.lazy().join(found, on=ID_DAY, how="semi"), *ID_DAY)
    found = found.join(used, on=ID_DAY, how="left", maintain_order="left")
    return as_findings(
        found.with_columns(label=grade_label()).collect(engine="in-memory"),
        criterion=answer.criterion,
        definition=answer.definition,
        default=answer.default,
        source=answer.source,
    )


def _maxima(
    days: pl.LazyFrame, windows: pl.LazyFrame, remarks: pl.LazyFrame, period: str, answer: Answer
) -> pl.LazyFrame:
    top, widest = pl.col("low") == pl.col("low").max(), pl.col("high") == pl.col("high").max()
    gravest, both = top & (pl.col("low") > 0), top & widest
    per = days.group_by("id").agg(
        low=pl.col("low").max(),
        high=pl.col("high").max(),
        known=pl.col("known").any(),
        start=pl.col("day").filter(gravest).min(),
        end=pl.col("day").filter(gravest).max(),
        lead=pl.col("lead").filter(gravest).first(),
        doubt_day=pl.coalesce(pl.col("day").filter(both).min(), pl.col("day").filter(widest).min()),
        doubt=pl.when(both.any())
        .then(pl.col("doubt").filter(both).first())
        .otherwise(pl.col("doubt").filter(widest).first()),
        doubt_days=(pl.col("high") > pl.col("low").max()).sum(),
    )
    found = windows.join(per, on="id", how="left", maintain_order="left").join(remarks, on="id", how="left")
    known = pl.col("known").fill_null(False)
    ends = (pl.when(known).then(name).alias(name) for name in ("low", "high", "start", "end"))
    found = found.with_columns(*ends, known=known)
    found = found.with_columns(day=pl.coalesce("start", "doubt_day"), why=_why_maximum(answer))
    return found.with_columns(kind=pl.lit("maximum"), period=pl.lit(period)).select(TOLD)


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


def _episodes(days: pl.LazyFrame, windows: pl.LazyFrame) -> pl.LazyFrame:
    """Each episode from onset to the last day with a grade; `why` says whether resolution was seen."""
    new = pl.col("id").ne_missing(pl.col("id").shift(1))
    numbered = days.with_columns(_part=(new | (pl.col("high") == 0)).cum_sum()).filter(pl.col("high") > 0)
    graded = pl.col("day").filter(pl.col("low") >= 1)
    inside = pl.col("day").is_between(graded.min(), graded.max())
    top = pl.col("low") == pl.col("low").max()
    found = numbered.group_by("_part").agg(
        id=pl.col("id").first(),
        low=pl.col("low").max(),
        high=pl.col("high").filter(inside).max(),
        start=graded.min(),
        end=graded.max(),
        _until=pl.col("day").max(),
        day=pl.col("day").filter(top).min(),
        lead=pl.col("lead").filter(top).first(),
        open_days=((pl.col("high") > pl.col("low")) & inside).sum(),
    )
    who = windows.select("patient", "infusion", "id", _last="last", _death="death")
    found = found.filter(pl.col("low") >= 1).sort("id", "start").join(who, on="id", how="left", maintain_order="left")
    period = pl.format("episode {}", pl.int_range(pl.len()).over("id") + 1)
    return found.with_columns(kind=pl.lit("episode"), period=period, why=_why_episode()).select(TOLD)


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
