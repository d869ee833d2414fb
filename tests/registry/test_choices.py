"""How often another named choice changes the answer: golden counts, and the same counted one patient at a time."""

import random
from typing import Any

import polars as pl
import pytest
from choice_twins import counted

from carsequel.registry.choices import COUNTED, count_choices, tally_choices
from carsequel.terms.findings import as_findings, criteria_table

LONGEST, CUMULATIVE = "counting=longest bridge=2 missing=interpolate7", "counting=cumulative missing=interpolate7"
BOUNDS = "counting=longest bridge=2 missing=bounds"

# patient | criterion | kind | period | default definition: low..high | other definition: low..high
GOLDEN = f"""
a | icaht_early.eha2023 | maximum | d0-30 | {LONGEST}: 1..1 | {CUMULATIVE}: 2..2
b | icaht_early.eha2023 | maximum | d0-30 | {LONGEST}: 1..1 | {CUMULATIVE}: 1..1
c | icaht_early.eha2023 | maximum | d0-30 | {LONGEST}: 2..2 | {CUMULATIVE}: 4..4
d | icaht_early.eha2023 | maximum | d0-30 | {LONGEST}: 1..3 | {CUMULATIVE}: 4..4
e | icaht_early.eha2023 | maximum | d0-30 | {LONGEST}: none | {CUMULATIVE}: none
a | icaht_early.eha2023 | maximum | d0-30 | - | {BOUNDS}: 1..2
b | icaht_early.eha2023 | maximum | d0-30 | - | {BOUNDS}: 1..1
a | cd4.low | assessment | day 5 | cutoff=below: 0..0 | cutoff=at_most: 1..1
a | cd4.low | assessment | day 9 | cutoff=below: 0..0 | cutoff=at_most: 0..0
b | cd4.low | assessment | day 7 | cutoff=below: 0..0 | cutoff=at_most: 0..0
a | expansion.cmax | maximum | d0-28 | unit=cells/uL assay=flow: 9..9 | unit=copies/ug assay=qpcr: 4000..4000
a | crs.astct2019 | maximum | d0-30 | hypotension=sbp90 clear=3: 1..1 | basis=stated scale=unknown: 3..3
a | failure.stated | assessment | x | day=a: 2..2 | day=b: 5..5
a | lyric.2016 | best | since infusion | baseline=last modality=ct: 1..1 | baseline=earliest modality=ct: 3..3
"""


def rows_of(text: str) -> list[dict[str, Any]]:
    rows = []
    for line in text.strip().splitlines():
        patient, criterion, kind, period, *answers = (cell.strip() for cell in line.split("|"))
        for default, told in zip((True, False), answers, strict=True):
            if told != "-":
                definition, bounds = told.rsplit(":", 1)
                low, _, high = bounds.strip().partition("..")
                ends = {"low": float(low), "high": float(high)} if high else {"low": None, "high": None}
                row = {"patient": patient, "infusion": 1, "criterion": criterion, "kind": kind, "period": period}
                rows.append(row | ends | {"definition": definition, "default": default})
    return rows


def found(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return as_findings(pl.DataFrame(rows, infer_schema_length=None))


def counts(criterion: str, choice: str) -> dict[str, Any]:
    table = count_choices(tally_choices(found(rows_of(GOLDEN))))
    assert table.columns == list(COUNTED)
    return table.filter((pl.col("criterion") == criterion) & (pl.col("choice") == choice)).row(0, named=True)


def test_patients_whose_grade_changes_are_counted() -> None:
    row = counts("icaht_early.eha2023", "counting=cumulative")
    # of five, d is bounded and e not gradable under the default; a goes from 1 to 2, c from 2 to 4
    assert (row["n"], row["evaluable"], row["different"]) == (5, 3, 2)
    assert (row["median_difference"], row["difference_in"], row["higher"], row["lower"]) == (1.5, "grades", 2, 0)
    assert (row["only_default"], row["only_other"], row["instead_of"]) == (0, 1, "counting=longest")
    assert row["share"] == pytest.approx(2 / 3)
    assert (row["low"], row["high"]) == (pytest.approx(0.2077, abs=1e-4), pytest.approx(0.9385, abs=1e-4))


def test_an_answer_that_the_other_choice_leaves_open_is_not_a_difference() -> None:
    row = counts("icaht_early.eha2023", "missing=bounds")
    assert (row["n"], row["evaluable"], row["different"], row["only_default"]) == (2, 1, 0, 1)
    assert (row["share"], row["median_difference"]) == (0.0, None)


def test_a_patient_counts_once_however_many_days_differ() -> None:
    row = counts("cd4.low", "cutoff=at_most")
    assert (row["period"], row["n"], row["different"], row["difference_in"]) == ("each day", 2, 1, "steps")


def test_what_comes_from_the_record_is_no_choice() -> None:
    table = count_choices(tally_choices(found(rows_of(GOLDEN))))
    assert set(table["criterion"]) == {"icaht_early.eha2023", "cd4.low"}


def test_codes_without_an_order_have_no_size() -> None:
    tally = tally_choices(found(rows_of(GOLDEN))).with_columns(criterion=pl.lit("failure.stated"))
    assert count_choices(tally)["median_difference"].null_count() == count_choices(tally).height


def test_parts_give_what_the_whole_gives() -> None:
    rows = rows_of(GOLDEN)
    parts = [tally_choices(found([row for row in rows if row["patient"] in people])) for people in ("ab", "cde")]
    assert count_choices(pl.concat(parts)).equals(count_choices(tally_choices(found(rows))))


def test_nothing_to_compare_gives_an_empty_table() -> None:
    assert count_choices(tally_choices(found(rows_of(GOLDEN)).head(0))).height == 0


OFFERED = {
    row["id"]: {part.split("=")[0] for part in (row["choices"] or "").split(";") if "|" in part}
    for row in criteria_table().iter_rows(named=True)
}
DEFINITIONS = {
    "icaht_early.eha2023": (LONGEST, CUMULATIVE, BOUNDS, "counting=cumulative missing=bounds"),
    "cd4.low": ("cutoff=below", "cutoff=at_most"),
    "expansion.cmax": ("unit=cells/uL assay=flow", "unit=copies/ug assay=qpcr"),
}


@pytest.mark.parametrize("seed", range(6))
def test_the_twin_counts_the_same(seed: int) -> None:
    dice = random.Random(seed)
    rows = []
    for patient in range(12):
        for criterion, definitions in DEFINITIONS.items():
            kind = dice.choice(["maximum", "assessment", "episode"])
            for period in dice.sample(["d0-30", "day 3", "day 8"], dice.randint(1, 3)):
                for infusion in range(1, dice.randint(2, 3)):
                    for place, definition in enumerate(definitions):
                        low = dice.choice([None, 0.0, 1.0, 2.0])
                        high = None if low is None else dice.choice([low, low, low + 1])
                        key = {"patient": f"p{patient}", "infusion": infusion, "criterion": criterion, "kind": kind}
                        rows.append(
                            key
                            | {"period": period, "definition": definition, "default": place == 0}
                            | {"low": low, "high": high}
                        )
    table = count_choices(tally_choices(found(rows)))
    expected = counted(rows, OFFERED)
    assert table.height == len(expected)
    for row in table.iter_rows(named=True):
        key = (row["criterion"], row["kind"], row["period"], row["default_definition"], row["definition"])
        for name, value in expected[key].items():
            assert row[name] == (pytest.approx(value) if isinstance(value, float) else value), (key, name)
