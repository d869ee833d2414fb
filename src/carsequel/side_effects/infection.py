"""Infections per 100 days at risk, in the windows day 0-30, 31-100 and 101-365 from the infusion (day 0).

The days at risk end with death, the last day of the record and the day before the next infusion. Severe is grade 3 or
more: intravenous anti-infectives or a hospital admission.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import FAR, Course
from carsequel.side_effects.coverage import covered_days, stretches, unusable_days
from carsequel.side_effects.daily import KEYS
from carsequel.side_effects.measured import covered_throughout, since_infusion, told
from carsequel.side_effects.windows import ID_DAY, in_window
from carsequel.terms.findings import as_findings, definition_of

SOURCE: Final = "rejeski2023mm"
CRITERION: Final = "infection.density"
NAMES: Final = ("infection", "event")


class Rule(NamedTuple):
    """An infection of at least this grade is severe."""

    grade: float
    paper: str


RULES: tuple[Rule, ...] = (Rule(3, "grade 3 or more: intravenous anti-infective and/or hospital admission"),)


class Window(NamedTuple):
    """First and last day of a window of time at risk, and the days to which the density refers (our own choice; the
    paper of the severity gives one early window, day 0-90)."""

    first: int
    last: int
    per: int = 100


WINDOWS: tuple[Window, ...] = (Window(0, 30), Window(31, 100), Window(101, 365))
SEVERE_WORDS: Final = r"(?i)\bi\.?v\.?\b|intravenous|hospitali[sz]|admitted|hospital admission|\bicu\b|intensive care"
DENIED: Final = r"(?i)\bnot?\b|without|never"
SEVERITIES: Final = ("all", "grade3")
UNSETTLED: Final = {
    "all": "an infection inside another with other words may be the same",
    "grade3": "severity of an infection not given",
}


def assess_infection_density(course: Course) -> pl.DataFrame:
    """Give infections per 100 days at risk: one `maximum` per infusion, window and severity (`all`, the default, and
    `grade3`).

    Infections come from events and spans; several that begin on one day count once. An event inside a recorded
    infection with the same or no words belongs to it, with other words perhaps. A day at risk without a row counts as
    free only where the record is complete (coverage of `infection` or `event`), else as at most one onset; a severity
    that is neither graded nor told in words is possible, not certain. Gives a findings frame (source rejeski2023mm).
    """
    onsets = infections(course).collect(engine="in-memory")
    windows = _windows(course)
    counts = _counts(course, windows, onsets)
    undated = onsets.lazy().filter(pl.col("since").is_null())
    found = pl.concat([_density(counts.lazy(), undated, severity) for severity in SEVERITIES])
    return as_findings(found.collect(engine="in-memory"), criterion=CRITERION, kind="maximum", source=SOURCE)


def _windows(course: Course) -> pl.DataFrame:
    """The days at risk of each infusion in each window; `id` is one number for both."""
    rows = [(n, w.first, w.last, w.per, f"d{w.first}-{w.last}") for n, w in enumerate(WINDOWS)]
    named = pl.DataFrame(rows, schema=["_n", "_first", "_last", "per", "period"], orient="row")
    windows = since_infusion(course).join(named, how="cross")
    return windows.select(
        *("patient", "infusion", "per", "period"),
        id=pl.col("id") * len(WINDOWS) + pl.col("_n"),
        first="_first",
        last=pl.min_horizontal("last", "_last"),
        final="_last",
    )


def infections(course: Course) -> pl.LazyFrame:
    """Give every recorded infection: patient, infusion, since (onset, days; null without a day), organism, certain
    (0 = perhaps part of another), severe_low and severe_high (1 = severe), source."""
    columns = [*KEYS, "since", "until", "organism", "severe_low", "severe_high", "source"]
    events = course.facts_since("event", undated=True).lazy().filter(pl.col("text") == "infection")
    events = _with_severity(events, "site").with_columns(until=pl.col("since")).select(columns)
    spans = _with_severity(course.spans_since("infection", undated=True).lazy(), "text")
    unknown = pl.col("until").is_null() & pl.col("end_known").eq(False)
    spans = spans.with_columns(until=pl.when(unknown).then("since").otherwise(pl.col("until").fill_null(FAR)))
    spans = spans.select(columns)
    columns = [*columns[:3], *columns[4:], "certain"]
    whole = spans.with_columns(certain=pl.lit(1, dtype=pl.Int64))
    return pl.concat([_placed(events, spans).select(columns), whole.select(columns)])


def _with_severity(rows: pl.LazyFrame, organism: str) -> pl.LazyFrame:
    words = pl.concat_str(pl.col(organism), pl.col("note"), separator=" ", ignore_nulls=True).str.replace_all("_", " ")
    grave = words.str.contains(SEVERE_WORDS) & ~words.str.contains(DENIED)
    graded = pl.col("value") >= RULES[0].grade
    severe = grave | graded.fill_null(False)
    return rows.with_columns(
        organism=pl.col(organism).str.to_lowercase().str.strip_chars(),
        severe_low=severe.cast(pl.Int64),
        severe_high=(severe | pl.col("value").is_null()).cast(pl.Int64),
    )


def _placed(events: pl.LazyFrame, spans: pl.LazyFrame) -> pl.LazyFrame:
    """An event inside a recorded infection with the same or no words takes its onset; with other words (an organism
    beside a site, perhaps) it is not certain to be an infection of its own."""
    events = events.with_row_index("_id")
    both = events.join(spans.select(*KEYS, _from="since", _to="until", _of="organism"), on=KEYS, how="inner")
    inside = (pl.col("since").floor() >= pl.col("_from").floor()) & (pl.col("since").floor() <= pl.col("_to").floor())
    same = pl.col("organism").is_null() | pl.col("_of").is_null() | (pl.col("organism") == pl.col("_of"))
    found = both.filter(inside).group_by("_id").agg(_onset=pl.col("_from").filter(same).min(), _inside=pl.lit(True))
    events = events.join(found, on="_id", how="left", maintain_order="left")
    own = pl.col("_inside").is_null() | pl.col("_onset").is_not_null()
    return events.with_columns(
        since=pl.coalesce("_onset", "since"),
        certain=own.cast(pl.Int64),
        severe_low=pl.when(own).then("severe_low").otherwise(0),
    )


def _counts(course: Course, windows: pl.DataFrame, onsets: pl.DataFrame) -> pl.DataFrame:
    """Per window: days at_risk, days with an onset (all_low, all_high, grade3_low, grade3_high), open_days (without a
    row and not covered), known, first and last onset, facts."""
    begun = in_window(onsets, windows)
    whole = covered_throughout(course, windows, *NAMES)
    days = begun.lazy().group_by(ID_DAY).agg(pl.col("certain", "severe_low", "severe_high").max())
    per = days.group_by("id").agg(
        all_low=pl.col("certain").sum(),
        n=pl.len(),
        grade3_low=pl.col("severe_low").sum(),
        grade3_high=pl.col("severe_high").sum(),
        start=pl.col("day").min(),
        end=pl.col("day").max(),
    )
    sources = begun.lazy().group_by("id").agg(facts=told())
    part = stretches(course, windows, {"": NAMES}).join(whole, on="id", how="anti")
    free = covered_days(part, unusable_days(course, windows, {"": NAMES})).lazy().select(ID_DAY)
    read = pl.concat([free, begun.lazy().select(ID_DAY)]).unique().group_by("id").agg(read=pl.len().cast(pl.Int64))
    found = windows.lazy()
    for counted in (per, sources, read, whole.lazy().with_columns(_whole=True)):
        found = found.join(counted, on="id", how="left", maintain_order="left")
    at_risk = (pl.col("last") - pl.col("first") + 1).clip(0)
    found = found.with_columns(
        pl.col("all_low", "n", "grade3_low", "grade3_high", "read").fill_null(0),
        at_risk=at_risk,
        _whole=pl.col("_whole").fill_null(False),
    )
    found = found.with_columns(open_days=pl.when("_whole").then(0).otherwise(pl.col("at_risk") - pl.col("read")))
    return found.with_columns(
        known=(pl.col("at_risk") > 0) & (pl.col("_whole") | (pl.col("read") > 0)),
        all_high=pl.col("n") + pl.col("open_days"),
        grade3_high=pl.col("grade3_high") + pl.col("open_days"),
    ).collect(engine="in-memory")


def _density(counts: pl.LazyFrame, undated: pl.LazyFrame, severity: str) -> pl.LazyFrame:
    counted = undated if severity == SEVERITIES[0] else undated.filter(pl.col("severe_high") > 0)
    without = counted.group_by(KEYS).agg(without_day=pl.len())
    found = counts.join(without, on=KEYS, how="left", maintain_order="left")
    most = pl.min_horizontal(pl.col(f"{severity}_high") + pl.col("without_day").fill_null(0), "at_risk")
    found = found.with_columns(n_low=f"{severity}_low", n_high=f"{severity}_high", n_most=most)
    found = found.with_columns(
        pl.when("known").then(pl.col("per") * pl.col(count) / pl.col("at_risk")).alias(side)
        for side, count in (("low", "n_low"), ("high", "n_most"))
    )
    return found.with_columns(
        label=_label(),
        why=_why(severity),
        definition=pl.lit(definition_of(severity=severity, episodes="onset_day")),
        default=pl.lit(severity == SEVERITIES[0]),
    )


def _label() -> pl.Expr:
    low, high = (pl.col(side).round(1).cast(pl.String) for side in ("low", "high"))
    return (
        pl.when(pl.col("low").is_null())
        .then(pl.lit("not gradable"))
        .when(pl.col("low") == pl.col("high"))
        .then(pl.format("{} per {} days", low, "per"))
        .otherwise(pl.format("{} to {} per {} days", low, high, "per"))
    )


def _why(severity: str) -> pl.Expr:
    what = "infections" if severity == "all" else f"infections of grade {RULES[0].grade:g} or more"
    seen = pl.format(f"{what}: {{}} in {{}} days at risk (day {{}} to {{}})", "n_low", "at_risk", "first", "last")
    parts = pl.concat_str(
        seen,
        pl.when(pl.col("open_days") > 0).then(
            pl.format("on {} days infections are not recorded as complete", "open_days")
        ),
        pl.when(pl.col("n_high") - pl.col("n_low") > pl.col("open_days")).then(pl.lit(UNSETTLED[severity])),
        pl.when(pl.col("without_day") > 0).then(pl.format("{} without a day", "without_day")),
        separator="; ",
        ignore_nulls=True,
    )
    short = pl.format("not followed on day {} or later (record to day {})", "first", "last")
    none = pl.format("no infection recorded on day {} to {}, and the record is not complete", "first", "final")
    missing = pl.when(pl.col("last") < pl.col("first")).then(short).otherwise(none)
    return pl.when(pl.col("low").is_null()).then(missing).otherwise(parts)
