"""CRS by ASTCT consensus (grades 0-5) from daily records: temperature in degC, pressure in mmHg, oxygen in L/min.

Day 0 is the day of infusion, the window day 0 to 30. Fever opens a CRS; the worse of hypotension and hypoxia sets its
grade. Once a CRS that began with fever has been treated with an antipyretic or anticytokine drug, fever is no longer
required on later days. Organ toxicities do not change the grade.
"""

from typing import Final, Literal, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.coverage import with_coverage
from carsequel.side_effects.crs_signs import (
    VASOPRESSORS,
    is_hlh,
    is_pressor,
    with_fever,
    with_infections,
    with_oxygen,
    with_pressors,
    with_pressure,
)
from carsequel.side_effects.crs_treatment import with_treatment
from carsequel.side_effects.day_findings import Answer, Reaction, day_findings
from carsequel.side_effects.domains import with_deaths
from carsequel.side_effects.rules import Rule, rules_of
from carsequel.side_effects.windows import ID_DAY, days_of, every_day, facts_of, numbered, windows_of
from carsequel.terms.findings import definition_of

SOURCE: Final = "lee2019"
CRITERION: Final = "crs.astct2019"

RULES: tuple[Rule, ...] = (
    Rule("death", "crs", 5, "death due to CRS"),
    Rule("hypotension", "vasopressor", 4, "several vasopressors, vasopressin not counted", ">", 1),
    Rule("hypotension", "vasopressor", 3, "one vasopressor, with or without vasopressin"),
    Rule("hypotension", "stated", 2, "hypotension that needs no vasopressor"),
    Rule("hypotension", "systolic_bp", 2, "no number in the paper: the choice hypotension=sbp90", "<", 90),
    Rule("hypoxia", "ventilator", 4, "positive pressure: intubation and ventilation"),
    Rule("hypoxia", "bipap", 4, "positive pressure"),
    Rule("hypoxia", "cpap", 4, "positive pressure"),
    Rule("hypoxia", "venturi", 3, "Venturi mask"),
    Rule("hypoxia", "non_rebreather", 3, "non-rebreather mask"),
    Rule("hypoxia", "face_mask", 3, "face mask"),
    Rule("hypoxia", "high_flow", 3, "high-flow nasal cannula"),
    Rule("hypoxia", "nasal_cannula", 3, "nasal cannula above 6 L/min", ">", 6),
    Rule("hypoxia", "nasal_cannula", 2, "low-flow nasal cannula, up to 6 L/min"),
    Rule("hypoxia", "blow_by", 2, "blow-by"),
    Rule("fever", "temperature", 1, "temperature of at least 38.0 degC, without another cause", ">=", 38.0),
)


class Choices(NamedTuple):
    """Readings that the paper leaves open: days of the window, age from which a pressure number decides, the day after
    which a first CRS is flagged (none began later in one cohort), and how many days without any sign a treated CRS may
    have before an afebrile sign only possibly belongs to it (our own choice; the paper gives no number)."""

    window: int = 30
    adult_from: float = 18
    unusual_after: int = 14
    clear: int = 3


CHOICES = Choices()
RECORDS: Final = {
    "fever": ("temperature", "fever"),
    "pressor": ("vasopressor",),
    "oxygen": ("oxygen",),
    "drug": ("drug",),
}
FACTS: Final = ("temperature", "fever", "hypotension", "systolic_bp", "event")
SPANS: Final = ("vasopressor", "oxygen", "infection", "toxicity", "drug")


def grade_crs(
    course: Course, *, window: int | None = None, hypotension: Literal["sbp90", "stated"] = "sbp90"
) -> pl.DataFrame:
    """Grade CRS day by day: one finding `maximum` per infusion (day 0 to `window`) and one `episode` per episode.

    `hypotension` chooses whether a systolic pressure below 90 mmHg counts as hypotension (`sbp90`, for adults certain,
    for children possible) or only what the centre stated (`stated`). Missing records widen low and high; nothing
    recorded and nothing covered is not gradable. Gives a findings frame (source lee2019). Raises ValueError for
    another `hypotension`.
    """
    if hypotension not in ("sbp90", "stated"):
        raise ValueError("hypotension: allowed are 'sbp90' and 'stated'; choose one of them")
    last = CHOICES.window if window is None else window
    found = _reaction(course, last, hypotension)
    course.once(_key(last, hypotension), lambda: found.resolved)
    return found.findings


def crs_resolved(
    course: Course, *, window: int | None = None, hypotension: Literal["sbp90", "stated"] = "sbp90"
) -> pl.DataFrame:
    """Give when each episode that `grade_crs` finds with the same choices was resolved (`day_findings.RESOLVED`)."""
    last = CHOICES.window if window is None else window
    return course.once(_key(last, hypotension), lambda: _reaction(course, last, hypotension).resolved)


def _key(last: int, hypotension: str) -> tuple[str, str, int, str]:
    return ("side_effects.resolved", CRITERION, last, hypotension)


def _reaction(course: Course, last: int, hypotension: str) -> Reaction:
    windows = windows_of(course, 0, last)
    facts = facts_of(course, *FACTS, undated=True, until=last + 1)
    spans = numbered(course.spans_since(*SPANS, undated=True), windows)
    signs = pl.col("name").is_in(["oxygen", "infection"]) | is_pressor() | is_hlh()
    given = days_of(spans.filter(signs), windows)
    pressure = ("hypotension", "systolic_bp") if hypotension == "sbp90" else ("hypotension",)
    grid = with_coverage(every_day(windows), course, windows, RECORDS | {"pressure": pressure})
    grid = with_fever(grid, facts, RULES)
    grid = with_infections(grid, facts, given)
    grid = with_pressors(grid, given, RULES)
    grid = with_pressure(grid, facts, windows, RULES, pressure, CHOICES.adult_from)
    grid = with_oxygen(grid, given, RULES)
    grid = with_treatment(grid, spans, windows, CHOICES.clear)
    events = facts.filter(pl.col("name") == "event")
    days = with_deaths(_graded(grid), events, windows, "crs", rules_of(RULES, "death")[0].grade)
    answer = Answer(
        CRITERION,
        definition_of(hypotension=hypotension, clear=CHOICES.clear),
        hypotension == "sbp90",
        SOURCE,
        "no fever with its signs",
        "no temperature, blood pressure, oxygen or vasopressor recorded or covered",
    )
    remarks = _remarks(days, spans, windows)
    return day_findings(days, windows, _records(facts, given), remarks, f"d0-{last}", answer)


def _graded(grid: pl.DataFrame) -> pl.DataFrame:
    signs = ("pressor", "pressure", "hypoxia")
    worst_low = pl.max_horizontal(*(f"{sign}_low" for sign in signs))
    worst_high = pl.max_horizontal(*(f"{sign}_high" for sign in signs))
    fever_low, fever_high = pl.col("fever_low"), pl.col("fever_high")
    low = (
        pl.when(fever_low > 0)
        .then(pl.max_horizontal(fever_low, worst_low))
        .when("freed_low")
        .then(worst_low)
        .otherwise(0)
    )
    high = (
        pl.when(fever_high > 0)
        .then(pl.max_horizontal(fever_high, worst_high))
        .when("freed_high")
        .then(worst_high)
        .otherwise(0)
    )
    days = grid.with_columns(low=low, high=high)
    leading = [pl.when(pl.col(f"{s}_low") == pl.col("low")).then(f"{s}_note") for s in signs]
    free = pl.when((fever_low == 0) & (pl.col("low") > 0)).then(
        pl.format("no fever certain that day but before, after {}", pl.col("drug").fill_null("antipyretic"))
    )
    open_signs = [pl.when(pl.col(f"{s}_high") > pl.col("low")).then(f"{s}_doubt") for s in signs]
    fever_note = pl.when(fever_low > 0).then("fever_note")
    return days.select(
        *ID_DAY,
        "low",
        "high",
        "fever_low",
        "infected",
        lead=pl.concat_str(*leading, fever_note, free, separator=", ", ignore_nulls=True),
        doubt=pl.when(pl.col("high") > pl.col("low")).then(
            pl.concat_str(
                pl.when(fever_low < fever_high).then("fever_doubt"),
                pl.when(fever_high == 0).then("drug_doubt"),
                *open_signs,
                separator=", ",
                ignore_nulls=True,
            )
        ),
        known=pl.any_horizontal(
            *(f"{sign}_seen" for sign in (*signs, "fever")),
            *(f"covered_{name}" for name in ("fever", "pressor", "pressure", "oxygen")),
        ),
    )


def _remarks(days: pl.DataFrame, spans: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    chronic = (pl.col("name") == "oxygen") & (pl.col("role") == "chronic") & pl.col("day").is_not_null()
    breathing = spans.filter(chronic).select("id", _chronic=True).unique()
    of_days = days.group_by("id").agg(
        late=pl.when(pl.col("low") >= 1).then("day").min() > CHOICES.unusual_after, _infected=pl.col("infected").any()
    )
    told = windows.select("id").join(of_days, on="id", how="left").join(breathing, on="id", how="left")
    remark = pl.concat_str(
        pl.when("late").then(pl.lit(f"new after day {CHOICES.unusual_after}: check attribution")),
        pl.when("_infected").then(
            pl.lit("infection or HLH-like syndrome recorded: fever on its days counts only as possible CRS")
        ),
        pl.when("_chronic").then(pl.lit("oxygen from before the infusion not counted")),
        separator="; ",
        ignore_nulls=True,
    )
    return told.select("id", remark=pl.when(remark != "").then(remark))


def _records(facts: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """The rows that CRS rests on, by day: id, day, source."""
    used = facts.filter((pl.col("name") != "event") | pl.col("text").is_in(["death", "infection"]))
    pressor = pl.col("text").str.to_lowercase().is_in(VASOPRESSORS).fill_null(False)
    given = spans.filter((pl.col("name") != "toxicity") & ((pl.col("name") != "drug") | pressor))
    return pl.concat([rows.select(*ID_DAY, "source") for rows in (used, given)])
