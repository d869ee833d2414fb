"""The verb `trials`: what it writes, filters, and how it refuses."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from carsequel.record import RecordError
from carsequel.services.trials import Wanted, read_trials, run_trials

HERE = Path(__file__).parent
PUBLISHED = HERE.parents[1] / "examples" / "published"
BULKY = "lbcl-tisacel-cd19neg-bulky"


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(PUBLISHED, tmp_path / "in")
    return tmp_path / "in"


def test_table_pages_and_packets(folder, tmp_path, capsys):
    out = tmp_path / "out"
    assert run_trials(folder, out, BULKY, Wanted(packet=True)) == 0
    rows = pl.read_csv(out / "trials.csv")
    assert rows.height == 5
    assert set(rows["match"]) == {"no", "unknown"}
    page = (out / f"trials-{BULKY}.html").read_text("utf-8")
    assert "Examples only" in page
    assert "haradhvala2022 Tisa-N-24" in page
    assert "UNVERIFIED" in page
    assert BULKY not in (out / "packet-0001.html").read_text("utf-8")
    assert pl.read_csv(out / "packets.csv").row(0) == (BULKY, "packet-0001")
    assert "examples" in capsys.readouterr().out


def test_files_of_both_kinds_and_filters(folder, tmp_path):
    studies = HERE / "study.json"
    assert run_trials(folder, tmp_path / "out", BULKY, Wanted((studies,), country="France", recruiting=True)) == 0
    page = (tmp_path / "out" / f"trials-{BULKY}.html").read_text("utf-8")
    assert "NCT00000001" in page
    assert "NCT00000002" not in page
    assert "Examples only" not in page
    assert "prior CD19 CAR T-cell therapy" in page
    with pytest.raises(RecordError, match="no trial is left"):
        run_trials(folder, tmp_path / "out2", BULKY, Wanted((studies,), country="Chile"))
    assert not (tmp_path / "out2").exists()


def test_a_text_of_a_trial_is_escaped(folder, tmp_path):
    told = json.loads((HERE / "study.json").read_text("utf-8"))
    told["studies"][0]["protocolSection"]["identificationModule"]["briefTitle"] = "<script>alert(1)</script>"
    path = tmp_path / "s.json"
    path.write_text(json.dumps(told))
    run_trials(folder, tmp_path / "out", BULKY, Wanted((path,)))
    assert "<script>" not in (tmp_path / "out" / f"trials-{BULKY}.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "words"), [("{", "is not JSON"), ('{"id": 1}', "not a trial of this format"), ("[1]", "format")]
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, text, words):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(RecordError, match=words) as found:
        read_trials([path])
    assert "bad.json" in str(found.value)


def test_a_death_is_said(folder, tmp_path):
    run_trials(folder, tmp_path / "out", "dlbcl-tisacel-iechs-d36", Wanted())
    assert "A death is on record" in (tmp_path / "out" / "trials-dlbcl-tisacel-iechs-d36.html").read_text("utf-8")
    assert set(pl.read_csv(tmp_path / "out" / "trials.csv")["note"]) == {"a death is on record"}
