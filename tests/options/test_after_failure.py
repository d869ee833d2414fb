"""The projection after failure: fitted to the rows of its role only, a proper survival curve, honest where unanchored."""

import importlib.util
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq, least_squares

import carsequel.options.after_failure.anchors as room
from carsequel.evidence.rows import evidence_rows
from carsequel.options.after_failure import project_option, survival_after_failure
from carsequel.options.after_failure.anchors import PC_PI, anchor, anchors
from carsequel.options.after_failure.compare import compared_rows, verdict_of
from carsequel.options.after_failure.fit import FITTED, fitted_hazards, median_of, mixture
from carsequel.options.after_failure.strata import class_of, group_of, stratum_of
from carsequel.terms.diseases import disease_ids
from carsequel.terms.lists import OPTIONS
from carsequel.terms.sources import source_row, split_keys

HALF_YEAR = 6 * 30.4375


def test_only_rows_of_role_calibrate_are_fitted(monkeypatch) -> None:
    roles = pl.concat([evidence_rows(table).select("id", "role") for table in ("targets", "options", "prognosis")])
    assert set(roles.filter(pl.col("id").is_in([row.id for row in anchors()]))["role"]) == {"calibrate"}
    turned = evidence_rows("targets").with_columns(role=pl.lit("external"))
    monkeypatch.setattr(room, "evidence_rows", lambda _: turned)
    with pytest.raises(ValueError, match="only rows of role calibrate"):
        room.anchors.__wrapped__()


def test_every_calibrate_row_after_failure_is_used_and_no_other() -> None:
    ours = pl.concat([evidence_rows(table).select("id", "role") for table in ("options", "prognosis")])
    after = ["descar-t-failure-post-failure-all-os2-6/os2-6mo", "gla-drst-axi-tisa-nrm-12/nrm-12mo"]
    after.append("glofitamab-bicar-glofitamab-after-car-t-os-median-mo/median-os")
    expected = {*ours.filter(pl.col("role") == "calibrate")["id"], *after}
    assert {row.id for row in anchors()} == expected


def test_compared_rows_hold_every_external_survival_row_after_failure() -> None:
    external = evidence_rows("targets").filter(
        (pl.col("role") == "external")
        & pl.col("cohort").str.contains("post-CAR-T|post-relapse|failure|nonresponse")
        & pl.col("outcome").str.contains(r"OS|^NRM")
    )
    assert external.height == 7
    assert set(external["id"]) <= set(compared_rows()["id"])
    assert not set(compared_rows()["role"]) & {"calibrate"}


def test_the_fit_passes_through_its_rows() -> None:
    fit = fitted_hazards()
    assert 100 * mixture(fit.time, fit.mix, 6.0)[0] == pytest.approx(47.9)
    assert np.log(2) / fit.time[2, 0] == pytest.approx(13.2)
    assert median_of(fit.time * fit.bispecific, fit.mix)[0] == pytest.approx(14.7)
    assert 100 * (1 - np.exp(-12 * fit.other[0])) == pytest.approx(6.0)
    for at, name in enumerate(PC_PI):
        assert np.log(2) / fit.group[at, 0] == pytest.approx(anchor(name).value)


def test_another_solver_finds_the_same_hazards() -> None:
    mix = np.array([22.7, 42.9, 34.5]) / 100.1
    steps = np.array([2.0, 1.0, 0.0])

    def gaps(theta):
        hazards = np.exp(theta[0] + theta[1] * steps)
        alive = (mix * np.exp(-6 * hazards)).sum()
        median = brentq(lambda t: (mix * np.exp(-np.exp(theta[2]) * hazards * t)).sum() - 0.5, 1e-3, 1e4)
        goals = [anchor(name) for name in ("step", "late", "bispecific")]
        said = [np.log(alive / (1 - alive)), np.log(np.log(2)) - theta[0], np.log(median)]
        return [(now - row.centre) / row.spread for now, row in zip(said, goals, strict=True)]

    found = least_squares(gaps, [-3.0, 0.5, -0.5], xtol=1e-14, ftol=1e-14, gtol=1e-14).x
    fit = fitted_hazards()
    assert np.exp(found[0] + found[1] * steps) == pytest.approx(fit.time[:, 0], rel=1e-6)
    assert np.exp(found[2]) == pytest.approx(fit.bispecific[0], rel=1e-6)


def test_redrawn_rows_spread_as_their_intervals_say() -> None:
    fit = fitted_hazards()
    late = np.log(np.log(2) / fit.time[2, 1:])
    assert late.std() == pytest.approx(anchor("late").spread, rel=0.15)
    assert np.exp(np.percentile(late, [2.5, 97.5])) == pytest.approx([9.6, 18.0], rel=0.1)
    assert len(FITTED) == 8 and np.isfinite(fit.time).all() and np.isfinite(fit.group).all()


@pytest.mark.parametrize("option", ["any", "bispecific_cd20"])
@pytest.mark.parametrize("day", [None, 0.0, 30.0, 31.0, 90.0, 91.0, 400.0])
def test_a_curve_starts_at_one_falls_and_splits_its_deaths(day, option) -> None:
    found = survival_after_failure("LBCL", day, None, option, range(0, 1500, 50))
    assert [found[name][0] for name in ("survival", "low", "high")] == pytest.approx([1.0, 1.0, 1.0])
    assert (found["survival"].diff().drop_nulls() < 0).all()
    assert (found["died_of_other"].diff().drop_nulls() >= 0).all()
    whole = found["survival"] + found["died_of_disease"] + found["died_of_other"]
    assert whole.to_list() == pytest.approx([1.0] * found.height)
    inner = found.filter(pl.col("day") > 0)
    assert ((inner["low"] < inner["survival"]) & (inner["survival"] < inner["high"])).all()


def test_competing_deaths_have_the_closed_form() -> None:
    fit, months = fitted_hazards(), 12.0
    row = survival_after_failure("LBCL", 120.0, None, "any", [months * 30.4375]).row(0, named=True)
    hazard, other = fit.time[2, 0], fit.other[0]
    assert row["survival"] == pytest.approx(np.exp(-hazard * months))
    assert row["died_of_other"] == pytest.approx(other / hazard * (1 - np.exp(-hazard * months)))


def test_a_later_failure_and_a_better_group_live_longer() -> None:
    def half_year(day, factors=None):
        return survival_after_failure("LBCL", day, factors, "any", [HALF_YEAR])["survival"].item()

    days = [half_year(day) for day in (30.0, 31.0, 91.0)]
    assert days == sorted(days) and len(set(days)) == 3
    groups = [half_year(60.0, {"group": name}) for name in reversed(PC_PI)]
    assert groups == sorted(groups) and len(set(groups)) == 4
    assert half_year(60.0, {"adverse": 3}) == half_year(60.0)
    assert half_year(60.0, dict.fromkeys(("ecog", "hemoglobin", "ldh", "extranodal", "months"), True)) == groups[0]


def test_those_never_treated_again_are_counted() -> None:
    row = survival_after_failure("LBCL", 60.0, None, "bispecific_cd20", [HALF_YEAR]).row(0, named=True)
    fit = fitted_hazards()
    untreated = np.exp(-6 * fit.time[1, 0] * fit.untreated[0])
    assert row["survival"] == pytest.approx(0.64 * row["treated"] + 0.36 * untreated)
    assert row["survival"] < row["treated"]
    late = stratum_of(120.0)
    assert late.treated[0] == pytest.approx(0.765) and "treated_late" in late.parameters


@pytest.mark.parametrize("disease", [name for name in disease_ids() if name != "LBCL"])
def test_a_disease_without_a_row_gets_the_widest_range_and_no_number(disease) -> None:
    row = survival_after_failure(disease, 60.0, None, "any", [HALF_YEAR]).row(0, named=True)
    assert row["survival"] is None and row["died_of_disease"] is None and not row["anchored"]
    for day in (0.0, 60.0, 120.0, None):
        for factors in (None, *({"group": name} for name in PC_PI)):
            for option in ("any", "bispecific_cd20"):
                one = survival_after_failure("LBCL", day, factors, option, [HALF_YEAR]).row(0, named=True)
                assert row["low"] <= one["low"] and one["high"] <= row["high"]
    entry = project_option("allo_hct", "transplant", disease, 60.0)
    assert entry["value"] is None and "no calibrated row after failure in this disease" in entry["words"]


@pytest.mark.parametrize("option", OPTIONS)
def test_an_entry_says_what_it_stands_on(option) -> None:
    entry = project_option(option, "drug", "LBCL", 120.0)
    assert (entry["kind"], entry["time_zero"], entry["unit"]) == ("statistical", "progression", "%")
    assert (entry["value"] is None) is (option != "bispecific_cd20")
    assert entry["why"] and entry["n_note"] and (entry["share_treated"], entry["share_treated_n"]) == (76.5, 298)
    assert all(source_row(key) for key in split_keys(entry["source"]))
    assert project_option(option, "care", "LBCL", 120.0) is None


def test_impossible_inputs_are_refused() -> None:
    for wrong in ({"group": "medium"}, {"age": 60}):
        with pytest.raises(ValueError, match=r"allowed|not one of"):
            group_of(wrong)
    with pytest.raises(ValueError, match="before the infusion"):
        class_of(-1.0)
    with pytest.raises(ValueError, match="after failure"):
        survival_after_failure("LBCL", 60.0, days=[-1])


@given(st.floats(0, 3000))
def test_a_class_is_that_of_the_calendar_day(day) -> None:
    whole = int(day)
    assert class_of(day) == ("D0-30" if whole <= 30 else "D31-90" if whole <= 90 else ">90")


def test_a_published_value_is_inside_meets_or_misses() -> None:
    assert verdict_of((5.0, None, None), (4.0, 6.0)) == "inside"
    assert verdict_of((3.0, 2.0, 4.5), (4.0, 6.0)) == "meets"
    assert verdict_of((18.0, 13.2, None), (4.0, 6.0)) == "miss"
    rows = {row["id"]: row for row in compared_rows().to_dicts()}
    held_out = rows["descar-t-failure-post-failure-d0-30-os2-6/os2-6mo"]
    assert (held_out["role"], held_out["verdict"]) == ("external", "inside")
    assert rows["allohct-post-car-t-allohct-nrm-12/nrm-12mo"]["verdict"] == "miss"


def test_the_page_is_fresh() -> None:
    path = Path(__file__).parents[2] / "docs" / "print_after_failure.py"
    spec = importlib.util.spec_from_file_location("print_after_failure", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    written = script.PAGE.read_text(encoding="utf-8")
    assert script.same(written, script.page())
    assert not script.same(written, written.replace("47.9", "57.9"))
    missed = compared_rows().filter(pl.col("verdict") == "miss")
    assert all(f"- {name}: published" in written for name in missed["id"])
