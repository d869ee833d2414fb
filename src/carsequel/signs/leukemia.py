"""Response of B-ALL after the infusion by ELN 2024, CIBMTR and the NCI workshop of 2010, at each assessment and best.

Day 0 is the day of infusion. Blasts in %, counts in 10^9/L, MRD as a fraction of cells. The three differ in what counts
must be, in transfusions, in four weeks of duration, and in what relapse is; each is a criterion of its own.
"""

from typing import Final, Literal, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.signs.ball_visits import Limits, gather_ball
from carsequel.signs.bounds import above, at_least, at_most, below, column, number, settled, times
from carsequel.signs.ordered import Scale, assessments, bests, judge
from carsequel.signs.visits import KEYS, infused
from carsequel.terms.findings import definition_of, join_findings


class Rule(NamedTuple):
    """One number of a criterion, and where it was read."""

    criterion: str
    measure: str
    what: str
    limit: float
    paper: str
    source: str


RULES: tuple[Rule, ...] = (
    Rule("nci", "marrow", "relapse", 25, "reappearance of at least 25 % blasts in marrow", "nci2010"),
    Rule("nci", "marrow", "partial", 25, "PR: at most 25 % blasts", "nci2010"),
    Rule("nci", "marrow", "fall", 0.5, "PR: blasts down by at least half", "nci2010"),
    Rule("nci", "anc", "from", 1.0, "at least 1.0", "nci2010"),
    Rule("nci", "platelets", "from", 100, "at least 100", "nci2010"),
    Rule("nci", "days", "lasting", 28, "no recurrence for at least 4 weeks", "nci2010"),
    Rule("eln", "mrd", "failure", 0.01, "failure: MRD of at least 1 % where it is known", "eln2024"),
    Rule("eln", "marrow", "partial", 25, "PR, trials only: 5 to 25 % blasts", "eln2024"),
    Rule("eln", "marrow", "fall", 0.5, "PR: blasts down by at least half", "eln2024"),
    Rule("eln", "anc", "above", 1.0, "above 1.0", "eln2024"),
    Rule("eln", "platelets", "above", 100, "above 100", "eln2024"),
    Rule("cibmtr", "anc", "from", 1.0, "at least 1.0", "cibmtr_all"),
    Rule("cibmtr", "platelets", "from", 100, "at least 100", "cibmtr_all"),
    Rule("cibmtr", "days", "free", 28, "no transfusion for 4 weeks", "cibmtr_all"),
    Rule("cibmtr", "days", "lasting", 28, "all of it for at least 4 weeks", "cibmtr_all"),
    Rule("any", "marrow", "below", 5, "fewer than 5 % blasts in marrow", "eln2024"),
)


class Choices(NamedTuple):
    """Our own choices, no paper gives a number: tests at most `visit` days apart are one assessment, counts and blood
    blasts at most `near` days away belong to it."""

    visit: int = 5
    near: int = 7


CHOICES = Choices()
ELN: Final = Scale(("CR", "CRi", "PR", "failure"), stable=3, worst=None)
CIBMTR: Final = Scale(("CR", "not in CR"), stable=1, worst=None)
NCI: Final = Scale(("CR", "CRi", "PR", "SD", "PD or relapse"), stable=3, worst=4)
Outside = Literal["bounds", "if_recorded"]


def assess_ball_eln(course: Course, *, extramedullary: Outside = "bounds") -> pl.DataFrame:
    """Assess B-ALL by ELN 2024: codes 0 CR, 1 CRi (either count low, or both), 2 PR, 3 failure.

    `extramedullary` chooses what no row means: left open (`bounds`) or absent (`if_recorded`). Gives one `assessment`
    per visit and one `best` per infusion (source eln2024). Raises ValueError for another choice.
    """
    visits = _visits(course, "eln", extramedullary)
    marrow = _few_blasts()
    mrd = at_least(column("mrd"), number(_n("eln", "mrd", "failure"))).fill_null(False)
    full = above(column("anc"), number(_n("eln", "anc", "above"))) & above(
        column("platelets"), number(_n("eln", "platelets", "above"))
    )
    some = at_most(column("marrow"), number(_n("eln", "marrow", "partial"))) & _halved("eln")
    clear = ~pl.col("outside") & ~mrd
    visits = visits.with_columns(CR=marrow & clear & full, CRi=marrow & clear, PR=~marrow & some & clear & full)
    return _answer(course, visits, ELN, "ball.eln2024", "eln2024", extramedullary, "")


def assess_ball_cibmtr(course: Course, *, extramedullary: Outside = "bounds") -> pl.DataFrame:
    """Assess B-ALL by CIBMTR: code 0 CR, 1 not in CR; a CR lasts four weeks and needs no transfusion.

    Absence of transfusions counts where `event` is covered. `extramedullary` as in `assess_ball_eln`. Gives one
    `assessment` per visit and one `best` per infusion (source cibmtr_all). Raises ValueError for another choice.
    """
    visits = _visits(course, "cibmtr", extramedullary)
    free = ~pl.col("transfused") & pl.col("lasting")
    visits = visits.with_columns(CR=_few_blasts() & ~pl.col("outside") & _counts("cibmtr") & free)
    return _answer(course, visits, CIBMTR, "ball.cibmtr", "cibmtr_all", extramedullary, "duration=28")


def assess_ball_nci(course: Course, *, extramedullary: Outside = "bounds") -> pl.DataFrame:
    """Assess B-ALL by the NCI workshop: codes 0 CR, 1 CRi, 2 PR, 3 SD, 4 PD or relapse (at least 25 % blasts in marrow,
    or blasts in blood or disease outside after a remission).

    What was not looked at (an earlier remission, marrow, blood, other sites) leaves relapse open. Progression by the
    absolute number of blasts is not derived: records give percentages. `extramedullary` as in `assess_ball_eln`. Gives
    findings (source nci2010). Raises ValueError for another choice.
    """
    visits = _visits(course, "nci", extramedullary)
    blood = at_most(column("blood"), number(0))
    clear = ~pl.col("outside") & blood
    remission = _few_blasts() & clear
    part = at_most(column("marrow"), number(_n("nci", "marrow", "partial"))) & _halved("nci") & _counts("nci")
    shrunk = pl.when(~pl.col("outside")).then(~pl.col("outside"))
    visits = visits.with_columns(
        CR=remission & _counts("nci") & pl.col("lasting"), CRi=remission & pl.col("lasting"), PR=part & shrunk
    )
    visits = visits.with_columns(_remission=remission).sort(*KEYS, "visit")
    again = (
        at_least(column("marrow"), number(_n("nci", "marrow", "relapse")))
        | above(column("blood"), number(0))
        | pl.col("outside")
    )
    started = below(column("marrow0"), number(_n("any", "marrow", "below")))
    visits = visits.with_columns(remission_before=_earlier("_remission") | started)
    visits = visits.with_columns((pl.col("remission_before") & again).alias(NCI.labels[4]))
    visits = visits.with_columns(sure_pd=pl.col(NCI.labels[4]))
    return _answer(course, visits, NCI, "ball.nci2010", "nci2010", extramedullary, "duration=28")


def _earlier(name: str) -> pl.Expr:
    """Whether it was so at any earlier visit: true, false or null (open)."""
    known, open_ = pl.col(name).fill_null(False), pl.col(name).fill_null(True)
    yes, maybe = (flag.cum_max().shift(1).over(KEYS).fill_null(False) for flag in (known, open_))
    return settled(yes, ~maybe)


def _n(criterion: str, measure: str, what: str) -> float:
    return next(rule.limit for rule in RULES if (rule.criterion, rule.measure, rule.what) == (criterion, measure, what))


def _visits(course: Course, criterion: str, extramedullary: Outside) -> pl.DataFrame:
    if extramedullary not in ("bounds", "if_recorded"):
        raise ValueError("extramedullary: allowed are 'bounds' and 'if_recorded'; choose one of them")
    lasting = "nci" if criterion == "nci" else "cibmtr"
    limits = Limits(
        CHOICES.visit,
        CHOICES.near,
        int(_n("cibmtr", "days", "free")),
        int(_n(lasting, "days", "lasting")),
        _n("any", "marrow", "below"),
    )
    visits = gather_ball(course, limits, extramedullary == "if_recorded")
    seen = pl.col("marrow_low").is_not_null() | pl.col("outside").fill_null(False)
    return visits.with_columns(gradable=seen | (pl.col("blood_low") > 0).fill_null(False))


def _few_blasts() -> pl.Expr:
    return below(column("marrow"), number(_n("any", "marrow", "below")))


def _halved(criterion: str) -> pl.Expr:
    return at_most(column("marrow"), times(column("marrow0"), 1 - _n(criterion, "marrow", "fall")))


def _counts(criterion: str) -> pl.Expr:
    anc = at_least(column("anc"), number(_n(criterion, "anc", "from")))
    return anc & at_least(column("platelets"), number(_n(criterion, "platelets", "from")))


def _answer(
    course: Course, visits: pl.DataFrame, scale: Scale, criterion: str, source: str, outside: Outside, more: str
) -> pl.DataFrame:
    judged = judge(visits, scale).with_columns(why=_why(criterion))
    chosen = definition_of(visit=CHOICES.visit, counts_within=CHOICES.near, extramedullary=outside)
    named = {"criterion": criterion, "source": source, "default": outside == "bounds"}
    definition = f"{chosen} {more}".strip()
    looks = infused(course, "B-ALL")
    return join_findings(
        [
            assessments(judged, scale, definition=definition, **named),
            bests(looks, judged, scale, False, definition=definition, **named),
        ]
    )


def _why(criterion: str) -> pl.Expr:
    shown = [
        _shown("marrow", "blasts in marrow {} %"),
        _shown("blood", "blasts in blood {} %"),
        _shown("anc", "ANC {} x 10^9/L"),
        _shown("platelets", "platelets {} x 10^9/L"),
        _shown("mrd", "MRD {}"),
        pl.when(pl.col("outside").fill_null(False)).then(pl.lit("disease outside the marrow")),
    ]
    lacking = {
        "blasts in marrow": pl.col("marrow_low").is_null(),
        "extramedullary disease": pl.col("outside").is_null(),
        "ANC": pl.col("anc_low").is_null(),
        "platelets": pl.col("platelets_low").is_null(),
    }
    timed = {"a later test (4 weeks)": pl.col("lasting").is_null()}
    if criterion == "ball.cibmtr":
        lacking |= timed | {"transfusions as complete": pl.col("transfused").is_null()}
    elif criterion == "ball.nci2010":
        lacking |= timed | {"blasts in blood": pl.col("blood_low").is_null()}
        before = pl.col("remission_before").is_null() & pl.col(NCI.labels[4]).is_null()
        lacking |= {"whether there was a remission before": before}
    words = pl.concat_str(
        [pl.when(test).then(pl.lit(name)) for name, test in lacking.items()], separator=", ", ignore_nulls=True
    )
    open_ = (pl.col("low") != pl.col("high")).fill_null(True) & (words != "")
    seen = pl.concat_str(shown, separator=", ", ignore_nulls=True)
    seen = pl.when(seen != "").then(seen)
    return pl.concat_str(
        seen, pl.when(open_).then(pl.format("not recorded: {}", words)), separator="; ", ignore_nulls=True
    )


def _shown(measure: str, words: str) -> pl.Expr:
    value = pl.col(f"{measure}_high")
    return pl.when(value.is_not_null()).then(pl.format(words, value))
