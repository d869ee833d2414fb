"""Three-valued logic of the gates, and the antigen rule read again the slow way."""

import random

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from carsequel.options import gate_options
from carsequel.options.antigen_now import antigen_now
from carsequel.options.conditions import as_conditions, join_conditions

ORDER = {"closed": 0, "unknown": 1, "open": 2}
TRUTH = st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=6)
DRUGS = {"CD19": "tafasitamab", "CD20": "rituximab", "CD79B": "polatuzumab vedotin"}
OPTION = {"CD19": "loncastuximab", "CD20": "bispecific_cd20", "CD79B": "polatuzumab_based"}


def gate(values):
    rows = [
        {"patient": "p", "infusion": 1, "option": "tki", "holds": holds, "reason": f"r{at}", "decides": f"d{at}"}
        for at, holds in enumerate(values)
    ]
    frame = pl.DataFrame(rows, schema_overrides={"holds": pl.Boolean})
    return join_conditions([as_conditions(frame)]).row(0, named=True)


@given(TRUTH)
@settings(max_examples=60, deadline=None)
def test_a_gate_is_its_worst_condition(values):
    worst = min(ORDER[{True: "open", None: "unknown", False: "closed"}[value]] for value in values)
    found = gate(values)
    assert ORDER[found["gate"]] == worst
    assert len(found["why"]) == len(values)


@given(TRUTH, st.randoms())
@settings(max_examples=40, deadline=None)
def test_order_does_not_matter_and_more_knowledge_never_turns_a_gate_round(values, dice):
    shuffled = list(values)
    dice.shuffle(shuffled)
    before = gate(values)["gate"]
    assert gate(shuffled)["gate"] == before
    settled = gate([True if value is None else value for value in values])["gate"]
    assert before == "unknown" or settled == before


@given(TRUTH)
@settings(max_examples=40, deadline=None)
def test_only_an_unknown_gate_names_what_decides(values):
    found = gate(values)
    asked = "; ".join(f"d{at}" for at, value in enumerate(values) if value is None)
    assert found["decides"] == (asked if found["gate"] == "unknown" else None)


def read_slowly(tests, given_days):
    """The rule in plain words: the last reading counts; present only if it is later than everything given."""
    if not tests:
        return "unknown"
    last = max(day for day, _ in tests)
    readings = {text for day, text in tests if day == last}
    if readings == {"negative"}:
        return "closed"
    return "open" if readings == {"positive"} and all(last > day for day in given_days) else "unknown"


def random_record(dice):
    """Days and readings of each antigen, and the days on which a drug against it was given."""
    tests = {
        antigen: [
            (dice.randrange(-20, 300), dice.choice(["positive", "negative", "dim"])) for _ in range(dice.randrange(3))
        ]
        for antigen in DRUGS
    }
    return tests, {antigen: [dice.randrange(-50, 300) for _ in range(dice.randrange(2))] for antigen in DRUGS}


def test_random_dated_records_read_as_the_slow_rule_reads_them(course, verdicts):
    dice = random.Random(5)
    records = {f"p{number}": random_record(dice) for number in range(100)}
    facts = [
        {"patient": name, "name": f"antigen_{antigen.lower()}", "day": day, "text": text}
        for name, (tests, _) in records.items()
        for antigen, rows in tests.items()
        for day, text in rows
    ]
    spans = [
        {"patient": name, "start": day, "end": day, "text": DRUGS[antigen]}
        for name, (_, drugs) in records.items()
        for antigen, days in drugs.items()
        for day in days
    ]
    everyone = pl.concat([verdicts(patient=name) for name in records])
    gates = gate_options(course(facts, spans, people=list(records)), everyone)
    found = {(patient, option): gate for patient, option, gate in gates.select("patient", "option", "gate").iter_rows()}
    seen = set()
    for name, (tests, drugs) in records.items():
        for antigen, option in OPTION.items():
            days = [*drugs[antigen], *([0] if antigen == "CD19" else [])]
            expected = read_slowly(tests[antigen], days)
            assert found[name, option] == expected, (tests[antigen], days)
            seen.add(expected)
    assert seen == {"open", "closed", "unknown"}


def test_all_patients_at_once_give_what_each_gives_alone(course, verdicts):
    from dataclasses import replace

    one = course([{"name": "antigen_cd19", "day": 110, "text": "negative"}])
    two = course([{"name": "antigen_cd19", "day": 110, "text": "positive"}])

    def renamed(frame):
        return frame.with_columns(patient=pl.lit("q")) if "patient" in frame.columns else frame

    parts = {
        name: pl.concat([getattr(one, name), renamed(getattr(two, name))], how="diagonal_relaxed")
        for name in ("patients", "infusions", "facts", "spans", "lesions")
    }
    both = replace(one, **parts)
    together = gate_options(both, pl.concat([verdicts(), renamed(verdicts())]))
    alone = pl.concat([gate_options(one, verdicts()), renamed(gate_options(two, verdicts()))])
    assert together.equals(alone.select(together.columns))
    assert antigen_now(both)["reading"].to_list() == ["absent", "present"]
