"""The index of many pages, and file names that are safe, unique and lead back to the patient."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from carsequel.report.choices import differing_rows, own_words
from carsequel.report.page import environment
from carsequel.report.verdict import verdict_of
from carsequel.terms.choices import Choices

_PLAIN: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_HASHED: Final = re.compile(r".*-[0-9a-f]{12}")
_RESERVED: Final = re.compile(r"index|con|prn|aux|nul|com\d|lpt\d")


def safe_name(patient_id: str) -> str:
    """Give a file name without ending that is unique and valid on every file system.

    Short ids of lower-case letters, digits, `-` and `_` stay as they are; any other gets what can be kept of it and
    a digest of the whole id, so that two ids that differ only in case or in a strange letter never meet.

    >>> safe_name("patient-7"), safe_name("P/7")
    ('patient-7', 'p-7-7edea5e02e9c')
    """
    taken = _RESERVED.fullmatch(patient_id) or _HASHED.fullmatch(patient_id)
    if _PLAIN.fullmatch(patient_id) and not taken:
        return patient_id
    digest = hashlib.sha256(patient_id.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    kept = re.sub(r"[^a-z0-9_]+", "-", patient_id.lower()).strip("-")[:40]
    return f"{kept}-{digest}" if kept else f"patient-{digest}"


def render_index(
    entries: Sequence[Mapping[str, Any]], differing: pl.DataFrame | None = None, chosen: Choices | None = None
) -> str:
    """Give the index page as HTML: one line a patient with the verdict and the link to the page.

    Each entry: `patient` (required); `file` (default `safe_name(patient).html`), `disease`, `product`, `failure` (as
    in the answer; or `state`, `type`, `timing`, `day`, `antigen` beside it), `next_test`, `problems` (how many rows
    are refused or doubted), `error` (why there is no page), `synthetic`. `differing` (of `count_choices`) says how many
    answers another named choice changes, `chosen` which defaults are the centre's own.
    """
    lines = [_line(entry) for entry in entries]
    synthetic = any(line["synthetic"] for line in lines)
    return (
        environment()
        .get_template("index.html.j2")
        .render(lines=lines, synthetic=synthetic, differing=differing_rows(differing), own=own_words(chosen))
    )


def _line(entry: Mapping[str, Any]) -> dict[str, Any]:
    failure = entry.get("failure") or entry
    return {
        "patient": entry["patient"],
        "file": entry.get("file") or f"{safe_name(str(entry['patient']))}.html",
        "disease": entry.get("disease"),
        "product": entry.get("product"),
        "verdict": verdict_of(failure, {}),
        "antigen": failure.get("antigen"),
        "next_test": entry.get("next_test"),
        "problems": entry.get("problems"),
        "error": entry.get("error"),
        "synthetic": bool(entry.get("synthetic")),
    }
