"""Early ICAHT by EHA/EBMT consensus (grades 0-4): days of low neutrophils (ANC in 10^9/L) from day 0 to 30.

Day 0 is the day of infusion; the lowest of several values of a day counts. Growth factors and transfusions do not
change the grade.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.day_values import NEVER_LOW, SIDES, lowest_of_day, on_every_day, readings, with_sources
from carsequel.side_effects.growth_factor import growth_factor
from carsequel.side_effects.low_runs import Counting, low_runs
from carsequel.side_effects.windows import time_line, windows_of
from carsequel.terms.findings import as_findings, definition_of, grade_label

SOURCE: Final = "rejeski2023"
CRITERION: Final = "icaht_early.eha2023"


class Rule(NamedTuple):
    """At least `days` days with an ANC of at most `anc` have this grade."""

    grade: int
    anc: float
    days: int
    paper: str


RULES: tuple[Rule, ...] = (
    Rule(4, 0.5, 31, "never above 500/uL from day 0 to day 30"),
    Rule(4, 0.1, 14, "at most 100/uL for 14 days or more"),
    Rule(3, 0.5, 14, "at most 500/uL for 14 days or more"),
    Rule(3, 0.1, 7, "at most 100/uL for 7 to 13 days"),
    Rule(2, 0.5, 7, "at most 500/uL for 7 to 13 days"),
    Rule(1, 0.5, 1, "at most 500/uL for 1 to 6 days"),
)


class Choices(NamedTuple):
    """Readings that differ between groups: the window, days above the limit that are bridged and counted, the longest
    run of missing days that is interpolated, decimals of an interpolated value (10 cells/uL)."""

    first: int = 0
    last: int = 30
    bridge: int = 2
    longest_gap: int = 7
    decimals: int = 2


CHOICES = Choices()
COUNTINGS: Final[tuple[Counting, ...]] = ("longest", "cumulative")
DEFINITIONS: Final = tuple((c, m) for c in COUNTINGS for m in ("interpolate7", "bounds"))
OF: Final = ["id", "definition"]


def grade_icaht_early(course: Course) -> pl.DataFrame:
    """Grade early ICAHT: `maximum` per infusion and definition, and by default an `episode` per spell of at most 0.5.

    Definitions: days counted as longest spell (default; gaps of 1-2 days bridged) or cumulative; missing days
    interpolated (default; runs of up to 7) or taken once at their best and once at their worst. No ANC in the window
    is not gradable. Gives a findings frame (source rejeski2023).
    """
    windows = windows_of(course, CHOICES.first, CHOICES.last)
    rows = readings(course, windows, "anc")
    graded, episodes = _graded(windows, rows)
    asked = windows.select("patient", "infusion", "id", "last", "death").join(_asked(), how="cross")
    found = asked.join(graded, on=OF, how="left").join(growth_factor(course, windows), on="id", how="left")
    spells = _described_spells(windows.select("patient", "infusion", "id", "last").join(episodes, on="id"))
    found = pl.concat([_described(found), spells], how="diagonal")
    found = with_sources(found, rows).with_columns(label=grade_label())
    return as_findings(found, criterion=CRITERION, source=SOURCE)


def _asked() -> pl.DataFrame:
    """One row per definition: how it is called and how its days are counted."""
    return pl.DataFrame(
        [(_definition(*each), each[0], each == DEFINITIONS[0]) for each in DEFINITIONS],
        schema={"definition": pl.String, "counting": pl.String, "default": pl.Boolean},
        orient="row",
    )


def _definition(counting: str, missing: str) -> str:
    bridged = {"bridge": CHOICES.bridge} if counting == COUNTINGS[0] else {}
    return definition_of(counting=counting, **bridged, missing=missing)


def _graded(windows: pl.DataFrame, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The grades of every definition, one row per `id` and definition, and the spells of the default one."""
    seen = lowest_of_day(rows)
    grades, spells = [], pl.DataFrame()
    for missing in dict.fromkeys(missing for _, missing in DEFINITIONS):
        gap = CHOICES.longest_gap if missing == DEFINITIONS[0][1] else 0
        daily = on_every_day(seen, windows, gap, CHOICES.decimals, *SIDES)
        daily = daily.with_columns(pl.col("best").fill_null(NEVER_LOW), pl.col("worst").fill_null(0.0))
        days = daily.with_columns(_low_days()).collect(engine="in-memory")
        for counting in COUNTINGS:
            own = _maximum(days, counting).with_columns(definition=pl.lit(_definition(counting, missing)))
            grades.append(own)
            if (counting, missing) == DEFINITIONS[0]:
                spells = _spells(days, own)
    return pl.concat(grades), spells


def _limits() -> list[float]:
    """The limits of the rules that ask for a length, the widest first."""
    return sorted({rule.anc for rule in RULES[1:]}, reverse=True)


def _low_days() -> list[pl.Expr]:
    """Whether a day is at or below each limit, and at or below that of the whole window, by either value."""
    limits = {f"{n}": limit for n, limit in enumerate(_limits())} | {"full": RULES[0].anc}
    return [(pl.col(side) <= limit).alias(f"{side}_{name}") for side in SIDES for name, limit in limits.items()]


def _by_length(limit: float, days: str) -> pl.Expr:
    own = [rule for rule in RULES[1:] if rule.anc == limit]
    return pl.coalesce(*(pl.when(pl.col(days) >= rule.days).then(rule.grade) for rule in own), 0)


def _never_above(side: str) -> pl.Expr:
    """The grade of days at or below the limit without bridging, where they are the whole window."""
    return pl.when(pl.col(f"{side}_below") >= RULES[0].days).then(RULES[0].grade).otherwise(0)


def _maximum(days: pl.DataFrame, counting: Counting) -> pl.DataFrame:
    """Low and high by the best and the worst values, and the stretch that decides `low`: one row per `id`."""
    limits = _limits()
    names = tuple(f"{side}_{n}" for side in SIDES for n in range(len(limits)))
    counts = [
        *(pl.col(f"{side}_full").sum().cast(pl.Int64).alias(f"{side}_below") for side in SIDES),
        pl.col("worst_full").all().alias("worst_every"),
        pl.len().alias("window_days"),
        pl.col("filled").sum().alias("made"),
        (pl.col("best") > pl.col("worst")).sum().alias("absent"),
    ]
    bridge = CHOICES.bridge if counting == COUNTINGS[0] else 0
    found = low_runs(days.lazy(), names, counting, bridge, *counts)
    best, worst = ([_by_length(limit, f"length_{side}_{n}") for n, limit in enumerate(limits)] for side in SIDES)
    wide, deep = "best_0", f"best_{len(limits) - 1}"
    deeper = best[-1] > best[0]
    return found.select(
        *("id", "worst_every", "window_days", "made", "absent"),
        *(f"{side}_below" for side in SIDES),
        low=pl.max_horizontal(*best, _never_above("best")),
        high=pl.max_horizontal(*worst, _never_above("worst")),
        start=pl.when(deeper).then(f"start_{deep}").otherwise(f"start_{wide}"),
        end=pl.when(deeper).then(f"end_{deep}").otherwise(f"end_{wide}"),
        low_days=pl.col(f"length_{wide}").fill_null(0),
        deep_days=pl.col(f"length_{deep}").fill_null(0),
        worst_days=pl.col("length_worst_0").fill_null(0),
    ).collect(engine="in-memory")


def _spells(days: pl.DataFrame, whole: pl.DataFrame) -> pl.DataFrame:
    """Spells of at most the widest limit by the best values, each graded by its own length and by the deepest spell
    inside it, and at worst as the spell of the worst values around it: id, start, end, length, low, high."""
    deepest = len(_limits()) - 1
    numbered = [_begun(f"{side}_0").cum_sum().alias(f"{side}_spell") for side in SIDES]
    depths = [_run_length(f"{side}_{deepest}").alias(f"{side}_depth") for side in SIDES]
    days = days.with_columns(*numbered, *depths)
    certain, possible = (_spell_grades(days, side, whole) for side in SIDES)
    around = possible.select("worst_spell", high="grade")
    found = certain.join(around, on="worst_spell", how="left", maintain_order="left")
    return found.select("id", "start", "end", "length", "high", low="grade")


def _begun(low: str) -> pl.Expr:
    """Whether a new spell begins on a low day: more than the bridged days after the low day before."""
    before = pl.when(low).then(time_line()).forward_fill().shift(1)
    return pl.col(low) & ~(time_line() - before <= CHOICES.bridge + 1).fill_null(False)


def _run_length(low: str) -> pl.Expr:
    return pl.when(low).then(pl.col("day") - pl.when(_begun(low)).then("day").forward_fill() + 1)


def _spell_grades(days: pl.DataFrame, side: str, whole: pl.DataFrame) -> pl.DataFrame:
    """One row per spell, with the number of the worst-case spell around it."""
    found = (
        days.filter(f"{side}_0")
        .group_by(f"{side}_spell", maintain_order=True)
        .agg(
            pl.col("id").first(),
            pl.col("worst_spell").first().alias("around"),
            start=pl.col("day").first(),
            end=pl.col("day").last(),
            depth=pl.col(f"{side}_depth").max(),
        )
    )
    found = found.join(whole.select("id", f"{side}_below"), on="id", how="left", maintain_order="left")
    length = pl.col("end") - pl.col("start") + 1
    found = found.drop(f"{side}_spell").rename({"around": "worst_spell"}).with_columns(length=length)
    by_days = [_by_length(_limits()[0], "length"), _by_length(_limits()[-1], "depth"), _never_above(side)]
    return found.with_columns(grade=pl.max_horizontal(by_days))


def _described(found: pl.DataFrame) -> pl.DataFrame:
    """The maximum of each definition, graver at worst where the patient died without a day certainly above."""
    died_low = pl.col("worst_every") & (pl.col("death") == pl.col("last")) & (pl.col("last") < CHOICES.last)
    found = found.with_columns(died_low=died_low.fill_null(False))
    high = pl.when("died_low").then(pl.max_horizontal("high", RULES[0].grade)).otherwise("high")
    return found.with_columns(high=high).select(
        *("patient", "infusion", "id", "definition", "default", "low", "high", "start", "end"),
        kind=pl.lit("maximum"),
        period=pl.lit(f"d{CHOICES.first}-{CHOICES.last}"),
        why=_why(),
    )


def _why() -> pl.Expr:
    limits = sorted({rule.anc for rule in RULES}, reverse=True)
    longest = pl.col("counting") == COUNTINGS[0]
    how = pl.when(longest).then(pl.lit("in the longest spell")).otherwise(pl.lit("in all"))
    spell = pl.format(
        f"{{}} days with ANC at most {limits[0]} and {{}} with at most {limits[-1]} x 10^9/L {{}}, day {{}} to {{}}",
        "low_days",
        "deep_days",
        how,
        "start",
        "end",
    )
    none = pl.format(f"no day with ANC at most {limits[0]} x 10^9/L certain on day {CHOICES.first} to {{}}", "last")
    first = pl.when(pl.col("start").is_null()).then(none).otherwise(spell)
    made = pl.when(pl.col("made") > 0).then(pl.format("{} of {} days interpolated", "made", "window_days"))
    open_days = pl.when((pl.col("low") < pl.col("high")) & (pl.col("absent") > 0)).then(
        pl.format("{} days without a settled value: at worst {} low days", "absent", "worst_days")
    )
    died = pl.when("died_low").then(
        pl.format("died on day {} without a day certainly above: grade 4 if read as never above", "death")
    )
    told = pl.concat_str(first, made, open_days, died, "remark", separator="; ", ignore_nulls=True)
    none_at_all = pl.format(f"no ANC on day {CHOICES.first} to {{}}", "last")
    return pl.when(pl.col("low").is_null()).then(none_at_all).otherwise(told)


def _described_spells(found: pl.DataFrame) -> pl.DataFrame:
    ended = (
        pl.when(pl.col("end") < pl.col("last"))
        .then(pl.lit("then above the limit or without a value"))
        .otherwise(pl.lit("to the end of the window"))
    )
    return found.sort("id", "start").select(
        *("patient", "infusion", "id", "low", "high", "start", "end"),
        definition=pl.lit(_definition(*DEFINITIONS[0])),
        default=pl.lit(True),
        kind=pl.lit("episode"),
        period=pl.format("episode {}", pl.int_range(1, pl.len() + 1).over("id")),
        why=pl.format("{} days of low neutrophils from day {} to {}, {}", "length", "start", "end", ended),
    )
