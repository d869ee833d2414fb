"""CTCAE laboratory grades (0-4) of nineteen terms, each value against its own limits; day 0 = infusion.

Rows of `ctcae5.csv` (and of `ctcae6.csv` where version 6 is asked for), worst first: a value that passes `test` against
`factor` times `against` (`value` = the number itself in the kept unit, `lln` and `uln` = the limits of the very row,
`baseline` = the value before infusion) has this grade, where the baseline is `any`, `normal` or `abnormal` by its own
limit, or `low`: below its own lower limit. Only values from day 0 on are graded. Grade 4 of anaemia and albumin is a
clinical judgement and is never derived. INR is absolute, as the source prints it.
"""

from functools import cache
from typing import Final, Literal, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.comparators import as_reported
from carsequel.side_effects.ctcae_baseline import BASELINES, Baseline, baselines
from carsequel.side_effects.ctcae_grades import Rule, grade_columns, gravest, side_of, with_paper
from carsequel.side_effects.ctcae_words import why
from carsequel.side_effects.ctcae_worst import worst_of
from carsequel.side_effects.lab_periods import in_places, of_places, unusable_places
from carsequel.side_effects.sources import joined_sources
from carsequel.terms.findings import as_findings, definition_of, grade_label, no_findings
from carsequel.terms.quantities import quantity
from carsequel.terms.tables import read_table

CRITERION: Final = "ctcae5"
SOURCES: Final = {5: "ctcae5", 6: "ctcae6"}
Version = Literal[5, 6]
LIMITS: Final = {"lln": "lower", "uln": "upper"}
PLACES: Final = 1 << 40  # more than there are: one number `of` stands for infusion, period and what is asked
OF_VALUE: Final = (
    *("day", "value", "comparator", "lower", "upper", "limit", "side", "baseline", "baseline_day", "baseline_source"),
    "source",
)
CLINICAL_GRADE_4: Final = ("anemia", "albumin")


@cache
def rules(version: int = 5) -> tuple[Rule, ...]:
    """Give the rows of `ctcae5.csv` or `ctcae6.csv`, worst first within a term and reading of the baseline."""
    rows = read_table("carsequel.side_effects", f"ctcae{version}.csv").iter_rows(named=True)
    return tuple(Rule(**(row | {"grade": int(row["grade"]), "factor": float(row["factor"])})) for row in rows)


def terms(version: int = 5) -> tuple[str, ...]:
    """Give the terms that can be graded: anemia, neutrophils, …; version 6 was read without decreased lymphocytes."""
    return tuple(dict.fromkeys(rule.term for rule in rules(version)))


def grade_ctcae(course: Course, *, version: Version = 5) -> pl.DataFrame:
    """Grade laboratory toxicity: per infusion, term and period with values (days 0-30, 31-100, 101 on) one `maximum`.

    `low` and `high` bound the worst grade where a limit or a baseline is missing; where no value of the period can be
    judged at all it is not gradable. `start` and `end` are the first and last day of the worst certain grade. Terms
    that look at the baseline are also graded against the last value before lymphodepletion where that is dated
    (`baseline=before_lymphodepletion`). `version` 6 gives the findings of that version under the same criteria, none of
    them the default. Gives a findings frame (source ctcae5 or ctcae6). Raises ValueError for another version.
    """
    if version not in SOURCES:
        raise ValueError("version: allowed are 5 and 6; choose one of them")
    names = sorted({rule.name for rule in rules(version)})
    values = {name: in_places(course, name).filter(pl.col("value").is_not_null()) for name in names}
    lost = unusable_places(course, *names)
    before = baselines(course, names)
    present = {*(name for name, rows in values.items() if rows.height), *lost["name"].unique()}
    asked = [one for one in _asked(version) if one.name in present and (one.first or before[one.choice].height)]
    if not asked:
        return no_findings()
    graded = [_graded(values[one.name], before, one) for one in asked]
    gone = [_of_one(lost.lazy().filter(pl.col("name") == one.name), before, one) for one in asked]
    found = pl.concat(each.worst for each in graded).lazy()
    used = joined_sources(pl.concat(each.used for each in graded).lazy(), "of")
    found = found.join(used, on="of", how="left").with_columns(pl.col("facts").fill_null(""))
    found = found.join(pl.concat(gone).select("of", "unusable"), on="of", how="full", coalesce=True)
    found = found.with_columns(asked=pl.col("of") // PLACES, place=pl.col("of") % PLACES)
    found = of_places(found.join(_table(asked, version).lazy(), on="asked"), course)
    told = _described(found.collect(engine="in-memory"), asked)
    return as_findings(told, kind="maximum", source=SOURCES[version])


class Asked(NamedTuple):
    """A term as graded from one baseline, and its place among all."""

    number: int
    own: tuple[Rule, ...]
    choice: Baseline

    @property
    def name(self) -> str:
        return self.own[0].name

    @property
    def relative(self) -> bool:
        return any(rule.against == "baseline" for rule in self.own)

    @property
    def first(self) -> bool:
        """Whether it is graded from the baseline that stands first."""
        return self.choice == BASELINES[0]

    @property
    def limit(self) -> str | None:
        """The column of the limit of normal that the term looks at."""
        return next((rule.against for rule in self.own if rule.against in LIMITS), None)


def _asked(version: int) -> list[Asked]:
    own = [tuple(rule for rule in rules(version) if rule.term == term) for term in terms(version)]
    every = [Asked(0, rules_of, choice) for rules_of in own for choice in BASELINES]
    return [one._replace(number=n) for n, one in enumerate(every) if one.first or one.relative]


class Graded(NamedTuple):
    """The worst grades under one thing that is asked: per infusion and period (`of`) the bounds of `worst_of` and the
    value that is told with its baseline; and the sources (of, source) of all values that set it."""

    worst: pl.DataFrame
    used: pl.DataFrame


def _graded(rows: pl.DataFrame, before: dict[Baseline, pl.DataFrame], one: Asked) -> Graded:
    own = _of_one(rows.lazy(), before, one)
    number, text = pl.lit(None, dtype=pl.Float64), pl.lit(None, dtype=pl.String)
    base = {"baseline": number, "baseline_day": number, "baseline_source": text, "side": pl.lit(None, dtype=pl.Boolean)}
    if one.relative:
        values = before[one.choice].lazy().filter(pl.col("name") == one.name).drop("name")
        own = own.join(values, on="id", how="left", maintain_order="left")
        base = {name: pl.col(name) for name in base if name != "side"} | {"side": pl.col(side_of(one.own))}
    limit = pl.col(one.limit) if one.limit else number
    grades = own.with_columns(grade_columns(one.own)).with_columns(pl.col("low", "high").cast(pl.Int32))
    graded = grades.with_columns(limit=limit, no_limit=limit.is_null(), **base).collect(engine="in-memory")
    bounds, picked, first = worst_of(graded)
    told = graded.select(OF_VALUE)[first].with_columns(of=graded["of"].gather(first))
    told = told.sort("of", "value", "source").unique("of", keep="first", maintain_order=True)
    sources = graded.select("of", "source")[picked]
    if one.relative:
        sources = pl.concat([sources, told.select("of", source="baseline_source")])
    return Graded(bounds.join(told.drop("source", "baseline_source"), on="of"), sources)


def _of_one(rows: pl.LazyFrame, before: dict[Baseline, pl.DataFrame], one: Asked) -> pl.LazyFrame:
    """The rows of what is asked; another baseline than the default one is asked of infusions that have any such."""
    own = rows.with_columns(of=pl.col("place") + one.number * PLACES)
    return own if one.first else own.filter(pl.col("id").is_in(before[one.choice]["id"].unique().implode()))


def _table(asked: list[Asked], version: int) -> pl.DataFrame:
    """How each thing asked is called, and what its sentence speaks of."""
    return pl.DataFrame([_row(one, version) for one in asked], infer_schema_length=None)


def _row(one: Asked, version: int) -> dict[str, object]:
    term, known = one.own[0].term, quantity(one.name)
    choices: dict[str, object] = {"baseline": one.choice} if one.relative else {}
    choices |= {"version": version} if version != 5 else {}
    return {
        "asked": one.number,
        "name": one.name,
        "unit": f" {known.unit}" if known is not None and known.unit not in ("", "1") else "",
        "criterion": f"{CRITERION}.{term}",
        "definition": definition_of(limits="own", **choices),
        "default": one.first and version == 5,
        "relative": one.relative,
        "limit_word": LIMITS[one.limit] if one.limit else None,
        "top": gravest(one.own),
        "clinical_top": gravest(one.own) if term in CLINICAL_GRADE_4 else None,
    }


def _described(found: pl.DataFrame, asked: list[Asked]) -> pl.DataFrame:
    known = ((pl.col("low") > 0) | (pl.col("least") < pl.col("top"))).fill_null(False)
    found = with_paper(found, {one.number: one.own for one in asked})
    found = found.with_columns(known=known, unusable=pl.col("unusable").fill_null(0))
    ends = (pl.when("known").then(name).alias(name) for name in ("low", "high", "start", "end"))
    found = found.with_columns(ends).with_columns(words=as_reported(), label=grade_label())
    return found.with_columns(why=why()).drop("value")
