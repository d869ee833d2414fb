"""`demo` and `simulate --records`: SYNTHETIC on every page, truth beside the records, nothing overwritten."""

import sys
from pathlib import Path

import polars as pl
import pytest

from carsequel.mechanism.arms import arm_names
from carsequel.services.command_line import main

MANUAL = Path(__file__).parents[2] / "docs" / "simulate.md"


def run(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["carsequel", *map(str, words)])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


def test_demo_ends_in_pages_marked_synthetic(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run(monkeypatch, "demo", "--n", 1, "--out", tmp_path / "demo") == 0
    pages = sorted((tmp_path / "demo" / "pages").glob("*.html"))
    assert len(pages) == 3
    assert all("SYNTHETIC" in page.read_text(encoding="utf-8") for page in pages)
    truth = pl.read_csv(tmp_path / "demo" / "truth.csv")
    assert truth["disease"].to_list() == ["LBCL", "B-ALL"]
    assert truth["synthetic"].all()


def test_simulate_writes_records_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("simulate", "--disease", "LBCL", "--product", "axi-cel", "--n", 4, "--seed", 5, "--horizon", 200)
    words += ("--records", 2, "--errors", "--out", tmp_path / "out")
    assert run(monkeypatch, *words) == 0
    out = tmp_path / "out"
    patients = pl.read_parquet(out / "patients.parquet").head(2)
    truth = pl.read_csv(out / "truth.csv")
    assert truth["cmax"].to_list() == pytest.approx(patients["cmax"].to_list())
    assert (out / "records.ndjson").stat().st_size > 1000
    assert pl.read_csv(out / "injected.csv").height >= 8
    assert run(monkeypatch, "check", out / "records", "--out", tmp_path / "check") == 1
    capsys.readouterr()
    assert run(monkeypatch, *words) == 2
    assert "already" in capsys.readouterr().err


def test_more_records_than_patients_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    words = ("simulate", "--disease", "LBCL", "--product", "axi-cel", "--n", 4, "--records", 5)
    assert run(monkeypatch, *words, "--out", tmp_path / "out") == 2
    assert not (tmp_path / "out").exists()


def test_every_arm_stands_in_the_manual() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    assert [name for name in arm_names() if f"| `{name}` |" not in text] == []
