"""Infections per 100 days at risk, in the windows day 0-30, 31-100 and 101-365 from the infusion (day 0).

The days at risk end with death, the last day of the record and the day before the next infusion. Severe is grade 3 or
more: intravenous anti-infectives or a hospital admission.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import FAR, Course
from carsequel.side_effects.daily import DAY, KEYS, covered_days, within
from carsequel.side_effects.measured import covered_throughout, since_infusion, told
from carsequel.terms.findings import as_findings, definition_of, join_findings

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
    onsets = infections(course)
    undated = onsets.filter(pl.col("since").is_null())
    parts = []
    for window in WINDOWS:
        windows = since_infusion(course, window.first, window.last)
        counts = _counts(course, windows, onsets)
        parts += [_density(counts, undated, window, severity) for severity in SEVERITIES]
    return join_findings(parts)


def infections(course: Course) -> pl.DataFrame:
    """Give every recorded infection: patient, infusion, since (onset, days; null without a day), organism, certain
    (0 = perhaps part of another), severe_low and severe_high (1 = severe), source."""
    columns = [*KEYS, "since", "until", "organism", "severe_low", "severe_high", "source"]
    events = course.facts_since("event", undated=True).filter(pl.col("text") == "infection")
    events = _with_severity(events, "site").with_columns(until=pl.col("since")).select(columns)
    spans = _with_severity(course.spans_since("infection", undated=True), "text")
    unknown = pl.col("until").is_null() & pl.col("end_known").eq(False)
    spans = spans.with_columns(until=pl.when(unknown).then("since").otherwise(pl.col("until").fill_null(FAR)))
    spans = spans.select(columns)
    placed = _placed(events, spans)
    spans = spans.with_columns(certain=pl.lit(1, dtype=pl.Int64)).select(placed.columns)
    return pl.concat([placed, spans]).drop("until")


def _with_severity(rows: pl.DataFrame, organism: str) -> pl.DataFrame:
    words = pl.concat_str(pl.col(organism), pl.col("note"), separator=" ", ignore_nulls=True).str.replace_all("_", " ")
    grave = words.str.contains(SEVERE_WORDS) & ~words.str.contains(DENIED)
    graded = pl.col("value") >= RULES[0].grade
    severe = grave | graded.fill_null(False)
    return rows.with_columns(
        organism=pl.col(organism).str.to_lowercase().str.strip_chars(),
        severe_low=severe.cast(pl.Int64),
        severe_high=(severe | pl.col("value").is_null()).cast(pl.Int64),
    )


def _placed(events: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
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
    ).drop("_id", "_onset", "_inside")


def _counts(course: Course, windows: pl.DataFrame, onsets: pl.DataFrame) -> pl.DataFrame:
    """Per infusion: days at_risk, days with an onset (all_low, all_high, grade3_low, grade3_high), open_days (without a
    row and not covered), known, first and last onset, facts."""
    begun = within(onsets.filter(pl.col("since").is_not_null()), windows)
    days = begun.group_by(DAY).agg(pl.col("certain", "severe_low", "severe_high").max())
    per = days.group_by(KEYS).agg(
        all_low=pl.col("certain").sum(),
        n=pl.len(),
        grade3_low=pl.col("severe_low").sum(),
        grade3_high=pl.col("severe_high").sum(),
        start=pl.col("day").min(),
        end=pl.col("day").max(),
    )
    per = per.join(begun.group_by(KEYS).agg(facts=told()), on=KEYS, how="left")
    whole = covered_throughout(course, windows, *NAMES).with_columns(_whole=True)
    part = covered_days(course, windows.join(whole, on=KEYS, how="anti"), *NAMES)
    part = part.join(_unusable(course, windows), on=DAY, how="anti")
    read = pl.concat([part, days.select(DAY)]).unique().group_by(KEYS).agg(read=pl.len())
    found = windows.select(*KEYS, "first", "last").join(per, on=KEYS, how="left", maintain_order="left")
    found = found.join(whole, on=KEYS, how="left").join(read, on=KEYS, how="left")
    at_risk = (pl.col("last") - pl.col("first") + 1).clip(0)
    whole_ = pl.col("_whole").fill_null(False)
    found = found.with_columns(
        pl.col("all_low", "n", "grade3_low", "grade3_high", "read").fill_null(0), at_risk=at_risk
    )
    found = found.with_columns(open_days=pl.when(whole_).then(0).otherwise(pl.col("at_risk") - pl.col("read")))
    return found.with_columns(
        known=(pl.col("at_risk") > 0) & (whole_ | (pl.col("read") > 0)),
        all_high=pl.col("n") + pl.col("open_days"),
        grade3_high=pl.col("grade3_high") + pl.col("open_days"),
    )


def _unusable(course: Course, windows: pl.DataFrame) -> pl.DataFrame:
    rows = course.unusable.filter(pl.col("name").is_in(NAMES))
    seen = rows.join(course.clock.select(*KEYS, _from="day"), on="patient", how="inner")
    return within(seen.with_columns(since=pl.col("clock") - pl.col("_from")), windows).select(DAY).unique()


def _density(counts: pl.DataFrame, undated: pl.DataFrame, window: Window, severity: str) -> pl.DataFrame:
    counted = undated if severity == "all" else undated.filter(pl.col("severe_high") > 0)
    without = counted.group_by(KEYS).agg(without_day=pl.len())
    found = counts.join(without, on=KEYS, how="left", maintain_order="left")
    most = pl.min_horizontal(pl.col(f"{severity}_high") + pl.col("without_day").fill_null(0), "at_risk")
    found = found.with_columns(n_low=f"{severity}_low", n_high=f"{severity}_high", n_most=most)
    found = found.with_columns(
        pl.when("known").then(window.per * pl.col(count) / pl.col("at_risk")).alias(side)
        for side, count in (("low", "n_low"), ("high", "n_most"))
    )
    return as_findings(
        found.with_columns(label=_label(window), why=_why(window, severity)),
        criterion=CRITERION,
        kind="maximum",
        definition=definition_of(severity=severity, episodes="onset_day"),
        default=severity == SEVERITIES[0],
        period=f"d{window.first}-{window.last}",
        source=SOURCE,
    )


def _label(window: Window) -> pl.Expr:
    low, high = (pl.col(side).round(1).cast(pl.String) for side in ("low", "high"))
    return (
        pl.when(pl.col("low").is_null())
        .then(pl.lit("not gradable"))
        .when(pl.col("low") == pl.col("high"))
        .then(pl.format(f"{{}} per {window.per} days", low))
        .otherwise(pl.format(f"{{}} to {{}} per {window.per} days", low, high))
    )


def _why(window: Window, severity: str) -> pl.Expr:
    what = "infections" if severity == "all" else f"infections of grade {RULES[0].grade:g} or more"
    seen = pl.format(f"{what}: {{}} in {{}} days at risk (day {window.first} to {{}})", "n_low", "at_risk", "last")
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
    short = pl.format(f"not followed on day {window.first} or later (record to day {{}})", "last")
    none = pl.lit(f"no infection recorded on day {window.first} to {window.last}, and the record is not complete")
    missing = pl.when(pl.col("last") < pl.col("first")).then(short).otherwise(none)
    return pl.when(pl.col("low").is_null()).then(missing).otherwise(parts)
