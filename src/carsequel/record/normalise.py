"""Raw tables to a course: the same steps for every reader, so that a FHIR bundle and its CSV twin give one course.

Nothing is imputed and nothing is dropped in silence: each step notes what it converted, refused or doubts.
"""

import polars as pl

from carsequel.record.check import check_record
from carsequel.record.columns import note_unknown_columns, refuse_without_required, tidy
from carsequel.record.course import Course
from carsequel.record.errors import RecordError
from carsequel.record.events import normalise_coverage, normalise_lesions, normalise_overrides, normalise_spans
from carsequel.record.facts import normalise_facts, read_mapping
from carsequel.record.infusions import normalise_infusions, read_infusions
from carsequel.record.people import normalise_patients
from carsequel.record.report import Report
from carsequel.record.schema import COLUMNS, empty
from carsequel.record.timing import first_infusion_dates


def course_from_tables(
    tables: dict[str, pl.DataFrame],
    report: Report | None = None,
    synthetic: bool = False,
    require_infusion: bool = False,
) -> Course:
    """Give the course that raw tables describe.

    `tables` maps the table names of a course folder to frames with its columns (text or numbers; dates as ISO text);
    columns may be missing. `require_infusion` raises RecordError where no patient has a CAR-T infusion and none is
    marked `not_infused`. Days come out in days, values in the unit of `quantities.csv`.
    """
    report = report or Report()
    raw = {name: _prepared(name, frame, report) for name, frame in tables.items() if name in COLUMNS}
    raw = {name: raw.get(name, empty(name)) for name in COLUMNS}

    given = read_infusions(raw["infusions"], report)
    origin = first_infusion_dates(given)
    infusions, written = normalise_infusions(given, origin, report)
    patients = normalise_patients(raw, report)
    if require_infusion and infusions.is_empty() and not patients["not_infused"].any():
        raise _no_infusion(given.height)
    mapping = read_mapping(raw["mapping"], report)
    facts, unread = normalise_facts(raw["facts"], mapping, written, origin, report)
    spans, unread_spans = normalise_spans(raw["spans"], written, origin, report)
    course = Course(
        patients=patients,
        infusions=infusions,
        facts=facts,
        spans=spans,
        lesions=normalise_lesions(raw["lesions"], origin, report),
        coverage=normalise_coverage(raw["coverage"], origin, report),
        overrides=normalise_overrides(raw["overrides"], report),
        report=report.frame(),
        unread=pl.concat([unread, unread_spans]),
        synthetic=synthetic or _says_synthetic(raw["patients"]),
    )
    return check_record(course, report)


def _prepared(name: str, frame: pl.DataFrame, report: Report) -> pl.DataFrame:
    frame = tidy(name, frame, report)
    note_unknown_columns(name, frame, report)
    return refuse_without_required(name, frame, report)


def _says_synthetic(patients: pl.DataFrame) -> bool:
    """Tell whether a record says of itself that it is synthetic (a column `synthetic` in the patients table)."""
    if "synthetic" not in patients.columns:
        return False
    return bool(patients["synthetic"].cast(pl.String).str.to_lowercase().is_in(["true", "yes", "1"]).any())


def _no_infusion(refused: int) -> RecordError:
    if refused:
        return RecordError(
            f"no CAR-T found: all {refused} rows of the infusions table were refused",
            "infusion 1 must be on day 0 (or have a date), numbers must be 1, 2, …; read with require_infusion=False "
            "to see the report of each row",
        )
    return RecordError(
        "no CAR-T found: no patient has a CAR-T infusion",
        "give the infusions table a row per infusion (patient, infusion, day or date, product), "
        "or a row with note = not_infused for a patient who was never infused; in FHIR a Procedure or a medication "
        "given counts, recognised by its code or by the product's name",
    )
