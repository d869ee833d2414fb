"""`carsequel simulate`: all files or none, SYNTHETIC on every picture, refusals in one line."""

from pathlib import Path

import polars as pl
import pytest

from carsequel.record.errors import RecordError
from carsequel.research import virtual_patients
from carsequel.research.virtual_patients import Job
from carsequel.services.simulating import published_points, run_simulate


def jobs(*arms: str, n: int = 60, **changes: float) -> list[Job]:
    return [Job("LBCL", "axi-cel", arm, n, 3, **changes) for arm in arms]  # type: ignore[arg-type]


def test_two_arms_give_paired_rows_and_a_marked_page(tmp_path: Path) -> None:
    assert run_simulate(jobs("single", "dual_target"), tmp_path / "out", trajectories=True, cluster=None) == 0
    rows = pl.read_parquet(tmp_path / "out" / "patients.parquet")
    assert rows.group_by("arm").len().sort("arm").rows() == [("dual_target", 60), ("single", 60)]
    assert rows["synthetic"].all()
    page = (tmp_path / "out" / "summary.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 7
    assert "Failures of the disease by cause and time" in page
    failed = rows["failure_kind"].is_in(["progression", "relapse", "no CR"])
    assert rows["cause"].is_not_null().equals(failed.fill_null(False))
    assert all("SYNTHETIC" in picture for picture in page.split("<svg")[1:])
    assert "ZUMA-1" in page
    days = pl.read_parquet(tmp_path / "out" / "trajectories.parquet")
    assert set(days["patient"]) == set(range(60))


def test_the_same_seed_gives_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        run_simulate(jobs("single"), tmp_path / name, trajectories=False, cluster=None, causes=False)
    files = [pl.read_parquet(tmp_path / name / "patients.parquet") for name in ("one", "two")]
    assert files[0].equals(files[1])
    assert "cause" not in files[0].columns
    assert "was not computed" in (tmp_path / "one" / "summary.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (Job("LBCL", "no-cel"), "no population"),
        (Job("LBCL", "axi-cel", "prayer"), "no arm"),
        (Job("LBCL", "axi-cel", n=0), "too small"),
    ],
)
def test_what_cannot_run_writes_nothing(job: Job, message: str, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=message):
        run_simulate([job], tmp_path / "out", trajectories=False, cluster=None)
    assert not any(tmp_path.iterdir())


def test_published_points_say_their_role() -> None:
    points = published_points("LBCL", "axi-cel")
    assert set(points["role"]) == {"calibrate", "external"}
    assert points["value"].is_between(0, 1).all()
    assert not points.filter(pl.col("cohort") == "JULIET 5y").height


def test_a_cluster_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"distributed|no scheduler"):
        run_simulate(jobs("single"), tmp_path / "out", trajectories=False, cluster="tcp://127.0.0.1:9")
    assert not (tmp_path / "out").exists()


def test_parts_computed_side_by_side_give_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, part in (("whole", 64), ("parts", 16)):
        monkeypatch.setattr(virtual_patients, "PART", part)
        run_simulate(jobs("single"), tmp_path / name, trajectories=True, cluster=None, causes=False)
    for file in ("patients.parquet", "trajectories.parquet"):
        whole, parts = (pl.read_parquet(tmp_path / name / file) for name in ("whole", "parts"))
        assert parts.equals(whole)
