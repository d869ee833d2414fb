"""Properties of reading: order, copies, units and dates change nothing; no row is ever lost."""

import datetime as dt
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from carsequel.record import Course
from carsequel.record.normalise import course_from_tables

MIDNIGHT = dt.datetime(2024, 3, 1)
INFUSIONS = [("a", 1, 0, "axi-cel"), ("a", 2, 100, "tisa-cel"), ("b", 1, 0, "obe-cel"), ("b", 2, 10, "obe-cel")]
LESS = {"crp": ("mg/dL", 0.1), "anc": ("/uL", 1000.0), "creatinine": ("mg/L", 10.0), "igg": ("g/L", 0.01)}
KEPT = {"crp": "mg/L", "anc": "10^9/L", "creatinine": "mg/dL", "igg": "mg/dL"}

minutes = st.integers(-50 * 1440, 400 * 1440)
numbers = st.integers(1, 14000).map(lambda whole: whole / 1000)
measured = st.tuples(st.sampled_from("ab"), st.sampled_from(sorted(KEPT)), minutes, numbers)
messy = st.tuples(
    st.sampled_from(["a", "b", "", "c"]),
    st.sampled_from(["crp", "anc", "response", "", "own", "mrd", "CRP"]),
    st.sampled_from(["1", "2.5", "", "x", "1e9", "2024-01-01"]),
    st.sampled_from(["1", "", "2", "7", "x", "0"]),
    st.sampled_from(["5", "<0.1", "pending", "", "NA", "inf", "1e999", "≥3"]),
    st.sampled_from(["mg/L", "K/uL", "", "furlong", "%"]),
    st.sampled_from(["", "CR", "odd"]),
)


def raw(columns: str, rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    names = columns.split()
    cells = [[None if cell is None else str(cell) for cell in row] for row in rows]
    return pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String), orient="row")


def course_of(facts: pl.DataFrame, infusions: pl.DataFrame | None = None) -> Course:
    given_rows = raw("patient infusion day product", INFUSIONS) if infusions is None else infusions
    return course_from_tables({"infusions": given_rows, "facts": facts})


def in_days(rows: list[tuple[str, str, int, float]]) -> pl.DataFrame:
    cells = [(patient, name, minute / 1440, value, KEPT[name]) for patient, name, minute, value in rows]
    return raw("patient name day value unit", cells)


def close(one: Course, two: Course) -> bool:
    keys = ["patient", "name", "clock", "value", "unit"]
    left, right = (course.facts.select(keys).with_columns(pl.col(pl.Float64).round(7)) for course in (one, two))
    return left.sort(keys).equals(right.sort(keys))


@given(st.lists(measured, min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[Any], chance: Any) -> None:
    mixed, infusions = rows.copy(), INFUSIONS.copy()
    chance.shuffle(mixed)
    chance.shuffle(infusions)
    one, two = course_of(in_days(rows)), course_of(in_days(mixed), raw("patient infusion day product", infusions))
    assert one.data_hash == two.data_hash
    assert one.clock.equals(two.clock)


@given(st.lists(measured, min_size=1, max_size=20))
def test_repeated_rows_count_once(rows: list[Any]) -> None:
    once, twice = course_of(in_days(rows)), course_of(in_days(rows + rows))
    assert once.data_hash == twice.data_hash
    copies = twice.report.filter(pl.col("problem") == "duplicate row counted once")
    assert copies.height + twice.facts.height == 2 * len(rows)


@given(st.lists(measured, min_size=1, max_size=20))
def test_a_unit_changed_with_its_value_is_the_same_fact(rows: list[Any]) -> None:
    other = [(p, name, m / 1440, value * LESS[name][1], LESS[name][0]) for p, name, m, value in rows]
    assert close(course_of(in_days(rows)), course_of(raw("patient name day value unit", other)))


@given(st.lists(measured, min_size=1, max_size=20))
def test_dates_and_days_are_the_same_fact(rows: list[Any]) -> None:
    dates = [(p, n, (MIDNIGHT + dt.timedelta(minutes=m)).isoformat(), v, KEPT[n]) for p, n, m, v in rows]
    infusions = [(p, i, (MIDNIGHT + dt.timedelta(days=day)).date(), product) for p, i, day, product in INFUSIONS]
    by_date = course_of(raw("patient name date value unit", dates), raw("patient infusion date product", infusions))
    by_day = course_of(in_days(rows))
    assert close(by_day, by_date)
    rounded = pl.col(pl.Float64).round(7)
    assert by_day.clock.with_columns(rounded).equals(by_date.clock.with_columns(rounded))


@given(st.lists(messy, max_size=25))
def test_no_row_is_lost(rows: list[Any]) -> None:
    course = course_of(raw("patient name day infusion value unit text", rows))
    of_facts = course.report.filter(pl.col("row").is_not_null() & (pl.col("file") == "facts"))
    # A patient without an infusion is refused as a patient, under the row that names it first; its rows are kept.
    whole = pl.col("problem").str.starts_with("no CAR-T infusion found")
    refused = of_facts.filter((pl.col("status") == "refused") & ~whole)
    copies = of_facts.filter(pl.col("problem") == "duplicate row counted once")
    empty = sum(not any(row) for row in rows)
    assert refused["row"].is_unique().all()
    assert course.facts.height + refused.height + copies.height == len(rows) - empty
    assert course.refused == course.report.filter(pl.col("status") == "refused").height
    assert course.report["what_to_do"].null_count() == 0


@given(st.lists(messy, max_size=15), st.randoms(use_true_random=False))
def test_even_a_messy_record_does_not_depend_on_order(rows: list[Any], chance: Any) -> None:
    mixed = rows.copy()
    chance.shuffle(mixed)
    columns = "patient name day infusion value unit text"
    assert course_of(raw(columns, rows)).data_hash == course_of(raw(columns, mixed)).data_hash
