"""The signs of a CRS, day by day: fever, hypotension (stated, pressure, vasopressors) and hypoxia.

`facts` and `spans` have one row per `id` and `day`: what was recorded on it, and what lasted into it.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from carsequel.side_effects.domains import first_of_day, on_its_day, with_domain
from carsequel.side_effects.rules import HLH_WORDS, Rule, grade_of, rules_of
from carsequel.side_effects.windows import ID_DAY

NOT_COUNTED: Final = ("vasopressin", "argipressin")
SAME_DRUG: Final = {"noradrenaline": "norepinephrine", "adrenaline": "epinephrine"}
VASOPRESSORS: Final = ("norepinephrine", "epinephrine", "phenylephrine", "dopamine", *NOT_COUNTED, *SAME_DRUG)


def with_fever(grid: pl.DataFrame, facts: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Add the domain `fever`: measured or stated."""
    rules = rules_of(rules, "fever")

    def judged(rows: pl.DataFrame) -> pl.DataFrame:
        measured = pl.when(pl.col("value").is_not_null()).then(grade_of(rules, pl.col("value")).fill_null(0))
        stated = pl.col("text").replace_strict({"yes": rules[0].grade, "no": 0}, default=None, return_dtype=pl.Int32)
        said = pl.col("name") == "fever"
        rows = rows.with_columns(
            low=pl.when(said).then(stated).otherwise(measured),
            stated=said,
        )
        order = {"low": True, "value": True, "stated": False}
        worst = first_of_day(rows.filter(pl.col("low").is_not_null()), order)
        note = pl.when("stated").then(pl.lit("fever stated")).otherwise(pl.format("temperature {}", "value"))
        return worst.with_columns(high="low", note=note, doubt=pl.lit(None))

    own, covered = facts.filter(pl.col("name").is_in(["temperature", "fever"])), pl.col("covered_fever")
    return with_domain(grid, own, judged, "fever", covered, rules[0].grade, "temperature not recorded")


def with_infections(grid: pl.DataFrame, facts: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Add `infected`: an infection or HLH-like syndrome on that day, so that its fever is only possibly one of CRS."""
    ill = spans.filter((pl.col("name") == "infection") | is_hlh()).select(ID_DAY)
    noted = facts.filter((pl.col("name") == "event") & (pl.col("text") == "infection")).select(ID_DAY)
    if ill.is_empty() and noted.is_empty():
        return grid.with_columns(infected=pl.lit(False))
    others = pl.concat([ill, noted]).drop_nulls("day").unique().with_columns(infected=True)
    infected = pl.col("infected").fill_null(False)
    doubt = pl.lit("an infection or HLH-like syndrome on that day may explain the fever")
    return on_its_day(grid, others).with_columns(
        infected=infected,
        fever_low=pl.when(infected).then(0).otherwise("fever_low"),
        fever_doubt=pl.when(infected & (pl.col("fever_low") > 0)).then(doubt).otherwise("fever_doubt"),
    )


def is_hlh() -> pl.Expr:
    """Tell whether a span is a stated HLH-like syndrome."""
    return (pl.col("name") == "toxicity") & pl.col("text").str.contains(HLH_WORDS).fill_null(False)


def is_pressor() -> pl.Expr:
    """Tell whether a span is a vasopressor, also where it was recorded among the drugs."""
    drug = pl.col("text").str.strip_chars().str.to_lowercase()
    return (pl.col("name") == "vasopressor") | ((pl.col("name") == "drug") & drug.is_in(VASOPRESSORS).fill_null(False))


def with_pressors(grid: pl.DataFrame, spans: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Add the domain `pressor`: how many vasopressors were given that day (vasopressin not counted)."""
    rules = rules_of(rules, "hypotension", "vasopressor")

    def judged(rows: pl.DataFrame) -> pl.DataFrame:
        drug = pl.col("text").str.strip_chars().str.to_lowercase().replace(SAME_DRUG)
        number = rows.with_columns(drug=drug).group_by(ID_DAY)
        per = number.agg(
            counted=pl.col("drug").filter(~pl.col("drug").is_in(NOT_COUNTED)).n_unique(),
            unnamed=pl.struct("since", "until").filter(pl.col("drug").is_null()).n_unique(),
            note=pl.col("drug").unique().sort().str.join(" and "),
        )
        least = pl.when((pl.col("counted") == 0) & (pl.col("unnamed") > 0)).then(1).otherwise("counted")
        return per.with_columns(
            low=grade_of(rules, least),
            high=grade_of(rules, pl.col("counted") + pl.col("unnamed")),
            note=pl.when(pl.col("note") == "").then(pl.lit("vasopressor")).otherwise("note"),
            doubt=pl.when(pl.col("unnamed") > 0).then(pl.lit("vasopressor without its name")),
        )

    covered, missing = pl.col("covered_pressor"), "vasopressors not recorded as complete"
    own, gravest = spans.filter(is_pressor()), rules[0].grade
    grid = with_domain(grid, own, judged, "pressor", covered, gravest, missing)
    told = covered | (pl.col("pressor_low") == gravest)
    return grid.with_columns(
        pressor_high=pl.when(covered).then("pressor_high").otherwise(gravest),
        pressor_doubt=pl.when(told).then("pressor_doubt").otherwise(pl.lit(missing)),
    )


def with_pressure(
    grid: pl.DataFrame,
    facts: pl.DataFrame,
    windows: pl.DataFrame,
    rules: Sequence[Rule],
    names: Sequence[str],
    adult_from: float,
) -> pl.DataFrame:
    """Add the domain `pressure`: hypotension as stated, else by the systolic pressure where that is chosen."""
    stated = pl.col("name") == "hypotension"
    stated_grade = rules_of(rules, "hypotension", "stated")[0].grade

    def judged(rows: pl.DataFrame) -> pl.DataFrame:
        adult = (pl.col("age_from") >= adult_from).fill_null(False)
        not_of_a_child = (pl.col("disease") != "B-ALL").fill_null(True) & ~(pl.col("age_to") < adult_from).fill_null(
            False
        )
        who = windows.select("id", settles=adult | not_of_a_child)
        said = pl.when(pl.col("text") == "yes").then(stated_grade).otherwise(0)
        number = grade_of(rules_of(rules, "hypotension", "systolic_bp"), pl.col("value")).fill_null(0)
        rows = rows.join(who, on="id", how="left", maintain_order="left")
        rows = rows.with_columns(high=pl.when(stated).then(said).otherwise(number))
        unsure = ~stated & ~pl.col("settles") & (pl.col("high") > 0)
        measured = pl.format("systolic pressure {}", "value")
        rows = rows.with_columns(
            low=pl.when(stated | pl.col("settles")).then("high").otherwise(0),
            note=pl.when(stated).then(pl.lit("hypotension stated")).otherwise(measured),
            doubt=pl.when(unsure).then(pl.lit("no limit of low pressure for a child or an unknown age")),
        )
        return first_of_day(rows, {"high": True, "value": False})

    readable = (stated & pl.col("text").is_in(["yes", "no"])) | (~stated & pl.col("value").is_not_null())
    own, covered = facts.filter(pl.col("name").is_in(names) & readable), pl.col("covered_pressure")
    said_days = own.filter(stated).select(ID_DAY).unique()
    if said_days.height:
        own = pl.concat([own.filter(stated), own.filter(~stated).join(said_days, on=ID_DAY, how="anti")])
    return with_domain(grid, own, judged, "pressure", covered, stated_grade, "blood pressure not recorded")


def with_oxygen(grid: pl.DataFrame, spans: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Add the domain `hypoxia` by the oxygen device of the day; oxygen from before the infusion is not counted."""
    rules = rules_of(rules, "hypoxia")
    every = [rule.grade for rule in rules]

    def judged(rows: pl.DataFrame) -> pl.DataFrame:
        name = pl.col("text").fill_null("oxygen").str.replace_all("_", " ")
        note = pl.when(pl.col("value").is_null()).then(name).otherwise(pl.format("{} {} L/min", name, "value"))
        unsure = pl.when(pl.col("low") < pl.col("high")).then(pl.lit("device or flow of oxygen not given"))
        rows = rows.with_columns(*_by_device(rules), note=note).with_columns(doubt=unsure)
        return rows.group_by(ID_DAY).agg(
            pl.col("low", "high").max(),
            note=pl.col("note").sort_by("low", "note", descending=True).first(),
            doubt=pl.col("doubt").max(),
        )

    own = spans.filter((pl.col("name") == "oxygen") & (pl.col("role").fill_null("") != "chronic"))
    missing = "oxygen not recorded as complete"
    return with_domain(grid, own, judged, "hypoxia", pl.col("covered_oxygen"), max(every), missing)


def _by_device(rules: Sequence[Rule]) -> list[pl.Expr]:
    """Low and high by the device of the day; where a device has several lines, its flow decides between them."""
    lines = {device: [r for r in rules if r.finding == device] for device in dict.fromkeys(r.finding for r in rules)}
    by_flow = {device: own for device, own in lines.items() if any(rule.test for rule in own)}
    sides = []
    for side, pick in (("low", min), ("high", max)):
        grades = {device: pick(rule.grade for rule in own) for device, own in lines.items()}
        unknown = pick(rule.grade for rule in rules)
        grade = pl.col("text").replace_strict(grades, default=unknown, return_dtype=pl.Int32)
        for device, own in by_flow.items():
            known = (pl.col("text") == device) & pl.col("value").is_not_null()
            grade = pl.when(known).then(grade_of(own, pl.col("value"))).otherwise(grade)
        sides.append(grade.alias(side))
    return sides
