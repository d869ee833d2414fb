"""Which table is graded by what."""

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.crs import grade_crs
from carsequel.side_effects.icaht_early import grade_icaht_early
from carsequel.side_effects.icaht_late import grade_icaht_late
from carsequel.side_effects.icans import grade_icans


def _crs(course: Course, _: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([grade_crs(course), grade_crs(course, hypotension="stated")])


def _icans(course: Course, _: pl.DataFrame) -> pl.DataFrame:
    return grade_icans(course)


def _early(course: Course, _: pl.DataFrame) -> pl.DataFrame:
    return grade_icaht_early(course)


TABLES = {"crs": _crs, "icans": _icans, "icaht_early": _early, "icaht_late": grade_icaht_late}
# The default definition alone, where the whole table grades more than one reading.
QUICK = {"crs": lambda course, _: grade_crs(course)}
