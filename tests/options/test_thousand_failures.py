"""A thousand random failures: every gate is what a plain reading of its rule rows says."""

import random
from collections import Counter

import polars as pl
import pytest
from gate_twins import OPTIONS, RULES, belongs, slow_gate, words_of

from carsequel.options import gate_options
from carsequel.options.rules import EFFECTS, LIMITS, TESTS, WINDOWS, rule_conditions, rules_table
from carsequel.options.situation import MADE, NAMES
from carsequel.options.table import options_for
from carsequel.terms.lists import OPTIONS as IDS
from carsequel.terms.sources import source_row, split_keys

PRODUCTS = {
    "LBCL": "axi-cel",
    "FL": "axi-cel",
    "MCL": "brexu-cel",
    "CLL": "liso-cel",
    "B-ALL": "tisa-cel",
    "MM": "ide-cel",
}
DRUGS = {
    "tafasitamab": "CD19",
    "rituximab": "CD20",
    "inotuzumab": "CD22",
    "polatuzumab vedotin": "CD79B",
    "belantamab mafodotin": "BCMA",
    "talquetamab": "GPRC5D",
}
NUMBERS = {
    "ecog": (0, 4, "points"),
    "creatinine": (0.5, 3, "mg/dL"),
    "bilirubin": (0.2, 4, "mg/dL"),
    "lvef": (30, 70, "%"),
    "anc": (0.1, 4, "10^9/L"),
    "platelets": (5, 200, "10^9/L"),
    "ldh": (100, 900, "U/L"),
    "mtv": (10, 500, "mL"),
    "marrow_blasts": (0, 90, "%"),
    "car_t": (0, 40, "cells/uL"),
}
TEXTS = {
    "gvhd_text": (),
    "cns_disease": ("yes", "no"),
    "marrow_involved": ("yes", "no"),
    "hbv": ("positive", "negative"),
    "response": ("CR", "PR", "PD", "CMR"),
    "donor": ("none", "matched sibling", "search began"),
    "bcr_abl1": ("positive", "negative"),
    "kmt2a": ("positive", "negative"),
    "anti_car_antibody": ("yes", "no"),
}
EDGES = {"anc": 0.5, "platelets": 50.0, "ldh": 250.0}
READINGS = ("positive", "positive", "negative", "dim", "patchy", "epitope_lost")
# Rules whose fact the random records do not hold as a plain fact; their own tests are in test_gates.
ASIDE = ("infection", "last_drug", "bendamustine_mcl", "bendamustine_lbcl", "no_expansion", "targets_before", "gvhd")


def random_facts(dice, day):
    """Facts before the infusion, before the failure and after it; no two readings of a name on one day."""
    facts = []
    for name in [f"antigen_{each.lower()}" for each in DRUGS.values()]:
        facts += [{"name": name, "day": at, "text": dice.choice(READINGS)} for at in days(dice, day, 2, step=10)]
    for name, (low, high, unit) in NUMBERS.items():
        after = 1 if name == "car_t" else -30
        for at in days(dice, day, 2, after):
            value = float(dice.randint(0, 4)) if name == "ecog" else round(dice.uniform(low, high), 1)
            value = EDGES[name] if name in EDGES and dice.random() < 0.2 else value
            value = 0.0 if name == "car_t" and dice.random() < 0.3 else value
            facts.append({"name": name, "day": at, "value": value, "unit": unit})
            if name == "ldh" and dice.random() < 0.8:
                facts[-1]["uln"] = 250.0
    for name, texts in TEXTS.items():
        if texts:
            facts += [{"name": name, "day": at, "text": dice.choice(texts)} for at in days(dice, day, 1)]
    return facts


def days(dice, failure, most, first=-30, step=1):
    return dice.sample(range(first, int(failure) + 150, step), dice.randrange(most + 1))


def random_person(dice, name):
    day = float(dice.choice([5, 28, 60, 91, 92, 150, 181, 200, 400]))
    given = [
        (antigen, dice.randrange(-40, int(day) + 150, 10), drug)
        for drug, antigen in DRUGS.items()
        if dice.random() < 0.3
    ]
    disease = dice.choice(list(PRODUCTS))
    return {
        "patient": name,
        "disease": disease,
        "product": PRODUCTS[disease],
        "day": day,
        "state": dice.choice(["failed"] * 9 + ["suspected"]),
        "type": dice.choice(["relapse", "primary_refractory"]),
        "facts": random_facts(dice, day),
        "given": [(antigen, at) for antigen, at, _ in given],
        "spans": [{"name": "drug", "start": at, "end": at, "text": drug} for _, at, drug in given],
    }


@pytest.fixture(scope="module")
def people():
    dice = random.Random(20261122)
    return [random_person(dice, f"p{number}") for number in range(1000)]


def record_of(people):
    from carsequel.record.normalise import course_from_tables
    from small_records import make_verdicts

    def rows(kind):
        found = [{"patient": one["patient"]} | row for one in people for row in one[kind]]
        return pl.DataFrame(found, infer_schema_length=None).with_columns(pl.all().cast(pl.String))

    tables = {
        "patients": pl.DataFrame([{"patient": one["patient"], "disease": one["disease"]} for one in people]),
        "infusions": pl.DataFrame(
            [{"patient": one["patient"], "infusion": "1", "day": "0", "product": one["product"]} for one in people]
        ),
        "facts": rows("facts"),
        "spans": rows("spans"),
    }
    names = ("patient", "disease", "product", "state", "type", "day")
    verdicts = pl.concat([make_verdicts(**{name: one[name] for name in names}) for one in people])
    return course_from_tables(tables), verdicts


@pytest.fixture(scope="module")
def found(people):
    course, verdicts = record_of(people)
    rows = gate_options(course, verdicts).to_dicts()
    return {(row["patient"], row["option"]): row for row in rows}


def test_every_gate_is_what_the_rules_say(people, found):
    seen = Counter()
    for one in people:
        for option in OPTIONS:
            key = (one["patient"], option["option"])
            assert (key in found) is belongs(option, one["disease"]), key
            if key in found:
                gate, _ = slow_gate(one, option)
                assert found[key]["gate"] == gate, (key, found[key], one)
                seen[option["option"], gate] += 1
    assert {gate for _, gate in seen} == {"open", "closed", "unknown"}
    assert {option for option, _ in seen} == set(IDS)


def test_every_caution_speaks_where_its_row_is_met_and_nowhere_else(people, found):
    rules = [rule["rule"] for rule in RULES if rule["test"] != "recorded" and rule["rule"] not in ASIDE]
    words = {rule["rule"]: words_of(rule) for rule in RULES}
    alike = {name: {other for other in rules if words[other] == words[name]} for name in rules}
    spoken = Counter()
    for one in people[:300]:
        for option in OPTIONS:
            row = found.get((one["patient"], option["option"]))
            if row is None or option["kind"] == "care":
                continue
            _, expected = slow_gate(one, option)
            for name in rules:
                said = any(why.startswith(words[name]) for why in row["why"])
                assert said is bool(alike[name] & expected), (name, one["patient"], row)
                spoken[name] += said
    assert all(spoken[name] for name in rules if name != "lungs"), spoken


def test_an_unknown_gate_names_what_decides_and_any_other_does_not(found):
    for row in found.values():
        assert (row["decides"] is not None) is (row["gate"] == "unknown"), row
        assert row["why"]


def test_no_lost_antigen_is_aimed_at(people, found):
    """Read from the record alone: a drug whose only antigen was last found negative is never open nor unknown."""
    aimed = {"loncastuximab": "cd19", "bispecific_cd20": "cd20", "inotuzumab": "cd22", "belantamab": "bcma"}
    counted = 0
    for one in people:
        for option, antigen in aimed.items():
            tests = [fact for fact in one["facts"] if fact["name"] == f"antigen_{antigen}"]
            row = found.get((one["patient"], option))
            if row and tests and max(tests, key=lambda fact: fact["day"])["text"] == "negative":
                assert row["gate"] == "closed"
                counted += 1
    assert counted > 100


def test_the_rule_rows_are_well_formed():
    for row in rules_table().to_dicts():
        assert row["test"] in TESTS and row["effect"] in EFFECTS and row["window"] in WINDOWS
        assert set(row["facts"]) <= {*NAMES, *MADE} and set(row["options"]) <= set(IDS) and row["options"]
        assert bool(row["decides"]) is (row["test"] == "recorded") is (row["effect"] == "unknown")
        assert row["title"] or row["says"]
        assert all(source_row(key) for key in split_keys(row["source"]))
        if row["test"] in LIMITS:
            assert row["limit"] is not None and row["source"] and row["status"] in ("VERIFIED", "SECONDARY")
        if row["effect"] == "closes":
            assert row["source"] and row["status"] == "VERIFIED"


def test_a_rule_that_closes_would_close(course, verdicts):
    limit = rules_table().filter(rule="severe_neutropenia").with_columns(effect=pl.lit("closes"))
    rows = [{"name": "anc", "day": 110, "value": 0.5, "unit": "10^9/L", "source": "count 9"}]
    pairs = options_for(verdicts().select("patient", "infusion", "disease")).filter(pl.col("kind") == "drug")
    closed = rule_conditions(course(rows), pairs, verdicts(), limit)
    assert closed.height and closed["holds"].to_list() == [False] * closed.height
    assert set(closed["facts"]) == {"count 9"}
    rows[0]["value"] = 0.6
    assert rule_conditions(course(rows), pairs, verdicts(), limit).is_empty()
