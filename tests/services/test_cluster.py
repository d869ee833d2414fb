"""`carsequel simulate --cluster`: the rows of one machine, also when a worker dies on the way (needs carsequel[cluster])."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from carsequel.research.virtual_patients import PART, Job, part_of, parts
from carsequel.services.cluster import computed_on
from carsequel.services.simulating import run_simulate

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    where = str(tmp_path_factory.mktemp("cluster"))
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(local_directory=where, **options) as local:
        yield local


def test_the_files_are_those_of_one_machine(cluster: Any, tmp_path: Path) -> None:
    job = Job("LBCL", "axi-cel", n=PART + 50, seed=3, horizon=60.0)
    for name, address in (("here", None), ("there", cluster.scheduler_address)):
        run_simulate([job], tmp_path / name, trajectories=False, cluster=address, causes=False)
    here, there = (pl.read_parquet(tmp_path / name / "patients.parquet") for name in ("here", "there"))
    assert here.height == PART + 50 and there.equals(here)


def test_a_worker_that_dies_loses_nothing(cluster: Any) -> None:
    job = Job("LBCL", "axi-cel", n=4 * PART, seed=4, horizon=60.0)
    with distributed.Client(cluster.scheduler_address) as client:
        workers = list(client.run(os.getpid).values())
    assert len(workers) == 2
    found, killed = {}, 0
    for first, part in computed_on(cluster.scheduler_address, job, trajectories=False):
        found[first] = part.patients
        if not killed:
            killed = workers[0]
            os.kill(killed, signal.SIGKILL)
    assert sorted(found) == list(parts(job))
    for first, rows in found.items():
        assert rows.equals(part_of(job, first, trajectories=False).patients)
    with distributed.Client(cluster.scheduler_address) as client:
        assert killed and killed not in client.run(os.getpid).values()
