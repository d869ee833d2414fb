"""Which table of responses is answered by what."""

import polars as pl

from carsequel.record.course import Course
from carsequel.signs.ball_mrd import assess_ball_mrd
from carsequel.signs.cll import assess_iwcll
from carsequel.signs.imwg import assess_imwg
from carsequel.signs.imwg_mrd import assess_imwg_mrd
from carsequel.signs.leukemia import assess_ball_cibmtr, assess_ball_eln, assess_ball_nci


def _imwg(course: Course) -> pl.DataFrame:
    return pl.concat(
        [assess_imwg(course), assess_imwg(course, urine="if_measured"), assess_imwg(course, nadir="lowest")]
    )


def _eln(course: Course) -> pl.DataFrame:
    return pl.concat([assess_ball_eln(course), assess_ball_eln(course, extramedullary="if_recorded")])


RESPONSES = {
    "imwg": _imwg,
    "imwg_mrd": assess_imwg_mrd,
    "ball_eln": _eln,
    "ball_cibmtr": assess_ball_cibmtr,
    "ball_nci": assess_ball_nci,
    "ball_mrd": assess_ball_mrd,
    "iwcll": assess_iwcll,
}
# The default definition alone, where the whole table assesses more than one reading.
QUICK = {
    "imwg": lambda course, _: assess_imwg(course),
    "ball_eln": lambda course, _: assess_ball_eln(course),
}
