"""The frame scorers give what a plain loop over each patient's rows gives."""

from collections.abc import Callable

import polars as pl
import pytest
import score_twins as twin
from random_scored import raw_of_scored, scored_patient

from carsequel.record.course import Course
from carsequel.risks.car_hematotox import score_car_hematotox
from carsequel.risks.easix import score_easix
from carsequel.risks.flipi import score_flipi
from carsequel.risks.ipi import score_ipi
from carsequel.risks.iss import score_iss
from carsequel.risks.mipi import score_mipi
from carsequel.risks.pc_pi import score_pc_pi
from carsequel.risks.tumour_volume import assess_tumour_volume

N = 400
PAIRS: dict[str, tuple[str, Callable[[Course], pl.DataFrame], Callable[[twin.Patient, float], twin.Bounds]]] = {
    "car_hematotox.rejeski2021": ("LBCL", score_car_hematotox, twin.hematotox),
    "ipi": ("LBCL", score_ipi, twin.ipi),
    "flipi": ("FL", score_flipi, twin.flipi),
    "easix": ("LBCL", score_easix, twin.easix),
    "m_easix": ("B-ALL", score_easix, twin.m_easix),
    "mipi": ("MCL", score_mipi, twin.mipi),
    "smipi": ("MCL", score_mipi, twin.smipi),
    "iss": ("MM", score_iss, twin.iss),
    "tumour_volume.dean2020": ("LBCL", assess_tumour_volume, twin.volume),
}


@pytest.mark.parametrize("criterion", PAIRS)
def test_as_in_a_plain_loop(criterion: str) -> None:
    disease, score, plain = PAIRS[criterion]
    people = {f"p{seed}": scored_patient(seed, disease) for seed in range(N)}
    found = score(raw_of_scored(people).course()).filter(pl.col("criterion") == criterion)
    rows = {
        (row["patient"], row["definition"].split()[0].removeprefix("at=")): row for row in found.iter_rows(named=True)
    }
    seen = 0
    for name, p in people.items():
        for at, ref in twin.refs(p).items():
            row = rows.pop((name, at))
            expected = plain(p, ref)
            assert (row["low"] is None) == (expected is None), (name, at, p)
            if expected is not None:
                assert (row["low"], row["high"]) == pytest.approx(expected, abs=1e-4), (name, at, p)
                seen += 1
    assert not rows
    assert seen > N / 8


def test_pc_pi_as_in_a_plain_loop() -> None:
    days = {f"p{seed}": 100 + seed % 40 for seed in range(N)}
    people = {name: scored_patient(number, "LBCL", around=days[name]) for number, name in enumerate(days)}
    progression = pl.DataFrame({"patient": list(days), "infusion": 1, "day": list(days.values())})
    found = score_pc_pi(raw_of_scored(people).course(), progression).filter("default")
    for row in found.iter_rows(named=True):
        expected = twin.pc_pi(people[row["patient"]], days[row["patient"]])
        assert (row["low"], row["high"]) == (expected or (None, None)), (row["patient"], people[row["patient"]])
    assert found.height == N


def test_the_closed_form_of_mipi() -> None:
    p = {"age": 65, "disease": "MCL", "lymphodepletion": None, "facts": []}
    for name, value, uln in (("ecog", 1, None), ("ldh", 300, 250), ("wbc", 8, None)):
        p["facts"].append({"name": name, "day": -5, "value": value, "comparator": None, "uln": uln})
    found = score_mipi(raw_of_scored({"a": p}).course()).filter(pl.col("criterion") == "mipi")
    assert found.item(0, "value") == pytest.approx(2.29775 + 0.108241 + 3.666172, abs=1e-5)
