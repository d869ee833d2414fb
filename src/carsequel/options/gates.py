"""Gates: which options the record opens, which it closes, and which fact would settle the rest."""

from typing import Any, Final

import polars as pl

from carsequel.options.antigen_now import antigen_conditions
from carsequel.options.conditions import as_conditions, join_conditions
from carsequel.options.needed import options_needed
from carsequel.options.rules import rule_conditions
from carsequel.options.second_infusion import second_infusion_conditions
from carsequel.options.state import failure_conditions
from carsequel.options.table import options_for, options_table
from carsequel.options.transplant import transplant_conditions
from carsequel.options.tumour_marker import marker_conditions
from carsequel.record import Course

GATE_SCHEMA: Final[dict[str, Any]] = {
    "patient": pl.String,
    "infusion": pl.Int64,
    "option": pl.String,
    "gate": pl.String,
    "why": pl.List(pl.String),
    "decides": pl.String,
    "facts": pl.String,
}
# Options whose deciding fact has no name in the record yet: what is unknown, and what would settle it.
OPEN_QUESTIONS: Final = {
    "radiotherapy": (
        "whether one field can cover the disease is not recorded; survival differed between comprehensive and focal "
        "fields (S056)",
        "extent of disease on PET at failure",
    ),
    "other_target_car_t": (
        "which other antigen the disease carries is not settled",
        "biopsy with the antigen of that product",
    ),
}
UNSOURCED: Final = "use in this disease is recalled, no source was read (UNVERIFIED)"


def gate_options(course: Course, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Give the gate of each option of the patient's disease after the last infusion: patient, infusion, option, gate
    (`open`, `closed`, `unknown`), why (list), decides (the facts that would settle an unknown), facts.

    `verdicts` has one row per patient and infusion. An option that does not belong to the disease is left out.
    Patients for whom no option is needed have no row (`options_needed` says why). Order is that of the fixed list
    and no ranking.
    """
    current = options_needed(course, verdicts).filter("needed")
    if current.is_empty():
        return pl.DataFrame(schema=GATE_SCHEMA)
    about = ("patient", "infusion", "disease", "product", "target", "state", "type", "day", "definition")
    pairs = options_for(current.select(about))
    working = pairs.filter(pl.col("kind") != "care")
    joined = join_conditions(
        [
            failure_conditions(pairs),
            antigen_conditions(course, working),
            second_infusion_conditions(course, working, current),
            transplant_conditions(course, working, current),
            marker_conditions(course, working, current),
            _open_questions(working),
            _investigational(working),
            rule_conditions(course, working, current),
            _unsourced(working),
        ]
    )
    place = pl.col("option").replace_strict(
        {name: at for at, name in enumerate(options_table()["option"])}, return_dtype=pl.Int64
    )
    facts = pl.when(pl.col("facts") != "").then("facts")
    return joined.with_columns(facts=facts, _place=place).sort("patient", "infusion", "_place").drop("_place")


def _open_questions(pairs: pl.DataFrame) -> pl.DataFrame:
    rows = [{"option": option, "reason": why, "decides": decides} for option, (why, decides) in OPEN_QUESTIONS.items()]
    return as_conditions(pairs.join(pl.DataFrame(rows), on="option", how="inner", maintain_order="left"))


def _investigational(pairs: pl.DataFrame) -> pl.DataFrame:
    return as_conditions(
        pairs.filter("investigational").with_columns(
            reason=pl.lit("investigational: needs a trial or a centre that offers it"),
            decides=pl.lit("an open trial of this product"),
        )
    )


def _unsourced(pairs: pl.DataFrame) -> pl.DataFrame:
    return as_conditions(
        pairs.filter(pl.col("status") == "UNVERIFIED").with_columns(holds=pl.lit(True), reason=pl.lit(UNSOURCED))
    )
