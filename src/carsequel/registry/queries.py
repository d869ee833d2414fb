"""Questions to send back to the ward: which missing record would settle each grade that is only bounded.

One row per open grade and missing record, with the days it concerns; nothing is guessed from the grade itself.
"""

from typing import Final, NamedTuple

import polars as pl

QUERY: Final = (
    *("patient", "infusion", "criterion", "period", "low", "high", "missing", "day", "ask", "could_settle"),
    *("why", "facts"),
)


class Rule(NamedTuple):
    """Words in the sentence of a finding that tell a gap, the record that is missing (name of section 2), and what to
    ask the ward for."""

    words: str
    missing: str
    ask: str


RULES: tuple[Rule, ...] = (
    Rule(
        "no temperature, blood pressure, oxygen",
        "temperature",
        "daily temperature, blood pressure, oxygen, vasopressors",
    ),
    Rule(
        "no ICE, CAPD, consciousness",
        "ice",
        "daily ICE scores (CAPD below 12 years) and consciousness, seizures, weakness",
    ),
    Rule("not followed (?:beyond|on) day", "event", "follow-up beyond that day, or the last contact"),
    Rule("temperature not recorded", "temperature", "the temperature of the day"),
    Rule("blood pressure not recorded", "systolic_bp", "blood pressure of the day, or whether it was low"),
    Rule("no limit of low pressure", "hypotension", "whether the pressure was low for the age"),
    Rule("vasopressors not recorded", "vasopressor", "whether vasopressors were given, which, from when to when"),
    Rule("vasopressor without its name", "vasopressor", "the name of the vasopressor"),
    Rule("oxygen not recorded", "oxygen", "whether oxygen was given: device, L/min, from when to when"),
    Rule("flow of oxygen not given", "oxygen", "the device and flow of the oxygen (L/min)"),
    Rule("drugs that hide fever not recorded", "drug", "antipyretics, tocilizumab and steroids, from when to when"),
    Rule("ICE or CAPD not recorded", "ice", "the ICE score of the day (CAPD below 12 years)"),
    Rule("consciousness not recorded", "consciousness", "the level of consciousness of the day"),
    Rule("seizures not recorded", "seizure", "whether there were seizures, and how long"),
    Rule("motor weakness not recorded", "motor_weakness", "whether there was deep focal weakness"),
    Rule("cerebral oedema not recorded", "cerebral_edema", "whether cerebral oedema was seen"),
    Rule("cannot be judged", "sedated", "the score before and after sedation"),
    Rule("cause not stated", "event", "the cause of death"),
    Rule("death of this cause has no day", "event", "the day of death"),
    Rule("may explain the fever", "infection", "whether the fever belonged to the infection"),
    Rule(r"no ANC|without a settled value|too far from one to be read", "anc", "neutrophil counts of these days"),
    Rule(
        "infections? (?:recorded|are not recorded)|no infection recorded",
        "infection",
        "whether infections are recorded completely",
    ),
    Rule("may be the same", "infection", "whether the infections recorded together are one"),
    Rule("severity of an infection not given", "event", "the grade of the infection, or whether it needed admission"),
    Rule("events are not recorded as complete", "event", "whether all such events are in the record"),
    Rule("toxicities are not recorded", "toxicity", "whether all toxicities are in the record, with their grade"),
    Rule("lineage not given", "event", "the kind of the second malignancy"),
    Rule("no IgG", "igg", "an IgG"),
    Rule("contains the M-protein", "igg_uninvolved", "IgG without the M-protein"),
    Rule("no CD4", "cd4", "a CD4 count"),
    Rule("lymphocyte count", "lymphocytes", "lymphocyte counts of these days"),
    Rule("drugs (?:are )?not recorded as complete", "drug", "all drugs with start and end"),
    Rule("LVEF both before", "lvef", "an LVEF before the infusion and after day 90"),
    Rule("no second value", "lvef", "a second LVEF"),
)
OTHER: Final = ("", "see the sentence")
NO_RULE: Final = -1


def open_questions(findings: pl.DataFrame) -> pl.DataFrame:
    """Give the rows to send back to the ward: one per open default maximum and missing record.

    Open is a finding whose low and high differ or that is not gradable. Columns: patient, infusion, criterion, period,
    low, high, missing (name of the record; empty where the sentence names none), day (the first day it speaks of),
    ask, could_settle (codes between low and high; empty where not gradable), why, facts. Widest first.
    """
    top = findings.filter((pl.col("kind") == "maximum") & pl.col("default"))
    settled = (pl.col("low") == pl.col("high")).fill_null(False)
    rows = top.filter(~settled).with_columns(_rule=_rules()).explode("_rule")
    numbers = list(range(len(RULES)))
    rows = rows.with_columns(
        missing=pl.col("_rule").replace_strict(numbers, [r.missing for r in RULES], default=OTHER[0]),
        ask=pl.col("_rule").replace_strict(numbers, [r.ask for r in RULES], default=OTHER[1]),
        could_settle=pl.col("high") - pl.col("low"),
        day=pl.coalesce(
            pl.col("why").str.extract(r"cannot be excluded on day (\d+)", 1),
            pl.col("why").str.extract(r"the first day (\d+)", 1),
        ).cast(pl.Float64),
    )
    ordered = rows.sort("could_settle", *QUERY[:4], "_rule", descending=[True, *[False] * 5], nulls_last=False)
    return ordered.select(QUERY)


def _rules() -> pl.Expr:
    """The numbers of the rules whose words the sentence holds, in table order; -1 where none."""
    found = [pl.when(pl.col("why").str.contains(rule.words)).then(number) for number, rule in enumerate(RULES)]
    held = pl.concat_list(found).list.drop_nulls()
    return pl.when(held.list.len() > 0).then(held).otherwise(pl.concat_list(pl.lit(NO_RULE)))
