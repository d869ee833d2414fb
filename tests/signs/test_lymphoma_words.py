"""The sentences of response, ctDNA, MRD, expansion, aplasia and burden: what a clinician reads and can check."""

import pytest
from golden_table import Raw
from lymphoma_table import TABLES, write_with_lesions

CASES = [
    ("lugano", "d-5 deauville 5; d30 deauville 4", "day 30", "PR", "Deauville 4, before the infusion 5"),
    (
        "lugano",
        "d-5 lesion 1 30x20 node; d30 lesion 1 60x40 node; d30 deauville 2",
        "day 30",
        "CR",
        "Deauville 2, none before the infusion; PET overrides CT, which alone says PD",
    ),
    (
        "lugano",
        "d-5 lesion 1 40x20 node; d-5 lesion 2 40x10 node; d30 lesion 1 20x10 node",
        "day 30",
        "PR to PD",
        "CT; target 2 not fully measured",
    ),
    (
        "lugano",
        "d-5 lesion 1 40x20 node; d30 lesion 1a 20x10 node; d30 lesion 1b 20x10 node",
        "day 30",
        "PR",
        "CT: sum of products 400 mm2, at baseline 800 mm2; 1a and 1b: split or merged, followed as one",
    ),
    (
        "lugano",
        "d-5 lesion 1 20x10 node; d30 lesion 1 25x12 node; d30 lesion 9 20x10 node new",
        "day 30",
        "PD",
        "CT: sum of products 300 mm2, at baseline 200 mm2; 1 grew; new lesion 9",
    ),
    ("lugano", "d30 lesion 1 - node", "day 30", "not evaluable", "CT, no scan before the infusion"),
    (
        "lyric",
        "d-5 lesion 1 20x10 node; d30 lesion 1 25x12 node",
        "day 30",
        "IR1",
        "indeterminate until a biopsy or a further scan",
    ),
    ("ctdna", "d27 ctdna 5 unit=MTM/mL", "d28", "not gradable", "no sample on day 28; sampled on day 27"),
    ("ctdna", "d28 ctdna detected", "d28", "detected", "ctDNA detected on day 28; at day 28: detected: median PFS 3"),
    ("mrd", "d28 mrd 0.0001 method=flow comparator=<", None, "not detected", "not detected at a sensitivity of 0.0001"),
    (
        "expansion",
        "d10 car_t 1000 unit=cells/uL comparator=>",
        "d0-28",
        "above 1000 cells/uL",
        "on day 10; specimen not",
    ),
    ("expansion", "d7 car_t 25 unit=copies/ug comparator=<", "d0-28", "below 25 copies/ug", "is above the limit"),
    (
        "b_cell_aplasia",
        "d200 b_cells_percent 0.5 method=PBMC",
        None,
        "not prolonged or prolonged B-cell aplasia",
        "1 of 1 samples beyond 6 months are below 1 %; a further sample would settle it",
    ),
]


@pytest.mark.parametrize(("table", "rows", "period", "label", "says"), CASES)
def test_sentence(table: str, rows: str, period: str | None, label: str, says: str) -> None:
    raw = Raw()
    write_with_lesions(raw, "a", rows)
    asks = TABLES[table].asks | ({"period": period} if period else {})
    found = TABLES[table].grade(raw.course(), raw.censor()).to_dicts()
    rows_found = [r for r in found if r["default"] and all(r[name] == word for name, word in asks.items())]
    assert [r["label"] for r in rows_found] == [label]
    assert says in rows_found[0]["why"]


def test_no_sentence_names_the_patient() -> None:
    raw = Raw()
    write_with_lesions(raw, "Erika", "d-5 lesion 1 20x10 node; d30 lesion 1 25x12 node; d10 car_t 4 unit=cells/uL")
    for table in TABLES.values():
        assert not any("Erika" in (row["why"] or "") for row in table.grade(raw.course(), raw.censor()).to_dicts())
