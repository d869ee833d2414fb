"""A centre's own definitions: a small TOML file that makes other named choices the default, and an example of it."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from carsequel.answering.provenance import definitions_hash
from carsequel.grading import Graded, grade_record
from carsequel.record import Course, RecordError
from carsequel.services.screen import console
from carsequel.terms.choices import UNVERIFIED, Choices, ChoicesError, check_choices, offered_choices
from carsequel.terms.defaults import applied_choices
from carsequel.terms.findings import criteria_table

HEAD: Final = """\
# The definitions of this centre. One section a criterion, one line a choice; the shipped default stands first.
# Take the # away from a section and from the line of the choice that is to be the default, and give the file with
#   carsequel grade INPUT --definitions definitions.toml        (and the same for report)
# Everything that is not named here keeps its shipped default; every other definition stays in the findings.
"""


def read_definitions(path: Path | None) -> Choices:
    """Give the centre's choices of a TOML file, none without a file; RecordError for a file that is no TOML, and for a
    criterion, name or choice that is not offered."""
    if path is None:
        return {}
    try:
        wanted = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        where = f" ({error})" if isinstance(error, tomllib.TOMLDecodeError) else ""
        raise RecordError(
            f"--definitions {path.name} is no TOML{where}", "carsequel definitions prints an example"
        ) from None
    try:
        return check_choices(wanted)
    except ChoicesError as error:
        raise RecordError(f"--definitions {path.name}: {error}", error.hint) from None


def grade_chosen(course: Course, chosen: Choices) -> Graded:
    """Grade a record under a centre's choices; RecordError where choices are asked for that are not graded together."""
    try:
        return grade_record(course, chosen)
    except ChoicesError as error:
        raise RecordError(f"--definitions: {error}", error.hint) from None


def run_definitions() -> int:
    """Print an example file in which every line of a choice is commented out."""
    print("\n".join([HEAD, *_sections()]))
    return 0


def _sections() -> Iterator[str]:
    meaning = dict(criteria_table().select("id", "what").rows())
    for criterion, names in offered_choices().items():
        several = {name: allowed for name, allowed in names.items() if len(_settable(allowed)) > 1}
        if several:
            lines = [f'# {name} = "{choice}"' for name, allowed in several.items() for choice in _settable(allowed)]
            yield "\n".join([f"# {meaning[criterion]}", f'# ["{criterion}"]', *lines, ""])


def _settable(allowed: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(choice for choice in allowed if not choice.endswith(UNVERIFIED))


def write_definitions(findings: pl.DataFrame | pl.LazyFrame, chosen: Choices, folder: Path) -> pl.DataFrame:
    """Write `definitions.csv` where a centre chose: each choice, the shipped one, how many default findings follow it,
    and the hash of the definitions; give these rows."""
    rows = applied_choices(findings, chosen)
    if chosen:
        rows.with_columns(definitions_hash=pl.lit(definitions_hash(chosen))).write_csv(folder / "definitions.csv")
    return rows


def say_definitions(rows: pl.DataFrame) -> None:
    """Print one line per choice of the centre: what it is, and how many default findings follow it."""
    for criterion, name, choice, shipped, defaults, followed in rows.iter_rows():
        said = f"{criterion} {name} = {choice} (shipped: {shipped})"
        reach = f"{followed} of {defaults} default findings follow it"
        console().print(f"the centre's own default: {said}: {reach}", soft_wrap=True)
