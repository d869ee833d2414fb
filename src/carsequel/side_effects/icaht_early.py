"""Early ICAHT by EHA/EBMT consensus (grades 0-4): days of low neutrophils (ANC in 10^9/L) from day 0 to 30.

Day 0 is the day of infusion; the lowest of several values of a day counts. Growth factors and transfusions do not
change the grade.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.anc import anc_days, anc_sources, bounded, growth_factor
from carsequel.side_effects.daily import KEYS, day_windows
from carsequel.terms.findings import as_findings, definition_of, grade_label, join_findings
from carsequel.terms.series import daily_grid, longest_spell, spells

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
DEFINITIONS: Final = tuple((c, m) for c in ("longest", "cumulative") for m in ("interpolate7", "bounds"))


def grade_icaht_early(course: Course) -> pl.DataFrame:
    """Grade early ICAHT: `maximum` per infusion and definition, and by default an `episode` per spell of at most 0.5.

    Definitions: days counted as longest spell (default; gaps of 1-2 days bridged) or cumulative; missing days
    interpolated (default; runs of up to 7) or taken once at their best and once at their worst. No ANC in the window
    is not gradable. Gives a findings frame (source rejeski2023).
    """
    windows = day_windows(course, CHOICES.first, CHOICES.last)
    seen = anc_days(course, windows)
    grid = daily_grid(windows.join(seen.select(KEYS).unique(), on=KEYS, how="semi").select(*KEYS, "first", "last"))
    remarks = growth_factor(course, windows)
    parts = []
    for missing in ("interpolate7", "bounds"):
        days = bounded(grid, seen, CHOICES.longest_gap if missing == "interpolate7" else 0, CHOICES.decimals)
        for counting in ("longest", "cumulative"):
            bridge = CHOICES.bridge if counting == "longest" else None
            default = (counting, missing) == DEFINITIONS[0]
            parts.append(_maximum(days, windows, seen, remarks, bridge, _definition(counting, missing), default))
            if default:
                parts.append(_episodes(days, windows, seen, _definition(counting, missing)))
    return join_findings(parts)


def _definition(counting: str, missing: str) -> str:
    if counting == "longest":
        return definition_of(counting=counting, bridge=CHOICES.bridge, missing=missing)
    return definition_of(counting=counting, missing=missing)


def _stretch(days: pl.DataFrame, side: str, anc: float, bridge: int | None) -> pl.DataFrame:
    """The stretch that counts, per infusion: start, end, length; the longest spell, or all days where not bridged."""
    flagged = days.filter(pl.col(side) <= anc).select(*KEYS, "day")
    if bridge is not None:
        return longest_spell(flagged, KEYS, bridge)
    return flagged.group_by(KEYS).agg(
        start=pl.col("day").min(), end=pl.col("day").max(), length=pl.len().cast(pl.Int64)
    )


def _whole(days: pl.DataFrame, side: str, anc: float) -> pl.DataFrame:
    """Days at or below the limit without bridging, and whether all days of the window are."""
    low = pl.col(side) <= anc
    return days.group_by(KEYS).agg(below=low.sum().cast(pl.Int64), every=low.all())


def _graded(days: pl.DataFrame, side: str, bridge: int | None) -> pl.DataFrame:
    """Grade of one side (`best` or `worst` values): patient, infusion, grade, every and the deciding stretch."""
    full, *lengths = RULES
    graded = _whole(days, side, full.anc)
    grade = pl.when(pl.col("below") >= full.days).then(full.grade).otherwise(0)
    for anc in dict.fromkeys(rule.anc for rule in lengths):
        name = f"at_{anc}"
        found = _stretch(days, side, anc, bridge).rename(
            {"start": f"start_{name}", "end": f"end_{name}", "length": name}
        )
        graded = graded.join(found, on=KEYS, how="left")
        by_days = [pl.when(pl.col(name) >= rule.days).then(rule.grade) for rule in lengths if rule.anc == anc]
        graded = graded.with_columns(pl.coalesce(*by_days, 0).alias(f"grade_{name}"))
        grade = pl.max_horizontal(grade, f"grade_{name}")
    graded = graded.with_columns(grade=grade)
    widest, deepest = f"at_{max(r.anc for r in lengths)}", f"at_{min(r.anc for r in lengths)}"
    deep = pl.col(f"grade_{deepest}") > pl.col(f"grade_{widest}")
    pick = {what: pl.when(deep).then(f"{what}_{deepest}").otherwise(f"{what}_{widest}") for what in ("start", "end")}
    return graded.select(
        *KEYS, "grade", "every", **pick, low_days=pl.col(widest).fill_null(0), deep_days=pl.col(deepest).fill_null(0)
    )


def _maximum(
    days: pl.DataFrame,
    windows: pl.DataFrame,
    seen: pl.DataFrame,
    remarks: pl.DataFrame,
    bridge: int | None,
    definition: str,
    default: bool,
) -> pl.DataFrame:
    best = _graded(days, "best", bridge).rename({"grade": "low"})
    worst = _graded(days, "worst", bridge).select(*KEYS, high="grade", worst_every="every", worst_days="low_days")
    counts = days.group_by(KEYS).agg(
        window_days=pl.len(), made=pl.col("filled").sum(), absent=(pl.col("best") > pl.col("worst")).sum()
    )
    found = windows.select(*KEYS, "last", "death").join(best, on=KEYS, how="left").join(worst, on=KEYS, how="left")
    found = found.join(counts, on=KEYS, how="left").join(remarks, on=KEYS, how="left")
    died_low = (
        pl.col("worst_every") & (pl.col("death") == pl.col("last")) & (pl.col("last") < CHOICES.last)
    ).fill_null(False)
    found = found.with_columns(
        high=pl.when(died_low).then(pl.max_horizontal("high", RULES[0].grade)).otherwise("high"), died_low=died_low
    )
    found = found.join(anc_sources(seen, found.select(*KEYS, "start", "end")), on=KEYS, how="left")
    found = found.with_columns(
        label=grade_label(), why=_why("in the longest spell" if bridge is not None else "in all")
    )
    return _finish(found, "maximum", definition, default, period=f"d{CHOICES.first}-{CHOICES.last}")


def _why(how: str) -> pl.Expr:
    limits = sorted({rule.anc for rule in RULES}, reverse=True)
    spell = pl.format(
        f"{{}} days with ANC at most {limits[0]} and {{}} with at most {limits[-1]} x 10^9/L {how}, day {{}} to {{}}",
        "low_days",
        "deep_days",
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


def _episodes(days: pl.DataFrame, windows: pl.DataFrame, seen: pl.DataFrame, definition: str) -> pl.DataFrame:
    """Spells of at most the wider limit, each graded by its own length and the deepest spell inside it."""
    certain = _spell_grades(days, "best").rename({"grade": "low"})
    possible = _spell_grades(days, "worst").select(*KEYS, high="grade", _from="start", _to="end")
    around = certain.join(possible, on=KEYS, how="left").filter(
        (pl.col("_from") <= pl.col("start")) & (pl.col("_to") >= pl.col("end"))
    )
    found = around.sort(*KEYS, "start").join(windows.select(*KEYS, "last"), on=KEYS, how="left", maintain_order="left")
    ended = (
        pl.when(pl.col("end") < pl.col("last"))
        .then(pl.lit("then above the limit or without a value"))
        .otherwise(pl.lit("to the end of the window"))
    )
    found = found.with_columns(
        period=pl.format("episode {}", pl.int_range(pl.len()).over(KEYS) + 1),
        why=pl.format("{} days of low neutrophils from day {} to {}, {}", "length", "start", "end", ended),
        label=grade_label(),
    )
    sources = anc_sources(seen, found.select(*KEYS, "start", "end"), by=[*KEYS, "start"])
    return _finish(found.join(sources, on=[*KEYS, "start"], how="left"), "episode", definition, True)


def _spell_grades(days: pl.DataFrame, side: str) -> pl.DataFrame:
    full, *lengths = RULES
    wide, deep = max(r.anc for r in lengths), min(r.anc for r in lengths)
    found = spells(days.filter(pl.col(side) <= wide), KEYS, CHOICES.bridge)
    inner = spells(days.filter(pl.col(side) <= deep), KEYS, CHOICES.bridge).select(
        *KEYS, _from="start", _to="end", _deep="length"
    )
    inside = (pl.col("_from") >= pl.col("start")) & (pl.col("_to") <= pl.col("end"))
    deepest = (
        found.join(inner, on=KEYS, how="inner").filter(inside).group_by([*KEYS, "start"]).agg(pl.col("_deep").max())
    )
    found = found.join(deepest, on=[*KEYS, "start"], how="left").join(_whole(days, side, full.anc), on=KEYS, how="left")
    by_length = [pl.when(pl.col("length") >= rule.days).then(rule.grade) for rule in lengths if rule.anc == wide]
    by_depth = [pl.when(pl.col("_deep") >= rule.days).then(rule.grade) for rule in lengths if rule.anc == deep]
    never = pl.when(pl.col("below") >= full.days).then(full.grade)
    grade = pl.max_horizontal(pl.coalesce(*by_length, 0), pl.coalesce(*by_depth, 0), never)
    return found.with_columns(grade=grade).select(*KEYS, "start", "end", "length", "grade")


def _finish(found: pl.DataFrame, kind: str, definition: str, default: bool, **fixed: str) -> pl.DataFrame:
    return as_findings(
        found, kind=kind, criterion=CRITERION, definition=definition, default=default, source=SOURCE, **fixed
    )
