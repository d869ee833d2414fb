"""HCT-CI (0-26 points): comorbidity before allogeneic transplantation, from items named in `comorbidity` facts.

Points of Sorror 2005; with `age=with`, one more point from 40 years (Sorror 2014). An item that is not named is absent
only where `comorbidity` is covered or stated as none. Day 0 is the day of infusion.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.risks.moments import BEFORE_INFUSION, MOMENT, baseline
from carsequel.risks.points import Group, Point, baseline_findings, in_groups, reasons, summed
from carsequel.risks.readings import read_age
from carsequel.risks.statements import DENIED_FIRST, clauses, covers
from carsequel.terms.findings import definition_of, join_findings

SOURCE: Final = "sorror2005"
WITH_AGE: Final = "sorror2005; sorror2014"
CRITERION: Final = "hct_ci"
NOTE: Final = "built for allogeneic transplantation, not for CAR T cells"


class Comorbidity(NamedTuple):
    """Words that name an item; how grave it is is read from the same clause."""

    item: str
    words: str


MILD: Final = r"\bmild\b|\bchronic hepatitis\b"
GRAVE: Final = r"\bmoderate\b|\bsevere\b|cirrhos"
NAMES: tuple[Comorbidity, ...] = (
    Comorbidity("arrhythmia", r"arrhythm|atrial fib|flutter|sick sinus"),
    Comorbidity("cardiac", r"\bcardiac\b|coronary|heart failure|infarction"),
    Comorbidity("inflammatory_bowel", r"inflammatory[ _]bowel|crohn|ulcerative colitis|\bibd\b"),
    Comorbidity("diabetes", r"diabet"),
    Comorbidity("cerebrovascular", r"cerebrovascular|stroke|transient isch|\btia\b"),
    Comorbidity("psychiatric", r"psychiatr|depress|anxiety"),
    Comorbidity("obesity", r"\bobes"),
    Comorbidity("infection", r"\binfection"),
    Comorbidity("rheumatologic", r"rheumat|\blupus\b|polymyositis|connective tissue|polymyalgia"),
    Comorbidity("peptic_ulcer", r"peptic|gastric ulcer|duodenal ulcer"),
    Comorbidity("renal", r"\brenal\b|\bkidney\b|dialysis"),
    Comorbidity("prior_malignancy", r"(?:prior|previous|solid)[ _](?:solid[ _])?(?:malignan|tumou?r|cancer)"),
    Comorbidity("heart_valve", r"\bvalv|heart[ _]valve"),
    Comorbidity("hepatic", r"hepatic|\bliver\b|hepatitis|cirrhos"),
    Comorbidity("pulmonary", r"pulmonary|\blung\b"),
)
NOTHING: Final = r"(?i)^\s*(?:none|no (?:known |relevant )?comorbidit(?:y|ies))\s*$"
ENDS: Final = ("lo", "hi")
RULES: tuple[Point, ...] = (
    Point("prior_malignancy", 3, ">=", 1.0, "treated solid malignancy, non-melanoma skin cancer excluded"),
    Point("heart_valve", 3, ">=", 1.0, "except asymptomatic mitral valve prolapse"),
    Point("hepatic", 3, ">=", 2.0, "moderate or severe: cirrhosis, bilirubin > 1.5 x, AST or ALT > 2.5 x upper limit"),
    Point("hepatic", 1, ">=", 1.0, "mild: chronic hepatitis, bilirubin or AST or ALT above the upper limit"),
    Point("pulmonary", 3, ">=", 2.0, "severe: DLCO or FEV1 up to 65 %, dyspnoea at rest, oxygen"),
    Point("pulmonary", 2, ">=", 1.0, "moderate: DLCO or FEV1 66-80 %, dyspnoea on slight activity"),
    Point("rheumatologic", 2, ">=", 1.0, "lupus, rheumatoid arthritis, polymyositis, mixed disease, polymyalgia"),
    Point("peptic_ulcer", 2, ">=", 1.0, "requiring treatment (2 points, not 1 as in one public tool)"),
    Point("renal", 2, ">=", 1.0, "moderate or severe: creatinine above 2 mg/dL, dialysis, transplant"),
    Point("arrhythmia", 1, ">=", 1.0, "atrial fibrillation or flutter, sick sinus, ventricular arrhythmia"),
    Point("cardiac", 1, ">=", 1.0, "coronary disease, heart failure, infarction, ejection fraction up to 50 %"),
    Point("inflammatory_bowel", 1, ">=", 1.0, "Crohn disease, ulcerative colitis"),
    Point("diabetes", 1, ">=", 1.0, "requiring treatment, not diet alone"),
    Point("cerebrovascular", 1, ">=", 1.0, "transient ischaemic attack, stroke"),
    Point("psychiatric", 1, ">=", 1.0, "depression or anxiety requiring treatment"),
    Point("obesity", 1, ">=", 1.0, "body mass index above 35"),
    Point("infection", 1, ">=", 1.0, "requiring continued treatment"),
)
AGE_RULES: tuple[Point, ...] = (Point("age", 1, ">=", 40.0, "40 years or older"),)
GROUPS: tuple[Group, ...] = (Group("high", 3), Group("intermediate", 1), Group("low", 0))
AGE_GROUPS: tuple[Group, ...] = (Group("comorbidity and age", 0),)


def score_hct_ci(course: Course) -> pl.DataFrame:
    """Score HCT-CI: one `assessment` per infusion with (`age=with`) and without age (default), all patients, from what
    is recorded up to the infusion. Items neither named nor covered widen the range; with nothing named and nothing
    covered it is not gradable. Gives a findings frame (sources sorror2005, sorror2014)."""
    moments = baseline(course).filter(pl.col("at") == BEFORE_INFUSION).with_columns(at=pl.lit("infusion"), default=True)
    readings = _read(course, read_age(moments))
    return join_findings(
        [
            _finish(readings, RULES, GROUPS, "without", SOURCE),
            _finish(readings.with_columns(default=False), RULES + AGE_RULES, AGE_GROUPS, "with", WITH_AGE),
        ]
    )


def _finish(
    readings: pl.DataFrame, rules: tuple[Point, ...], groups: tuple[Group, ...], age: str, source: str
) -> pl.DataFrame:
    found = summed(readings, rules).with_columns(label=in_groups(groups), why=_why())
    return baseline_findings(found, pl.lit(NOTE), criterion=CRITERION, source=source, choices=definition_of(age=age))


def _why() -> pl.Expr:
    nothing = pl.when(pl.col("low").is_null()).then(pl.lit("comorbidity neither recorded nor covered"))
    plain = reasons(rest=False)
    whole = pl.when(plain == "").then(pl.lit("no item named, comorbidity recorded completely")).otherwise(plain)
    return pl.coalesce(nothing, whole)


def _read(course: Course, moments: pl.DataFrame) -> pl.DataFrame:
    """Add one reading per item: its level where named, 0 where denied, covered or stated as none, else unknown."""
    complete = covers(course, moments, "comorbidity")
    said = clauses(course, moments, "comorbidity").with_columns(_no=pl.col("clause").str.contains(DENIED_FIRST))
    nothing = pl.col("clause").str.contains(NOTHING)
    complete = pl.concat([complete, said.filter(nothing).select(MOMENT)]).unique().with_columns(_complete=True)
    named = _levels_named(said.filter(~nothing))
    every = moments.join(named, on=MOMENT, how="left", maintain_order="left")
    every = every.join(complete, on=MOMENT, how="left", maintain_order="left")
    absent = pl.when("_complete").then(0.0)
    sides = [pl.coalesce(f"{name.item}_{side}", absent).alias(f"{name.item}_{side}") for name in NAMES for side in ENDS]
    notes = {f"{name.item}_note": pl.lit(name.item.replace("_", " ")) for name in NAMES}
    return every.with_columns(*sides, **notes).drop("_complete")


def _levels_named(said: pl.DataFrame) -> pl.DataFrame:
    """The least and the greatest level of each item that the clauses of a moment name, and their sources."""
    columns: list[pl.Expr] = []
    for name in NAMES:
        mine = pl.col("clause").str.contains(f"(?i){name.words}")
        levels = (pl.when("_no").then(0.0).otherwise(level).filter(mine) for level in _levels(name.item))
        columns += [level.max().alias(f"{name.item}_{side}") for level, side in zip(levels, ENDS, strict=True)]
        columns.append(pl.col("source").filter(mine).drop_nulls().unique().sort().alias(f"{name.item}_source"))
    return said.group_by(MOMENT).agg(columns)


def _levels(item: str) -> tuple[pl.Expr, pl.Expr]:
    """The least and the greatest level the words of a clause allow: liver mild 1, graver 2; lung moderate 1, severe 2,
    mild none; kidney mild none, else 1; any other item 1."""
    words = (MILD, GRAVE, "severe", "moderate")
    mild, grave, severe, moderate = (pl.col("clause").str.contains(f"(?i){word}") for word in words)
    only_mild = mild & ~grave
    if item == "renal":
        return pl.when(only_mild).then(0.0).otherwise(1.0), pl.when(only_mild).then(0.0).otherwise(1.0)
    if item == "hepatic":
        return pl.when(grave).then(2.0).otherwise(1.0), pl.when(only_mild).then(1.0).otherwise(2.0)
    if item == "pulmonary":
        low = pl.when(severe & ~moderate).then(2.0).otherwise(1.0)
        high = pl.when(moderate & ~severe).then(1.0).otherwise(2.0)
        return pl.when(only_mild).then(0.0).otherwise(low), pl.when(only_mild).then(0.0).otherwise(high)
    return pl.lit(1.0), pl.lit(1.0)
