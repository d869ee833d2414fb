"""The heat map: every patient has a row, unknown is hatched, nothing comes from outside."""

import polars as pl

from carsequel.report import render_heatmap
from carsequel.terms.findings import as_findings


def findings(rows: list[tuple]) -> pl.DataFrame:
    names = ["patient", "kind", "period", "start", "end", "low", "high"]
    frame = pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)
    return as_findings(frame, infusion=1, criterion="crs.astct2019", default=True, definition="hypotension=sbp90")


def test_every_patient_has_a_row_and_unknown_is_hatched() -> None:
    rows = [
        ("a", "maximum", "d0-30", 2, 4, 3, 3),
        ("a", "episode", "episode 1", 2, 4, 3, 3),
        ("b", "maximum", "d0-30", None, None, 0, 4),
        ("c", "maximum", "d0-30", None, None, None, None),
        ("<script>", "maximum", "d0-30", None, None, 0, 0),
    ]
    page = render_heatmap(findings(rows))
    for label in (">a<", ">b<", ">c<", "&lt;script&gt;"):
        assert label in page
    assert page.count("<pattern") == 2 and "<script>" not in page and "SYNTHETIC" not in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_many_patients_are_shown_in_panels_and_marked_synthetic() -> None:
    rows = [(f"p{n:03d}", "maximum", "d0-30", None, None, 0, 0) for n in range(130)]
    page = render_heatmap(findings(rows), synthetic=True)
    assert page.count("<svg") == 3 and page.count("SYNTHETIC") >= 4 and "p129" in page


def test_nothing_graded_by_day_says_so() -> None:
    assert "No criterion that is graded by day" in render_heatmap(findings([]).clear())
