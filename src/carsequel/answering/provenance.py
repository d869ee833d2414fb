"""Where the answer comes from: version, hashes of definitions and data, and the papers behind the numbers."""

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from carsequel import __version__
from carsequel.record.course import Course
from carsequel.terms.choices import Choices, departing
from carsequel.terms.sources import cite, split_keys

DEFINING_ROOMS: Final = (
    "terms",
    "evidence",
    "signs",
    "side_effects",
    "risks",
    "mechanism",
    "inference",
    "causes",
    "options",
    "answering",
)


def definitions_hash(chosen: Choices | None = None) -> str:
    """Give a SHA-256 over every rule, criterion and shipped table that an answer depends on, as they are on disk, and
    over the choices that a centre has made its own default."""
    departures = departing(chosen or {})
    if not departures:
        return _shipped_hash()
    return hashlib.sha256(f"{_shipped_hash()}{departures}".encode()).hexdigest()


@cache
def _shipped_hash() -> str:
    digest = hashlib.sha256()
    for room in DEFINING_ROOMS:
        for name, content in _sources(files(f"carsequel.{room}"), room):
            digest.update(name.encode())
            digest.update(content.replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def _sources(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    """Every rule file and table of a folder and of those in it, by name."""
    for path in sorted(folder.iterdir(), key=lambda each: each.name):
        if path.is_dir():
            yield from _sources(path, f"{name}/{path.name}")
        elif path.name.endswith((".py", ".csv", ".json")):
            yield f"{name}/{path.name}", path.read_bytes()


def provenance_part(course: Course, sources: list[str], chosen: Choices | None = None) -> dict[str, Any]:
    """Give version, hashes, the choices that a centre has made its own default, seed (none: nothing here is drawn) and
    the keys of the sources."""
    return {
        "version": __version__,
        "definitions_hash": definitions_hash(chosen),
        "own_definitions": chosen or {},
        "data_hash": course.data_hash,
        "seed": None,
        "sources": sources,
    }


def sources_part(answer: dict[str, Any]) -> dict[str, str]:
    """Give the citation of every source key that stands anywhere in the answer, in order of appearance."""
    found: dict[str, str] = {}
    for cell in _source_cells(answer):
        for key in split_keys(cell):
            if key not in found:
                try:
                    found[key] = cite(key)
                except KeyError:
                    continue
    return found


def _source_cells(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["source"]] if isinstance(part.get("source"), str) else []
        return own + [cell for value in part.values() for cell in _source_cells(value)]
    if isinstance(part, (list, tuple)):
        return [cell for value in part for cell in _source_cells(value)]
    return []
