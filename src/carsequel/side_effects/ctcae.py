"""CTCAE version 5 laboratory grades (0-4) of nineteen terms, each value against its own limits; day 0 = infusion.

Rows of `ctcae5.csv`, worst first: a value that passes `test` against `factor` times `against` (`value` = the number
itself in the kept unit, `lln` and `uln` = the limits of the very row, `baseline` = the value before infusion) has this
grade, where the baseline is `any`, `normal` or `abnormal` by its own limit. Only values from day 0 on are graded.
Grade 4 of anaemia and albumin is a clinical judgement and is never derived. INR is absolute, as the source prints it.
"""

from functools import cache
from typing import Any, Final, NamedTuple

import polars as pl

from carsequel.record.course import FAR, Course
from carsequel.side_effects.comparators import as_reported, possibly, surely
from carsequel.side_effects.daily import KEYS
from carsequel.side_effects.lab_periods import period_rows, unusable_rows
from carsequel.terms.findings import as_findings, definition_of, grade_label, join_findings
from carsequel.terms.quantities import quantity
from carsequel.terms.tables import read_table

SOURCE: Final = "ctcae5"
CRITERION: Final = "ctcae5"
PERIOD: Final = [*KEYS, "period"]
CLINICAL_GRADE_4: Final = ("anemia", "albumin")
BASELINES: Final = ("before_infusion", "before_lymphodepletion")


class Rule(NamedTuple):
    """A value of `name` that passes `test` against `factor` x `against` has this grade of `term`."""

    term: str
    name: str
    grade: int
    baseline: str
    against: str
    factor: float
    test: str
    paper: str


@cache
def rules() -> tuple[Rule, ...]:
    """Give the rows of `ctcae5.csv`, worst first within a term and reading of the baseline."""
    rows = read_table("carsequel.side_effects", "ctcae5.csv").iter_rows(named=True)
    return tuple(Rule(**(row | {"grade": int(row["grade"]), "factor": float(row["factor"])})) for row in rows)


def terms() -> tuple[str, ...]:
    """Give the terms that can be graded: anemia, neutrophils, …"""
    return tuple(dict.fromkeys(rule.term for rule in rules()))


def grade_ctcae(course: Course) -> pl.DataFrame:
    """Grade laboratory toxicity: per infusion, term and period with values (days 0-30, 31-100, 101 on) one `maximum`.

    `low` and `high` bound the worst grade where a limit or a baseline is missing; where no value of the period can be
    judged at all it is not gradable. `start` and `end` are the first and last day of the worst certain grade. Terms
    that look at the baseline are also graded against the last value before lymphodepletion where that is dated
    (`baseline=before_lymphodepletion`). Gives a findings frame (source ctcae5).
    """
    names = sorted({rule.name for rule in rules()})
    seen = period_rows(course, *names).filter(pl.col("value").is_not_null())
    lost = unusable_rows(course, *names)
    before = {choice: _baselines(course, names, choice) for choice in BASELINES}
    parts = []
    for term in terms():
        own = [rule for rule in rules() if rule.term == term]
        rows = seen.filter(pl.col("name") == own[0].name)
        gone = lost.filter(pl.col("name") == own[0].name)
        if not rows.height and not gone.height:
            continue
        relative = any(rule.against == "baseline" for rule in own)
        for choice in BASELINES if relative else BASELINES[:1]:
            found = _maximum(_graded(rows, before[choice], own), gone, own, relative)
            if choice != BASELINES[0]:
                found = found.join(before[choice].select(KEYS).unique(), on=KEYS, how="semi")
            named = definition_of(limits="own", baseline=choice) if relative else definition_of(limits="own")
            parts.append(_finish(found, term, named, choice == BASELINES[0]))
    return join_findings(parts)


def _baselines(course: Course, names: list[str], choice: str) -> pl.DataFrame:
    """The last value before the infusion, or before the day on which lymphodepletion began: baseline, baseline_day,
    baseline_source and the side of its own limits it lies on (`high_base`, `low_base`; null where not known)."""
    rows = course.facts_since(*names, before=FAR).filter(pl.col("value").is_not_null() & (pl.col("since") < 0))
    if choice == "before_lymphodepletion":
        rows = _before_lymphodepletion(course, rows)
    order = ["since", "value", "uln", "lln", "source"]
    last = rows.sort(order, nulls_last=True).group_by([*KEYS, "name"], maintain_order=True).last()
    exact = pl.col("comparator").fill_null("") == ""
    return last.select(
        *KEYS,
        "name",
        baseline=pl.when(exact).then("value"),
        baseline_day="since",
        baseline_source="source",
        high_base=_settled(">", "uln"),
        low_base=_settled("<", "lln"),
    )


def _before_lymphodepletion(course: Course, rows: pl.DataFrame) -> pl.DataFrame:
    """Keep the rows before the first day of the lymphodepletion of their infusion (since the infusion before)."""
    gap = pl.col("day") - pl.col("day").shift(1).over("patient")
    looks = course.clock.select(*KEYS, _gap=gap)
    given = course.spans_since("drug", before=FAR).filter(pl.col("role") == "lymphodepletion")
    own = given.join(looks, on=KEYS).filter((pl.col("since") <= 0) & (pl.col("since") > -pl.col("_gap").fill_null(FAR)))
    begun = own.group_by(KEYS).agg(_begun=pl.col("since").min().floor())
    return rows.join(begun, on=KEYS, how="inner").filter(pl.col("since") < pl.col("_begun"))


def _settled(test: str, limit: str) -> pl.Expr:
    sure, open_ = surely(test, pl.col(limit)), possibly(test, pl.col(limit))
    return pl.when(sure == open_).then(sure)


def _graded(rows: pl.DataFrame, before: pl.DataFrame, own: list[Rule]) -> pl.DataFrame:
    """Add low, high and paper (the row that sets `low`) to each value."""
    rows = rows.join(before, on=[*KEYS, "name"], how="left", maintain_order="left")
    side = pl.col("low_base" if any(rule.against == "lln" for rule in own) else "high_base")
    normal, abnormal = _bounds(own, "normal"), _bounds(own, "abnormal")
    low = pl.min_horizontal(normal[0], abnormal[0])
    # An abnormal baseline lies beyond the limit, so that it never makes the grade graver than the limit alone.
    high = pl.when(pl.col("baseline").is_null()).then(normal[1]).otherwise(pl.max_horizontal(normal[1], abnormal[1]))
    rows = rows.with_columns(
        low=pl.when(side).then(abnormal[0]).when(~side).then(normal[0]).otherwise(low),
        high=pl.when(side).then(abnormal[1]).when(~side).then(normal[1]).otherwise(high),
    )
    words = [
        pl.when((pl.col("low") == rule.grade) & _passes(rule, surely) & _reading(rule, side)).then(pl.lit(rule.paper))
        for rule in own
    ]
    return rows.with_columns(paper=pl.coalesce(words), known=(pl.col("low") > 0) | (pl.col("high") < _top(own)))


def _top(own: list[Rule]) -> int:
    return max(rule.grade for rule in own)


def _reading(rule: Rule, side: pl.Expr) -> pl.Expr:
    if rule.baseline == "any":
        return pl.lit(True)
    return (side if rule.baseline == "abnormal" else ~side).fill_null(True)


def _passes(rule: Rule, how: Any) -> pl.Expr:
    limit = pl.lit(rule.factor) if rule.against == "value" else rule.factor * pl.col(rule.against)
    passed: pl.Expr = how(rule.test, limit)
    return passed


def _bounds(own: list[Rule], reading: str) -> tuple[pl.Expr, pl.Expr]:
    fitting = [rule for rule in own if rule.baseline in ("any", reading)]
    low = [pl.when(_passes(rule, surely)).then(rule.grade).otherwise(0) for rule in fitting]
    high = [pl.when(_passes(rule, possibly)).then(rule.grade).otherwise(0) for rule in fitting]
    return pl.max_horizontal(low), pl.max_horizontal(high)


def _maximum(rows: pl.DataFrame, lost: pl.DataFrame, own: list[Rule], relative: bool) -> pl.DataFrame:
    worst, open_ = pl.col("low").max().over(PERIOD), pl.col("high").max().over(PERIOD)
    rows = rows.sort("day", "value", "source").with_columns(
        words=as_reported(),
        top=(pl.col("low") == worst) & (worst > 0),
        open=pl.col("high") == open_,
        pick=pl.when(worst > 0).then(pl.col("low") == worst).otherwise(pl.col("high") == open_),
    )
    told = ("words", "paper", "lln", "uln", "baseline", "baseline_day")
    picked = {name: pl.col(name).filter("pick").first() for name in ("day", *told)}
    limit = _limit(own)
    used = [pl.col("source").filter("pick"), *([pl.col("baseline_source").filter("pick")] if relative else [])]
    found = rows.group_by(PERIOD).agg(
        **picked,
        low=pl.col("low").max(),
        high=pl.col("high").max(),
        known=pl.col("known").any(),
        start=pl.col("day").filter("top").min(),
        end=pl.col("day").filter("top").max(),
        doubt_day=pl.col("day").filter("open").min(),
        no_limit=pl.col(limit).filter("open").is_null().any() if limit else pl.lit(False),
        n=pl.len(),
        facts=pl.concat(used).drop_nulls().unique().sort().str.join("; "),
    )
    found = found.join(lost.drop("name"), on=PERIOD, how="full", coalesce=True)
    found = found.with_columns(pl.col("known").fill_null(False), pl.col("unusable").fill_null(0))
    found = found.with_columns(pl.when("known").then(name) for name in ("low", "high", "start", "end"))
    return found.with_columns(why=_why(own, relative), label=grade_label())


def _limit(own: list[Rule]) -> str | None:
    return next((rule.against for rule in own if rule.against in ("lln", "uln")), None)


def _why(own: list[Rule], relative: bool) -> pl.Expr:
    name, limit = own[0].name, _limit(own)
    known = quantity(name)
    unit = f" {known.unit}" if known is not None and known.unit not in ("", "1") else ""
    value = pl.format(f"{name} {{}}{unit} on day {{}}", "words", "day")
    lead = pl.when(pl.col("low") > 0).then(pl.format("{}: {}", value, "paper")).otherwise(value)
    lead = (
        pl.when(pl.col("low") == pl.col("high"))
        .then(pl.when(pl.col("low") > 0).then(lead).otherwise(pl.format("no value of {} reaches grade 1", "n")))
        .otherwise(lead)
    )
    parts: list[pl.Expr] = [lead]
    if limit:
        word = {"lln": "lower", "uln": "upper"}[limit]
        missing = (pl.col("no_limit") & (pl.col("low") < pl.col("high"))) | ~pl.col("known")
        parts.append(
            pl.when(missing & pl.col("no_limit"))
            .then(pl.lit(f"{word} limit of normal not given"))
            .when(pl.col(limit).is_not_null())
            .then(pl.format(f"{word} limit {{}}", limit))
        )
    if relative:
        parts.append(
            pl.when(pl.col("baseline_day").is_null())
            .then(pl.lit("no value before the infusion to compare with"))
            .when(pl.col("baseline").is_not_null())
            .then(pl.format("baseline {} on day {}", pl.col("baseline").round(4), "baseline_day"))
        )
    open_ = pl.when(pl.col("low") < pl.col("high"))
    parts.append(open_.then(pl.format("up to grade {} cannot be excluded on day {}", "high", "doubt_day")))
    if own[0].term in CLINICAL_GRADE_4:
        parts.append(pl.when(pl.col("high") == _top(own)).then(pl.lit("grade 4 is clinical and not derived")))
    parts.append(pl.when(pl.col("unusable") > 0).then(pl.format("{} values that cannot be used", "unusable")))
    return pl.concat_str(parts, separator="; ", ignore_nulls=True)


def _finish(found: pl.DataFrame, term: str, definition: str, default: bool) -> pl.DataFrame:
    return as_findings(
        found,
        kind="maximum",
        criterion=f"{CRITERION}.{term}",
        definition=definition,
        default=default,
        source=SOURCE,
    )
