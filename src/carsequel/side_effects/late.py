"""Late organ function after the infusion (day 0): the lowest LVEF (%), DLCO (% of predicted) and creatinine clearance
(mL/min) after day 90, as measured; and cardiac dysfunction by the echocardiography societies.

Dysfunction is a fall of the LVEF by more than 10 percentage points to below 53 %, confirmed by a second image. No
cut-off of late lung or kidney toxicity after CAR T cells was found, and none is applied.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.daily import KEYS
from carsequel.side_effects.measured import in_words, since_infusion, told, with_value_bounds
from carsequel.side_effects.windows import in_window
from carsequel.terms.findings import as_findings, definition_of

SOURCE: Final = "stated"
DYSFUNCTION_SOURCE: Final = "ase_eacvi_lvef"
DYSFUNCTION: Final = "late.cardiac_dysfunction"


class Rule(NamedTuple):
    """The code of a fall by more than `fall` percentage points to a value below `lvef` (%)."""

    code: int
    fall: float
    lvef: float
    paper: str


RULES: tuple[Rule, ...] = (Rule(1, 10, 53, "LVEF fallen by more than 10 to below 53 %, confirmed by a second image"),)


class Choices(NamedTuple):
    """First day that is called late (our own choice, as in the late and persistent cytopenias, beyond day 90)."""

    first: int = 91


CHOICES = Choices()
MEASURES: Final = {
    "lvef": ("LVEF", "%"),
    "dlco": ("DLCO", "% of predicted"),
    "creatinine_clearance": ("creatinine clearance", "mL/min"),
}
LABELS: Final = {0: "no cardiac dysfunction", 1: "cardiac dysfunction"}
BEFORE: Final = 1e6
DYSFUNCTION_SAID: Final = (
    pl.lit(DYSFUNCTION).alias("criterion"),
    pl.lit(definition_of(confirmed="two_days", fall="points")).alias("definition"),
    pl.lit(DYSFUNCTION_SOURCE).alias("source"),
)


def assess_late_function(course: Course) -> pl.DataFrame:
    """Give the lowest late LVEF, DLCO and creatinine clearance (one `maximum` each per infusion; low to high where the
    value is only known to lie below or above a number), and whether the LVEF fell to dysfunction.

    The value before the infusion nearest to it is the baseline, told beside. Dysfunction is not gradable without a
    baseline or a late value; one low value that no other confirms is possible only. Gives a findings frame (sources
    stated, ase_eacvi_lvef).
    """
    windows = since_infusion(course, CHOICES.first)
    rows = with_value_bounds(course.facts_since(*MEASURES, before=BEFORE).filter(pl.col("value").is_not_null()))
    late, before = in_window(rows, windows), rows.lazy().filter(pl.col("since") < 0).sort(*KEYS, "since", "value")
    baseline = before.group_by([*KEYS, "name"], maintain_order=True).agg(
        base=pl.col("value").filter(pl.col("since") == pl.col("since").max()).mean(), base_day=pl.col("since").last()
    )
    parts = [_lowest(late, baseline, windows), _dysfunction(late, baseline, windows)]
    found = pl.concat(parts, how="diagonal_relaxed").collect(engine="in-memory")
    return as_findings(found, kind="maximum", default=True, period=f"from d{CHOICES.first}")


def _asked(windows: pl.DataFrame) -> pl.LazyFrame:
    """One row per infusion and measure."""
    measures = [(name, *words, f"late.{name}") for name, words in MEASURES.items()]
    named = pl.LazyFrame(measures, schema=["name", "word", "unit", "criterion"], orient="row")
    said = {"definition": pl.lit(definition_of(value="lowest")), "source": pl.lit(SOURCE)}
    return windows.lazy().select(*KEYS, "id").join(named, how="cross").with_columns(**said)


def _lowest(late: pl.DataFrame, baseline: pl.LazyFrame, windows: pl.DataFrame) -> pl.LazyFrame:
    none = pl.format("no {} with a value on day {} or later", "word", pl.lit(CHOICES.first))
    if late.is_empty():
        return _asked(windows).with_columns(label=pl.lit("not gradable"), why=none)
    least = pl.col("value") == pl.col("value").min()
    per = (
        late.lazy()
        .sort(*KEYS, "value", "day")
        .group_by("id", "name", maintain_order=True)
        .agg(
            low=pl.col("least").min(),
            high=pl.col("most").min(),
            lowest=pl.col("value").first(),
            sign=pl.col("comparator").fill_null("").first(),
            start=pl.col("day").first(),
            n=pl.col("day").n_unique(),
            facts=pl.col("source").filter(least).drop_nulls().unique().sort().str.join("; "),
        )
    )
    found = _asked(windows).join(per.filter(pl.col("sign").is_in(["", "<", "<="])), on=["id", "name"], how="left")
    found = found.join(baseline, on=[*KEYS, "name"], how="left")
    value = pl.format("{} {}{} {}", "word", "sign", "lowest", "unit")
    seen = pl.format("lowest {} on day {} (days with a value: {})", value, "start", "n")
    base = pl.format("{} on day {} before the infusion", "base", pl.col("base_day").floor().cast(pl.Int64))
    told_ = pl.concat_str(seen, base, separator="; ", ignore_nulls=True)
    known = pl.col("low").is_not_null()
    return found.with_columns(
        label=pl.when(known).then(value).otherwise(pl.lit("not gradable")),
        why=pl.when(known).then(told_).otherwise(none),
        end=pl.col("start"),
    )


def _dysfunction(late: pl.DataFrame, baseline: pl.LazyFrame, windows: pl.DataFrame) -> pl.LazyFrame:
    rule, found = RULES[0], windows.lazy().select(*KEYS, "id").with_columns(DYSFUNCTION_SAID)
    none = pl.lit("no LVEF both before the infusion and late after it")
    own = late.filter(pl.col("name") == "lvef")
    if own.is_empty():
        return found.with_columns(label=pl.lit("not gradable"), why=none)
    found = found.join(
        _falls(own.lazy().join(baseline, on=[*KEYS, "name"])), on="id", how="left", maintain_order="left"
    )
    graded = pl.col("n_maybe").is_not_null()
    found = found.with_columns(
        low=pl.when(graded).then(pl.when(pl.col("n_sure") >= 2).then(rule.code).otherwise(0)),
        high=pl.when(graded).then(pl.when(pl.col("n_maybe") >= 1).then(rule.code).otherwise(0)),
        end=pl.col("start"),
    )
    words = pl.format(
        "LVEF {} % before the infusion, lowest {} % on day {} or later", "base", "lowest", pl.lit(CHOICES.first)
    )
    single = pl.when(pl.col("low") < pl.col("high")).then(pl.lit("no second value certainly confirms it"))
    why = pl.concat_str(words, single, separator="; ", ignore_nulls=True)
    return found.with_columns(label=in_words(LABELS), why=pl.when(graded).then(why).otherwise(none))


def _falls(values: pl.LazyFrame) -> pl.LazyFrame:
    """On how many days the LVEF certainly and possibly fell to dysfunction, per `id`."""
    rule = RULES[0]
    sure, maybe = ((pl.col(v) < rule.lvef) & (pl.col("base") - pl.col(v) > rule.fall) for v in ("most", "least"))
    days = values.group_by("id", "day").agg(
        sure=sure.all(), maybe=maybe.any(), value=pl.col("value").min(), source=told(), base=pl.col("base").first()
    )
    lowest = pl.col("value") == pl.col("value").min()
    return (
        days.sort("id", "day")
        .group_by("id", maintain_order=True)
        .agg(
            n_sure=pl.col("sure").sum(),
            n_maybe=pl.col("maybe").sum(),
            start=pl.col("day").filter("maybe").first(),
            lowest=pl.col("value").min(),
            base=pl.col("base").first(),
            facts=pl.col("source").filter(pl.col("maybe") | lowest).drop_nulls().unique().sort().str.join("; "),
        )
    )
