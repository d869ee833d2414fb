"""Evidence for and against every cause of failure, for all patients at once, and what is missing."""

from typing import Final

import polars as pl

from carsequel.causes import antigen, expansion, microenvironment, patient_treatment, tumour
from carsequel.causes.rules import apply_rules, as_evidence, no_evidence
from carsequel.causes.seen import one_each
from carsequel.causes.stated import stated_causes
from carsequel.record import Course
from carsequel.terms.lists import CAUSES

APPLIES: Final = ("failed", "suspected")
MISSING: Final = (
    antigen.MISSING | expansion.MISSING | microenvironment.MISSING | tumour.MISSING | patient_treatment.MISSING
)


def weigh_causes(course: Course, verdicts: pl.DataFrame, unverified: bool = False) -> pl.DataFrame:
    """Give what the record says for and against each cause of failure: patient, infusion, cause, direction, fact,
    strength, facts, source, status.

    `verdicts` has one row per patient and infusion; only states `failed` and `suspected` are weighed. Every cause has
    a row: where nothing speaks for or against it, `missing` names the test that would. `fact` is in words, `facts`
    names the record rows, `source` is a key of sources.csv (null for a direct observation). Rules marked UNVERIFIED
    are used only with `unverified`. Raises ValueError where a patient and infusion have several verdicts.
    """
    failed = one_each(verdicts).filter(pl.col("state").is_in(APPLIES))
    if failed.is_empty():
        return no_evidence()
    parts = [
        apply_rules(antigen.antigen_facts(course, failed), antigen.RULES, unverified),
        apply_rules(expansion.expansion_facts(course, failed), expansion.RULES, unverified),
        apply_rules(microenvironment.microenvironment_facts(course, failed), microenvironment.RULES, unverified),
        apply_rules(tumour.tumour_facts(course, failed), tumour.RULES, unverified),
        apply_rules(patient_treatment.patient_treatment_facts(course, failed), patient_treatment.RULES, unverified),
        stated_causes(course, failed),
    ]
    found = pl.concat(parts)
    return _ordered(pl.concat([found, _missing(failed, found)]))


def _missing(failed: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Give a row for each cause on which the record is silent."""
    every = pl.DataFrame({"cause": list(MISSING), "fact": list(MISSING.values())})
    keys = failed.select("patient", pl.col("infusion").cast(pl.Int64)).unique(maintain_order=True)
    silent = keys.join(every, how="cross").join(found, on=["patient", "infusion", "cause"], how="anti")
    return as_evidence(silent.with_columns(direction=pl.lit("missing")))


def _ordered(rows: pl.DataFrame) -> pl.DataFrame:
    place = pl.col("cause").replace_strict({cause: at for at, cause in enumerate(CAUSES)}, return_dtype=pl.Int64)
    side = pl.col("direction").replace_strict({"for": 0, "against": 1, "missing": 2}, return_dtype=pl.Int64)
    rows = rows.with_columns(_place=place, _side=side)
    return rows.sort("patient", "infusion", "_place", "_side", maintain_order=True).drop("_place", "_side")
