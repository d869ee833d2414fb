"""Files to resources: a Bundle, NDJSON, gzip of either, or a directory of them, one resource at a time."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final, cast

import orjson

from carsequel.record.errors import RecordError
from carsequel.record.fhir.problems import Item, Problems

ENDINGS: Final = (".json", ".ndjson", ".jsonl")
_DEPTH = 5


def items(path: str | Path, problems: Problems) -> Iterator[Item]:
    """Give every resource under `path`, Bundles unpacked, files of a directory in the order of their names.

    A line that is not JSON is refused and reported. Raises RecordError for a missing path, a directory without FHIR
    files, a damaged gzip file, a document that is not JSON, or no resource at all.
    """
    place = Path(path)
    found = 0
    for file in _files(place, problems):
        name = file.relative_to(place).as_posix() if place.is_dir() else file.name
        for item in _of_file(file, name, problems):
            found += 1
            yield item
    if not found:
        raise RecordError(
            f"{place.name}: no FHIR resource found",
            "Give a FHIR R4 Bundle (.json), NDJSON (.ndjson) or a folder of them.",
        )


def _files(place: Path, problems: Problems) -> list[Path]:
    if not place.exists():
        raise RecordError(f"{place.name}: no such file or folder", "Check the path.")
    if not place.is_dir():
        return [place]
    inside = sorted(p for p in place.iterdir() if p.is_file() and not p.name.startswith("."))
    fhir = [p for p in inside if p.name.lower().removesuffix(".gz").endswith(ENDINGS)]
    for other in (p for p in inside if p not in fhir):
        problems.add(
            Item({}, None, other.name, ""), "file not read", do=f"FHIR files end in {', '.join(ENDINGS)} or .gz"
        )
    return fhir


def _of_file(path: Path, name: str, problems: Problems) -> Iterator[Item]:
    try:
        with _open(path) as stream:
            yield from _of_stream(stream, path, name, problems)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RecordError(
            f"{name}: the gzip file is cut off or damaged; nothing was read", "Copy or export it again."
        ) from error
    except OSError as error:
        raise RecordError(f"{name}: cannot be opened", "Check that it is a file you may read.") from error


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path, "rb") if packed else path.open("rb"))


def _of_stream(stream: IO[bytes], path: Path, name: str, problems: Problems) -> Iterator[Item]:
    first = stream.readline()
    if _by_lines(path, first):
        yield from _of_lines(first, stream, name, problems)
        return
    rest = stream.read()
    data = _without_mark(first + rest if rest else first)
    if not data.strip():
        return
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise RecordError(
            f"{name}: not JSON (line {error.lineno}, column {error.colno})",
            "Export it again; a file with one resource a line must end in .ndjson.",
        ) from error
    del data, first, rest
    yield from _unpacked(document, None, name, "", problems, 0)


def _by_lines(path: Path, first: bytes) -> bool:
    if not path.name.lower().removesuffix(".gz").endswith(".json"):
        return _without_mark(first).strip() not in (b"{", b"[")
    if b'"Bundle"' in first[:1000]:
        return False
    try:
        document = orjson.loads(_without_mark(first))
    except orjson.JSONDecodeError:
        return False
    return _is_one(document)


def _is_one(document: Any) -> bool:
    """Tell whether this is a resource by itself, not a Bundle of them."""
    kind = document.get("resourceType") if type(document) is dict else None
    return type(kind) is str and kind != "Bundle"


def _of_lines(first: bytes, stream: IO[bytes], name: str, problems: Problems) -> Iterator[Item]:
    loads = orjson.loads
    line, number = _without_mark(first), 1
    while line:
        if not line.isspace():
            try:
                document = loads(line)
            except orjson.JSONDecodeError:
                problems.add(Item({}, None, name, str(number)), "line is not JSON", now="refused", do="export it again")
            else:
                if _is_one(document):
                    yield Item(document, None, name, str(number))
                else:
                    yield from _unpacked(document, None, name, str(number), problems, 0)
        line = stream.readline()
        number += 1


def _unpacked(document: Any, url: str | None, name: str, place: str, problems: Problems, depth: int) -> Iterator[Item]:
    here = Item({}, None, name, place)
    if isinstance(document, list) and depth < _DEPTH:
        for index, part in enumerate(document, 1):
            yield from _unpacked(part, None, name, _inside(place, index), problems, depth + 1)
        return
    kind = document.get("resourceType") if isinstance(document, dict) else None
    if not isinstance(kind, str):
        problems.add(here, "not a FHIR resource", now="refused", do="a resource has a resourceType")
    elif kind != "Bundle":
        yield Item(document, url, name, place or "1")
    elif depth < _DEPTH:
        yield from _of_bundle(document, name, place, problems, depth)


def _of_bundle(bundle: dict[str, Any], name: str, place: str, problems: Problems, depth: int) -> Iterator[Item]:
    links = bundle.get("link")
    if isinstance(links, list) and any(isinstance(x, dict) and x.get("relation") == "next" for x in links):
        problems.add(Item({}, None, name, place), "the Bundle is one page of several", do="export the other pages too")
    entries = bundle.get("entry")
    for index, entry in enumerate(entries if isinstance(entries, list) else [], 1):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        where = _inside(place, index)
        if resource is not None:
            url = entry.get("fullUrl")
            yield from _unpacked(resource, url if isinstance(url, str) else None, name, where, problems, depth + 1)
        elif not isinstance(entry, dict) or not ({"request", "response", "link"} & entry.keys()):
            problems.add(Item({}, None, name, where), "entry without a resource", now="refused", do="export it again")


def _inside(place: str, index: int) -> str:
    return f"{place} entry {index}".strip()


def _without_mark(data: bytes) -> bytes:
    return data.removeprefix(b"\xef\xbb\xbf")
