"""The evidence tables: nothing published is lost, nothing is added, choices and refusals hold."""

import re
from pathlib import Path

import polars as pl
import pytest

from carsequel.evidence.checks import check_evidence, problems_of
from carsequel.evidence.intervals import exact_interval, wilson_interval
from carsequel.evidence.rows import TABLES, base_rates, evidence_rows, rows_for_option
from carsequel.terms.lists import CAUSES, OPTIONS
from carsequel.terms.products import product_ids
from carsequel.terms.sources import check_keys
from carsequel.terms.tables import read_table

# The numbers of each published row as they were read, row by row, kept apart from the tables that are tested.
FROZEN = pl.read_csv(Path(__file__).with_name("published_numbers.csv"), infer_schema=False)
NUMBER = re.compile(r"\d[\d,]*\.?\d*|\.\d+")


def _numbers(rows: pl.DataFrame) -> set[float]:
    said = rows.drop("id", "source", "date_read")
    cells = (cell for row in said.iter_rows() for cell in row if cell)
    return {float(hit.strip(",").replace(",", "")) for cell in cells for hit in NUMBER.findall(cell)}


@pytest.mark.parametrize("table", TABLES)
def test_every_published_number_is_found_again(table: str) -> None:
    rows = read_table("carsequel.evidence", f"{table}.csv").with_columns(pl.col("id").str.split("/").list[0].alias("g"))
    groups = {str(key[0]): frame.drop("g") for key, frame in rows.group_by("g")}
    frozen = FROZEN.filter(pl.col("table") == table)
    assert set(groups) == set(frozen["group"])
    for group, numbers in frozen.select("group", "numbers").iter_rows():
        found = _numbers(groups[group])
        lost = [number for number in (numbers or "").split(";") if number and float(number) not in found]
        assert not lost, f"{table} {group}: {lost}"


def test_source_and_status_of_every_published_row_are_kept() -> None:
    for table in TABLES:
        rows = evidence_rows(table).with_columns(pl.col("id").str.split("/").list[0].alias("group"))
        joined = rows.join(FROZEN.filter(pl.col("table") == table), on="group", suffix="_read")
        assert joined.height == rows.height
        assert (joined["source"] == joined["source_read"]).all()
        weaker = joined.filter(pl.col("status_read").is_not_null() & (pl.col("status") != pl.col("status_read")))
        assert set(weaker["status"]) <= {"UNVERIFIED"}


def test_number_of_published_rows() -> None:
    counts = dict(FROZEN.group_by("table").len().iter_rows())
    assert counts == {
        "outcomes": 41,
        "options": 56,
        "mechanisms": 45,
        "prognosis": 21,
        "side_effects": 36,
        "targets": 45,
    }
    ours = {table: evidence_rows(table).height for table in TABLES}
    assert ours == {
        "outcomes": 256,
        "options": 244,
        "mechanisms": 84,
        "prognosis": 51,
        "side_effects": 86,
        "targets": 45,
    }


def test_shipped_tables_pass_their_own_check() -> None:
    check_evidence()
    for table in TABLES:
        assert check_keys(evidence_rows(table)) == []


BROKEN = [
    ({"source": None}, "no source"),
    ({"source": "nobody1900"}, r"not in sources\.csv"),
    ({"unit": None}, "without its unit"),
    ({"n": None, "n_note": None}, "n is missing"),
    ({"status": "SURE"}, "status"),
    ({"role": "fit"}, "role"),
    ({"interval": None}, "interval"),
    ({"value": 99.0}, "do not enclose"),
    ({"value": None, "low": None, "high": None, "words": None}, "neither"),
    ({"n_events": 500}, "exceeds"),
    ({"n_events": 1}, "differ"),
    ({"date_read": "last spring"}, "date_read"),
]


@pytest.mark.parametrize(("change", "problem"), BROKEN)
def test_a_faulty_row_is_named(change: dict[str, object], problem: str) -> None:
    good = evidence_rows("targets").head(1)
    assert problems_of(good) == []
    bad = good.with_columns(pl.lit(new, dtype=good.schema[name]).alias(name) for name, new in change.items())
    found = problems_of(bad)
    assert any(re.search(problem, line) for line in found)
    assert all(line.startswith(good["id"][0]) for line in found)


def test_two_rows_of_one_id_are_named() -> None:
    good = evidence_rows("targets").head(1)
    assert any("twice" in line for line in problems_of(pl.concat([good, good])))


def test_a_graded_toxicity_names_its_scale() -> None:
    graded = evidence_rows("outcomes").filter(pl.col("outcome").str.contains("CRS|ICANS"), pl.col("unit") == "%")
    assert graded["scale"].null_count() == 0
    assert set(graded["scale"]) == {"Penn", "unknown"}
    bare = graded.head(1).with_columns(scale=pl.lit(None, dtype=pl.String))
    assert any("without its scale" in line for line in problems_of(bare))


def test_wilson_limits_match_those_that_came_with_the_targets() -> None:
    came = evidence_rows("targets").filter(pl.col("interval") == "wilson")
    assert came.height == 24 and came["derived"].all()
    low, high = wilson_interval(pl.col("value") / 100, pl.col("n"))
    again = came.with_columns((100 * low).alias("again_low"), (100 * high).alias("again_high"))
    assert (again["again_low"] - again["low"]).abs().max() < 0.06
    assert (again["again_high"] - again["high"]).abs().max() < 0.06


@pytest.mark.parametrize(("events", "n"), [(0, 8), (8, 8), (5, 10), (10, 16), (33, 63), (1, 1)])
def test_exact_limits_are_where_the_binomial_tail_is_a_fortieth(events: int, n: int) -> None:
    from math import comb

    def tail(share: float, counts: range) -> float:
        return sum(comb(n, k) * share**k * (1 - share) ** (n - k) for k in counts)

    low, high = (float(side[0]) for side in exact_interval(events, n))
    assert low == 0 if events == 0 else tail(low, range(events, n + 1)) == pytest.approx(0.025)
    assert high == 1 if events == n else tail(high, range(events + 1)) == pytest.approx(0.025)


def test_exact_limits_of_what_cannot_be_are_missing() -> None:
    low, high = exact_interval([float("nan"), 9, 1, -1], [8, 8, 0, 8])
    assert [bool(each) for each in (low != low)] == [True] * 4
    assert [bool(each) for each in (high != high)] == [True] * 4


def test_intervals_are_computed_for_shares_only() -> None:
    for table in TABLES:
        computed = evidence_rows(table).filter(pl.col("derived"))
        assert set(computed["unit"]) <= {"%"}
        assert computed.select(pl.col("low", "high", "n").null_count()).row(0) == (0, 0, 0)
        assert ((computed["low"] >= 0) & (computed["high"] <= 100)).all()


def test_published_intervals_are_left_alone() -> None:
    typed = evidence_rows("outcomes").filter(pl.col("interval") == "published")
    raw = read_table("carsequel.evidence", "outcomes.csv").filter(pl.col("interval") == "published")
    assert typed["low"].to_list() == raw["low"].cast(pl.Float64).to_list()


def test_roles() -> None:
    for table in TABLES:
        roles = set(evidence_rows(table)["role"])
        assert roles <= ({"calibrate", "external"} if table == "targets" else {"context", "calibrate"})
        if table not in ("targets", "options", "prognosis"):
            assert roles == {"context"}


def test_ids_are_those_of_the_contract() -> None:
    options = evidence_rows("options")["option"].str.split(";").explode().unique().to_list()
    assert set(options) <= {*OPTIONS, "any"}
    causes = evidence_rows("mechanisms")["cause"].drop_nulls().str.split(";").explode().unique().to_list()
    assert set(causes) <= set(CAUSES)
    products = evidence_rows("outcomes")["product"].str.split(";").explode().unique().to_list()
    assert set(products) <= {*product_ids(), "other CAR-T", "none"}
    for table in TABLES:
        diseases = set(evidence_rows(table)["disease"].str.split(";").explode())
        assert diseases <= {"LBCL", "FL", "MCL", "CLL", "B-ALL", "MM", "any"}


def test_rows_for_an_option() -> None:
    rows = rows_for_option("bispecific_cd20", "LBCL")
    assert "UNVERIFIED" not in set(rows["status"])
    assert rows_for_option("bispecific_cd20", "LBCL", include_unverified=True).height > rows.height
    first = rows.filter(pl.col("id") == "bispecific-cd20-shumilov-lbcl/orr").row(0, named=True)
    assert (first["value"], first["n"], first["interval"]) == (43.0, 92, "exact")
    assert rows_for_option("blinatumomab", "B-ALL")["n_events"].to_list() == [7]
    assert rows_for_option("second_infusion", "CLL").height > 0
    assert rows_for_option("tki").height == 0
    with pytest.raises(KeyError, match="outcomes"):
        evidence_rows("opinions")


def test_base_rates_are_counts() -> None:
    lbcl = base_rates("LBCL", "axi-cel")
    stanford = lbcl.filter(pl.col("cohort") == "axi-cel (Stanford)").row(0, named=True)
    assert (stanford["numerator"], stanford["denominator"], stanford["biopsied_only"]) == (10, 16, "yes")
    assert 0.35 < stanford["low"] < stanford["p"] < stanford["high"] < 0.85
    assert lbcl["cause"].null_count() == 0 and (lbcl["numerator"] <= lbcl["denominator"]).all()
    assert "axi-cel (ZUMA-1)" not in lbcl["cohort"].to_list()  # "about 30%" is no count
    b_all = base_rates("B-ALL", "tisa-cel")
    assert b_all["product_match"].to_list() == [True, False, False]
    assert base_rates("MM").height == 0
    assert base_rates("MM", include_unverified=True)["numerator"].to_list() == [3]
    assert base_rates("MM", "cilta-cel", include_unverified=True).height == 0
    assert base_rates("FL").height == 0


def test_approximate_numbers_of_patients_stay_words() -> None:
    mosunetuzumab = evidence_rows("options").filter(pl.col("option_words") == "mosunetuzumab")
    assert mosunetuzumab["n"].null_count() == mosunetuzumab.height
    assert set(mosunetuzumab["n_note"]) == {"~30"}
