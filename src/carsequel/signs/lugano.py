"""Lugano 2014: response of lymphoma at every scan after the infusion (day 0), by Deauville score, else by CT in mm.

A PET overrides a CT of the same calendar day; without one the CT decides. What was not measured is taken once at its
best and once at its worst. Codes: 0 CR, 1 PR, 2 SD, 3 PD.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.signs.best_response import best_of
from carsequel.signs.lugano_ct import ct_days
from carsequel.signs.lugano_pet import pet_days
from carsequel.signs.lugano_words import NAMES, joined_sources, response_label, told
from carsequel.signs.scans import DAY, KEYS, lesions_since, marrow_days, spleen_days, uptake_days
from carsequel.terms.findings import as_findings, definition_of, join_findings

SOURCE: Final = "cheson2014"
CRITERION: Final = "lugano.2014"
LYMPHOMA: Final = ("LBCL", "FL", "MCL")


class Rule(NamedTuple):
    """A category: by PET, and by CT where there is no PET."""

    code: int
    name: str
    pet: str
    ct: str


RULES: Final = (
    Rule(
        3,
        "PD",
        "score 4 or 5 with rising uptake, or new avid foci",
        "a lesion above 1.5 cm grew by half from its smallest and by 0.5 or 1 cm, or a new lesion, or the spleen grew",
    ),
    Rule(2, "SD", "score 4 or 5 without clear change", "less than half smaller, no progression"),
    Rule(1, "PR", "score 4 or 5, uptake lower than baseline", "sum of products of up to 6 targets at least half lower"),
    Rule(0, "CR", "score 1 to 3, any residual mass, no new lesion", "nodes at most 1.5 cm, organs and marrow normal"),
)
DEFINITIONS: Final = (("last", "pet_over_ct"), ("earliest", "pet_over_ct"), ("last", "ct"))


def assess_lugano(course: Course, ended: pl.DataFrame | None = None, confirmed: bool = False) -> pl.DataFrame:
    """Give the response at every scan day (`assessment`, period `day N`) and the `best` one, per infusion and
    definition, for LBCL, FL and MCL.

    `ended` (patient, infusion, censor_day) is the day of next therapy or stated progression: later scans do not count
    for the best response. `confirmed` adds the best response confirmed by the next scan as a definition of its own.
    Definitions: `baseline` is the last or the earliest scan before the infusion, `modality` whether a PET overrides.
    Gives a findings frame with codes 0 CR to 3 PD; not evaluable has no bounds (source cheson2014).
    """
    parts = []
    for number, (baseline, modality) in enumerate(DEFINITIONS):
        days = lugano_days(course, baseline, modality)
        fixed = {"criterion": CRITERION, "source": SOURCE, "default": number == 0}
        definition = definition_of(baseline=baseline, modality=modality)
        parts.append(as_findings(_assessments(days), kind="assessment", definition=definition, **fixed))
        asked = {"none": True, "next_scan": confirmed}
        for confirm in (name for name, wanted in asked.items() if wanted):
            best = _best(_lymphoma(course), days, ended, confirm == "next_scan")
            spelled = definition_of(baseline=baseline, modality=modality, confirm=confirm)
            default = number == 0 and confirm == "none"
            parts.append(as_findings(best, kind="best", definition=spelled, **fixed | {"default": default}))
    return join_findings(parts)


def lugano_days(course: Course, baseline: str = "last", modality: str = "pet_over_ct") -> pl.DataFrame:
    """Give one row per infusion and scan day after day 0: patient, infusion, day, low, high (null where nothing can be
    said), why, source (list), and what CT and PET say (columns of `ct_days`, and of `pet_days` with `pet_` before)."""
    lesions = lesions_since(course).join(_lymphoma(course), on=KEYS, how="semi")
    marrow = marrow_days(course)
    ct = ct_days(lesions, spleen_days(course), marrow, baseline).with_columns(ct=pl.lit(True))
    if modality == "ct":
        uptake = uptake_days(course, lesions).clear()
    else:
        uptake = uptake_days(course, lesions).join(_lymphoma(course), on=KEYS, how="semi")
    pet = pet_days(uptake, lesions, marrow, baseline).with_columns(pet=pl.lit(True))
    pet = pet.select(*DAY, "pet", pl.exclude(*DAY, "pet").name.prefix("pet_"))
    days = ct.join(pet, on=DAY, how="full", coalesce=True).sort(DAY)
    days = days.with_columns(pl.col("ct", "pet").fill_null(False)).with_columns(
        ct_low="low",
        ct_high="high",
        low=pl.when("pet").then("pet_low").otherwise("low"),
        high=pl.when("pet").then("pet_high").otherwise("high"),
    )
    nothing = ~pl.col("pet") & (pl.col("low") == 0) & (pl.col("high") == 3)
    days = days.with_columns(pl.when(~nothing).then(pl.col(side)).alias(side) for side in ("low", "high"))
    kept = [pl.col(name).fill_null([]) for name in ("known_source", "fresh_source", "pet_pet_source")]
    return days.with_columns(source=pl.concat_list(kept), why=told())


def _lymphoma(course: Course) -> pl.DataFrame:
    never = course.infusions.filter(pl.col("note") == "not_infused").select(KEYS)
    return course.clock.filter(pl.col("disease").is_in(LYMPHOMA)).join(never, on=KEYS, how="anti").select(KEYS)


def _assessments(days: pl.DataFrame) -> pl.DataFrame:
    return days.with_columns(
        period=pl.format("day {}", "day"),
        start="day",
        end="day",
        label=response_label(NAMES),
        facts=joined_sources(),
    ).drop("source")


def _best(looks: pl.DataFrame, days: pl.DataFrame, ended: pl.DataFrame | None, confirmed: bool) -> pl.DataFrame:
    best = best_of(days, ended, progression=3, confirmed=confirmed).with_columns(start="day", end="day")
    best = best.with_columns(
        pl.col("source").list.eval(pl.element().list.explode(keep_nulls=False, empty_as_null=False))
    )
    best = looks.join(best, on=KEYS, how="left")
    told_best = pl.format("{}, first on day {} (scans that count: {})", response_label(NAMES), "day", "looked")
    none = pl.format("none of the scans can be evaluated (scans that count: {})", "looked")
    absent = pl.lit("no scan after the infusion that counts")
    why = pl.when(pl.col("looked").is_null()).then(absent).when(pl.col("low").is_null()).then(none).otherwise(told_best)
    doubt = pl.when(pl.col("undecided") & pl.col("low").is_not_null()).then(
        pl.lit("; a scan that cannot be evaluated may have been better")
    )
    return best.with_columns(
        period=pl.lit("since infusion"),
        label=response_label(NAMES),
        facts=joined_sources(),
        why=pl.concat_str(why, doubt.fill_null(pl.lit(""))),
    ).drop("source")
