"""Late organ function after the infusion (day 0): the lowest LVEF (%), DLCO (% of predicted) and creatinine clearance
(mL/min) after day 90, as measured; and cardiac dysfunction by the echocardiography societies.

Dysfunction is a fall of the LVEF by more than 10 percentage points to below 53 %, confirmed by a second image. No
cut-off of late lung or kidney toxicity after CAR T cells was found, and none is applied.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.daily import DAY, KEYS, within
from carsequel.side_effects.measured import Said, since_infusion, told, with_value_bounds
from carsequel.terms.findings import as_findings, definition_of, join_findings

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


def assess_late_function(course: Course) -> pl.DataFrame:
    """Give the lowest late LVEF, DLCO and creatinine clearance (one `maximum` each per infusion; low to high where the
    value is only known to lie below or above a number), and whether the LVEF fell to dysfunction.

    The value before the infusion nearest to it is the baseline, told beside. Dysfunction is not gradable without a
    baseline or a late value; one low value that no other confirms is possible only. Gives a findings frame (sources
    stated, ase_eacvi_lvef).
    """
    windows = since_infusion(course, CHOICES.first)
    rows = course.facts_since(*MEASURES, before=BEFORE).filter(pl.col("value").is_not_null())
    rows = with_value_bounds(rows)
    before = rows.filter(pl.col("since") < 0).sort(*KEYS, "since", "value")
    baseline = before.group_by([*KEYS, "name"], maintain_order=True).agg(
        base=pl.col("value").filter(pl.col("since") == pl.col("since").max()).mean(), base_day=pl.col("since").last()
    )
    late = within(rows, windows)
    parts = [_lowest(late, baseline, windows, name) for name in MEASURES]
    return join_findings([*parts, _dysfunction(late, baseline, windows)])


def _lowest(late: pl.DataFrame, baseline: pl.DataFrame, windows: pl.DataFrame, name: str) -> pl.DataFrame:
    word, unit = MEASURES[name]
    own = late.filter(pl.col("name") == name).sort(*KEYS, "value", "day")
    per = own.group_by(KEYS, maintain_order=True).agg(
        low=pl.col("least").min(),
        high=pl.col("most").min(),
        lowest=pl.col("value").first(),
        sign=pl.col("comparator").fill_null("").first(),
        start=pl.col("day").first(),
        n=pl.col("day").n_unique(),
        facts=pl.col("source")
        .filter(pl.col("value") == pl.col("value").min())
        .drop_nulls()
        .unique()
        .sort()
        .str.join("; "),
    )
    per = per.filter(pl.col("sign").is_in(["", "<", "<="]))
    found = windows.select(KEYS).join(per, on=KEYS, how="left", maintain_order="left")
    found = found.join(baseline.filter(pl.col("name") == name), on=KEYS, how="left", maintain_order="left")
    value = pl.format(f"{word} {{}}{{}} {unit}", "sign", "lowest")
    seen = pl.format("lowest {} on day {} (days with a value: {})", value, "start", "n")
    base = pl.format("{} on day {} before the infusion", "base", pl.col("base_day").floor().cast(pl.Int64))
    none = pl.lit(f"no {word} with a value on day {CHOICES.first} or later")
    missing = pl.col("low").is_null()
    found = found.with_columns(
        label=pl.when(missing).then(pl.lit("not gradable")).otherwise(value),
        why=pl.when(missing).then(none).otherwise(pl.concat_str(seen, base, separator="; ", ignore_nulls=True)),
        end=pl.col("start"),
    )
    said = Said(f"late.{name}", definition_of(value="lowest"), True, SOURCE, {}, "")
    return _finish(found, said)


def _dysfunction(late: pl.DataFrame, baseline: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    rule = RULES[0]
    own = late.filter(pl.col("name") == "lvef").join(baseline.filter(pl.col("name") == "lvef"), on=KEYS, how="inner")
    fell = {
        side: (pl.col(value) < rule.lvef) & (pl.col("base") - pl.col(value) > rule.fall)
        for side, value in (("sure", "most"), ("maybe", "least"))
    }
    days = (
        own.with_columns(**fell)
        .group_by(DAY)
        .agg(
            pl.col("sure").all(),
            pl.col("maybe").any(),
            value=pl.col("value").min(),
            source=told(),
            base=pl.col("base").first(),
        )
    )
    per = (
        days.sort(DAY)
        .group_by(KEYS, maintain_order=True)
        .agg(
            n_sure=pl.col("sure").sum(),
            n_maybe=pl.col("maybe").sum(),
            start=pl.col("day").filter("maybe").first(),
            lowest=pl.col("value").min(),
            base=pl.col("base").first(),
            facts=pl.col("source")
            .filter(pl.col("maybe") | (pl.col("value") == pl.col("value").min()))
            .drop_nulls()
            .unique()
            .sort()
            .str.join("; "),
        )
    )
    found = windows.select(KEYS).join(per, on=KEYS, how="left", maintain_order="left")
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
    none = pl.lit("no LVEF both before the infusion and late after it")
    label = (
        pl.when(~graded)
        .then(pl.lit("not gradable"))
        .when(pl.col("low") < pl.col("high"))
        .then(pl.format("{} to {}", pl.lit(LABELS[0]), pl.lit(LABELS[1])))
        .otherwise(pl.col("low").replace_strict(LABELS, default=None, return_dtype=pl.String))
    )
    found = found.with_columns(label=label, why=pl.when(graded).then(why).otherwise(none))
    said = Said(DYSFUNCTION, definition_of(confirmed="two_days", fall="points"), True, DYSFUNCTION_SOURCE, LABELS, "")
    return _finish(found, said)


def _finish(found: pl.DataFrame, said: Said) -> pl.DataFrame:
    return as_findings(
        found,
        kind="maximum",
        criterion=said.criterion,
        definition=said.definition,
        default=said.default,
        source=said.source,
        period=f"from d{CHOICES.first}",
    )
