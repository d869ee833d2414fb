"""Lugano 2014: response of lymphoma at every scan after the infusion (day 0), by Deauville score, else by CT in mm.

A PET overrides a CT of the same calendar day; without one the CT decides. What was not measured is taken once at its
best and once at its worst. Codes: 0 CR, 1 PR, 2 SD, 3 PD.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.signs import lugano_ct, lugano_pet
from carsequel.signs.best_response import best_of
from carsequel.signs.lugano_ct import ct_answer, ct_days, marrow_progressed, with_organs
from carsequel.signs.lugano_pet import pet_answer, pet_days
from carsequel.signs.lugano_words import NAMES, joined_sources, response_label, told
from carsequel.signs.scans import (
    KEYS,
    SCAN,
    facts_of_scans,
    has_scans,
    lesions_since,
    marrow_days,
    spleen_days,
    uptake_days,
)
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
WAYS: Final = pl.DataFrame(
    [
        {"definition": definition_of(baseline=baseline, modality=modality), "baseline": baseline, "modality": modality}
        for baseline, modality in (("last", "pet_over_ct"), ("earliest", "pet_over_ct"), ("last", "ct"))
    ]
)
DEFAULT: Final = WAYS["definition"][0]
CASE: Final = [*KEYS, "definition"]
ABSENT: Final = {name: pl.lit(None, dtype=pl.Int64) for name in ("low", "high", "day", "looked")} | {
    "undecided": pl.lit(None, dtype=pl.Boolean)
}


def assess_lugano(course: Course, ended: pl.DataFrame | None = None, confirmed: bool = False) -> pl.DataFrame:
    """Give the response at every scan day (`assessment`, period `day N`) and the `best` one, per infusion and
    definition, for LBCL, FL and MCL.

    `ended` (patient, infusion, censor_day) is the day of next therapy or stated progression: later scans do not count
    for the best response. `confirmed` adds the best response confirmed by the next scan as a definition of its own.
    Definitions: `baseline` is the last or the earliest scan before the infusion, `modality` whether a PET overrides.
    Gives a findings frame with codes 0 CR to 3 PD; not evaluable has no bounds (source cheson2014).
    """
    asked = ("none", "next_scan") if confirmed else ("none",)
    every = cases(course)
    if not has_scans(course):
        return join_findings(_as_best(every.with_columns(**ABSENT), confirm) for confirm in asked)
    days = lugano_days(course)
    bests = {
        confirm: best_of(days, ended, progression=3, confirmed=confirm == "next_scan", key="_case") for confirm in asked
    }
    return join_findings(
        [
            as_findings(_assessments(days), kind="assessment", criterion=CRITERION, source=SOURCE),
            *(_as_best(every.join(best, on="_case", how="left"), confirm) for confirm, best in bests.items()),
        ]
    )


def lugano_days(course: Course) -> pl.DataFrame:
    """Give one row per infusion, definition and scan day after day 0: patient, infusion, definition, day, low, high
    (null where nothing can be said), why, source (list), `_case` (of `cases`), and what CT and PET say (columns of
    `ct_days`, `pet_days`)."""
    return course.once(("lugano", lugano_ct.SIZES, lugano_pet.SCORES), lambda: _days(course))


def _days(course: Course) -> pl.DataFrame:
    looks = lymphoma(course)
    lesions, facts = lesions_since(course, looks), facts_of_scans(course, looks)
    ct = ct_days(lesions).with_columns(ct=pl.lit(True))
    pet = pet_days(uptake_days(facts, lesions), lesions)
    days = ct.join(pet, on=SCAN, how="full", coalesce=True).join(cases(course), on=[*KEYS, "baseline"], how="inner")
    pet_counts = pl.col("pet").fill_null(False) & (pl.col("modality") == "pet_over_ct")
    days = days.with_columns(pl.col("ct").fill_null(False), pet=pet_counts).filter(pl.col("ct") | pl.col("pet"))
    days = with_organs(days, spleen_days(facts), marrow_days(facts))
    days = days.with_columns(marrow_pd=marrow_progressed()[0], **pet_answer())
    ct_only = {name: pl.when("ct").then(answer) for name, answer in ct_answer().items()}
    days = days.with_columns(**ct_only)
    low, high = (pl.when("pet").then(f"pet_{side}").otherwise(f"ct_{side}") for side in ("low", "high"))
    nothing = ~pl.col("pet") & (low == 0) & (high == 3)
    sources = [pl.col(name).fill_null([]) for name in ("known_source", "fresh_source")]
    sources.append(pl.when("pet").then("pet_source").fill_null([]))
    days = days.with_columns(
        low=pl.when(~nothing).then(low), high=pl.when(~nothing).then(high), source=pl.concat_list(sources)
    )
    return days.with_columns(why=told()).sort("_case", "day")


def cases(course: Course) -> pl.DataFrame:
    """Give everyone with lymphoma under every definition, in order, with its number `_case`: patient, infusion,
    definition, baseline, modality."""
    return lymphoma(course).join(WAYS, how="cross").sort(CASE).with_row_index("_case")


def lymphoma(course: Course) -> pl.DataFrame:
    """Give patient and infusion of everyone with lymphoma who was infused."""
    return course.infused.filter(pl.col("disease").is_in(LYMPHOMA)).select(KEYS)


def _assessments(days: pl.DataFrame) -> pl.DataFrame:
    return days.select(
        *(*CASE, "low", "high", "why"),
        default=pl.col("definition") == DEFAULT,
        period=pl.format("day {}", "day"),
        start="day",
        end="day",
        label=response_label(NAMES),
        facts=joined_sources(),
    )


def _as_best(best: pl.DataFrame, confirm: str) -> pl.DataFrame:
    """Bring the best response of each infusion and definition (its columns null where no scan counts) into findings."""
    told_best = pl.format("{}, first on day {} (scans that count: {})", response_label(NAMES), "day", "looked")
    none = pl.format("none of the scans can be evaluated (scans that count: {})", "looked")
    absent = pl.lit("no scan after the infusion that counts")
    why = pl.when(pl.col("looked").is_null()).then(absent).when(pl.col("low").is_null()).then(none).otherwise(told_best)
    doubt = pl.when(pl.col("undecided") & pl.col("low").is_not_null()).then(
        pl.lit("; a scan that cannot be evaluated may have been better")
    )
    rows = best.with_columns(
        default=(pl.col("definition") == DEFAULT) & (confirm == "none"),
        definition=pl.format(f"{{}} confirm={confirm}", "definition"),
        start="day",
        end="day",
        label=response_label(NAMES),
        why=pl.concat_str(why, doubt.fill_null(pl.lit(""))),
    )
    return as_findings(rows, kind="best", criterion=CRITERION, source=SOURCE, period="since infusion")
