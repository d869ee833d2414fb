"""ICANS by ASTCT consensus (grades 0-5) from daily records: ICE 0-10 points, CAPD 0-32 points, signs in words.

Day 0 is the day of infusion, the window day 0 to 30. The worst domain of a day sets its grade: cognition (ICE from age
12, CAPD below), consciousness, seizure, motor weakness, raised pressure or oedema. Bleeding, tremor and myoclonus do
not count. Sedation must be excluded as the cause.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.coverage import with_coverage
from carsequel.side_effects.day_findings import Answer, Reaction, day_findings
from carsequel.side_effects.domains import on_its_day, with_deaths, with_domain
from carsequel.side_effects.rules import Rule, grade_of, rules_of
from carsequel.side_effects.windows import ID_DAY, every_day, facts_of, windows_of
from carsequel.terms.findings import definition_of

SOURCE: Final = "lee2019"
CRITERION: Final = "icans.astct2019"

RULES: tuple[Rule, ...] = (
    Rule("death", "icans", 5, "death due to ICANS"),
    Rule(
        "ice", "", 3, "ICE 0-2; 0 while awake (global aphasia) stays 3, unarousable is graded by consciousness", "<=", 2
    ),
    Rule("ice", "", 2, "ICE 3-6", "<=", 6),
    Rule("ice", "", 1, "ICE 7-9", "<=", 9),
    Rule("capd", "", 3, "CAPD 9 or more", ">=", 9),
    Rule("capd", "", 1, "CAPD 1-8; waking to voice only is graded by consciousness; 0 is read as grade 0", ">=", 1),
    Rule("consciousness", "unarousable", 4, "unarousable, or needs vigorous or repeated touch; stupor, coma"),
    Rule("consciousness", "wakes_to_touch", 3, "awakens only to touch"),
    Rule("consciousness", "wakes_to_voice", 2, "awakens to voice"),
    Rule("consciousness", "awake", 0, "awake; spontaneous waking adds no grade of its own"),
    Rule("seizure", "prolonged", 4, "longer than 5 minutes, or repetitive without return to baseline"),
    Rule("seizure", "brief", 3, "any seizure that resolves quickly"),
    Rule("seizure", "eeg_only", 3, "seizure on EEG only that resolves with treatment"),
    Rule("seizure", "none", 0, "no seizure"),
    Rule("motor_weakness", "focal_deep", 4, "deep focal weakness such as hemiparesis or paraparesis"),
    Rule("motor_weakness", "none", 0, "no weakness"),
    Rule("cerebral_edema", "diffuse", 4, "diffuse oedema on imaging"),
    Rule("cerebral_edema", "posturing", 4, "decerebrate or decorticate posturing"),
    Rule("cerebral_edema", "cn6_palsy", 4, "palsy of the sixth cranial nerve"),
    Rule("cerebral_edema", "papilledema", 4, "papilloedema"),
    Rule("cerebral_edema", "cushing_triad", 4, "Cushing triad"),
    Rule("cerebral_edema", "focal", 3, "focal or local oedema on imaging"),
    Rule("cerebral_edema", "none", 0, "no oedema"),
)


class Choices(NamedTuple):
    """Days of the window, and the age from which ICE is used (CAPD below)."""

    window: int = 30
    ice_from_age: float = 12


CHOICES = Choices()
WORST: Final = 4
IN_WORDS: Final = ("consciousness", "seizure", "motor_weakness", "cerebral_edema")
DOMAINS: Final = ("cognition", *IN_WORDS)
RECORDS: Final = {"cognition": ("ice", "capd"), **{name: (name,) for name in IN_WORDS}}
SPOKEN: Final = {
    "cognition": "ICE or CAPD",
    "consciousness": "consciousness",
    "seizure": "seizures",
    "motor_weakness": "motor weakness",
    "cerebral_edema": "cerebral oedema",
}


def grade_icans(course: Course, *, window: int | None = None) -> pl.DataFrame:
    """Grade ICANS day by day: one finding `maximum` per infusion (day 0 to `window`) and one `episode` per episode.

    A domain that is neither recorded nor covered that day widens the answer to grade 4; on a sedated day cognition and
    consciousness count only on the high side; a score that is no whole number or out of range counts as not recorded.
    Gives a findings frame (source lee2019).
    """
    last = CHOICES.window if window is None else window
    found = _reaction(course, last)
    course.once(("side_effects.resolved", CRITERION, last), lambda: found.resolved)
    return found.findings


def icans_resolved(course: Course, *, window: int | None = None) -> pl.DataFrame:
    """Give when each episode that `grade_icans` finds in the same window was resolved (`day_findings.RESOLVED`)."""
    last = CHOICES.window if window is None else window
    return course.once(("side_effects.resolved", CRITERION, last), lambda: _reaction(course, last).resolved)


def _reaction(course: Course, last: int) -> Reaction:
    windows = windows_of(course, 0, last)
    facts = facts_of(course, "ice", "capd", "sedated", "event", *IN_WORDS, undated=True, until=last + 1)
    grid = with_coverage(every_day(windows), course, windows, RECORDS)
    for domain in IN_WORDS:
        grid = _with_words(grid, facts, domain)
    grid = _with_cognition(grid, facts, windows)
    grid = _with_sedation(grid, facts)
    events = facts.filter(pl.col("name") == "event")
    days = with_deaths(_graded(grid), events, windows, "icans", rules_of(RULES, "death")[0].grade)
    used = facts.filter((pl.col("name") != "event") | (pl.col("text") == "death")).select(*ID_DAY, "source")
    answer = Answer(
        CRITERION,
        definition_of(capd="1-8"),
        True,
        SOURCE,
        "no neurotoxicity",
        "no ICE, CAPD, consciousness, seizure, weakness or oedema recorded or covered",
    )
    return day_findings(days, windows, used, _remarks(days), f"d0-{last}", answer)


def _with_words(grid: pl.DataFrame, facts: pl.DataFrame, domain: str) -> pl.DataFrame:
    """Add a domain that is told in words; a word outside the list leaves the day open."""
    word = SPOKEN[domain]

    def judged(rows: pl.DataFrame) -> pl.DataFrame:
        grades = {line.finding: line.grade for line in rules_of(RULES, domain)}
        grade = pl.col("text").replace_strict(grades, default=None, return_dtype=pl.Int64)
        rows = rows.with_columns(
            low=grade.fill_null(0),
            high=grade.fill_null(WORST),
            note=pl.format(f"{word} {{}}", pl.col("text").str.replace_all("_", " ")),
            doubt=pl.when(grade.is_null()).then(pl.lit(f"{word}: answer not readable")),
        )
        ordered = rows.sort("low", "note", descending=True, nulls_last=True).group_by(ID_DAY, maintain_order=True)
        return ordered.agg(pl.col("low", "high").max(), note=pl.col("note").first(), doubt=pl.col("doubt").max())

    own, covered = facts.filter(pl.col("name") == domain), pl.col(f"covered_{domain}")
    return with_domain(grid, own, judged, domain, covered, WORST, f"{word} not recorded")


def _with_cognition(grid: pl.DataFrame, facts: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """Add the domain `cognition`: ICE, or CAPD below the age of ICE and where no ICE was recorded."""

    def judged(rows: pl.DataFrame) -> pl.DataFrame:
        points = pl.when(pl.col("value") == pl.col("value").round()).then("value")
        scores = rows.with_columns(pl.when(pl.col("name") == test).then(points).alias(test) for test in ("ice", "capd"))
        per = scores.group_by(ID_DAY).agg(pl.col("ice").min(), pl.col("capd").max())
        child = (pl.col("age_to") < CHOICES.ice_from_age).fill_null(False)
        per = per.join(windows.select("id", child=child), on="id", how="left")
        use_ice = pl.col("ice").is_not_null() & ~pl.col("child")
        grade = pl.when(use_ice).then(_points("ice")).otherwise(_points("capd"))
        note = pl.when(use_ice).then(pl.format("ICE {}", pl.col("ice").cast(pl.Int64)))
        return per.with_columns(
            low=grade.fill_null(0),
            high=grade.fill_null(WORST),
            note=note.otherwise(pl.format("CAPD {}", pl.col("capd").cast(pl.Int64))),
            doubt=pl.when(grade.is_null()).then(pl.lit("no usable ICE or CAPD score")),
        )

    own, covered = facts.filter(pl.col("name").is_in(["ice", "capd"])), pl.col("covered_cognition")
    return with_domain(grid, own, judged, "cognition", covered, WORST, "ICE or CAPD not recorded")


def _points(domain: str) -> pl.Expr:
    return pl.when(pl.col(domain).is_not_null()).then(pl.coalesce(grade_of(rules_of(RULES, domain), pl.col(domain)), 0))


def _with_sedation(grid: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Add `sedated`: on such a day nothing can be told from cognition and consciousness, which lose their low side."""
    asleep = facts.filter((pl.col("name") == "sedated") & (pl.col("text") == "yes"))
    if asleep.is_empty():
        return grid.with_columns(sedated=pl.lit(False))
    days = asleep.select(*ID_DAY, sedated=True).drop_nulls("day").unique()
    grid = on_its_day(grid, days)
    changes = {}
    for domain in ("cognition", "consciousness"):
        high = pl.when(pl.col(f"{domain}_seen")).then(f"{domain}_high").otherwise(WORST)
        doubt = pl.lit(f"sedated: {SPOKEN[domain]} cannot be judged")
        for side, then in (("low", pl.lit(0)), ("high", high), ("doubt", doubt)):
            changes[f"{domain}_{side}"] = pl.when("sedated").then(then).otherwise(f"{domain}_{side}")
    return grid.with_columns(**changes)


def _graded(grid: pl.DataFrame) -> pl.DataFrame:
    low = pl.max_horizontal(*(f"{domain}_low" for domain in DOMAINS))
    high = pl.max_horizontal(*(f"{domain}_high" for domain in DOMAINS))
    days = grid.with_columns(low=low, high=high)
    leading = [pl.when(pl.col(f"{d}_low") == pl.col("low")).then(f"{d}_note") for d in DOMAINS]
    unsure = [pl.when(pl.col(f"{d}_high") > pl.col("low")).then(f"{d}_doubt") for d in DOMAINS]
    covered = [f"covered_{name}" for name in RECORDS]
    return days.select(
        *ID_DAY,
        "low",
        "high",
        "sedated",
        lead=pl.concat_str(*leading, separator=", ", ignore_nulls=True),
        doubt=pl.when(pl.col("high") > pl.col("low")).then(pl.concat_str(*unsure, separator=", ", ignore_nulls=True)),
        known=pl.any_horizontal(*(f"{domain}_seen" for domain in DOMAINS), *covered),
    )


def _remarks(days: pl.DataFrame) -> pl.DataFrame:
    remark = pl.lit("sedated on some days: sedation must be excluded as the cause")
    return days.group_by("id").agg(_any=pl.col("sedated").any()).select("id", remark=pl.when("_any").then(remark))
