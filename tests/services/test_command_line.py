"""The command line as a user meets it: exit status, one line of reason, nothing half-written."""

import gzip
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

PUBLISHED = Path(__file__).parents[2] / "examples" / "published"
KEY = ["patient", "infusion", "criterion", "kind", "period"]


def small(folder: Path, **tables: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    defaults = {
        "patients": "patient,disease\na,LBCL\nb,LBCL\n",
        "infusions": "patient,infusion,day,product\na,1,0,axi-cel\nb,1,0,tisa-cel\n",
        "facts": "patient,name,day,value,unit,text\na,response,30,,,PD\nb,response,30,,,CR\n",
    }
    for name, text in (defaults | tables).items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_report_of_the_published_patients(run, tmp_path) -> None:
    status, out, err = run("report", PUBLISHED, "--json", "--out", tmp_path / "pages")
    assert (status, err) == (0, ""), err
    pages = sorted(path.name for path in (tmp_path / "pages").iterdir())
    assert len([name for name in pages if name.endswith(".json")]) == 15
    assert "index.html" in pages and "15 pages" in out
    answer = json.loads((tmp_path / "pages" / "lbcl-tisacel-cd19neg-bulky.json").read_text())
    assert answer["failure"]["state"] == "failed"
    for part in ("data", "causes", "signs", "side_effects", "risks", "options", "research", "questions", "provenance"):
        assert part in answer


def test_report_of_one_patient(run, tmp_path) -> None:
    status, _, _ = run("report", PUBLISHED, "--patient", "mm-carbcma-relapse-17w", "--out", tmp_path / "one")
    assert status == 0
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["index.html", "mm-carbcma-relapse-17w.html"]


@pytest.mark.parametrize("format", ["csv", "parquet", "json"])
def test_grade_writes_findings_that_key_and_default_find(run, tmp_path, format) -> None:
    source = PUBLISHED if format == "csv" else small(tmp_path / "in")
    status, _, _ = run("grade", source, "--format", format, "--out", tmp_path / "g")
    assert status == 0
    path = tmp_path / "g" / f"findings.{format}"
    found = {"csv": pl.read_csv, "parquet": pl.read_parquet, "json": pl.read_json}[format](path)
    assert found["patient"].n_unique() == (15 if format == "csv" else 2)
    defaults = found.filter(pl.col("default"))
    assert defaults.select(KEY).is_duplicated().sum() == 0
    assert found.select(KEY).unique().join(defaults, on=KEY, how="anti", nulls_equal=True).is_empty()


def test_check_writes_every_row(run, tmp_path) -> None:
    status, out, _ = run("check", PUBLISHED, "--out", tmp_path / "c")
    assert status == 0 and "15 patients, 15 with a CAR-T infusion" in out and "refused: 0" in out
    table = pl.read_csv(tmp_path / "c" / "check.csv", infer_schema=False)
    assert table.columns[:8] == ["file", "row", "patient", "name", "problem", "was", "now", "what_to_do"]


@pytest.mark.parametrize("verb", ["causes", "options"])
def test_parts(run, tmp_path, verb) -> None:
    status, _, _ = run(verb, PUBLISHED, "--patient", "lbcl-tisacel-cd19neg-bulky", "--out", tmp_path / verb)
    assert status == 0
    assert pl.read_csv(tmp_path / verb / f"{verb}.csv").height > 10
    assert json.loads((tmp_path / verb / f"{verb}.json").read_text())["lbcl-tisacel-cd19neg-bulky"]


def test_a_patient_without_infusion_is_named_and_the_rest_is_answered(run, tmp_path) -> None:
    folder = small(tmp_path / "in", infusions="patient,infusion,day,product\na,1,0,axi-cel\n")
    status, out, err = run("report", folder, "--out", tmp_path / "out")
    assert status == 1 and "patient b: no CAR-T infusion found" in err and "1 pages" in out
    assert (tmp_path / "out" / "a.html").exists() and not (tmp_path / "out" / "b.html").exists()
    assert "no CAR-T infusion found" in (tmp_path / "out" / "index.html").read_text()


def test_a_patient_who_was_never_infused_has_a_state(run, tmp_path) -> None:
    rows = "patient,infusion,day,product,note\na,1,0,axi-cel,\nb,,,,not_infused\n"
    status, _, _ = run("report", small(tmp_path / "in", infusions=rows), "--json", "--out", tmp_path / "out")
    assert status == 0
    assert json.loads((tmp_path / "out" / "b.json").read_text())["failure"]["state"] == "not_infused"


@pytest.mark.parametrize("verb", ["check", "grade", "report", "causes", "options"])
def test_no_infusion_at_all_stops_with_nothing_written(run, tmp_path, verb) -> None:
    folder = small(tmp_path / "in", infusions="patient,infusion,day,product\n")
    status, out, err = run(verb, folder, "--out", tmp_path / "out")
    assert status == 2 and "no CAR-T found" in err and err.count("\n") == 1
    assert not (tmp_path / "out").exists() and out == ""


def broken_inputs(tmp_path: Path) -> dict[str, Path]:
    empty = tmp_path / "empty"
    empty.mkdir()
    cut = tmp_path / "cut.ndjson.gz"
    cut.write_bytes(gzip.compress(b'{"resourceType":"Patient","id":"1"}\n' * 2000)[:-20])
    words = tmp_path / "notes.txt"
    words.write_text("hello")
    return {"missing": tmp_path / "nowhere", "empty": empty, "truncated": cut, "not a record": words}


@pytest.mark.parametrize("which", ["missing", "empty", "truncated", "not a record"])
def test_an_input_that_cannot_be_used(run, tmp_path, which) -> None:
    status, out, err = run("report", broken_inputs(tmp_path)[which], "--out", tmp_path / "out")
    assert status == 2 and err.startswith("carsequel: ") and err.count("\n") == 1
    assert not (tmp_path / "out").exists() and out == ""
    assert "Traceback" not in err


def test_output_inside_the_input_is_refused(run, tmp_path) -> None:
    folder = small(tmp_path / "in")
    status, _, err = run("report", folder, "--out", folder / "pages")
    assert status == 2 and "inside the input" in err and not (folder / "pages").exists()


def test_an_unknown_patient(run, tmp_path) -> None:
    status, _, err = run("report", PUBLISHED, "--patient", "nobody", "--out", tmp_path / "out")
    assert status == 2 and "not in the input" in err and "nobody" not in err


def test_overrides_are_shown_beside_the_derived_grade(run, tmp_path) -> None:
    facts = "patient,name,day,value,unit,text\na,temperature,2,38.6,degC,\na,response,30,,,PD\n"
    cover = "patient,name,start,end\n*,*,,\n"
    folder = small(tmp_path / "in", facts=facts, coverage=cover)
    given = tmp_path / "overrides.csv"
    given.write_text("patient,criterion,value,reason,by\na,crs.astct2019,0,fever of a known infection,Dr X\n")
    status, _, _ = run("report", folder, "--overrides", given, "--json", "--out", tmp_path / "out")
    assert status == 0
    shown = json.loads((tmp_path / "out" / "a.json").read_text())["overrides"]
    assert shown[0]["derived"] == "grade 1" and shown[0]["override"] == "grade 0"
    page = (tmp_path / "out" / "a.html").read_text()
    assert "fever of a known infection" in page and "Dr X" in page


def test_an_override_without_a_reason_is_refused(run, tmp_path) -> None:
    given = tmp_path / "overrides.csv"
    given.write_text("patient,criterion,value\na,crs.astct2019,0\n")
    status, _, err = run("report", small(tmp_path / "in"), "--overrides", given, "--out", tmp_path / "out")
    assert status == 2 and "reason" in err


def test_a_failing_write_leaves_the_old_files(run, tmp_path, monkeypatch) -> None:
    out = tmp_path / "out"
    folder = small(tmp_path / "in")
    assert run("grade", folder, "--out", out)[0] == 0
    before = (out / "findings.csv").read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device", str(out / "findings.csv"))

    monkeypatch.setattr("carsequel.services.grades._write", fail)
    status, _, err = run("grade", folder, "--out", out)
    assert status == 2 and "No space left" in err
    assert (out / "findings.csv").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".carsequel")] == []


def test_new_makes_a_folder_that_is_read_back_as_empty(run, tmp_path) -> None:
    assert run("new", tmp_path / "mine")[0] == 0
    assert "dictionary.csv" in {path.name for path in (tmp_path / "mine").iterdir()}
    status, _, err = run("check", tmp_path / "mine", "--out", tmp_path / "out")
    assert status == 2 and "no CAR-T found" in err
    status, _, err = run("new", tmp_path / "mine")
    assert status == 2 and "not empty" in err


def test_evidence_cites(run) -> None:
    status, out, _ = run("evidence", "glofitamab", "LBCL")
    assert status == 0 and "S046" not in out.split("|")[0] and "n=46" in out
    assert run("evidence", "no-such-word-anywhere")[0] == 1


def test_doctor(run) -> None:
    status, out, _ = run("doctor")
    assert status == 0 and "failed primary_refractory very_early: as expected" in out


def test_no_patient_value_in_messages(run, tmp_path) -> None:
    facts = "patient,name,day,value,unit,text\na,anc,3,7.77secret,10^9/L,\na,response,30,,,PD\n"
    status, out, err = run("grade", small(tmp_path / "in", facts=facts), "--out", tmp_path / "out")
    assert status == 1 and "secret" not in out + err and "1 rows of facts.csv refused" in err


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    code = "import sys, carsequel.services.command_line as c; print([m for m in ('polars','matplotlib','numpy') if m in sys.modules])"
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", f"after {time.perf_counter() - started:.1f} s"


def test_the_readme_commands_are_the_ones_that_are_run() -> None:
    root = Path(__file__).parents[2]
    readme, ci = (root / "README.md").read_text(), (root / ".ci" / "run").read_text()
    test_command = next(line for line in ci.splitlines() if ".venv/bin/pytest" in line)
    assert test_command.strip() in readme
    assert shutil.which("bash")
