"""Populations: the same patient in every chunk, targets that name only rows they may use, and sets that meet them."""

import numpy as np
import polars as pl
import pytest

from carsequel.evidence.rows import evidence_rows
from carsequel.mechanism.populations import draw_patients, ensemble, populations
from carsequel.mechanism.populations.distance import TargetError, _target, distance, reach, targets
from carsequel.mechanism.populations.draw import draw_members
from carsequel.mechanism.populations.ensemble import Member, PopulationError, Spread
from carsequel.mechanism.populations.measures import MEASURES, Seen, measure
from carsequel.mechanism.populations.runs import simulate_members
from carsequel.terms.tables import read_table

SHIPPED = [(row["disease"], row["product"]) for row in populations().iter_rows(named=True)]
# The sum of squared z of the shipped ensembles on 1,500 patients may reach this much: twice what 5,000 gave.
FARTHEST = {"LBCL axi-cel": 54.0, "B-ALL tisa-cel": 22.0, "MM ide-cel": 13.0}


def one_set(**changes: float) -> Member:
    return Member(
        "one", 1.0, "", (Spread("r", 0.1, 0.5, 0.02, 0.5, None, 0.0), Spread("kk", 1.0, 0.8, 0.01, 50, "r", 0.6))
    )


@pytest.mark.parametrize(("disease", "product"), SHIPPED)
def test_any_chunk_gives_the_same_patients(disease: str, product: str) -> None:
    whole = draw_patients(disease, product, 3000, seed=5)
    part = draw_patients(disease, product, 700, seed=5, first=1900)
    for name, values in part.parameters.items():
        assert np.array_equal(values, whole.parameters[name][1900:2600]), name
    assert np.array_equal(part.sets, whole.sets[1900:2600])
    assert not np.array_equal(draw_patients(disease, product, 700, 6).parameters["kk"], whole.parameters["kk"][:700])


@pytest.mark.parametrize(("disease", "product"), SHIPPED)
def test_the_sets_of_a_population_vary_the_same_parameters_within_their_clips(disease: str, product: str) -> None:
    members = ensemble(disease, product)
    assert sum(member.weight for member in members) == pytest.approx(1)
    assert len({tuple(sorted(spread.parameter for spread in member.spreads)) for member in members}) == 1
    drawn = draw_patients(disease, product, 2000, seed=1)
    for number, member in enumerate(members):
        for spread in member.spreads:
            values = drawn.parameters[spread.parameter][drawn.sets == number]
            assert values.min() >= spread.low and values.max() <= spread.high


def test_medians_spreads_and_correlations_are_those_asked_for() -> None:
    drawn = draw_members([one_set()], 40_000, seed=2)
    r, kk = (np.log(drawn.parameters[name]) for name in ("r", "kk"))
    assert np.median(r) == pytest.approx(np.log(0.1), abs=0.01)
    assert kk.std() == pytest.approx(0.8, rel=0.02)
    assert np.corrcoef(r, kk)[0, 1] == pytest.approx(0.6, abs=0.02)


def test_another_parameter_moves_nobody() -> None:
    more = Member("one", 1.0, "", (*one_set().spreads, Spread("dE", 0.2, 0.3, 0.01, 1, None, 0.0)))
    one, two = draw_members([one_set()], 500, 3), draw_members([more], 500, 3)
    assert np.array_equal(one.parameters["kk"], two.parameters["kk"])


def test_an_unknown_population_is_named_with_those_that_exist() -> None:
    with pytest.raises(PopulationError, match="LBCL axi-cel"):
        ensemble("LBCL", "no-cel")


@pytest.mark.parametrize("wrong", [{"n": -1, "seed": 1}, {"n": 2, "seed": -1}, {"n": 2, "seed": 1, "first": -5}])
def test_nobody_is_drawn_by_a_number_below_zero(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="one is below 0"):
        draw_patients("LBCL", "axi-cel", **wrong)


def test_only_rows_to_calibrate_are_fitted() -> None:
    rows = pl.concat([evidence_rows(table).select("id", "role") for table in ("targets", "outcomes")])
    fitted = read_table("carsequel.mechanism.populations", "targets.csv").filter(pl.col("use") == "fit")
    named = fitted.filter(pl.col("evidence").is_not_null()).join(rows, left_on="evidence", right_on="id", how="left")
    assert named["role"].to_list() == ["calibrate"] * named.height
    assert named.height > 5
    external = rows.filter(pl.col("role") == "external")["id"][0]
    row = dict.fromkeys(fitted.columns) | {"measure": "pfs", "use": "fit", "evidence": external, "source": "S002"}
    with pytest.raises(TargetError, match="only calibrate rows are fitted"):
        _target(row)


def test_a_target_without_a_source_or_an_aim_is_refused() -> None:
    row = {"measure": "cr", "use": "fit", "aim": "0.5", "population": "LBCL axi-cel", "evidence": None, "source": None}
    with pytest.raises(TargetError, match="no source"):
        _target(row)


def test_every_target_names_a_measure_that_exists() -> None:
    for population in read_table("carsequel.mechanism.populations", "targets.csv")["population"].unique():
        for target in targets(population):
            assert target.measure in MEASURES or target.measure.startswith(("car_day_", "cmax_to_axi"))


def _seen() -> Seen:
    rows = pl.DataFrame(
        {
            "failure_day": [20.0, 60.0, 400.0, None],
            "failure_kind": ["progression", "progression", "relapse", None],
            "antigen_negative": [False, True, True, None],
            "cr": [False, False, True, True],
            "orr": [False, True, True, True],
            "b_cells_back_day": [10.0, None, 300.0, 500.0],
            "cmax": [10.0, 20.0, 40.0, 80.0],
            "auc28": [1.0, 2.0, 4.0, 8.0],
            "tmax": [9.0, 10.0, 11.0, 12.0],
            "aplasia_day_30": [False, True, True, True],
            "car_day_90": [1.0, 1.0, 2.0, 4.0],
            "car_day_180": [0.0, 1.0, 0.01, 0.06],
        }
    )
    return Seen(rows, np.array([1e12, 1e11, 1e10, 1e9]))


@pytest.mark.parametrize(
    ("name", "at", "expected"),
    [
        ("cmax", "0.5", 30.0),
        ("cr", None, 0.5),
        ("orr", None, 0.75),
        ("failed_by_30", None, 1 / 3),
        ("failed_31_to_90", None, 1 / 3),
        ("pfs", "12", 0.5),
        ("nrm", "24", 0.0),
        ("antigen_negative", None, 2 / 3),
        ("relapse_antigen_negative", None, 1.0),
        ("b_cells_back", "365", 0.5),
        ("cmax_ratio", "geometric", 4.0),
        ("cmax_ratio", "0.5", 4.0),
        ("car_day_90", "0.5", 3.0),
        ("auroc_peak", "365", 1.0),
        ("detected", "182", 0.5),
        ("aplasia_day_30", None, 0.75),
    ],
)
def test_measures_count_what_their_name_says(name: str, at: str | None, expected: float) -> None:
    assert measure(name, at, _seen()) == pytest.approx(expected)


@pytest.mark.parametrize("population", sorted(FARTHEST))
def test_shipped_ensembles_meet_their_targets_on_new_seeds(population: str) -> None:
    disease, product = population.split(" ")
    seen = simulate_members(disease, ensemble(disease, product), 1500, seed=31_337)
    assert len(seen.cmax) == 1500
    assert distance(reach(population, seen)) < FARTHEST[population]
