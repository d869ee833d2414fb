"""The parts of a large folder one after the other, or, where they are many, in processes of their own.

A criterion is many short steps on tables; threads inside a step save little, a process a core saves nearly all. Every
process has one thread and holds one part, and their answers come back in the order of the parts.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final, TypeVar

from carsequel.record import Course, RecordError
from carsequel.record.parts import Opened, open_parts

MANY: Final = 4_000  # patients from which starting processes pays
AT_MOST: Final = 16
BYTES_A_PROCESS: Final = 2_500_000_000
# One thread a process, and freed memory kept for the next part instead of being given back and asked for again (that of
# polars by the first setting of memory, that of NumPy, with glibc, by the others: bytes).
SETTINGS: Final = {
    "POLARS_MAX_THREADS": "1",
    "_RJEM_MALLOC_CONF": "dirty_decay_ms:60000,muzzy_decay_ms:60000",
    "MALLOC_MMAP_THRESHOLD_": "268435456",
    "MALLOC_TRIM_THRESHOLD_": "268435456",
}
Answer = TypeVar("Answer")
Work = Callable[[Course, int], Answer]
_opened: list[Opened] = []


def each_part(folder: Path, patients_a_part: int, work: Work[Answer], processes: int | None = None) -> Iterator[Answer]:
    """Give what `work` makes of each part of a folder (its course and its number from 0), in the order of the parts.

    `processes` (by default as many as the machine has cores and memory for, one where the patients are few) above one
    need a `work` and answers that can be pickled. Raises RecordError as `read_parts`.
    """
    opened = open_parts(folder, patients_a_part)
    number = processes or (processes_for(len(opened.parts)) if opened.patients >= MANY else 1)
    if number == 1:
        for place in range(len(opened.parts)):
            yield work(opened.course(place), place)
        return
    places = range(len(opened.parts))
    del opened
    with _environment(), _pool(number, folder, patients_a_part) as pool:
        try:
            for said in pool.map(partial(_one, work), places):
                yield _said(said)
        finally:
            pool.shutdown(cancel_futures=True)


def processes_for(parts: int) -> int:
    """Give how many processes the machine has cores and memory for, at most one a part."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    names = getattr(os, "sysconf_names", {})
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if "SC_AVPHYS_PAGES" in names else None
    room = AT_MOST if free is None else free // BYTES_A_PROCESS
    return max(1, min(cores, parts, room, AT_MOST))


def _pool(processes: int, folder: Path, patients_a_part: int) -> ProcessPoolExecutor:
    given = (folder, patients_a_part)
    return ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_open, initargs=given)


@contextmanager
def _environment() -> Iterator[None]:
    """Give the settings to the processes that are started inside, where the user has not made them."""
    new = {name: value for name, value in SETTINGS.items() if name not in os.environ}
    os.environ.update(new)
    try:
        yield
    finally:
        for name in new:
            del os.environ[name]


def _open(folder: Path, patients_a_part: int) -> None:
    _opened[:] = [open_parts(folder, patients_a_part)]


def _one(work: Work[Answer], number: int) -> Answer | tuple[str, str]:
    """The answer of one part, or the words of a RecordError."""
    try:
        return work(_opened[0].course(number), number)
    except RecordError as error:
        return str(error), error.hint


def _said(answer: Answer | tuple[str, str]) -> Answer:
    if type(answer) is tuple:
        raise RecordError(*answer)
    return answer  # type: ignore[return-value]
