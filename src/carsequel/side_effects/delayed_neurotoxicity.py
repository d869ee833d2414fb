"""Delayed neurotoxicity after BCMA products: the risk flag of a high lymphocyte peak (ALC in 10^9/L), and stated signs.

Day 0 is the infusion. A peak above 3 x 10^9/L went with parkinsonism or cranial nerve palsy in about 20 % (1-2 %
without). No grade of the syndrome is published; signs are told as stated.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.daily import KEYS
from carsequel.side_effects.day_grid import fill_short_gaps, on_every_day
from carsequel.side_effects.day_values import readings
from carsequel.side_effects.measured import (
    Said,
    covered_throughout,
    flagged,
    gravest,
    since_infusion,
    told,
    with_value_bounds,
)
from carsequel.side_effects.windows import ID_DAY, windows_of
from carsequel.terms.findings import definition_of, join_findings

SOURCE: Final = "alc_cilta2025"
CRITERION: Final = "delayed_neurotoxicity.alc_peak"
SIGNS_CRITERION: Final = "delayed_neurotoxicity.signs"
SIGNS_SOURCE: Final = "stated"


class Rule(NamedTuple):
    """A peak above `alc` (10^9/L) has this code."""

    code: int
    alc: float
    paper: str


RULES: tuple[Rule, ...] = (Rule(1, 3.0, "peak lymphocyte count above 3 x 10^9/L after the infusion"),)


class Choices(NamedTuple):
    """Our own choices (the source gives no window): last day on which a peak is looked for (it came about day 14), and
    the longest run of days without a value that is read as no higher than its neighbours."""

    last: int = 30
    longest_gap: int = 7


CHOICES = Choices()
LABELS: Final = {0: "no high lymphocyte peak", 1: "high lymphocyte peak"}
SIGNS_LABELS: Final = {0: "no sign", 1: "sign stated"}
SIGNS: Final = {"parkinsonism": "parkinsonism", "cranial_nerve_palsy": "cranial nerve palsy"}


def assess_delayed_neurotoxicity(course: Course) -> pl.DataFrame:
    """Flag the lymphocyte peak and the stated signs of infusions against BCMA (or myeloma without a stated target).

    One `maximum` each: `alc_peak` on day 0 to 30 (1 above 3 x 10^9/L; 0 only where no run of more than 7 days lacks a
    value), `signs` since the infusion (1 stated; 0 where denied on the last day of the record or covered throughout).
    Infusions against another antigen are not spoken of. Gives a findings frame (sources alc_cilta2025, stated).
    """
    return join_findings([_peaks(course), _signs(course)])


def _of_bcma(course: Course, windows: pl.DataFrame) -> pl.DataFrame:
    target = course.clock.select(*KEYS, "target")
    found = windows.join(target, on=KEYS, how="left", maintain_order="left")
    unstated = pl.col("target").is_null() & (pl.col("disease") == "MM").fill_null(False)
    return found.filter(pl.col("target").str.contains("(?i)bcma").fill_null(False) | unstated).drop("target")


def _peaks(course: Course) -> pl.DataFrame:
    windows = _of_bcma(course, windows_of(course, 0, CHOICES.last))
    definition = definition_of(window=f"d0-{CHOICES.last}", missing=f"interpolate{CHOICES.longest_gap}")
    nothing = f"no lymphocyte count on day 0 to {CHOICES.last}"
    said = Said(CRITERION, definition, True, SOURCE, LABELS, nothing)
    rows = readings(course, "lymphocytes", CHOICES.last)
    if rows.is_empty():
        return gravest(rows, windows, said, f"d0-{CHOICES.last}")
    most = (pl.col("least", "most").max(), pl.col("value").max(), told().alias("source"))
    own = with_value_bounds(rows.join(windows.select("id"), on="id", how="semi"))
    days = own.group_by("at", *ID_DAY, maintain_order=True).agg(most)
    rule = RULES[0]
    low, high = (pl.when(pl.col(side) > rule.alc).then(rule.code).otherwise(0) for side in ("least", "most"))
    note = pl.format("lymphocytes {} x 10^9/L on day {}", "value", "day")
    graded = days.with_columns(low=low, high=high, note=note, rank=-pl.col("value"))
    columns = [*ID_DAY, "low", "high", "note", "source", "rank"]
    both = pl.concat([graded.select(columns), _open_days(windows, days).select(columns)])
    return gravest(both, windows, said, f"d0-{CHOICES.last}")


def _open_days(windows: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """The first day of each infusion that lies too far from a value: a peak may have been there."""
    days = on_every_day(seen, windows)
    far = days.inside & ~days.seen & ~fill_short_gaps(days, CHOICES.longest_gap, 0)
    absent = pl.DataFrame({"id": days.id, "day": far.argmax(axis=0) + days.first, "n": far.sum(axis=0)})
    # A day that may hide a peak is never the one that sets the certain answer, so it takes the code below none.
    return absent.filter(pl.col("n") > 0).with_columns(
        low=pl.lit(-1, dtype=pl.Int32),
        high=pl.lit(RULES[0].code, dtype=pl.Int32),
        note=pl.format("{} days, the first day {}, are too far from a lymphocyte count", "n", "day"),
        rank=pl.lit(0.0),
        source=pl.lit(None, dtype=pl.String),
    )


def _signs(course: Course) -> pl.DataFrame:
    everyone = since_infusion(course)
    seen = course.facts_since(*SIGNS, undated=True).filter(pl.col("text").is_in(["yes", "no"]))
    seen = seen.filter(pl.col("since").is_null() | (pl.col("since") >= 0))
    windows = _of_bcma(course, everyone)
    if seen.height:
        stated = everyone.join(seen.filter(pl.col("text") == "yes").select(KEYS).unique(), on=KEYS, how="semi")
        windows = pl.concat([windows, stated]).unique().sort(KEYS)
    yes = pl.col("text") == "yes"
    day = pl.format("on day {}", pl.col("since").floor().cast(pl.Int64))
    note = pl.format(
        "{} {} {}",
        pl.col("name").replace_strict(SIGNS, return_dtype=pl.String),
        pl.when(yes).then(pl.lit("stated")).otherwise(pl.lit("denied")),
        pl.when(pl.col("since").is_null()).then(pl.lit("without a day")).otherwise(day),
    )
    code = pl.when(yes).then(1).otherwise(0)
    rows = seen.lazy().join(windows.lazy().select(KEYS), on=KEYS, how="semi")
    rows = rows.select(*KEYS, "since", low=code, high=code, note=note, source="source")
    nothing = "parkinsonism and cranial nerve palsy neither recorded nor covered"
    said = Said(SIGNS_CRITERION, "basis=stated", True, SIGNS_SOURCE, SIGNS_LABELS, nothing)
    return flagged(rows, _open_signs(course, windows, seen), said)


def _open_signs(course: Course, windows: pl.DataFrame, seen: pl.DataFrame) -> pl.LazyFrame:
    found = windows.lazy()
    settled = []
    for name in SIGNS:
        whole = pl.col("id").is_in(covered_throughout(course, windows, name)["id"].implode())
        denied = seen.lazy().filter((pl.col("name") == name) & pl.col("since").is_not_null())
        last = denied.group_by(KEYS).agg(pl.col("since").floor().max().alias(f"last_{name}"))
        found = found.join(last, on=KEYS, how="left", maintain_order="left")
        settled.append(whole | (pl.col(f"last_{name}") >= pl.col("last")).fill_null(False))
    return found.select(
        *KEYS,
        open_high=pl.when(pl.all_horizontal(settled)).then(0).otherwise(1),
        doubt=pl.lit("not looked for to the last day of the record"),
        known=pl.any_horizontal(settled),
    )
