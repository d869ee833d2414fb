"""Early ICAHT by EHA/EBMT consensus (grades 0-4): days of low neutrophils (ANC in 10^9/L) from day 0 to 30.

Day 0 is the day of infusion; the lowest of several values of a day counts. Growth factors and transfusions do not
change the grade.
"""

from typing import Final, NamedTuple

import numpy as np
import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.day_grid import SIDES, Bounds, Counts, Days, Flags, column, daily_bounds
from carsequel.side_effects.day_values import lowest_of_days, readings, with_sources
from carsequel.side_effects.growth_factor import growth_factor
from carsequel.side_effects.icaht_spells import graded_spells, told_spells
from carsequel.side_effects.low_runs import Counting, low_runs
from carsequel.side_effects.windows import windows_of
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
    run of missing days that is interpolated, decimals of an interpolated value (10 cells/uL), and the latest day on
    which a spell may begin that counts as never recovered where it lasts to the last day of the record."""

    first: int = 0
    last: int = 30
    bridge: int = 2
    longest_gap: int = 7
    decimals: int = 2
    latest_start: int = 3


CHOICES = Choices()
COUNTINGS: Final[tuple[Counting, ...]] = ("longest", "cumulative")
DEFINITIONS: Final = tuple((c, m) for c in COUNTINGS for m in ("interpolate7", "bounds"))
# Further readings of the default: each changes one thing and is told beside it.
NEVER_RECOVERED: Final = {"never_recovered": "from_day3_to_last"}
FOLLOW_UP: Final = {"follow_up": "to_last_record"}
OF: Final = ["id", "definition"]


def grade_icaht_early(course: Course) -> pl.DataFrame:
    """Grade early ICAHT: `maximum` per infusion and definition, and by default an `episode` per spell of at most 0.5.

    Definitions: days counted as longest spell (default; gaps of 1-2 days bridged) or cumulative; missing days
    interpolated (default; runs of up to 7) or taken once at their best and once at their worst. Beside it stand
    `never_recovered=from_day3_to_last` (grade 4 also for a spell that begins by day 3 and lasts to the last day of the
    record) and `follow_up=to_last_record` (days after the record do not exist). No ANC in the window is not gradable.
    Gives a findings frame (source rejeski2023).
    """
    windows = windows_of(course, CHOICES.first, CHOICES.last)
    graded, episodes = _graded(windows, lowest_of_days(course, "anc", CHOICES.last))
    cut = pl.when("to_record").then(pl.min_horizontal("last", "record_end")).otherwise("last")
    asked = windows.join(_asked(), how="cross").with_columns(last=cut)
    found = asked.select("patient", "infusion", "last", "death", *OF, "counting", "default")
    found = found.join(graded, on=OF, how="left").join(growth_factor(course, windows), on="id", how="left")
    spells = told_spells(
        windows.select("patient", "infusion", "id", "last").join(episodes, on="id"), _definition(*DEFINITIONS[0])
    )
    found = pl.concat([_described(found), spells], how="diagonal")
    found = with_sources(found, readings(course, "anc", CHOICES.last)).with_columns(label=grade_label())
    return as_findings(found, criterion=CRITERION, source=SOURCE)


def _asked() -> pl.DataFrame:
    """One row per definition: how it is called and how its days are counted."""
    rows = [(_definition(*each), each[0], each == DEFINITIONS[0], False) for each in DEFINITIONS]
    first = DEFINITIONS[0]
    rows += [(_definition(*first, **more), first[0], False, more == FOLLOW_UP) for more in (NEVER_RECOVERED, FOLLOW_UP)]
    schema = {"definition": pl.String, "counting": pl.String, "default": pl.Boolean, "to_record": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _definition(counting: str, missing: str, **more: str) -> str:
    bridged = {"bridge": CHOICES.bridge} if counting == COUNTINGS[0] else {}
    return definition_of(counting=counting, **bridged, missing=missing, **more)


def _graded(windows: pl.DataFrame, lowest: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The grades of every definition, one row per `id` and definition, and the spells of the default one."""
    grades, spells = [], pl.DataFrame()
    for missing in dict.fromkeys(missing for _, missing in DEFINITIONS):
        days = _bounds(lowest, windows, CHOICES.longest_gap if missing == DEFINITIONS[0][1] else 0)
        low = _low_days(days)
        for counting in COUNTINGS:
            own = _maximum(days, low, counting).with_columns(definition=pl.lit(_definition(counting, missing)))
            grades.append(own)
            if (counting, missing) == DEFINITIONS[0]:
                spells = _spells(days.days, low, own)
                grades += [_never_recovered(own, windows), _to_last_record(own, lowest, windows)]
    return pl.concat(grades), spells


def _bounds(lowest: pl.DataFrame, windows: pl.DataFrame, gap: int) -> Bounds:
    return daily_bounds(lowest, windows, gap, CHOICES.decimals)


def _never_recovered(default: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """The default grades, graver where a spell begins by `latest_start` and reaches the last day of the record."""
    series_end = windows.select("id", series_end=pl.min_horizontal("last", "record_end"))
    found = default.join(series_end, on="id", how="left", maintain_order="left")
    lasting = {
        side: (pl.col(f"{side}_from") <= CHOICES.latest_start) & (pl.col(f"{side}_to") >= pl.col("series_end"))
        for side in SIDES
    }
    never, maybe = (lasting[side].fill_null(False) for side in SIDES)
    return found.select(
        pl.exclude("series_end", "low", "high", "start", "end", "never", "definition"),
        low=pl.when(never).then(pl.max_horizontal("low", RULES[0].grade)).otherwise("low"),
        high=pl.when(maybe | never).then(pl.max_horizontal("high", RULES[0].grade)).otherwise("high"),
        start=pl.when(never).then("best_from").otherwise("start"),
        end=pl.when(never).then("best_to").otherwise("end"),
        never=never,
        definition=pl.lit(_definition(*DEFINITIONS[0], **NEVER_RECOVERED)),
    ).select(default.columns)


def _to_last_record(default: pl.DataFrame, lowest: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """The default grades; where the record ends inside the window, those of the days up to its end."""
    ended = windows.filter(pl.col("record_end") < pl.col("last")).with_columns(last="record_end")
    graded = default.join(ended.select("id"), on="id", how="anti", maintain_order="left")
    if ended.height:
        days = _bounds(lowest, ended, CHOICES.longest_gap)
        graded = pl.concat([graded.drop("definition"), _maximum(days, _low_days(days), COUNTINGS[0])])
    definition = pl.lit(_definition(*DEFINITIONS[0], **FOLLOW_UP))
    return graded.with_columns(definition=definition).select(default.columns)


def _limits() -> list[float]:
    """The limits of the rules that ask for a length, the widest first."""
    return sorted({rule.anc for rule in RULES[1:]}, reverse=True)


def _low_days(values: Bounds) -> dict[str, Flags]:
    """Whether a day is at or below each limit, and at or below that of the whole window, by either value."""
    limits = {f"{n}": limit for n, limit in enumerate(_limits())} | {"full": RULES[0].anc}
    sides = {"best": values.best, "worst": values.worst}
    return {f"{side}_{name}": each <= limit for side, each in sides.items() for name, limit in limits.items()}


def _by_length(limit: float, days: Counts) -> Counts:
    """The grade of so many days at or below a limit."""
    grades = [np.where(days >= rule.days, rule.grade, 0) for rule in RULES[1:] if rule.anc == limit]
    grade: Counts = np.max(grades, axis=0)
    return grade


def _grade(wide: Counts, deep: Counts, below: Counts) -> Counts:
    """The grade of days at or below the widest and the deepest limit, and of those (without bridging) that make the
    whole window."""
    limits = _limits()
    never_above = np.where(below >= RULES[0].days, RULES[0].grade, 0)
    grade: Counts = np.max([_by_length(limits[0], wide), _by_length(limits[-1], deep), never_above], axis=0)
    return grade


def _maximum(values: Bounds, low: dict[str, Flags], counting: Counting) -> pl.DataFrame:
    """Low and high by the best and the worst values, and the stretch that decides `low`: one row per `id`."""
    limits, days = _limits(), values.days
    below = {side: low[f"{side}_full"].sum(axis=0) for side in SIDES}
    counts = {f"{side}_below": each for side, each in below.items()} | values.counts()
    bridge = CHOICES.bridge if counting == COUNTINGS[0] else 0
    named = {name: low[name] for name in (f"{side}_{n}" for side in SIDES for n in (0, len(limits) - 1))}
    runs = low_runs(days, named, counting, bridge)
    best, worst = ((runs[f"{side}_0"], runs[f"{side}_{len(limits) - 1}"]) for side in SIDES)
    wide, deep = best
    deeper = _by_length(limits[-1], deep.length) > _by_length(limits[0], wide.length)
    grades = {
        name: _grade(r[0].length, r[1].length, below[s]) for name, r, s in zip(("low", "high"), (best, worst), SIDES)
    }
    known = np.where(deeper, deep.length, wide.length) > 0
    columns = {
        "worst_every": below["worst"] == days.length,
        "start": column(np.where(deeper, deep.start, wide.start), known),
        "end": column(np.where(deeper, deep.end, wide.end), known),
        **{"low_days": wide.length, "deep_days": deep.length, "worst_days": worst[0].length},
        **{f"{side}_from": column(r.start, r.length > 0) for side, r in zip(SIDES, (wide, worst[0]), strict=True)},
        **{f"{side}_to": column(r.end, r.length > 0) for side, r in zip(SIDES, (wide, worst[0]), strict=True)},
    }
    return pl.DataFrame({"id": days.id, **counts, **grades, **columns}).with_columns(never=pl.lit(False))


def _spells(days: Days, low: dict[str, Flags], whole: pl.DataFrame) -> pl.DataFrame:
    """The spells of the default definition with their grades (`graded_spells`)."""
    below = {side: whole[f"{side}_below"].to_numpy() for side in SIDES}
    return graded_spells(days, low, below, CHOICES.bridge, len(_limits()) - 1, _grade)


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
    died = pl.when(pl.col("died_low") & ~pl.col("never")).then(
        pl.format("died on day {} without a day certainly above: grade 4 if read as never above", "death")
    )
    never = pl.when("never").then(
        pl.format(
            "low from day {} to the last day of the record ({}): grade 4 if read as never recovered", "start", "end"
        )
    )
    told = pl.concat_str(first, made, open_days, died, never, "remark", separator="; ", ignore_nulls=True)
    none_at_all = pl.format(f"no ANC on day {CHOICES.first} to {{}}", "last")
    return pl.when(pl.col("low").is_null()).then(none_at_all).otherwise(told)
