"""Each fact a trial can ask: what makes it yes, no and unknown, and that the reason names the record row."""

import pytest
from asking import asked

from carsequel.record.normalise import course_from_tables

WHOLE = [{"patient": "p", "name": name} for name in ("drug", "therapy", "event", "toxicity", "infection")]


def fact(name, day=110.0, **cells):
    return {"name": name, "day": day, "source": f"row of {name}"} | cells


def covered(made, *names):
    """The same record, complete for these names."""
    import polars as pl

    rows = [row for row in WHOLE if row["name"] in names]
    tables = {
        "patients": made.patients.select("patient", "disease"),
        "infusions": made.infusions.select("patient", "infusion", "day", "product", "source"),
        "facts": made.facts.select("patient", "name", "day", "value", "unit", "text", "comparator", "source"),
        "spans": made.spans.select("patient", "name", "start", "end", "end_known", "text", "role", "source"),
        "coverage": pl.DataFrame(rows),
    }
    return course_from_tables({name: frame.with_columns(pl.all().cast(pl.String)) for name, frame in tables.items()})


COUNT = {"fact": "measured", "name": "anc", "at_least": 1.0}


@pytest.mark.parametrize(("value", "verdict"), [("1", "yes"), ("0.99", "no"), ("3", "yes")])
def test_a_count_against_its_bound(course, verdicts, value, verdict):
    made = course([fact("anc", value=value, unit="10^9/L")])
    found = asked(made, verdicts(), COUNT)
    assert found["verdict"] == verdict
    assert f"anc {value} 10^9/L on day 110" in found["why"]
    assert "[row of anc]" in found["why"]
    assert found["facts"] == "row of anc"


def test_a_count_below_detection_is_bounded(course, verdicts):
    made = course([fact("anc", value="<0.1", unit="10^9/L")])
    assert asked(made, verdicts(), COUNT)["verdict"] == "no"
    assert asked(made, verdicts(), COUNT | {"at_least": 0.05})["verdict"] == "unknown"


def test_no_count_is_unknown_and_says_what_settles_it(course, verdicts):
    found = asked(course([]).only("p"), verdicts(), {"fact": "measured", "name": "platelets", "at_least": 50})
    assert (found["verdict"], found["decides"]) == ("unknown", "platelets at least 50")
    assert found["facts"] is None


def test_only_the_last_value_by_the_day_asked_for_counts(course, verdicts):
    rows = [fact("anc", 90, value="0.2", unit="10^9/L"), fact("anc", value="2", unit="10^9/L")]
    assert asked(course(rows), verdicts(), COUNT)["verdict"] == "yes"
    assert asked(course(rows), verdicts(), COUNT, as_of=100.0)["verdict"] == "no"


def test_an_old_value_says_nothing(course, verdicts):
    made = course([fact("anc", value="2", unit="10^9/L")])
    assert asked(made, verdicts(), COUNT | {"within_days": 10})["verdict"] == "yes"
    old = asked(made, verdicts(), COUNT | {"within_days": 9})
    assert old["verdict"] == "unknown"
    assert "too old" in old["why"]


def test_a_supported_count_is_no_a_free_one_needs_a_complete_record(course, verdicts):
    rule = {"fact": "measured", "name": "platelets", "at_least": 50, "free_of": {"transfusion_platelets": 7}}
    count = fact("platelets", value="60", unit="10^9/L")
    given = fact("event", 104, text="transfusion_platelets")
    supported = asked(course([count, given]), verdicts(), rule)
    assert supported["verdict"] == "no"
    assert "transfusion platelets on day 104" in supported["why"]
    assert asked(course([count]), verdicts(), rule)["verdict"] == "unknown"
    assert asked(covered(course([count]), "event"), verdicts(), rule)["verdict"] == "yes"
    earlier = fact("event", 103, text="transfusion_platelets")
    assert asked(covered(course([count, earlier]), "event"), verdicts(), rule)["verdict"] == "yes"


def test_growth_factor_that_reaches_into_the_days_before_the_count(course, verdicts):
    rule = COUNT | {"free_of": {"growth_factor": 7}}
    count = fact("anc", value="2", unit="10^9/L")
    span = {"start": 95, "end": 104, "text": "filgrastim", "role": "growth_factor", "source": "gf"}
    assert asked(course([count], [span]), verdicts(), rule)["verdict"] == "no"
    ended = span | {"end": 103}
    assert asked(covered(course([count], [ended]), "drug"), verdicts(), rule)["verdict"] == "yes"
    assert asked(course([count], [ended]), verdicts(), rule)["verdict"] == "unknown"


def test_a_growth_factor_of_unknown_end_leaves_the_count_open(course, verdicts):
    span = {"start": 60, "text": "filgrastim", "role": "growth_factor", "end_known": "false"}
    made = covered(course([fact("anc", value="2", unit="10^9/L")], [span]), "drug")
    assert asked(made, verdicts(), COUNT | {"free_of": {"growth_factor": 7}})["verdict"] == "unknown"


def test_a_value_above_the_range_of_the_assay_has_no_upper_bound(course, verdicts):
    made = course([fact("ferritin", value=">1000", unit="ug/L")])
    rule = {"fact": "measured", "name": "ferritin"}
    assert asked(made, verdicts(), rule | {"at_most": 2000})["verdict"] == "unknown"
    assert asked(made, verdicts(), rule | {"at_least": 500})["verdict"] == "yes"
    assert asked(made, verdicts(), rule | {"below": 1000})["verdict"] == "no"


def test_the_upper_limit_is_the_row_s_own(course, verdicts):
    rule = {"fact": "measured", "name": "alt", "at_most": 3, "times_uln": True}
    assert asked(course([fact("alt", value="120", unit="U/L", uln="40")]), verdicts(), rule)["verdict"] == "yes"
    assert asked(course([fact("alt", value="121", unit="U/L", uln="40")]), verdicts(), rule)["verdict"] == "no"
    unknown = asked(course([fact("alt", value="10", unit="U/L")]), verdicts(), rule)
    assert unknown["verdict"] == "unknown"
    assert "upper limit" in unknown["why"]


@pytest.mark.parametrize(("bound", "verdict"), [(120, "yes"), (121, "no")])
def test_days_since_the_last_infusion(course, verdicts, bound, verdict):
    assert asked(course([]), verdicts(), {"fact": "days_since_infusion", "at_least": bound})["verdict"] == verdict


def test_a_failure_of_unknown_day_counts_with_its_bounds(course, verdicts):
    rule = {"fact": "days_to_failure", "above": 90}
    late = verdicts(day=None, day_low=94.0, day_high=None)
    assert asked(course([]), late, rule)["verdict"] == "yes"
    between = verdicts(day=None, day_low=60.0, day_high=100.0)
    assert asked(course([]), between, rule)["verdict"] == "unknown"


@pytest.mark.parametrize(
    ("text", "wanted", "verdict"),
    [
        ("positive", "present", "yes"),
        ("negative", "present", "no"),
        ("negative", "absent", "yes"),
        ("dim", "present", "no"),
    ],
)
def test_the_antigen_now(course, verdicts, text, wanted, verdict):
    rule = {"fact": "antigen", "antigen": "CD19", "one_of": [wanted]}
    found = asked(course([fact("antigen_cd19", text=text)]), verdicts(), rule)
    assert found["verdict"] == verdict
    assert "row of antigen_cd19" in found["facts"]


def test_an_antigen_read_before_the_cells_or_by_another_method_is_unknown(course, verdicts):
    rule = {"fact": "antigen", "antigen": "CD19", "one_of": ["present"], "since_last_drug": True}
    before = course([fact("antigen_cd19", -3, text="positive", method="IHC")])
    assert asked(before, verdicts(), rule)["verdict"] == "unknown"
    after = course([fact("antigen_cd19", text="positive", method="IHC")])
    assert asked(after, verdicts(), rule)["verdict"] == "yes"
    assert asked(after, verdicts(), rule | {"method": ["flow"]})["verdict"] == "unknown"
    assert asked(after, verdicts(), rule | {"method": ["flow", "IHC"]})["verdict"] == "yes"
    assert asked(after, verdicts(), rule | {"within_days": 9})["verdict"] == "unknown"
    assert asked(course([fact("antigen_cd19", text="not_tested")]), verdicts(), rule)["verdict"] == "unknown"


ALLO = {"fact": "given", "therapy": "allo_hct", "ever": True}


def test_a_therapy_is_never_absent_without_a_complete_record(course, verdicts):
    assert asked(course([]), verdicts(), ALLO)["verdict"] == "unknown"
    assert asked(covered(course([]), "drug", "therapy"), verdicts(), ALLO)["verdict"] == "no"
    span = {"name": "therapy", "start": 60, "end": 60, "text": "allogeneic HSCT", "source": "tx"}
    found = asked(course([], [span]), verdicts(), ALLO)
    assert (found["verdict"], found["facts"]) == ("yes", "tx")
    unsaid = asked(covered(course([], [span | {"text": "HSCT"}]), "drug", "therapy"), verdicts(), ALLO)
    assert unsaid["verdict"] == "unknown"
    assert "not said" in unsaid["why"]


def test_an_exclusion_passes_where_it_does_not_hold(course, verdicts):
    made = covered(course([]), "drug", "therapy")
    assert asked(made, verdicts(), ALLO, kind="exclusion")["verdict"] == "yes"
    assert asked(course([]), verdicts(), ALLO, kind="exclusion")["verdict"] == "unknown"


def test_cells_and_drugs_against_an_antigen(course, verdicts):
    rule = {"fact": "given", "therapy": "anti_CD19", "ever": True}
    assert asked(course([]), verdicts(), rule)["verdict"] == "yes"
    assert asked(course([]), verdicts(), rule | {"therapy": "anti_CD22"})["verdict"] == "unknown"


@pytest.mark.parametrize(
    ("end", "complete", "verdict"), [(106, True, "yes"), (107, True, "no"), (106, False, "unknown"), (107, False, "no")]
)
def test_a_washout(course, verdicts, end, complete, verdict):
    rule = {"fact": "washout", "therapy": "systemic_therapy", "at_least": 14}
    made = course([], [{"start": 90, "end": end, "text": "lenalidomide", "role": "next_line", "source": "len"}])
    made = covered(made, "drug", "therapy") if complete else made
    found = asked(made, verdicts(), rule)
    assert (found["verdict"], found["facts"]) == (verdict, "len")


def test_a_therapy_still_going_on_is_no_washout(course, verdicts):
    rule = {"fact": "washout", "therapy": "systemic_therapy", "at_least": 14}
    made = course([], [{"start": 90, "text": "lenalidomide", "role": "next_line"}])
    assert asked(covered(made, "drug", "therapy"), verdicts(), rule)["verdict"] == "no"


@pytest.mark.parametrize(("end", "verdict"), [("", "yes"), (120, "yes"), (119, "unknown")])
def test_an_active_infection(course, verdicts, end, verdict):
    span = {"name": "infection", "start": 100, "end": end, "text": "pneumonia", "source": "inf"}
    rule = {"fact": "active", "condition": "infection"}
    assert asked(course([], [span]), verdicts(), rule)["verdict"] == verdict


def test_an_infection_of_unknown_end_stays_unknown_even_in_a_complete_record(course, verdicts):
    span = {"name": "infection", "start": 100, "text": "pneumonia", "end_known": "false"}
    made = covered(course([], [span]), "infection")
    assert asked(made, verdicts(), {"fact": "active", "condition": "infection"})["verdict"] == "unknown"


def test_no_infection_needs_a_complete_record(course, verdicts):
    rule = {"not": {"fact": "active", "condition": "infection"}}
    assert asked(course([]), verdicts(), rule)["verdict"] == "unknown"
    assert asked(covered(course([]), "infection"), verdicts(), rule)["verdict"] == "yes"


def test_stated_facts_and_words(course, verdicts):
    made = course([fact("cns_disease", text="no"), fact("response", 30, text="CR"), fact("response", 90, text="PD")])
    assert asked(made, verdicts(), {"fact": "stated", "name": "cns_disease", "one_of": ["no"]})["verdict"] == "yes"
    assert asked(made, verdicts(), {"fact": "stated", "name": "hiv", "one_of": ["no"]})["verdict"] == "unknown"
    assert asked(made, verdicts(), {"fact": "best_response", "one_of": ["CR", "PR"]})["verdict"] == "yes"
    assert asked(made, verdicts(), {"fact": "failure_type", "one_of": ["primary_refractory"]})["verdict"] == "no"
    assert asked(made, verdicts(), {"fact": "target", "one_of": ["CD19"]})["verdict"] == "yes"
    assert asked(made, verdicts(), {"fact": "disease", "one_of": ["MM"]})["verdict"] == "no"


def test_lines_after_the_cells(course, verdicts):
    rule = {"fact": "lines_after", "at_most": 0}
    span = {"name": "therapy", "start": 105, "text": "radiotherapy", "role": "next_line"}
    assert asked(course([], [span]), verdicts(), rule)["verdict"] == "no"
    assert asked(course([]), verdicts(), rule)["verdict"] == "unknown"
    assert asked(covered(course([]), "drug", "therapy"), verdicts(), rule)["verdict"] == "yes"
    before = span | {"start": -30}
    assert asked(course([], [before]), verdicts(), rule)["verdict"] == "unknown"
