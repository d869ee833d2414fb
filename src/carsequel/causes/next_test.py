"""The one test that would change most: the first thing on a stated list that is not known at failure."""

from typing import Any, Final, NamedTuple

import polars as pl

from carsequel.causes.expansion import CELLS
from carsequel.causes.seen import ANTIGENS, has, on_target, seen_facts
from carsequel.record import Course

ORDER: Final = "first version, by stated order: target antigen, CAR T cells, B cells, extent of disease"
PANEL: Final = {
    "LBCL": "CD19, CD20, CD22, CD79b",
    "FL": "CD19, CD20, CD22, CD79b",
    "MCL": "CD19, CD20, CD22, CD79b",
    "CLL": "CD19, CD20, CD22",
    "B-ALL": "CD19, CD22, CD20 and lineage",
    "MM": "BCMA, GPRC5D, CD38",
}
GATES: Final = {
    "LBCL": "tafasitamab_lenalidomide, loncastuximab, second_infusion; polatuzumab_based, bispecific_cd20, cd22_car_t",
    "FL": "second_infusion; bispecific_cd20, cd22_car_t",
    "MCL": "second_infusion; bispecific_cd20, cd22_car_t",
    "CLL": "second_infusion",
    "B-ALL": "blinatumomab, second_infusion; inotuzumab, cd22_car_t",
    "MM": "bispecific_bcma, belantamab, second_bcma_car_t, second_infusion; bispecific_gprc5d",
}
EXTENT: Final = {
    "LBCL": ("PET-CT", ("deauville", "suvmax", "mtv", "spd", "stage")),
    "FL": ("PET-CT", ("deauville", "suvmax", "mtv", "spd", "stage")),
    "MCL": ("PET-CT", ("deauville", "suvmax", "mtv", "spd", "stage")),
    "CLL": ("CT and marrow", ("spd", "lymphocytes", "marrow_involved")),
    "B-ALL": ("marrow with MRD, CSF", ("marrow_blasts", "mrd")),
    "MM": ("marrow and whole-body PET-CT or MRI", ("marrow_plasma_cells", "bone_lesions", "plasmacytoma")),
}


B_CELLS: Final = ("b_cell_aplasia", "b_cells", "b_cells_percent")


class NextTest(NamedTuple):
    """A test that is not known at failure: what to do, why, and which options and causes it decides."""

    test: str
    why: str
    decides: str


def next_test(course: Course, verdicts: pl.DataFrame, patient: str, infusion: int) -> dict[str, Any]:
    """Give the one test that would change most for a failed or suspected infusion: test, why, decides (all null where
    the list is exhausted, with the reason in `why`).

    Raises KeyError where the patient and infusion have no verdict.
    """
    row = verdicts.filter((pl.col("patient") == patient) & (pl.col("infusion") == infusion))
    if row.is_empty():
        raise KeyError("no verdict for this patient and infusion; give one that the verdicts frame holds")
    verdict = row.row(0, named=True)
    seen = seen_facts(course.only(patient), row, *ANTIGENS, *CELLS, *B_CELLS, *_extent(verdict))
    known = seen.filter(pl.col("at_failure"))
    found = _antigen(verdict, seen, known) or _cells(known) or _b_cells(verdict, known) or _spread(verdict, known)
    if found is None:
        return {"test": None, "why": f"nothing on the list is missing ({ORDER})", "decides": None}
    return found._asdict()


def _extent(verdict: dict[str, Any]) -> tuple[str, ...]:
    return EXTENT.get(verdict["disease"] or "", ("", ()))[1]


def _antigen(verdict: dict[str, Any], seen: pl.DataFrame, known: pl.DataFrame) -> NextTest | None:
    target = verdict["target"]
    if not target:
        return NextTest("name the product's target", "without it no antigen result can be read", "every antigen gate")
    read = pl.col("name").str.starts_with("antigen_") & on_target() & ~has("not_tested", "not_biopsied")
    if known.filter(read).height:
        return None
    before = seen.filter(read & (pl.col("phase") != "before")).height
    panel = PANEL.get(verdict["disease"] or "", target)
    why = f"{target} was not tested at failure"
    why += "; the reading on record is older or has no day" if before else ""
    gates = GATES.get(verdict["disease"] or "", "options against this antigen")
    return NextTest(f"biopsy or marrow of the failing disease with {panel}", why, f"antigen escape or not; {gates}")


def _cells(known: pl.DataFrame) -> NextTest | None:
    if known.filter(pl.col("name").is_in(CELLS)).height:
        return None
    return NextTest(
        "CAR T cells in blood (flow or PCR)",
        "not measured at failure",
        "poor expansion and short persistence against resistance; second_infusion",
    )


def _b_cells(verdict: dict[str, Any], known: pl.DataFrame) -> NextTest | None:
    aims = {"CD19", "CD20", "CD22"} & set(str(verdict["target"]).split("/"))
    read = pl.col("name").str.starts_with("b_cell") & ~has("not_tested")
    if not aims or known.filter(read).height:
        return None
    return NextTest("B cells in blood (flow)", "not measured at failure", "short persistence; second_infusion")


def _spread(verdict: dict[str, Any], known: pl.DataFrame) -> NextTest | None:
    test, names = EXTENT.get(verdict["disease"] or "", ("", ()))
    if not names or known.filter(pl.col("name").is_in(names)).height:
        return None
    return NextTest(test, "extent of disease not recorded at failure", "radiotherapy, allo_hct; sanctuary site or not")
