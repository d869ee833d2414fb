"""CRS by ASTCT consensus (grades 0-5) from daily records: temperature in degC, pressure in mmHg, oxygen in L/min.

Day 0 is the day of infusion, the window day 0 to 30. Fever opens a CRS; the worse of hypotension and hypoxia sets its
grade. Once a CRS that began with fever has been treated with an antipyretic or anticytokine drug, fever is no longer
required on later days. Organ toxicities do not change the grade.
"""

from typing import Final, Literal, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.crs_signs import VASOPRESSORS, with_oxygen, with_pressors, with_pressure
from carsequel.side_effects.daily import (
    DAY,
    KEYS,
    day_windows,
    stretch_days,
    with_coverage,
    with_deaths,
    with_domain,
    within,
)
from carsequel.side_effects.day_findings import Answer, episodes, maxima
from carsequel.side_effects.rules import HLH_WORDS, Rule, grade_of, rules_of
from carsequel.terms.findings import definition_of, join_findings
from carsequel.terms.series import daily_grid

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
ANTICYTOKINES: Final = (
    "tocilizumab|siltuximab|anakinra|dexamethasone|methylprednisolone|prednisone|prednisolone|hydrocortisone"
)
RECORDS: Final = {
    "fever": ("temperature", "fever"),
    "pressor": ("vasopressor",),
    "oxygen": ("oxygen",),
    "drug": ("drug",),
}


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
    windows = day_windows(course, 0, CHOICES.window if window is None else window)
    pressure = ("hypotension", "systolic_bp") if hypotension == "sbp90" else ("hypotension",)
    grid = with_coverage(daily_grid(windows), course, windows, RECORDS | {"pressure": pressure})
    grid = _with_fever(grid, course, windows)
    grid = with_pressors(grid, course, windows, RULES)
    grid = with_pressure(grid, course, windows, RULES, pressure, CHOICES.adult_from)
    grid = with_oxygen(grid, course, windows, RULES)
    grid = _with_treatment(grid, course, windows)
    days = with_deaths(_graded(grid), course, windows, "crs", rules_of(RULES, "death")[0].grade)
    rows = _records(course, windows)
    period = f"d0-{CHOICES.window if window is None else window}"
    answer = Answer(
        CRITERION,
        definition_of(hypotension=hypotension, clear=CHOICES.clear),
        hypotension == "sbp90",
        SOURCE,
        "no fever with its signs",
        "no temperature, blood pressure, oxygen or vasopressor recorded or covered",
    )
    parts = (
        maxima(days, windows, rows, _remarks(days, course, windows), period, answer),
        episodes(days, rows, windows, answer),
    )
    return join_findings(parts)


def _with_fever(grid: pl.DataFrame, course: Course, windows: pl.DataFrame) -> pl.DataFrame:
    facts = within(course.facts_since("temperature", "fever"), windows)
    measured = pl.when(pl.col("value").is_not_null()).then(
        grade_of(rules_of(RULES, "fever"), pl.col("value")).fill_null(0)
    )
    stated = pl.col("text").replace_strict(
        {"yes": rules_of(RULES, "fever")[0].grade, "no": 0}, default=None, return_dtype=pl.Int32
    )
    facts = facts.with_columns(
        low=pl.when(pl.col("name") == "fever").then(stated).otherwise(measured),
        note=pl.when(pl.col("name") == "fever")
        .then(pl.lit("fever stated"))
        .otherwise(pl.format("temperature {}", "value")),
    ).filter(pl.col("low").is_not_null())
    worst = pl.col("note").sort_by("low", "value", "note", descending=True, nulls_last=True).first()
    seen = facts.group_by(DAY).agg(pl.col("low").max(), high=pl.col("low").max(), note=worst, doubt=pl.lit(None))
    grid = with_domain(
        grid, seen, "fever", pl.col("covered_fever"), rules_of(RULES, "fever")[0].grade, "temperature not recorded"
    )
    infected = pl.col("infected").fill_null(False)
    doubted = infected & (pl.col("fever_low") > 0)
    return grid.join(_infections(course, windows), on=DAY, how="left", maintain_order="left").with_columns(
        fever_low=pl.when(infected).then(0).otherwise("fever_low"),
        fever_doubt=pl.when(doubted)
        .then(pl.lit("an infection or HLH-like syndrome on that day may explain the fever"))
        .otherwise("fever_doubt"),
    )


def _infections(course: Course, windows: pl.DataFrame) -> pl.DataFrame:
    others = course.spans_since("infection", "toxicity")
    others = others.filter((pl.col("name") == "infection") | pl.col("text").str.contains(HLH_WORDS).fill_null(False))
    spans = stretch_days(others, windows).select(*DAY, "source")
    events = within(course.facts_since("event"), windows).filter(pl.col("text") == "infection").select(*DAY, "source")
    both = pl.concat([spans, events])
    return both.select(DAY).unique().with_columns(infected=True)


def _with_treatment(grid: pl.DataFrame, course: Course, windows: pl.DataFrame) -> pl.DataFrame:
    """Whether fever is no longer required: it was there by this day and a drug that hides it was begun by this day."""
    role, drug = pl.col("role").fill_null(""), pl.col("text").str.to_lowercase().str.contains(ANTICYTOKINES)
    given = course.spans_since("drug", undated=True).filter(
        (role == "antipyretic") | (drug.fill_null(False) & role.is_in(["", "toxicity"]))
    )
    begun = within(given.filter(pl.col("since") >= 0), windows)
    first = begun.group_by(KEYS).agg(_drug_day=pl.col("day").min(), drug=pl.col("text").sort_by("day", "text").first())
    undated = given.filter(pl.col("since").is_null()).select(KEYS).unique().with_columns(_undated=True)
    grid = grid.join(first, on=KEYS, how="left", maintain_order="left")
    grid = grid.join(undated, on=KEYS, how="left", maintain_order="left").sort(DAY)
    treated = (pl.col("day") >= pl.col("_drug_day")).fill_null(False)
    unknown = (~pl.col("covered_drug")).cum_max().over(KEYS) | pl.col("_undated").fill_null(False)
    grid = grid.with_columns(_part=_same_reaction())
    feverish = (pl.col("fever_low") > 0).cum_max().over([*KEYS, "_part"])
    return grid.with_columns(
        freed_low=treated & feverish,
        freed_high=(treated | unknown) & (pl.col("fever_high") > 0).cum_max().over(KEYS),
        drug_doubt=pl.when(treated & ~feverish)
        .then(pl.lit(f"no fever, and the last sign of CRS was more than {CHOICES.clear} days ago"))
        .when(unknown & ~treated)
        .then(pl.lit("drugs that hide fever not recorded as complete")),
    ).drop("_drug_day", "_undated", "_part")


def _same_reaction() -> pl.Expr:
    """Number the stretches of days that belong to one CRS: certain signs no further apart than `clear` days."""
    sign = pl.any_horizontal(pl.col(f"{name}_low") > 0 for name in ("fever", "pressor", "pressure", "hypoxia"))
    before = pl.when(sign).then("day").forward_fill().shift(1).over(KEYS)
    apart = sign & (pl.col("day") - before - 1 > CHOICES.clear)
    return apart.fill_null(False).cum_sum().over(KEYS)


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
        *DAY,
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


def _remarks(days: pl.DataFrame, course: Course, windows: pl.DataFrame) -> pl.DataFrame:
    chronic = course.spans_since("oxygen").filter(pl.col("role") == "chronic").select(KEYS).unique()
    onset = days.filter(pl.col("low") >= 1).group_by(KEYS).agg(onset=pl.col("day").min())
    infected = days.filter(pl.col("infected").fill_null(False)).select(KEYS).unique()
    late = pl.col("onset") > CHOICES.unusual_after
    told = (
        windows.select(KEYS)
        .join(onset, on=KEYS, how="left")
        .join(chronic.with_columns(_chronic=True), on=KEYS, how="left")
        .join(infected.with_columns(_infected=True), on=KEYS, how="left")
    )
    remark = pl.concat_str(
        pl.when(late).then(pl.lit(f"new after day {CHOICES.unusual_after}: check attribution")),
        pl.when("_infected").then(
            pl.lit("infection or HLH-like syndrome recorded: fever on its days counts only as possible CRS")
        ),
        pl.when("_chronic").then(pl.lit("oxygen from before the infusion not counted")),
        separator="; ",
        ignore_nulls=True,
    )
    return told.select(*KEYS, remark=pl.when(remark != "").then(remark))


def _records(course: Course, windows: pl.DataFrame) -> pl.DataFrame:
    """The rows that CRS rests on, by day: patient, infusion, day, source."""
    facts = within(course.facts_since("temperature", "fever", "hypotension", "systolic_bp", "event"), windows)
    facts = facts.filter((pl.col("name") != "event") | pl.col("text").is_in(["death", "infection"]))
    pressor = pl.col("text").str.to_lowercase().is_in(VASOPRESSORS).fill_null(False)
    spans = course.spans_since("vasopressor", "oxygen", "infection", "drug").filter(
        (pl.col("name") != "drug") | pressor
    )
    return pl.concat([rows.select(*DAY, "source") for rows in (facts, stretch_days(spans, windows))])
