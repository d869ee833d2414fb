"""A centre's definitions file on the command line, and how often another choice would change an answer."""

import json
import tomllib
from pathlib import Path

import polars as pl
import pytest

from carsequel.services.definitions import read_definitions
from carsequel.terms.choices import check_choices, offered_choices

CUMULATIVE = '[icaht_early.eha2023]\ncounting = "cumulative"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six patients; three have two spells of four low days each, so that days added up make 8 and the longest 4."""
    target = tmp_path / "in"
    target.mkdir()
    people = [f"p{n}" for n in range(6)]
    pl.DataFrame({"patient": people, "disease": ["LBCL"] * 6}).write_csv(target / "patients.csv")
    pl.DataFrame({"patient": people, "infusion": [1] * 6, "day": [0] * 6}).write_csv(target / "infusions.csv")
    facts = [
        {"patient": name, "name": "anc", "day": day, "value": 0.4 if _low(number, day) else 2.0, "unit": "10^9/L"}
        for number, name in enumerate(people)
        for day in range(31)
    ]
    pl.DataFrame(facts).write_csv(target / "facts.csv")
    return target


def _low(number: int, day: int) -> bool:
    return day < 4 or (number < 3 and 10 <= day < 14)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(CUMULATIVE, encoding="utf-8")
    return path


def icaht(path: Path) -> pl.DataFrame:
    top = (pl.col("criterion") == "icaht_early.eha2023") & (pl.col("kind") == "maximum") & pl.col("default")
    return pl.read_csv(path).filter(top).sort("patient")


def test_the_centre_s_choice_is_the_default(run, folder: Path, own: Path, tmp_path: Path) -> None:
    assert run("grade", folder, "--out", tmp_path / "shipped")[0] == 0
    status, out, _ = run("grade", folder, "--definitions", own, "--out", tmp_path / "own")
    assert status == 0
    assert icaht(tmp_path / "shipped" / "findings.csv")["value"].to_list() == [1] * 6
    assert icaht(tmp_path / "own" / "findings.csv")["value"].to_list() == [2] * 3 + [1] * 3
    assert "the centre's own default: icaht_early.eha2023 counting = cumulative (shipped: longest): 6 of" in out
    said = pl.read_csv(tmp_path / "own" / "definitions.csv").row(0, named=True)
    assert (said["criterion"], said["choice"], said["followed"]) == ("icaht_early.eha2023", "cumulative", 6)
    assert not (tmp_path / "shipped" / "definitions.csv").exists()


@pytest.mark.parametrize("part", [None, 2])
def test_changed_answers_are_counted(run, folder: Path, tmp_path: Path, part: int | None) -> None:
    status, out, _ = run("grade", folder, *(("--part", part) if part else ()), "--out", tmp_path / "out")
    assert status == 0
    line = "icaht_early.eha2023 d0-30: counting cumulative changes 3 of 6 patients (50 %, 18.8 to 81.2), median 1 grade"
    assert line in out
    rows = pl.read_csv(tmp_path / "out" / "choices.csv").filter(
        (pl.col("criterion") == "icaht_early.eha2023") & (pl.col("choice") == "counting=cumulative")
    )
    row = rows.row(0, named=True)
    assert (row["n"], row["evaluable"], row["different"], row["higher"], row["lower"]) == (6, 6, 3, 3, 0)


def test_parts_are_graded_under_the_same_definitions(run, folder: Path, own: Path, tmp_path: Path) -> None:
    for name, words in (("whole", ()), ("parts", ("--part", 2))):
        assert run("grade", folder, "--definitions", own, *words, "--out", tmp_path / name)[0] == 0
    for name in ("findings.csv", "choices.csv", "definitions.csv", "queries.csv"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes(), name


BROKEN = (
    ('[icaht_early.eha2024]\ncounting = "longest"\n', "icaht_early.eha2024 is not known"),
    ('[icaht_early.eha2023]\ncounting = "median"\n', "allowed are longest, cumulative"),
    ('[icaht_early.eha2023]\nspell = "longest"\n', "it offers: counting, bridge, missing"),
    ("counting = \n", "is no TOML"),
    ('[t_icaht_early.2025]\nboundary = "inclusive"\ncounting = "longest"\n', "together"),
)


@pytest.mark.parametrize("verb", ["grade", "report"])
@pytest.mark.parametrize(("text", "said"), BROKEN)
def test_what_cannot_be_used_writes_nothing(run, folder: Path, tmp_path: Path, verb: str, text: str, said: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    status, out, err = run(verb, folder, "--definitions", path, "--out", tmp_path / "out")
    assert status == 2 and said in err and len(err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists() and out == ""


def test_a_file_that_is_not_there(run, folder: Path, tmp_path: Path) -> None:
    status, _, err = run("grade", folder, "--definitions", tmp_path / "none.toml", "--out", tmp_path / "out")
    assert status == 2 and "none.toml" in err and not (tmp_path / "out").exists()


def test_pages_and_answers_say_whose_default_it_is(run, folder: Path, own: Path, tmp_path: Path) -> None:
    for name, words in (("shipped", ()), ("own", ("--definitions", own))):
        assert run("report", folder, "--json", *words, "--out", tmp_path / name)[0] == 0
    shipped, mine = (json.loads((tmp_path / name / "p0.json").read_text()) for name in ("shipped", "own"))
    assert mine["provenance"]["own_definitions"] == {"icaht_early.eha2023": {"counting": "cumulative"}}
    assert mine["provenance"]["definitions_hash"] != shipped["provenance"]["definitions_hash"]
    page = (tmp_path / "own" / "p0.html").read_text(encoding="utf-8")
    assert "The centre's own defaults:" in page or "The centre&#39;s own defaults:" in page
    assert page.count("own default</div>") == 1
    assert "own default" not in (tmp_path / "shipped" / "p0.html").read_text(encoding="utf-8")
    assert "counting cumulative" in (tmp_path / "own" / "index.html").read_text(encoding="utf-8")


def test_the_page_shows_where_the_choice_changes_the_answer(run, folder: Path, tmp_path: Path) -> None:
    assert run("report", folder, "--out", tmp_path / "out")[0] == 0
    changed, same = ((tmp_path / "out" / f"{name}.html").read_text(encoding="utf-8") for name in ("p0", "p5"))
    said = '<div class="differs"><b>grade 2</b> with counting cumulative, missing interpolate7'
    assert said in changed and said not in same
    index = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "Where another definition changes answers" in index and "3 of 6" in index


def test_the_printed_example_is_a_definitions_file(run, tmp_path: Path) -> None:
    status, out, _ = run("definitions")
    assert status == 0 and tomllib.loads(out) == {}
    sections = [line[2:] for line in out.splitlines() if line.startswith(("# [", "# "))]
    for line in sections:
        if line.startswith('["'):
            criterion = line[2:-2]
        elif " = " in line and line.split(" = ")[0].isidentifier():
            name, choice = line.split(" = ")
            assert check_choices({criterion: {name: choice.strip('"')}})
    several = {c for c, names in offered_choices().items() if any(len(each) > 1 for each in names.values())}
    assert {line[2:-2] for line in sections if line.startswith('["')} >= several - {"mycare.gagelmann2024"}
    (tmp_path / "example.toml").write_text(out, encoding="utf-8")
    assert read_definitions(tmp_path / "example.toml") == {} == read_definitions(None)


def test_the_page_of_the_docs_holds() -> None:
    text = (Path(__file__).parents[2] / "docs" / "definitions.md").read_text(encoding="utf-8")
    block = text.split("```toml\n")[1].split("```")[0]
    assert check_choices(tomllib.loads(block)) == {
        "icaht_early.eha2023": {"counting": "cumulative"},
        "crs.astct2019": {"hypotension": "stated"},
    }
    assert "counting cumulative changes 3 of 6 patients (50 %, 18.8 to 81.2), median 1 grade" in text
