"""Calendar dates stop here: every table gets days counted from the first infusion, and the dates are dropped."""

from typing import Final

import polars as pl

from carsequel.record.cells import as_moment, as_number, days_between, is_number
from carsequel.record.report import Report
from carsequel.record.schema import DATES
from carsequel.record.words import change_words

DATE_HINT: Final = "write dates as YYYY-MM-DD (or YYYY-MM-DDThh:mm); other formats are never guessed"
DAY_HINT: Final = "write the day as a plain number counted from the infusion"
ORPHAN_HINT: Final = (
    "give the first infusion's date in the infusions table, or use days (a line for all patients needs days)"
)
LONGER_THAN_A_LIFE: Final = 150 * 366.0
_PLAIN_FIRST: Final = (pl.col("_number") == 1) & (pl.col("_zero") == 0) & (pl.col("_start") == 0)


def first_infusion_dates(infusions: pl.DataFrame) -> pl.DataFrame:
    """Give patient and `midnight`, where day 0 begins, as far as the infusions table carries dates.

    It is the date of infusion 1, or that of a later infusion less its day where the row gives both.
    """
    if "date" not in infusions.columns:
        return pl.DataFrame(schema={"patient": pl.String, "midnight": pl.Datetime("us")})
    day = pl.lit(None, dtype=pl.Float64)
    if "day" in infusions.columns:
        day = as_number("day") if infusions.schema["day"] == pl.String else pl.col("day").cast(pl.Float64)
    possible = pl.when(day.abs() < LONGER_THAN_A_LIFE).then(day.floor())
    offset = pl.coalesce(possible, pl.when(pl.col("infusion") == 1).then(0.0))
    midnight = as_moment("date").dt.truncate("1d") - pl.duration(days=offset.cast(pl.Int64))
    dated = infusions.select("patient", "infusion", midnight=midnight).filter(pl.col("midnight").is_not_null())
    return dated.sort("patient", "infusion", "midnight").group_by("patient").agg(pl.col("midnight").first())


def to_days(frame: pl.DataFrame, origin: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Read the columns `day`, `start`, `end` as numbers and their dates as `day_counted` …, days counted from the
    midnight of the first infusion's date; refused rows leave the table and stand in the report."""
    for day, date in DATES.items():
        if day in frame.columns or date in frame.columns:
            frame = _read_days(frame, day, report)
        if date in frame.columns:
            frame = _read_dates(frame.join(origin, on="patient", how="left", maintain_order="left"), day, date, report)
    return frame


def _read_days(frame: pl.DataFrame, day: str, report: Report) -> pl.DataFrame:
    if day not in frame.columns:
        return frame.with_columns(pl.lit(None, dtype=pl.Float64).alias(day))
    if frame.schema[day] == pl.String:
        unread = pl.col(day).is_not_null() & ~is_number(day)
        frame = report.remove(frame, unread, "refused", f"{day} is not a number", DAY_HINT, was=pl.col(day))
        frame = frame.with_columns(as_number(day))
    frame = frame.with_columns(pl.col(day).cast(pl.Float64))
    return _refuse_far(frame, day, day, report)


def _read_dates(frame: pl.DataFrame, day: str, date: str, report: Report) -> pl.DataFrame:
    counted = f"{day}_counted"
    frame = frame.with_columns(change_words(frame[date], as_moment(date)).alias("_moment"))
    unread = pl.col(date).is_not_null() & pl.col("_moment").is_null()
    frame = report.remove(frame, unread, "refused", f"{date} is not an ISO date", DATE_HINT, was=pl.col(date))
    orphan = pl.col("_moment").is_not_null() & pl.col("midnight").is_null() & pl.col(day).is_null()
    words = f"{date} without the date of the first infusion"
    frame = report.remove(frame, orphan, "refused", words, ORPHAN_HINT)
    if frame.select(pl.col(date).str.ends_with("Z").any()).item():
        words = "times in UTC: the calendar day was taken as written"
        report.say("doubt", _file_of(frame), words, "give local time", name=date)
    frame = frame.with_columns(days_between("_moment", "midnight").alias(counted)).drop("_moment", date, "midnight")
    return _refuse_far(frame, counted, date, report)


def _refuse_far(frame: pl.DataFrame, column: str, name: str, report: Report) -> pl.DataFrame:
    """Refuse what cannot be a day of a life, so that no daily grid is ever built over it."""
    far = ((pl.col(column).abs() > LONGER_THAN_A_LIFE) | pl.col(column).is_nan()).fill_null(False)
    words = f"{name} lies more than 150 years from the infusion"
    return report.remove(frame, far, "refused", words, DAY_HINT, was=column)


def _file_of(frame: pl.DataFrame) -> str:
    return str(frame["row"].drop_nulls().first() or "").rsplit(":", 1)[0]


def put_on_clock(
    rows: pl.DataFrame, written: pl.DataFrame | None, columns: dict[str, str], report: Report
) -> pl.DataFrame:
    """Add days counted from the first infusion (`clock`) beside days counted from the infusion that a row names.

    `written` has, per patient and infusion as the record numbers them, `_number` (as counted here), `_zero` and
    `_start` (days of the two); None stands for a table whose days all count from the first infusion. Where day and
    date disagree the day is used.
    """
    rows = _with_zero(rows, written, report)
    for day, clock in columns.items():
        on_clock = pl.col(day) + pl.col("_zero")
        if f"{day}_counted" in rows.columns:
            counted = pl.col(f"{day}_counted")
            differs = on_clock.floor() != counted.floor()
            words = f"{day} and {DATES[day]} do not agree"
            report.note(rows, differs, "doubt", words, "the day was used", was=day, now=counted)
            on_clock = pl.coalesce(on_clock, pl.when(pl.col(day).is_null()).then(counted))
        rows = rows.with_columns(on_clock.alias(clock))
        own = pl.when(pl.col(clock).is_not_null()).then(pl.col(clock) - pl.col("_start")).otherwise(pl.col(day))
        rows = rows.with_columns(own.alias(day))
    return rows.drop("_zero", "_start", *(name for name in rows.columns if name.endswith("_counted")))


def _with_zero(rows: pl.DataFrame, written: pl.DataFrame | None, report: Report) -> pl.DataFrame:
    if written is None:
        return rows.with_columns(_zero=pl.lit(0.0), _start=pl.lit(0.0))
    rows = rows.with_columns(infusion=pl.col("infusion").fill_null(1))
    if (rows["infusion"] == 1).all() and written.filter(~_PLAIN_FIRST & (pl.col("infusion") == 1)).is_empty():
        return rows.with_columns(_zero=pl.lit(0.0), _start=pl.lit(0.0))
    rows = rows.join(written, on=["patient", "infusion"], how="left", maintain_order="left")
    unknown = pl.col("_number").is_null() & (pl.col("infusion") != 1)
    words = "names an infusion that is not in the infusions table"
    hint = "add the infusion, or correct the number; a day counted from it cannot be placed"
    report.note(rows, unknown, "doubt", words, hint, was="infusion")
    first = pl.col("infusion") == 1
    dates = [pl.col(f"{day}_counted").is_not_null() for day in DATES if f"{day}_counted" in rows.columns]
    undated = ~first & pl.col("_zero").is_null() & (pl.any_horizontal(dates) if dates else pl.lit(False))
    words = "date counted from infusion 1: its own infusion has no day"
    report.note(rows, undated, "converted", words, "nothing")
    number = pl.when(undated).then(1).otherwise(pl.coalesce("_number", "infusion")).cast(pl.Int64)
    zero = pl.when(undated | (first & pl.col("_zero").is_null())).then(0.0).otherwise("_zero")
    start = pl.when(undated | (first & pl.col("_start").is_null())).then(0.0).otherwise("_start")
    return rows.with_columns(_zero=zero, _start=start, infusion=number).drop("_number")
