"""Second infusion of the same product: what the record says about why the first one failed."""

from typing import Final

import polars as pl

from carsequel.causes.expansion import CELLS, car_t_readings
from carsequel.causes.seen import has, seen_facts
from carsequel.evidence.rows import evidence_rows
from carsequel.options.conditions import as_conditions
from carsequel.record import Course

OPTION: Final = "second_infusion"
_KEY: Final = ["patient", "infusion"]
NO_COHORT: Final = "no retrieved cohort of a second infusion of this target in this disease"
# Published CR of a second CD19 infusion: (disease, never responded to the first) and the row of the evidence table.
PUBLISHED: Final = (
    ("B-ALL", True, "second-infusion-chop-penn-b-all/cr-nonresponders"),
    ("B-ALL", False, "second-infusion-chop-penn-b-all/cr"),
    ("CLL", None, "second-infusion-gauthier-nhl-cll-all/cr-cll"),
    ("LBCL", None, "second-infusion-gauthier-nhl-cll-all/cr-nhl"),
    ("FL", None, "second-infusion-gauthier-nhl-cll-all/cr-nhl"),
    ("MCL", None, "second-infusion-gauthier-nhl-cll-all/cr-nhl"),
)


def second_infusion_conditions(course: Course, pairs: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Give the conditions of a second infusion beside the antigen: type of failure, expansion, rejection, repeats."""
    rows = pairs.filter(pl.col("option") == OPTION)
    seen = seen_facts(course, verdicts, *CELLS, "anti_car_antibody")
    seen = seen.join(rows.select(_KEY), on=_KEY, how="semi")
    return pl.concat([_by_type(rows), _repeated(rows), _expansion(rows, seen), _rejected(seen)])


def _by_type(rows: pl.DataFrame) -> pl.DataFrame:
    cd19 = pl.col("target").fill_null("").str.contains("CD19")
    refractory = (pl.col("type") == "primary_refractory").fill_null(False)
    group = {True: refractory, False: ~refractory, None: pl.lit(True)}
    published = [
        pl.when(cd19 & (pl.col("disease") == disease) & group[never]).then(pl.lit(_quote(row)))
        for disease, never, row in PUBLISHED
    ]
    holds = pl.when(~refractory).then(True)
    reason = pl.coalesce(*published, pl.lit(NO_COHORT))
    why = pl.when(refractory).then(pl.lit("no response to the last infusion; ")).otherwise(pl.lit("")) + reason
    return as_conditions(
        rows.with_columns(holds=holds, reason=why, decides=pl.lit("why the last infusion failed (expansion, antigen)"))
    )


def _repeated(rows: pl.DataFrame) -> pl.DataFrame:
    again = rows.filter(pl.col("infusion") > 1)
    reason = pl.format("infusion {} of CAR T cells has failed already", "infusion")
    return as_conditions(
        again.with_columns(holds=pl.lit(None), reason=reason, decides=pl.lit("why the repeated infusion failed"))
    )


def _expansion(rows: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    cells = car_t_readings(seen).filter(pl.col("found").is_not_null())
    found = cells.group_by(_KEY, maintain_order=True).agg(
        there=pl.col("found").any(),
        said=pl.col("said").unique(maintain_order=True).str.join("; "),
        facts=pl.col("source").drop_nulls().unique(maintain_order=True).str.join("; "),
    )
    both = rows.join(found, on=_KEY, how="left", maintain_order="left")
    reason = (
        pl.when(pl.col("there").is_null())
        .then(pl.lit("expansion after the last infusion not recorded"))
        .when("there")
        .then(pl.format("CAR T cells were found: {}", "said"))
        .otherwise(pl.format("CAR T cells did not expand: {}", "said"))
    )
    holds = pl.when(pl.col("there").fill_null(False)).then(True)
    return as_conditions(
        both.with_columns(holds=holds, reason=reason, decides=pl.lit("CAR T cells in blood after the last infusion"))
    )


def _rejected(seen: pl.DataFrame) -> pl.DataFrame:
    found = seen.filter((pl.col("name") == "anti_car_antibody") & has("yes"))
    return as_conditions(
        found.with_columns(
            holds=pl.lit(None),
            reason=pl.format("antibody against the CAR: {}", "said"),
            decides=pl.lit("whether the antibody clears the cells"),
            facts="source",
        ),
        OPTION,
    )


def _quote(row: str) -> str:
    """Give a published CR share in words, from its row of the evidence table."""
    found = evidence_rows("options").row(by_predicate=pl.col("id") == row, named=True)
    share = (
        f"{found['n_events']} of {found['n']}"
        if found["n_events"] is not None
        else f"{found['value']:g} % of {found['n']}"
    )
    return f"CR on reinfusion in {share} ({found['population']}; {found['source']})"
