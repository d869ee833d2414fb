"""Exposure to steroids: calendar days with a systemic steroid on day 0 to 30 from the infusion (day 0); and whether CRS
or ICANS was still going on the day of failure.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.coverage import covered_days, stretches
from carsequel.side_effects.daily import KEYS
from carsequel.side_effects.measured import covered_throughout, since_infusion
from carsequel.side_effects.windows import ID_DAY, days_of
from carsequel.terms.findings import as_findings, definition_of, join_findings

SOURCE: Final = "stated"
CRITERION: Final = "steroid_exposure.days"
UNRESOLVED: Final = {"crs.astct2019": "unresolved_at_failure.crs", "icans.astct2019": "unresolved_at_failure.icans"}
UNRESOLVED_SOURCE: Final = "lee2019"
EPISODE: Final = [*KEYS, "criterion", "definition", "period"]


class Choices(NamedTuple):
    """The window in which steroid days are counted (our own choice)."""

    first: int = 0
    last: int = 30


CHOICES = Choices()
STEROIDS: Final = r"(?i)dexameth?asone|methylprednisolone|prednisone|prednisolone|hydrocortisone|betamethasone"
NOT_COUNTED: Final = ("bridging", "lymphodepletion", "next_line")


def count_steroid_days(course: Course) -> pl.DataFrame:
    """Count the days with a systemic steroid: one `maximum` per infusion, day 0 to 30 or to the end of the record.

    Days inside a drug span count; steroids that belong to bridging, lymphodepletion or the next line do not. A day
    that is not covered for `drug`, and the days after the start of a span whose end is not given, count only on the
    high side. Gives a findings frame (a count of the record: source stated).
    """
    windows = since_infusion(course, CHOICES.first, CHOICES.last)
    spans = course.spans_since("drug", undated=True)
    spans = spans.filter(pl.col("text").str.contains(STEROIDS) & ~pl.col("role").fill_null("").is_in(NOT_COUNTED))
    certain = days_of(spans, windows).select(*ID_DAY, "source")
    possible = days_of(spans.with_columns(end_known=pl.lit(True)), windows).select(ID_DAY).unique()
    whole = covered_throughout(course, windows, "drug")
    part = stretches(course, windows, {"drug": ["drug"]}).join(whole, on="id", how="anti")
    free = covered_days(part).join(possible, on=ID_DAY, how="anti").select(ID_DAY)
    closed = pl.concat([certain.select(ID_DAY), free]).lazy().unique()
    counted = (
        certain.lazy()
        .group_by("id")
        .agg(
            n=pl.col("day").n_unique(),
            start=pl.col("day").min(),
            end=pl.col("day").max(),
            facts=pl.col("source").drop_nulls().unique().sort().str.join("; "),
        )
    )
    found = windows.lazy().join(counted, on="id", how="left", maintain_order="left")
    for name, days in (("closed", closed), ("possible", possible.lazy())):
        found = found.join(days.group_by("id").agg(pl.len().alias(name)), on="id", how="left", maintain_order="left")
    undated = spans.lazy().filter(pl.col("since").is_null()).select(KEYS).unique().with_columns(undated=True)
    found = found.join(whole.lazy().with_columns(_whole=True), on="id", how="left", maintain_order="left")
    return _finish(found.join(undated, on=KEYS, how="left", maintain_order="left").collect(engine="in-memory"))


def _finish(found: pl.DataFrame) -> pl.DataFrame:
    whole, undated_ = pl.col("_whole").fill_null(False), pl.col("undated").fill_null(False)
    at_risk = (pl.col("last") - pl.col("first") + 1).clip(0)
    n, closed, possible = (pl.col(name).fill_null(0) for name in ("n", "closed", "possible"))
    high = pl.when(undated_).then(at_risk).when(whole).then(possible).otherwise(at_risk - closed + n)
    known = (at_risk > 0) & (whole | (closed > 0) | undated_)
    found = found.with_columns(low=pl.when(known).then(n), high=pl.when(known).then(high), at_risk=at_risk)
    low, high_ = (pl.col(side).cast(pl.Int64).cast(pl.String) for side in ("low", "high"))
    settled = pl.col("low") == pl.col("high")
    days = pl.when(settled).then(pl.format("{} days", low)).otherwise(pl.format("{} to {} days", low, high_))
    why = pl.concat_str(
        pl.format("days with a systemic steroid: {} of {} (day {} to {})", low, "at_risk", "first", "last"),
        pl.when(undated_).then(pl.lit("a steroid without a day")),
        pl.when(~settled & ~undated_).then(pl.lit("drugs not recorded as complete, or the end of a steroid not given")),
        separator="; ",
        ignore_nulls=True,
    )
    none = pl.lit(
        f"no steroid recorded on day {CHOICES.first} to {CHOICES.last}, and drugs are not recorded as complete"
    )
    missing = pl.col("low").is_null()
    return as_findings(
        found.with_columns(
            label=pl.when(missing).then(pl.lit("not gradable")).otherwise(days),
            why=pl.when(missing).then(none).otherwise(why),
        ),
        criterion=CRITERION,
        kind="maximum",
        definition=definition_of(count="calendar_days"),
        default=True,
        period=f"d{CHOICES.first}-{CHOICES.last}",
        source=SOURCE,
    )


def assess_unresolved_at_failure(
    findings: pl.DataFrame, failures: pl.DataFrame, resolved: pl.DataFrame
) -> pl.DataFrame:
    """Say whether CRS or ICANS was still going on the day of failure: one `assessment` each per failure, 1 yes, 0 no.

    `findings` holds the default maxima and episodes of CRS and ICANS, `failures` the day of failure (patient, infusion,
    day; counted from that infusion, the first of several), `resolved` when the episodes were resolved
    (`day_findings.RESOLVED`, of every definition among the findings). Yes is certain inside an episode; no needs a
    certain grade 0 as the maximum, or that every episode begun by that day is known to be resolved by it. Gives a
    findings frame (source lee2019).
    """
    days = failures.filter(pl.col("day").is_not_null()).select(
        pl.col("patient"), pl.col("infusion").cast(pl.Int64), day=pl.col("day").floor()
    )
    days = days.sort(*KEYS, "day").unique(KEYS, keep="first", maintain_order=True)
    return join_findings([_unresolved(findings, days, resolved, of, name) for of, name in UNRESOLVED.items()])


def _unresolved(findings: pl.DataFrame, days: pl.DataFrame, resolved: pl.DataFrame, of: str, name: str) -> pl.DataFrame:
    own = findings.filter((pl.col("criterion") == of) & pl.col("default"))
    top = own.filter(pl.col("kind") == "maximum").select(*KEYS, "low", "high")
    episodes = own.filter(pl.col("kind") == "episode").join(resolved, on=EPISODE, how="left")
    episodes = episodes.select(*KEYS, "start", "end", "resolved_low", "resolved_high", "facts")
    both = days.join(episodes, on=KEYS, how="inner").filter(pl.col("start") <= pl.col("day"))
    over = (pl.col("resolved_low") == pl.col("resolved_high")) & (pl.col("resolved_high") <= pl.col("day"))
    both = both.with_columns(inside=pl.col("day") <= pl.col("end"), over=over)
    seen = (
        both.sort(*KEYS, "start")
        .group_by([*KEYS, "day"], maintain_order=True)
        .agg(inside=pl.col("inside").any(), over=pl.col("over").fill_null(False).all(), facts=pl.col("facts").last())
    )
    found = days.join(top, on=KEYS, how="left").join(seen, on=[*KEYS, "day"], how="left")
    inside, free = pl.col("inside").fill_null(False), pl.col("high") == 0
    resolved_before = pl.col("over").fill_null(False) & (pl.col("low") == pl.col("high"))
    return _answered(found.with_columns(inside=inside, no=(free | resolved_before).fill_null(False)), of, name)


def _answered(found: pl.DataFrame, of: str, name: str) -> pl.DataFrame:
    word = "CRS" if of.startswith("crs") else "ICANS"
    ungraded = pl.col("low").is_null()
    low = pl.when(~ungraded).then(pl.when("inside").then(1).otherwise(0))
    high = pl.when(~ungraded).then(pl.when("inside").then(1).when("no").then(0).otherwise(1))
    day = pl.col("day").cast(pl.Int64)
    why = (
        pl.when(ungraded)
        .then(pl.lit(f"{word} is not gradable"))
        .when("inside")
        .then(pl.format(f"{word} was still going on day {{}}, the day of failure", day))
        .when("no")
        .then(pl.format(f"no {word} was going on on day {{}}, the day of failure", day))
        .otherwise(pl.format(f"whether {word} was over on day {{}}, the day of failure, is not recorded", day))
    )
    label = (
        pl.when(ungraded)
        .then(pl.lit("not gradable"))
        .when("inside")
        .then(pl.lit("unresolved"))
        .when("no")
        .then(pl.lit("not going on"))
        .otherwise(pl.lit("unknown"))
    )
    start = pl.col("day")
    found = found.with_columns(why=why, label=label, start=start, end=start, period=pl.format("day {}", day))
    found = found.with_columns(low=low, high=high, facts=pl.when("inside").then("facts"))
    return as_findings(
        found, criterion=name, kind="assessment", definition="at=failure", default=True, source=UNRESOLVED_SOURCE
    )
