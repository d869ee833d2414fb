"""Readings of therapies: whether one was ever given, and how many days ago its last dose lies."""

from typing import Final

import numpy as np
import polars as pl

from carsequel.options.exposure import exposures
from carsequel.options.trials.moment import FAR, Moment, Reading, day_words
from carsequel.options.trials.trial import known_therapies

AGAINST: Final = "anti_"
UNSAID: Final = "transplant_unspecified"
_SAID_BEFORE: Final = {"auto_hct": "prior_auto_hct", "allo_hct": "prior_allo_hct"}
_COVERS: Final = ("drug", "therapy")


def read_therapy(moment: Moment, therapy: str) -> Reading:
    """Give whether a therapy was given (`low`, `high`: 1 yes, 0 no, NaN unknown) and the last day of it (`day`; NaN
    where no dated row says). `rows.ended` is the last day on which it may have been given (infinite: still going)."""
    rows = read_spans(moment, therapy) if therapy in known_therapies() else _against(moment, therapy)
    found = rows.group_by("patient", maintain_order=True).agg(
        day=pl.col("sure").max(),
        ended=pl.col("maybe").max(),
        undated=pl.col("sure").is_null().any(),
        said=pl.col("words").unique(maintain_order=True).str.join("; "),
        source=pl.col("source").drop_nulls().unique(maintain_order=True).str.join("; "),
    )
    title = _title(therapy)
    found = found.with_columns(low=pl.lit(1.0), high=pl.lit(1.0))
    found = pl.concat([found, _said_before(moment, therapy, found), _unsaid(moment, therapy, found)], how="diagonal")
    found = found.unique("patient", keep="first", maintain_order=True)
    made = moment.aligned(found, f"{title} not recorded, and the record does not say that therapies are complete")
    start = np.full(moment.size, -FAR)
    whole = moment.covered(("drug",), start, moment.as_of) & moment.covered(("therapy",), start, moment.as_of)
    never = whole & made.rows["found"].is_null().to_numpy()
    words = pl.when(pl.Series(never)).then(pl.lit(f"{title} never given, drugs and therapies recorded completely"))
    rows = made.rows.with_columns(
        said=pl.coalesce(words, "said"), lack=pl.when(~pl.Series(never)).then("lack"), never=pl.Series(never)
    )
    return Reading(np.where(never, 0.0, made.low), np.where(never, 0.0, made.high), made.day, rows)


def _title(therapy: str) -> str:
    if therapy.startswith(AGAINST) and therapy not in known_therapies():
        return f"a drug or cells against {therapy.removeprefix(AGAINST).upper()}"
    return str(known_therapies()[therapy]["title"])


def read_spans(moment: Moment, therapy: str) -> pl.DataFrame:
    """Give the spans that are a listed therapy: patient, words, source, start, and its last day by the day asked for,
    at least (`sure`) and at most (`maybe`); null where no day is given."""
    row = known_therapies()[therapy]
    spans = moment.spans(*_COVERS)
    text = pl.col("text").fill_null("").str.to_lowercase()
    chosen = pl.lit(False)
    if row["pattern"]:
        chosen = chosen | text.str.contains(row["pattern"])
    if row["roles"]:
        chosen = chosen | pl.col("role").is_in(row["roles"].split()).fill_null(False)
    going = pl.col("clock_end").is_null() & pl.col("clock").is_not_null() & pl.col("end_known").fill_null(True)
    sure = pl.when(going).then("as_of").otherwise(pl.min_horizontal(pl.coalesce("clock_end", "clock"), "as_of"))
    sure = pl.when(pl.col("clock").is_not_null() | pl.col("clock_end").is_not_null()).then(sure)
    maybe = pl.when(pl.col("clock_end").is_null()).then("as_of").otherwise(pl.min_horizontal("clock_end", "as_of"))
    last = pl.when(going).then(pl.lit("still going")).otherwise(pl.format("last {}", day_words("_sure")))
    words = pl.format("{} ({})", pl.col("text").fill_null("drug"), last)
    found = spans.filter(chosen).with_columns(_sure=sure)
    return found.select("patient", "source", start="clock", sure="_sure", maybe=maybe, words=words)


def _against(moment: Moment, therapy: str) -> pl.DataFrame:
    antigen = therapy.removeprefix(AGAINST).upper()
    rows = exposures(moment.course).filter(pl.col("antigen") == antigen).join(moment.people, on="patient", how="inner")
    rows = rows.filter((pl.col("at") <= pl.col("as_of")).fill_null(True))
    return rows.select("patient", "source", sure="at", maybe=pl.coalesce("at", "as_of"), words="given")


def _said_before(moment: Moment, therapy: str, found: pl.DataFrame) -> pl.DataFrame:
    """Give what the patients table says of earlier transplantation, for those of whom no span speaks."""
    column = _SAID_BEFORE.get(therapy, "")
    if column not in moment.course.patients.columns:
        return found.clear()
    said = pl.col(column).cast(pl.String).str.to_lowercase()
    value = pl.when(said.is_in(["yes", "true", "1"])).then(1.0).when(said.is_in(["no", "false", "0"])).then(0.0)
    rows = moment.course.patients.join(found, on="patient", how="anti").filter(value.is_not_null())
    words = pl.format("{}: {}", pl.lit(column.replace("_", " ")), said)
    # What happened after the record of earlier lines began is not in this column: a `no` speaks of the time before.
    after = moment.course.spans.filter(pl.col("name") == "therapy")["patient"].unique()
    rows = rows.filter((value == 1.0) | ~pl.col("patient").is_in(after.implode()))
    return rows.select("patient", "source", low=value, high=value, said=words, undated=pl.lit(True))


def _unsaid(moment: Moment, therapy: str, found: pl.DataFrame) -> pl.DataFrame:
    """Give those with a transplantation of unsaid kind: they may have had this one."""
    if therapy not in _SAID_BEFORE:
        return found.clear()
    rows = read_spans(moment, UNSAID).join(found, on="patient", how="anti").unique("patient", maintain_order=True)
    lack = pl.format("{}: autologous or allogeneic not said", "words")
    return rows.select("patient", "source", lack=lack)
