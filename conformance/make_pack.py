"""Make the conformance pack from the golden tables: per table a course folder in, the expected findings out.

    python conformance/make_pack.py            writes the pack
    python conformance/make_pack.py --check    exits 1 where it is stale

The golden tables hold both sides of every number, what cannot be graded, and the known errors of other tools.
"""

import filecmp
import shutil
import sys
import tempfile
from pathlib import Path

import polars as pl

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "golden"))

import golden_table  # noqa: E402
import laboratory_cases  # noqa: E402
import later_tables  # noqa: E402
import lymphoma_table  # noqa: E402
import response_table  # noqa: E402
import response_tables  # noqa: E402
import score_tables  # noqa: E402
import side_effect_tables  # noqa: E402

from carsequel.record import Course, write_course  # noqa: E402

EXPECTED = (
    "patient",
    "infusion",
    "criterion",
    "kind",
    "definition",
    "default",
    "period",
    "start",
    "end",
    "low",
    "high",
    "label",
)


Given = Course | golden_table.Raw


def graded() -> dict[str, tuple[Given, pl.DataFrame, pl.DataFrame | None]]:
    """Give per golden table what is given (raw rows as they are written, or a course), the findings, and the day on
    which counting ends where a row gives one."""
    made: dict[str, tuple[Given, pl.DataFrame, pl.DataFrame | None]] = {}
    for name, grade in side_effect_tables.TABLES.items():
        raw = golden_table.raw_of(golden_table.read_cases(name))
        made[name] = raw, grade(raw.course(), raw.censor()), raw.censor()
    for name, grade in laboratory_cases.TABLES.items():
        _, raw = laboratory_cases.cases_of(name)
        made[name] = raw, grade(raw.course(), raw.censor()), raw.censor()
    for name, grade in later_tables.TABLES.items():
        raw = golden_table.raw_of(golden_table.read_cases(name))
        made[name] = raw, grade(raw.course()), None
    for name, table in lymphoma_table.TABLES.items():
        raw = lymphoma_table.raw_with_lesions(golden_table.read_cases(name))
        made[name] = raw, table.grade(raw.course(), raw.censor()), raw.censor()
    for name, assess in response_tables.RESPONSES.items():
        course = response_table.course_of(response_table.read_cases(name))
        made[name] = course, assess(course), None
    for name, score in score_tables.SCORES.items():
        _, course, progression = score_tables.load(name)
        made[name] = course, score(course, progression), progression
    return made


def write_pack(target: Path) -> int:
    """Write every table under `target`; gives the number of expected findings."""
    count = 0
    for name, (course, findings, ended) in graded().items():
        _write_input(course, target / name / "input")
        if ended is not None and ended.height:
            ended.write_csv(target / name / "ended.csv")
        expected = findings.select(EXPECTED).sort(EXPECTED[:7], nulls_last=True)
        expected.write_csv(target / name / "expected.csv")
        count += expected.height
    return count


def _write_input(given: Given, folder: Path) -> None:
    """Write what a program is given: rows that must be refused are among them."""
    if isinstance(given, Course):
        write_course(given, folder)
        return
    folder.mkdir(parents=True)
    for name in ("patients", "infusions", "facts", "spans", "lesions", "coverage"):
        rows = getattr(given, name, [])
        if rows or name in ("patients", "infusions", "facts"):
            frame = pl.DataFrame(rows, infer_schema_length=None)
            kept = [column for column in frame.columns if frame[column].null_count() < frame.height]
            frame.select(kept).write_csv(folder / f"{name}.csv")


def files_of(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.csv"))


def main() -> int:
    with tempfile.TemporaryDirectory() as temporary:
        fresh = Path(temporary) / "pack"
        fresh.mkdir()
        count = write_pack(fresh)
        pack = HERE / "pack"
        same = pack.exists() and files_of(fresh) == files_of(pack)
        same = same and all(filecmp.cmp(fresh / name, pack / name, shallow=False) for name in files_of(fresh))
        if "--check" in sys.argv:
            print("the pack is fresh" if same else "the pack is stale: python conformance/make_pack.py")
            return 0 if same else 1
        if not same:
            shutil.rmtree(pack, ignore_errors=True)
            shutil.copytree(fresh, pack)
        print(f"{count} expected findings in {len(list(pack.iterdir()))} tables")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
