"""Responses graded from records of myeloma and leukaemia against the burden behind them, within the noise of the assay.

The true response of a visit is read here from the states of the virtual patient, at the true value and four standard
deviations of the noise to either side; a grade must allow one of the three.
"""

import numpy as np
import polars as pl
import pytest

import carsequel as cs
from carsequel.mechanism import observe
from carsequel.synthetic import make_records
from carsequel.synthetic.virtual import Virtual, virtual_patients

N, SEED, HORIZON = 40, 2, 365.0
PROTEIN_NOISE, MARROW_NOISE = 0.08, 0.4  # four standard deviations of the logarithm
ROUNDING = 0.005  # g/dL
PATIENT = "patient"


def _made(disease: str, product: str) -> tuple[Virtual, pl.DataFrame, pl.DataFrame]:
    """The virtual patients, the truth and the findings of their records."""
    records = make_records(disease, product, N, SEED, explain=False)
    course = records.course()
    assert course.refused == 0 and course.report.is_empty()
    return virtual_patients(disease, product, N, SEED, "single", HORIZON, False), records.truth, cs.grade(course)


@pytest.fixture(scope="module")
def myeloma() -> tuple[Virtual, pl.DataFrame, pl.DataFrame]:
    return _made("MM", "ide-cel")


def _protein(virtual: Virtual) -> np.ndarray:
    """True M-protein, [n, 1 + k]: before the infusion, then at the times of the solution."""
    cells = np.column_stack([virtual.baseline, virtual.states["tumour"]])
    return observe.m_protein(cells, np.concatenate([[virtual.times[0] - 1e-6], virtual.times]))


def _imwg(before: float, protein: np.ndarray) -> set[int]:
    """Codes of imwg.2016 that the M-protein allows: CR 1, VGPR 2, PR 3, MR 4, SD 5 (kumar2016)."""
    seen = protein * np.exp([-PROTEIN_NOISE, 0.0, PROTEIN_NOISE]) + np.array([-ROUNDING, 0.0, ROUNDING])
    share = seen / before
    return set(np.select([seen < 0.05, share <= 0.1, share <= 0.5, share <= 0.75], [1, 2, 3, 4], 5).tolist())


def test_each_visit_in_myeloma_has_the_response_of_the_true_protein(myeloma) -> None:
    virtual, truth, found = myeloma
    level, row = _protein(virtual), {patient: at for at, patient in enumerate(truth[PATIENT])}
    visits = found.filter(criterion="imwg.2016", kind="assessment", default=True).filter(pl.col("label") != "PD")
    checked = set()
    for visit in visits.iter_rows(named=True):
        at = row[visit[PATIENT]]
        allowed = _imwg(level[at, 0], np.interp(visit["start"], virtual.times, level[at, 1:]))
        assert any(visit["low"] <= code <= visit["high"] for code in allowed), visit["why"]
        if level[at, 0] >= 1.1:  # measurable: the grade is settled, but for what nobody measured of a CR
            assert visit["low"] == visit["high"] or (visit["low"], visit["high"]) == (0, 1), visit["why"]
        checked |= allowed
    assert visits.height > 5 * N and checked == {1, 2, 3, 4, 5}


def test_the_best_response_in_myeloma_is_the_true_one(myeloma) -> None:
    virtual, truth, found = myeloma
    own = found.filter(criterion="imwg.2016", kind="best").filter(
        pl.col("definition").str.contains("confirmation=none")
    )
    best = truth.select(PATIENT, "best_response").join(own.select(PATIENT, "low", "high"), on=PATIENT)
    assert best.height == N
    level = _protein(virtual)
    visits = np.arange(28.0, 365.0, 28.0)
    for at, grade in enumerate(best.iter_rows(named=True)):
        on = visits[(visits < virtual.failure[at]) & (visits <= virtual.end[at])]
        if not on.size:
            continue
        allowed = _imwg(level[at, 0], np.interp(on, virtual.times, level[at, 1:]).min())
        assert any(grade["low"] <= code <= grade["high"] for code in allowed)
        true = {"CR": {1}, "VGPR": {2}, "PR": {3}, "SD": {4, 5}, "PD": {4, 5}}[grade["best_response"]]
        assert allowed & true
    assert best["best_response"].n_unique() >= 4


def test_the_protein_before_the_infusion_is_that_of_the_burden(myeloma) -> None:
    virtual, _, _ = myeloma
    course = make_records("MM", "ide-cel", N, SEED, explain=False).course()
    assert {"m_protein_serum", "immunofixation_serum", "antigen_bcma"} <= course.names
    before = course.facts.filter((pl.col("name") == "m_protein_serum") & (pl.col("day") < 0)).sort(PATIENT)["value"]
    true = observe.number("m_protein_per_cell") * virtual.baseline
    assert np.all(np.abs(before.to_numpy() - true) <= np.expm1(PROTEIN_NOISE) * true + ROUNDING)


def test_each_visit_in_leukaemia_has_the_response_of_the_true_marrow() -> None:
    virtual, truth, found = _made("B-ALL", "tisa-cel")
    row = {patient: at for at, patient in enumerate(truth[PATIENT])}
    visits = found.filter(criterion="ball.eln2024", kind="assessment", default=True).filter(pl.col("start") > 0)
    failures = 0
    for visit in visits.iter_rows(named=True):
        blasts = observe.marrow_blasts(virtual.on("tumour", [visit["start"]])[row[visit[PATIENT]]])[0]
        allowed = {bool(blasts * by >= 1.0) for by in np.exp([-MARROW_NOISE, 0.0, MARROW_NOISE])}  # MRD of 1 %
        assert visit["low"] == visit["high"] and (visit["label"] == "failure") in allowed, visit["why"]
        failures += visit["label"] == "failure"
    assert visits.height > 3 * N and failures >= 5
