"""CLL-IPI (0-10 points): TP53, IGHV, beta-2 microglobulin (mg/L), Rai or Binet stage, age.

Built in untreated patients; here read before CAR T cells. TP53 and IGHV are read from the words of `tp53` and
`cytogenetics`, Rai or Binet from `stage`. Day 0 is the day of infusion.
"""

from typing import Final

import polars as pl

from carsequel.record.course import Course
from carsequel.risks.moments import MOMENT, baseline
from carsequel.risks.points import Group, Point, answers_for, baseline_findings, caution, scored
from carsequel.risks.readings import LABORATORY, STAGING, Item, read_age, read_items, value_of
from carsequel.risks.statements import CHANGES, clauses, found_or_denied, with_reading
from carsequel.terms.findings import definition_of

SOURCE: Final = "cllipi2016"
CRITERION: Final = "cll_ipi"
VALIDATED: Final = ("CLL",)

RULES: tuple[Point, ...] = (
    Point("tp53", 4, ">=", 1.0, "del(17p) or TP53 mutation or both"),
    Point("ighv", 2, ">=", 1.0, "unmutated IGHV"),
    Point("b2m", 2, ">", 3.5, "beta-2 microglobulin above 3.5 mg/L"),
    Point("stage", 1, ">=", 1.0, "Rai I-IV or Binet B-C"),
    Point("age", 1, ">", 65.0, "older than 65 years"),
)
GROUPS: tuple[Group, ...] = (Group("very high", 7), Group("high", 4), Group("intermediate", 2), Group("low", 0))
STAGES: Final = {"0": 0.0, "A": 0.0, "I": 1.0, "1": 1.0, "II": 2.0, "2": 2.0, "III": 3.0, "3": 3.0}
STAGES_LATE: Final = {"IV": 4.0, "4": 4.0, "B": 1.0, "C": 2.0}


def _rai_or_binet() -> pl.Expr:
    """The Rai stage 0-4, or Binet A-C as 0-2, of a row whose words or method name the system."""
    number = pl.col("value").cast(pl.Int64, strict=False).cast(pl.String)
    words = pl.concat_str("method", "text", number, separator=" ", ignore_nulls=True)
    stage = words.str.extract(r"(?i)\b(?:rai|binet)\s*(?:stage\s*)?(IV|III|II|I|[0-4ABC])\b", 1).str.to_uppercase()
    return stage.replace_strict(STAGES | STAGES_LATE, default=None, return_dtype=pl.Float64)


TP53_WORDS: Final = r"(?i)mutat|wild[- ]?type|\bwt\b|delet|\bloss\b|normal|intact|aberra|altered|negative|positive"

ITEMS: Final = (
    Item("b2m", "beta2_microglobulin", "beta-2 microglobulin", value_of()),
    Item("stage", "stage", "Rai or Binet stage", _rai_or_binet(), STAGING, "baseline", "without Rai or Binet"),
)


def score_cll_ipi(course: Course, *, everyone: bool = False) -> pl.DataFrame:
    """Score CLL-IPI: one `assessment` per infusion and moment, for CLL and patients without a disease; `everyone`
    answers for the others with a warning. TP53 is unaltered only where both the mutation and del(17p) are denied.
    Gives a findings frame (source cllipi2016)."""
    moments = answers_for(baseline(course), VALIDATED, everyone)
    readings = _with_genes(course, read_items(course, read_age(moments), ITEMS))
    found = scored(readings, RULES, GROUPS)
    choices = definition_of(look_back=LABORATORY, staging=STAGING)
    warning = caution(VALIDATED, "built in untreated patients")
    return baseline_findings(found, warning, criterion=CRITERION, source=SOURCE, choices=choices)


def _with_genes(course: Course, moments: pl.DataFrame) -> pl.DataFrame:
    """Add the readings `tp53` and `ighv`."""
    changed = clauses(course, moments, "tp53", "cytogenetics")
    heavy = pl.col("clause").str.contains("(?i)ighv")
    free = pl.col("clause").str.contains(r"(?i)\bunmutated\b|\bnot mutated\b")
    arm = CHANGES["del(17p)"]
    own = (pl.col("name") == "tp53") & ~pl.col("clause").str.contains(arm)
    gene = pl.when(own | pl.col("clause").str.contains("(?i)tp53")).then(found_or_denied(TP53_WORDS))
    changed = changed.with_columns(
        _gene=gene,
        _arm=found_or_denied(arm),
        _ighv=pl.when(heavy & free).then(1.0).when(heavy & pl.col("clause").str.contains(r"(?i)\bmutated\b")).then(0.0),
    )
    per = changed.group_by(MOMENT).agg(
        pl.col("_gene", "_arm", "_ighv").max(), source=pl.col("source").drop_nulls().unique().sort()
    )
    altered = pl.max_horizontal("_gene", "_arm") == 1
    intact = (pl.col("_gene") == 0) & (pl.col("_arm") == 0)
    tp53 = per.with_columns(_number=pl.when(altered).then(1.0).when(intact).then(0.0))
    ighv = per.with_columns(_number=pl.col("_ighv"))
    told = ({1.0: "TP53 altered", 0.0: "TP53 intact"}, {1.0: "IGHV unmutated", 0.0: "IGHV mutated"})
    found = with_reading(moments, tp53, "tp53", told[0], "TP53 and del(17p) not settled")
    return with_reading(found, ighv, "ighv", told[1], "IGHV not settled")
