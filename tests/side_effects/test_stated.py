"""Stated grades stand beside ours, each with its scale."""

import polars as pl
from golden_table import Raw, write_patient

from carsequel.side_effects.crs import grade_crs
from carsequel.side_effects.icans import grade_icans
from carsequel.side_effects.stated import compare_stated, stated_grades
from carsequel.terms.findings import FINDING_SCHEMA

PEOPLE = {
    "same": "cover *; d2 temperature 39; d2 crs_grade 1 method=ASTCT2019",
    "graver": "cover *; d2 temperature 39; d2 crs_grade 3 method=ASTCT2019",
    "within": "d2 temperature 39; d2 crs_grade 3 method=astct",
    "other_scale": "cover *; d2 temperature 39; d2 crs_grade 3 method=Lee2014",
    "ctcae": "cover *; d2 temperature 39; d2 crs_grade 1 method=CTCAE",
    "no_scale": "cover *; d2 temperature 39; d2 crs_grade 1",
    "no_day": "cover *; d2 temperature 39; d? crs_grade 1 method=ASTCT",
    "ungradable": "d2 crs_grade 1 method=ASTCT",
    "several": "cover *; d2 ice 5; d2 icans_grade 1 method=ASTCT; d3 icans_grade 2 method=ASTCT; "
    "d4 icans_grade 4 method=CARTOX",
    "hlh": "d20 iec_hs_grade 3 method=Hines2023",
}


def findings() -> pl.DataFrame:
    raw = Raw()
    for name, rows in PEOPLE.items():
        write_patient(raw, name, rows)
    course = raw.course()
    return pl.concat([grade_crs(course), grade_icans(course), stated_grades(course)])


def test_stated_findings_keep_their_scale_and_are_stand_behind_derived_ones() -> None:
    stated = findings().filter(pl.col("definition").str.starts_with("basis=stated"))
    assert dict(stated.schema) == FINDING_SCHEMA
    top = stated.filter((pl.col("kind") == "maximum") & (pl.col("criterion") != "iec_hs.astct2023"))
    assert not top.get_column("default").any()
    assert set(top.get_column("period")) == {"d0-30"}
    key = ["patient", "infusion", "criterion", "kind", "period"]
    others = stated.join(top.select(key), on=key, how="anti")
    assert (
        others.group_by(key).agg(pl.col("default").sum()).get_column("default").to_list()
        == [1] * others.select(key).n_unique()
    )
    several = stated.filter(pl.col("patient") == "several")
    top = several.filter(pl.col("kind") == "maximum").select("definition", "value", "start").sort("definition").rows()
    assert top == [("basis=stated scale=ASTCT", 2.0, 3.0), ("basis=stated scale=CARTOX", 4.0, 4.0)]
    assert several.filter(pl.col("kind") == "assessment").height == 3
    undated = stated.filter(pl.col("patient") == "no_day")
    assert undated.select("kind", "start").rows() == [("maximum", None)]


def test_comparison_never_mixes_scales() -> None:
    compared = {
        (row["patient"], row["scale"]): (row["agrees"], row["why"])
        for row in compare_stated(findings()).iter_rows(named=True)
    }
    assert compared["same", "ASTCT2019"][0] is True
    assert compared["graver", "ASTCT2019"][0] is False and "graver" in compared["graver", "ASTCT2019"][1]
    assert compared["within", "astct"][0] is True
    assert compared["other_scale", "Lee2014"] == (None, "another scale: shown, not compared")
    assert compared["ctcae", "CTCAE"][0] is None
    assert compared["no_scale", "unknown"][0] is True and "scale not given" in compared["no_scale", "unknown"][1]
    assert compared["no_day", "ASTCT"][0] is True
    assert compared["ungradable", "ASTCT"][0] is None
    assert compared["several", "ASTCT"][0] is True
    assert compared["several", "CARTOX"][0] is None
    assert compared["hlh", "Hines2023"][0] is None
