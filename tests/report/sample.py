"""Three invented patients as answers and courses: one that failed, one that cannot be judged, one with everything."""

from typing import Any

import polars as pl

from carsequel.record.course import Course
from carsequel.record.report import REPORT_SCHEMA
from carsequel.record.schema import COLUMNS, empty
from carsequel.terms.findings import FINDING_SCHEMA, no_findings
from carsequel.terms.lists import CAUSES

Row = dict[str, Any]
EXTRA: dict[str, dict[str, Any]] = {
    "patients": {},
    "infusions": {},
    "facts": {"clock": pl.Float64, "doubt": pl.String},
    "spans": {"clock": pl.Float64, "clock_end": pl.Float64, "doubt": pl.String},
    "lesions": {"clock": pl.Float64},
    "coverage": {},
}
SOURCES = {
    "S040": "Di Blasi R, 2022, Blood 140:2584 (DESCAR-T, failure after CAR-T) "
    "https://ashpublications.org/blood/article/140/24/2584/486662",
    "S049": "Shumilov E, 2025, Blood Adv 9:3955 (bispecifics after CAR-T) 10.1182/bloodadvances.2024015719",
    "S059": "CAR-T reinfusion in B-ALL (CHOP/Penn), 2024, Blood Adv 8:2182",
    "S065": "Spiegel JY, 2021, Nat Med 27:1419 (CD19-22 CAR; CD19 density)",
    "S076": "Lamble AJ, 2023, Blood Adv 7:575 (relapse phenotype after CD19 CAR)",
    "lee2019": "Lee DW, 2019, Biol Blood Marrow Transplant 25:625 (ASTCT consensus)",
}


def table(name: str, rows: list[Row]) -> pl.DataFrame:
    """Give one table of a course with all its columns; days are copied to the clock of the first infusion."""
    schema = COLUMNS[name] | {"row": pl.String} | EXTRA[name]
    for place, row in enumerate(rows):
        row.setdefault("row", f"{name}.csv:{place + 2}")
        for clock, day in (("clock", "day" if name != "spans" else "start"), ("clock_end", "end")):
            if clock in EXTRA[name]:
                row.setdefault(clock, row.get(day))
    return pl.DataFrame([{key: row.get(key) for key in schema} for row in rows], schema=schema)


def course_of(patient: str, *, synthetic: bool = False, **tables: list[Row]) -> Course:
    """Give a course of one patient from rows without the patient column."""
    frames = {}
    for name in EXTRA:
        rows = tables.get(name, [{}] if name == "patients" else [])
        frames[name] = table(name, [{"patient": patient, **row} for row in rows])
    report = pl.DataFrame(schema=REPORT_SCHEMA)
    return Course(**frames, report=report, synthetic=synthetic, overrides=empty("overrides"))


def finding(patient: str, criterion: str, **given: Any) -> Row:
    """Give one finding with every column; `value` follows from low and high."""
    row: Row = dict.fromkeys(FINDING_SCHEMA) | {
        "patient": patient,
        "infusion": 1,
        "criterion": criterion,
        "kind": "maximum",
        "definition": "",
        "default": True,
        "period": "d0-30",
    }
    row |= given
    for name in ("start", "end", "low", "high"):
        row[name] = None if row[name] is None else float(row[name])
    row["value"] = row["low"] if row["low"] == row["high"] else None
    return row


def frame(rows: list[Row]) -> pl.DataFrame:
    """Give findings as a frame."""
    return pl.DataFrame(rows, schema=FINDING_SCHEMA) if rows else no_findings()


def facts_of(name: str, unit: str, values: dict[float, float], **given: Any) -> list[Row]:
    """Give a run of one quantity: day to value."""
    return [{"name": name, "day": float(day), "value": float(v), "unit": unit, **given} for day, v in values.items()]


def failed_lbcl() -> tuple[Row, Course, pl.DataFrame]:
    """Give LBCL that relapsed after axi-cel, with the antigen not tested."""
    who = "lbcl-7"
    course = course_of(
        who,
        synthetic=True,
        patients=[{"disease": "LBCL", "age": 61.0, "sex": "female"}],
        infusions=[{"infusion": 1, "day": 0.0, "product": "axi-cel", "target": "CD19"}],
        facts=[
            *facts_of("car_t", "cells/uL", {3: 2, 7: 38, 10: 21, 14: 9, 28: 1.1}),
            {"name": "car_t", "day": 91.0, "value": 0.1, "unit": "cells/uL", "comparator": "<"},
            {"name": "car_t", "value": 3.0, "unit": "cells/uL", "when": "about three weeks, another laboratory"},
            *facts_of("spd", "cm2", {-5: 42, 30: 6, 91: 38}),
            *facts_of("mtv", "mL", {-5: 210, 30: 12, 91: 260}, method="41 % SUVmax"),
            *facts_of("b_cells", "cells/uL", {-5: 12, 14: 0, 30: 0, 91: 4}),
            *facts_of("ldh", "U/L", {-5: 410, 0: 350, 7: 290, 14: 240, 30: 220, 60: 260, 91: 720}, uln=250.0),
            *facts_of("ferritin", "ug/L", {-5: 600, 3: 1900, 5: 5200, 9: 2400, 14: 1300, 30: 800}),
            *facts_of("crp", "mg/L", {-5: 20, 2: 90, 3: 160, 5: 120, 9: 30, 14: 8, 91: 22}),
            *facts_of("anc", "10^9/L", {-5: 2.1, 2: 0.9, 4: 0.3, 6: 0.05, 9: 0.2, 12: 0.6, 16: 1.3, 30: 0.8, 91: 2.2}),
            {"name": "anc", "day": 20.0, "value": 140.0, "unit": "10^9/L", "doubt": "implausible"},
            *facts_of("platelets", "10^9/L", {-5: 160, 4: 80, 9: 35, 16: 55, 30: 90, 91: 130}),
            {"name": "response", "day": 30.0, "text": "PR", "method": "lugano"},
            {"name": "deauville", "day": 30.0, "value": 4.0, "unit": "points"},
            {"name": "response", "day": 91.0, "text": "PD", "method": "lugano"},
            {"name": "event", "day": 91.0, "text": "progression", "site": "new nodal sites"},
            {"name": "event", "day": 46.0, "text": "infection", "site": "CMV reactivation"},
            {"name": "crs_grade", "day": 4.0, "value": 2.0, "method": "ASTCT"},
            {"name": "antigen_cd19", "day": -40.0, "text": "positive", "method": "flow"},
            {"name": "ecog", "day": 88.0, "value": 1.0},
        ],
        spans=[
            {"name": "drug", "start": -25.0, "end": -10.0, "text": "polatuzumab vedotin", "role": "bridging"},
            {"name": "drug", "start": -5.0, "end": -3.0, "text": "fludarabine", "role": "lymphodepletion"},
            {"name": "drug", "start": -5.0, "end": -3.0, "text": "cyclophosphamide", "role": "lymphodepletion"},
            {"name": "drug", "start": 3.0, "end": 3.5, "text": "tocilizumab", "role": "toxicity"},
            {"name": "drug", "start": 4.0, "end": 9.0, "text": "dexamethasone", "role": "toxicity"},
            {"name": "drug", "start": 6.0, "end": 12.0, "text": "filgrastim", "role": "growth_factor"},
            {"name": "drug", "start": 1.0, "text": "aciclovir", "role": "antimicrobial"},
            {"name": "oxygen", "start": 3.0, "end": 5.0, "text": "nasal_cannula", "value": 3.0, "unit": "L/min"},
            {"name": "therapy", "start": 95.0, "text": "radiotherapy", "role": "next_line"},
        ],
    )
    effects = [
        finding(
            who,
            "crs.astct2019",
            low=2,
            high=2,
            start=2,
            end=6,
            label="grade 2",
            source="lee2019",
            definition="hypotension=sbp90",
            facts="facts.csv:51; spans.csv:5",
            why="Day 4: fever and oxygen by nasal cannula at 3 L/min; vasopressors recorded completely, none given.",
        ),
        finding(
            who,
            "crs.astct2019",
            kind="episode",
            period="episode 1",
            low=2,
            high=2,
            start=2,
            end=6,
            label="grade 2",
            definition="hypotension=sbp90",
            source="lee2019",
        ),
        finding(
            who,
            "icans.astct2019",
            low=0,
            high=3,
            label="grade 0 to 3",
            source="lee2019",
            start=5,
            end=5,
            why="ICE 10 on days 1 to 4; no ICE on day 5, when the patient was drowsy.",
        ),
        finding(
            who,
            "icaht_early.eha2023",
            low=2,
            high=2,
            start=4,
            end=11,
            label="grade 2",
            source="rejeski2023",
            definition="counting=longest bridge=2 missing=interpolate7",
            why="Longest spell of neutrophils at or below 0.5: 8 days (day 4 to 11).",
        ),
        finding(
            who,
            "icaht_early.eha2023",
            kind="episode",
            period="episode 1",
            low=2,
            high=2,
            start=4,
            end=11,
            label="grade 2",
            definition="counting=longest bridge=2 missing=interpolate7",
            source="rejeski2023",
        ),
        finding(
            who,
            "icaht_early.eha2023",
            low=2,
            high=3,
            label="grade 2 to 3",
            default=False,
            source="rejeski2023",
            definition="counting=longest bridge=2 missing=bounds",
            why="23 days have no count.",
        ),
        finding(
            who, "ctcae5.anemia", low=2, high=2, start=9, end=9, label="grade 2", source="lee2019", why="8.4 g/dL."
        ),
    ]
    definitions = [
        finding(
            who,
            "failure.descart2022",
            kind="assessment",
            start=91,
            end=91,
            low=1,
            high=1,
            label="failed",
            definition="look=lugano",
            why="Lugano PD on day 91 after PR on day 30.",
            source="S040",
            period="",
            facts="facts.csv:46; facts.csv:47",
        ),
        finding(
            who,
            "failure.stated",
            kind="assessment",
            start=91,
            end=91,
            low=1,
            high=1,
            default=False,
            period="",
            label="failed",
            why="The investigator states progression on day 91.",
            source="S040",
        ),
        finding(
            who,
            "lyric.2016",
            kind="assessment",
            start=91,
            end=91,
            low=0,
            high=1,
            default=False,
            period="",
            label="indeterminate",
            why="No confirming scan or biopsy yet.",
            source="cheson2016",
        ),
    ]
    answer = {
        "patient": who,
        "as_of_day": 97.0,
        "synthetic": True,
        "patient_facts": {
            "disease": "LBCL",
            "disease_detail": "DLBCL, not otherwise specified",
            "age": 61.0,
            "sex": "female",
            "product": "axi-cel",
            "product_name": "axicabtagene ciloleucel (axi-cel)",
            "target": "CD19",
            "infusions": [{"infusion": 1, "day": 0.0, "product": "axi-cel"}],
        },
        "failure": {
            "state": "failed",
            "type": "relapse",
            "timing": "late",
            "day": 91.0,
            "day_low": 60.0,
            "day_high": 91.0,
            "biopsy_proven": False,
            "antigen": "not_tested",
            "infusion": 1,
            "definition": "failure.descart2022",
            "why": "Progressive disease by Lugano on day 91 after a partial response on day 30.",
            "definitions": definitions,
            "next_look": "biopsy of the new nodal site",
            "earlier": [],
            "disagreement": {"disagree": True, "why": "LYRIC calls the same scan indeterminate until it is confirmed."},
        },
        "danger": [
            {"name": "HLH-like syndrome", "state": "no", "text": "ferritin not rising", "day": 30.0},
            {"name": "neutrophils", "state": "no", "text": "2.2 x 10^9/L", "day": 91.0},
            {"name": "infection", "state": "yes", "text": "CMV reactivation, no end recorded", "day": 46.0},
            {"name": "CNS disease or ICANS", "state": "unknown", "text": "no imaging since day 5", "day": None},
            {"name": "steroids", "state": "no", "text": "last dexamethasone", "day": 9.0},
        ],
        "performance": {"ecog": 1, "day": 88.0, "when": None, "text": ""},
        "prognosis": [
            {
                "text": "Median survival after any first failure",
                "n": 238,
                "era": "before bispecific antibodies",
                "low": None,
                "high": None,
                "value": 5.2,
                "unit": "months",
                "source": "S040",
                "status": "VERIFIED",
            },
        ],
        "causes": {
            "present": {cause: _null_probability(cause) for cause in CAUSES},
            "shares": {"undetermined": {"p": None, "why": "the antigen is not tested"}},
            "evidence": _evidence(),
            "next_test": {
                "test": "Biopsy with CD19, CD20, CD22 and CD79b",
                "decides": ["loncastuximab", "bispecific_cd20"],
                "why": "The antigen has not been tested since the infusion.",
            },
            "method": "Evidence for and against each cause; probabilities wait for calibration.",
        },
        "signs": [
            finding(
                who,
                "lugano.2014",
                kind="assessment",
                start=30,
                end=30,
                low=2,
                high=2,
                label="PR",
                period="day 30",
                why="Deauville 4 with less uptake than before.",
                source="cheson2014",
            ),
            finding(
                who,
                "lugano.2014",
                kind="assessment",
                start=91,
                end=91,
                low=4,
                high=4,
                label="PD",
                period="day 91",
                why="New nodal sites.",
                source="cheson2014",
            ),
            finding(
                who,
                "expansion.cmax",
                start=7,
                end=7,
                low=38,
                high=38,
                label="38 cells/uL",
                source="S065",
                why="Highest of 5 measured levels; measured on days 3, 7, 10, 14 and 28.",
            ),
        ],
        "side_effects": effects,
        "risks": [
            finding(
                who,
                "pc_pi.iacoboni2024",
                kind="assessment",
                start=91,
                end=91,
                low=2,
                high=3,
                label="2 to 3 points",
                why="LDH at least twice its limit; haemoglobin not recorded within 7 days of progression.",
                source="iacoboni2024",
                period="at progression",
            ),
        ],
        "options": _options(),
        "research": [
            {"what_if": "dual-target cells from the start", "result": "not simulated yet", "hypothesis": True}
        ],
        "questions": [
            {"question": "Does the antigen return?", "answer": "not known from this record", "n": 0, "source": "S065"}
        ],
        "sentences": {
            "signs": "Failed on day 91 by progression after a partial response; not proven by biopsy.",
            "causes": "The cause cannot be told: CD19 has not been tested since the infusion.",
            "options": "Seven options listed; a biopsy would settle three of them.",
            "side_effects": "CRS grade 2 and early neutropenia grade 2, both resolved; CMV reactivation goes on.",
            "research": "Nothing is simulated for this patient yet.",
        },
        "overrides": [
            {
                "criterion": "icans.astct2019",
                "period": "d0-30",
                "derived": "grade 0 to 3",
                "override": "grade 1",
                "reason": "bedside note of day 5",
                "by": "data manager",
            }
        ],
        "stated": [
            {
                "criterion": "crs.astct2019",
                "ours_low": 2.0,
                "ours_high": 2.0,
                "theirs": 2.0,
                "scale": "ASTCT",
                "agrees": True,
                "why": "same grade",
            }
        ],
        "sources": SOURCES,
        "data": {
            "rows": 71,
            "refused": 1,
            "doubts": 1,
            "problems": [
                {
                    "file": "facts.csv",
                    "row": "44",
                    "patient": who,
                    "name": "anc",
                    "problem": "implausible for the unit",
                    "was": "140 10^9/L",
                    "now": "kept, not used",
                    "what_to_do": "check the unit",
                }
            ],
        },
        "provenance": {
            "version": "0.1.0",
            "definitions_hash": "9f31c2ab",
            "data_hash": "0c77d1e4",
            "seed": None,
            "sources": list(SOURCES),
            "as_of_day": 97.0,
        },
    }
    return answer, course, frame(effects)


def _null_probability(cause: str) -> Row:
    rate = None
    if cause == "antigen_low":
        rate = {
            "numerator": 10,
            "denominator": 16,
            "evaluable_of": None,
            "biopsied_only": True,
            "source": "S065",
            "cohort": "axi-cel, progression, Stanford",
            "status": "VERIFIED",
        }
    return {
        "p": None,
        "low": None,
        "high": None,
        "level": None,
        "basis": "base_rate",
        "n": 16 if rate else None,
        "why": "no calibrated model for this cause",
        "base_rate": rate,
    }


def _evidence() -> list[Row]:
    told = {
        "antigen_loss": ("missing", "CD19 on a biopsy after the infusion"),
        "antigen_low": ("missing", "CD19 density on a biopsy after the infusion"),
        "poor_expansion": ("against", "peak of 38 cells/uL on day 7"),
        "short_persistence": ("for", "below detection on day 91; B cells back on day 91"),
        "high_burden": ("for", "LDH above its own limit before the infusion"),
        "treatment_related": ("missing", "bendamustine before the collection"),
    }
    rows = [
        {"cause": c, "direction": d, "fact": f, "facts": "facts.csv:8", "source": "S065"} for c, (d, f) in told.items()
    ]
    rest = [cause for cause in CAUSES if cause not in told]
    return rows + [
        {"cause": c, "direction": "missing", "fact": "no fact in the record speaks of it", "source": ""} for c in rest
    ]


def _options() -> list[Row]:
    shumilov = {
        "n": 92,
        "n_events": None,
        "outcome": "ORR",
        "value": 60.0,
        "low": None,
        "high": None,
        "unit": "%",
        "match": "LBCL after CAR-T, relapse after 6 months; this patient: 3 months",
        "status": "VERIFIED",
        "source": "S049",
        "cohort": "bispecific (any)",
    }
    weak = shumilov | {
        "n": 13,
        "value": 46.0,
        "status": "UNVERIFIED",
        "cohort": "LOTIS-2 subset",
        "source": "S050",
        "match": "LBCL after CAR-T",
    }
    rows = [
        (
            "bispecific_cd20",
            "unknown",
            ["CD20 not tested since the last anti-CD20 drug"],
            "biopsy with CD20",
            [shumilov],
        ),
        ("loncastuximab", "unknown", ["CD19 not tested since axi-cel"], "biopsy with CD19", [weak]),
        ("radiotherapy", "open", ["nothing in the record excludes it"], None, []),
        ("second_infusion", "closed", ["No product is left and the cells expanded once"], None, []),
        ("clinical_trial", "open", ["always open after failure"], None, []),
        ("supportive_care", "open", ["always open after failure"], None, []),
        ("palliative_care", "open", ["always open after failure"], None, []),
    ]
    return [
        {"option": o, "title": None, "gate": g, "why": w, "decides": d, "evidence": e, "projected": None}
        for o, g, w, d, e in rows
    ]


def sparse() -> tuple[Row, Course, pl.DataFrame]:
    """Give a patient of whom almost nothing is known, with an answer that lacks most keys."""
    course = course_of(
        "MM <01>",
        patients=[{"disease": "MM"}],
        infusions=[{"infusion": 1, "when": "spring, date not given", "product": "ide-cel", "target": "BCMA"}],
        facts=[{"name": "car_t", "text": "detected", "when": "two weeks after the infusion"}],
    )
    answer = {
        "patient": "MM <01>",
        "failure": {"state": "not_evaluable", "why": "No look after the infusion has a day."},
        "patient_facts": {"disease": "MM", "target": "BCMA", "product": "ide-cel"},
    }
    return answer, course, no_findings()


def everything_ball() -> tuple[Row, Course, pl.DataFrame]:
    """Give B-ALL with two infusions, antigen loss, long follow-up and hostile words."""
    who = "ball-2"
    answer, _, _ = failed_lbcl()
    course = course_of(
        who,
        patients=[{"disease": "B-ALL", "age": 12.0, "sex": "male"}],
        infusions=[
            {"infusion": 1, "day": 0.0, "product": "tisa-cel", "target": "CD19"},
            {"infusion": 2, "day": 420.0, "product": "CD22 CAR T", "target": "CD22"},
        ],
        facts=[
            *facts_of(
                "car_t", "copies/ug", {3: 400, 7: 18000, 10: 64000, 14: 31000, 28: 5200, 90: 800, 180: 90, 427: 9000}
            ),
            *facts_of("car_t", "%", {10: 41, 28: 9, 430: 22}),
            *facts_of("marrow_blasts", "%", {-6: 62, 28: 0, 90: 0, 372: 48, 450: 1}),
            *facts_of("blood_blasts", "%", {-6: 30, 14: 0, 372: 12}),
            *facts_of("mrd", "fraction", {-6: 0.4, 372: 0.3, 450: 0.00012}),
            {"name": "mrd", "day": 28.0, "value": 0.0001, "unit": "fraction", "comparator": "<"},
            {"name": "mrd", "day": 90.0, "value": 0.0001, "unit": "fraction", "comparator": "<"},
            *facts_of("b_cells", "cells/uL", {-6: 40, 28: 0, 90: 0, 180: 0, 372: 2}),
            *facts_of("ldh", "U/L", {-6: 900, 7: 700, 28: 240, 372: 640, 430: 500, 450: 260}),
            *facts_of("ferritin", "ug/L", {0: 2200, 5: 14000, 7: 61000, 10: 30000, 20: 4000, 28: 1800, 427: 9000}),
            *facts_of("crp", "mg/L", {0: 12, 3: 130, 5: 210, 10: 60, 427: 90}),
            *facts_of(
                "anc", "10^9/L", {0: 0.4, 4: 0.0, 8: 0.0, 14: 0.1, 22: 0.3, 28: 0.7, 60: 1.4, 430: 0.2, 450: 0.9}
            ),
            {"name": "response", "day": 28.0, "text": "CR", "method": "eln"},
            {"name": "event", "day": 372.0, "text": "relapse", "site": "marrow"},
            {"name": "event", "day": 375.0, "text": "biopsy", "site": "marrow"},
            {"name": "event", "day": 6.0, "text": "icu_admission"},
            {"name": "event", "day": 12.0, "text": "infection", "site": "E. coli"},
            {"name": "antigen_cd19", "day": 375.0, "text": "negative", "value": 0.5, "unit": "%", "method": "flow"},
            {"name": "antigen_cd22", "day": 375.0, "text": "positive", "method": "flow"},
            {"name": "crs_grade", "day": 5.0, "value": 4.0, "method": "Penn"},
            {"name": "goals_of_care", "day": 380.0, "text": "<script>alert('x')</script> cure wanted"},
        ],
        spans=[
            {"name": "drug", "start": -90.0, "end": -60.0, "text": "blinatumomab", "role": "bridging"},
            {"name": "drug", "start": -6.0, "end": -2.0, "text": "fludarabine", "role": "lymphodepletion"},
            {"name": "drug", "start": 3.0, "end": 4.0, "text": "tocilizumab", "role": "toxicity"},
            {"name": "drug", "start": 5.0, "end": 16.0, "text": "dexamethasone", "role": "toxicity"},
            {"name": "drug", "start": 6.0, "end": 14.0, "text": "anakinra", "role": "toxicity"},
            {"name": "drug", "start": 30.0, "text": "immunoglobulin", "role": "immunoglobulin"},
            {"name": "drug", "start": 414.0, "end": 417.0, "text": "fludarabine", "role": "lymphodepletion"},
            {"name": "vasopressor", "start": 5.0, "end": 8.0, "text": "norepinephrine"},
            {"name": "oxygen", "start": 5.0, "end": 9.0, "text": "ventilator"},
            {"name": "hospital", "start": -6.0, "end": 32.0},
            {"name": "therapy", "start": 460.0, "end": 480.0, "text": "allo_hct", "role": "next_line"},
            {"name": "therapy", "text": "inotuzumab", "role": "next_line", "when": "between relapse and infusion 2"},
        ],
    )
    findings = [
        finding(
            who,
            "crs.astct2019",
            low=4,
            high=4,
            start=3,
            end=9,
            label="grade 4",
            source="lee2019",
            why="Day 5: mechanical ventilation and a vasopressor.",
        ),
        finding(
            who, "crs.astct2019", kind="episode", period="episode 1", low=4, high=4, start=3, end=9, label="grade 4"
        ),
        finding(
            who, "icans.astct2019", low=1, high=1, start=6, end=7, label="grade 1", source="lee2019", why="CAPD 5."
        ),
        finding(
            who, "icans.astct2019", kind="episode", period="episode 1", low=1, high=1, start=6, end=7, label="grade 1"
        ),
        finding(
            who,
            "iec_hs.astct2023",
            low=2,
            high=4,
            start=7,
            end=14,
            label="grade 2 to 4",
            source="hines2023",
            why="Ferritin above 2 times baseline and rapidly rising; fibrinogen not recorded.",
        ),
        finding(
            who,
            "iec_hs.astct2023",
            kind="episode",
            period="episode 1",
            low=2,
            high=4,
            start=7,
            end=14,
            label="grade 2 to 4",
        ),
        finding(
            who,
            "crs.astct2019",
            infusion=2,
            low=1,
            high=2,
            start=4,
            end=8,
            label="grade 1 to 2",
            source="lee2019",
            why="Fever from day 4; blood pressure not recorded.",
        ),
        finding(
            who,
            "crs.astct2019",
            infusion=2,
            kind="episode",
            period="episode 1",
            low=1,
            high=2,
            start=4,
            end=8,
            label="grade 1 to 2",
        ),
    ]
    answer |= {
        "patient": who,
        "synthetic": False,
        "as_of_day": 480.0,
        "patient_facts": {
            "disease": "B-ALL",
            "disease_detail": "KMT2A not rearranged",
            "age": 12.0,
            "sex": "male",
            "product": "CD22 CAR T",
            "product_name": None,
            "target": "CD19",
            "infusions": [
                {"infusion": 1, "day": 0.0, "product": "tisa-cel"},
                {"infusion": 2, "day": 420.0, "product": "CD22 CAR T"},
            ],
        },
        "failure": {
            "state": "failed",
            "type": "relapse",
            "timing": "late",
            "day": 372.0,
            "day_low": 372.0,
            "day_high": 372.0,
            "biopsy_proven": True,
            "antigen": "lost",
            "infusion": 1,
            "definition": "failure.blasts5",
            "why": "48 % blasts in marrow on day 372 after complete remission.",
            "next_look": None,
            "definitions": [
                finding(
                    who,
                    "failure.blasts5",
                    kind="assessment",
                    start=372,
                    low=1,
                    high=1,
                    label="failed",
                    why="48 % blasts.",
                    source="S076",
                    period="",
                )
            ],
            "earlier": [{"infusion": 2, "state": "not_evaluable", "day": None}],
            "disagreement": False,
        },
        "side_effects": findings,
    }
    return answer, course, frame(findings)
