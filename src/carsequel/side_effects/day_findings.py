"""From graded days to findings: the gravest grade of the window and each episode, each with its sentence; and the days
on which episodes were resolved, in a frame of their own.
"""

from typing import NamedTuple

import polars as pl

from carsequel.side_effects.sources import joined_sources
from carsequel.side_effects.windows import ID_DAY
from carsequel.terms.findings import as_findings, grade_label

TOLD = ("patient", "infusion", "id", "kind", "period", "start", "end", "low", "high", "day", "why")
SIDES = ("resolved_low", "resolved_high")
RESOLVED = {
    **{"patient": pl.String, "infusion": pl.Int64, "criterion": pl.String, "definition": pl.String},
    **{"period": pl.String, "resolved_low": pl.Int64, "resolved_high": pl.Int64},
}


class Answer(NamedTuple):
    """What a graded reaction says of itself: criterion id, definition, default, source key, and its words."""

    criterion: str
    definition: str
    default: bool
    source: str
    nothing: str
    unrecorded: str


class Reaction(NamedTuple):
    """A graded reaction: its findings, and when each episode was resolved (columns of `RESOLVED`, days from the
    infusion: the earliest and the latest first day without it, null where it was not seen to be over)."""

    findings: pl.DataFrame
    resolved: pl.DataFrame


def day_findings(
    days: pl.DataFrame, windows: pl.DataFrame, rows: pl.DataFrame, remarks: pl.DataFrame, period: str, answer: Answer
) -> Reaction:
    """Give the gravest grade of the window, one `maximum` per infusion, and one `episode` per episode: days of certain
    grade 1 or more that no day of certain grade 0 separates; and when the episodes were resolved.

    `days` are those of `domains.py`, `rows` the records used (id, day, source), `remarks` one sentence part per
    infusion (id, remark).
    """
    plan, who = days.lazy(), windows.lazy()
    found = _maxima(plan, who, remarks.lazy(), period, answer)
    resolved = pl.DataFrame(schema=RESOLVED)
    if (days["low"] > 0).any():
        episodes = _episodes(plan, who).collect(engine="in-memory")
        resolved = _resolved(episodes, answer)
        found = pl.concat([found, episodes.lazy().select(TOLD)])
    found = found.collect(engine="in-memory").lazy()
    used = joined_sources(rows.lazy().join(found, on=ID_DAY, how="semi"), *ID_DAY)
    found = found.join(used, on=ID_DAY, how="left", maintain_order="left")
    findings = as_findings(
        found.with_columns(label=grade_label()).collect(engine="in-memory"),
        criterion=answer.criterion,
        definition=answer.definition,
        default=answer.default,
        source=answer.source,
    )
    return Reaction(findings, resolved)


def _resolved(episodes: pl.DataFrame, answer: Answer) -> pl.DataFrame:
    named = episodes.with_columns(criterion=pl.lit(answer.criterion), definition=pl.lit(answer.definition))
    return named.select(pl.col(name).cast(kind) for name, kind in RESOLVED.items())


def _maxima(
    days: pl.LazyFrame, windows: pl.LazyFrame, remarks: pl.LazyFrame, period: str, answer: Answer
) -> pl.LazyFrame:
    tops = days.group_by("id").agg(pl.col("known").max(), _top=pl.col("low").max(), _widest=pl.col("high").max())
    flagged = days.select("id", "day", "low", "high", "lead", "doubt").join(tops, on="id", maintain_order="left")
    top, widest = pl.col("low") == pl.col("_top"), pl.col("high") == pl.col("_widest")
    flagged = flagged.filter(top | widest | (pl.col("high") > pl.col("_top"))).collect(engine="in-memory").lazy()
    flagged = flagged.with_columns(_of_doubt=pl.when(widest).then(pl.when(top).then(1).otherwise(2)))
    gravest = flagged.filter(top & (pl.col("low") > 0)).group_by("id", maintain_order=True)
    per_gravest = gravest.agg(start=pl.col("day").first(), end=pl.col("day").last(), lead=pl.col("lead").first())
    # Days that are the gravest for certain and at worst speak first; the others speak where there is none.
    open_ = flagged.filter(widest).sort("id", "_of_doubt", "day").group_by("id", maintain_order=True)
    per_open = open_.agg(doubt_day=pl.col("day").first(), doubt=pl.col("doubt").first())
    wider = flagged.filter(pl.col("high") > pl.col("_top")).group_by("id").agg(doubt_days=pl.len())
    per = tops.rename({"_top": "low", "_widest": "high"})
    for part in (per_gravest, per_open, wider):
        per = per.join(part, on="id", how="left", maintain_order="left")
    per = per.with_columns(pl.col("doubt_days").fill_null(0))
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
    """Each episode from onset to the last day with a grade (`TOLD`), and between which days it was resolved; `why`
    says whether that was seen."""
    new = pl.col("id").ne_missing(pl.col("id").shift(1))
    numbered = days.with_columns(_part=(new | (pl.col("high") == 0)).cum_sum()).filter(pl.col("high") > 0)
    graded = pl.when(pl.col("low") >= 1).then("day")
    numbered = numbered.with_columns(pl.col("_part").set_sorted()).collect(engine="in-memory").lazy()
    ends = numbered.group_by("_part", maintain_order=True).agg(
        pl.col("id").first(), _top=pl.col("low").max(), start=graded.min(), end=graded.max(), _until=pl.col("day").max()
    )
    ends = ends.filter(pl.col("_top") >= 1).collect(engine="in-memory").lazy()
    inside = numbered.drop("id").join(ends, on="_part", maintain_order="left")
    inside = inside.filter(pl.col("day").is_between(pl.col("start"), pl.col("end"))).collect(engine="in-memory").lazy()
    widths = inside.group_by("_part").agg(high=pl.col("high").max(), open_days=(pl.col("high") > pl.col("low")).sum())
    top = inside.filter(pl.col("low") == pl.col("_top")).group_by("_part", maintain_order=True)
    found = ends.rename({"_top": "low"})
    for part in (widths, top.agg(pl.col("day", "lead").first())):
        found = found.join(part, on="_part", how="left", maintain_order="left")
    who = windows.select("patient", "infusion", "id", _last="last", _death="death")
    found = found.sort("id", "start").join(who, on="id", how="left", maintain_order="left")
    period = pl.format("episode {}", pl.int_range(pl.len()).over("id") + 1)
    over = pl.col("_until") < pl.col("_last")
    found = found.with_columns(
        pl.when(over).then(pl.col(day) + 1).alias(side) for side, day in zip(SIDES, ("end", "_until"), strict=True)
    )
    return found.with_columns(kind=pl.lit("episode"), period=period, why=_why_episode()).select(*TOLD, *SIDES)


def _why_episode() -> pl.Expr:
    first = pl.format("grade {} on day {}: {}", "low", "day", pl.col("lead").fill_null("signs recorded"))
    earliest, latest = (pl.col(side) for side in SIDES)
    end = (
        pl.when(earliest == latest)
        .then(pl.format("resolved on day {}", earliest))
        .when(latest.is_not_null())
        .then(pl.format("resolved between day {} and day {}", earliest, latest))
        .when(pl.col("_death") == pl.col("_last"))
        .then(pl.format("not resolved at death on day {}", "_death"))
        .otherwise(pl.format("resolution not seen by day {}", "_last"))
    )
    more = pl.format("days of it not fully recorded: {}", "open_days")
    unsure = pl.when(pl.col("low") < pl.col("high")).then(more)
    return pl.concat_str(first, end, unsure, separator="; ", ignore_nulls=True)
