"""A clinician's grades beside the derived ones: read from the folder or from a file of their own."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from carsequel.record import RecordError, read_overrides

HEADER = "patient,infusion,criterion,value,label,reason,by\n"


def test_overrides_of_the_folder(reading: Any, told: Any) -> None:
    rows = "p1,,crs.astct2019,2,,fever later,DW\np1,1,icans.astct2019,two,,x,DW\n"
    rows += "p1,1,icaht_early.eha2023,3,,,DW\np1,x,a,1,,b,c\n"
    course = reading(overrides=HEADER + rows)
    assert course.overrides.select("infusion", "criterion", "kind", "value").rows() == [
        (1, "crs.astct2019", "maximum", 2)
    ]
    assert told(course, "value is not a number") == [("refused", "overrides.csv", "3")]
    assert told(course, "reason is empty") == [("refused", "overrides.csv", "4")]
    assert told(course, "infusion is not a number") == [("refused", "overrides.csv", "5")]


def test_overrides_of_a_file(reading: Any, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(f"{HEADER}p1,1,crs.astct2019,2,,fever later,DW\np1,1,icans.astct2019,1,,,DW\n")
    course = read_overrides(reading(), path)
    assert course.overrides["criterion"].to_list() == ["crs.astct2019"]
    refused = course.report.filter(pl.col("status") == "refused").select("file", "row").rows()
    assert refused == [("mine.csv", "3")] and course.refused == 1


@pytest.mark.parametrize("text", ["", "patient,value\np1,2\n"])
def test_a_file_that_is_no_table_of_overrides(reading: Any, tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(RecordError, match="table overrides: column"):
        read_overrides(reading(), path)
    with pytest.raises(RecordError, match="is not a table"):
        read_overrides(reading(), tmp_path / "absent.csv")
