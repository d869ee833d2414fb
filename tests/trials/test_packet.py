"""The trial-search packet: what it says, and that nothing of the record's own text gets into it."""

from dataclasses import replace

import polars as pl

import published
from carsequel.options.trials import Moment
from carsequel.options.trials.packet import packet_rows
from carsequel.report.trials import packet_text, render_packet

SECRETS = {"MRN-99887", "Erika Mustermann", "Dr Smith clinic", "2024-03-05", "ward 7"}


def told(course, verdicts, **more):
    return dict(packet_rows(Moment(course, verdicts, as_of=120.0, **more), "p"))


def test_what_is_known_and_what_is_not(course, verdicts):
    rows = [
        {"name": "anc", "day": 110, "value": "1.5", "unit": "10^9/L", "source": "a"},
        {"name": "alt", "day": 110, "value": "80", "unit": "U/L", "uln": "40", "source": "b"},
        {"name": "antigen_cd19", "day": 110, "text": "negative", "source": "c"},
        {"name": "cns_disease", "day": 110, "text": "no", "source": "d"},
    ]
    found = told(course(rows), verdicts())
    assert found["neutrophils"] == "1.5 10^9/L on day 110"
    assert found["ALT"] == "80 U/L (2 times the upper limit) on day 110"
    assert found["CD19 now"] == "absent on day 110, after the last drug against it"
    assert found["CD20 now"] == "not recorded"
    assert found["CNS disease"] == "no"
    assert found["days since the last infusion"] == "120"
    assert found["days from the last infusion to failure"] == "100"
    assert found["last product"] == "axicabtagene ciloleucel (axi-cel)"
    assert found["active infection"] == "not recorded"


def test_ages_above_89_are_not_told(course, verdicts):
    made = course([])
    old = replace(made, patients=made.patients.with_columns(age=pl.lit(93.0)))
    assert told(old, verdicts())["age"] == "90 or above"
    assert told(replace(made, patients=made.patients.with_columns(age=pl.lit(89.0))), verdicts())["age"] == "89 years"


def test_no_text_of_the_record_comes_along(course, verdicts):
    rows = [
        {"name": name, "day": 110, "text": "positive", "value": "1", "unit": "%", "method": "ward 7", "site": "Dr Smith clinic",
         "source": "MRN-99887", "note": "Erika Mustermann"}
        for name in ("antigen_cd19", "antigen_cd20")
    ] + [
        {"name": "cns_disease", "day": 110, "text": "Erika Mustermann", "source": "2024-03-05"},
        {"name": "response", "day": 30, "text": "CR", "site": "ward 7", "source": "MRN-99887"},
    ]  # fmt: skip
    spans = [{"name": "therapy", "start": 60, "text": "allogeneic HSCT at Dr Smith clinic", "source": "MRN-99887"}]
    infusions = [{"patient": "p", "infusion": 1, "day": 0, "product": "MRN-99887 cells", "target": "Erika Mustermann"}]
    made = course(rows, spans, infusions, disease="Erika Mustermann")
    made = replace(made, patients=made.patients.with_columns(sex=pl.lit("MRN-99887")))
    rows = packet_rows(Moment(made, verdicts(type="ward 7", state="failed"), as_of=120.0), "p")
    text = packet_text(rows) + render_packet(rows)
    assert "allogeneic transplantation before: yes" in text
    assert not [secret for secret in SECRETS if secret in text]


def test_no_published_patient_is_named():
    graded = published.graded()
    moment = Moment(published.course(), graded.verdicts, graded.side_effects)
    for patient, source in published.course().patients.select("patient", "source").rows():
        text = packet_text(packet_rows(moment, patient))
        assert patient not in text
        assert source not in text
