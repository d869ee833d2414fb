"""The same job on a dask cluster: parts are pure functions of the job, so a lost part is computed again."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from carsequel.record.errors import RecordError
from carsequel.research.virtual_patients import Job, Runs, part_of, parts


def computed_on(address: str, job: Job, trajectories: bool) -> Iterator[tuple[int, Runs]]:
    """Give (first patient, part) of a job as the workers at `address` finish them; the rows are those of one machine.

    Raises RecordError where dask.distributed is not installed or nobody answers.
    """
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        raise RecordError("--cluster needs dask.distributed", "install carsequel[cluster]") from None
    try:
        client = distributed.Client(address, timeout=10)
    except OSError:
        raise RecordError("no scheduler answers at the address of --cluster", "start one, or leave it out") from None
    with client:
        waiting = {
            client.submit(part_of, job, first, trajectories=trajectories, threads=1, pure=False, retries=5): first
            for first in parts(job)
        }
        for done in distributed.as_completed(list(waiting)):
            yield waiting[done], done.result()
            done.release()
