"""Response of multiple myeloma by IMWG 2016 (sCR to PD) at each assessment after the infusion, and the best response.

Day 0 is the day of infusion; the last value up to day 0 is the value before. Serum M-protein in g/dL, urine M-protein
in mg/24h, free light chains in mg/L (the paper says mg/dL, ten times less), marrow in %. Light chains decide only where
serum and urine M-protein are not measurable, marrow only where light chains are not measurable either.
"""

from typing import Final, Literal, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.signs.imwg_progression import progressed, progression
from carsequel.signs.imwg_remission import gradable, measurable, remission, shared_parts
from carsequel.signs.imwg_visits import Limits, gather_visits
from carsequel.signs.imwg_words import why_imwg
from carsequel.signs.ordered import Scale, assessments, bests, judge
from carsequel.signs.visits import infused
from carsequel.terms.findings import definition_of, join_findings

SOURCE: Final = "kumar2016"
CRITERION: Final = "imwg.2016"
SCR, CR, VGPR, PR, MR, SD, PD = range(7)


class Rule(NamedTuple):
    """One number of the criteria: what is compared for a category and a measure, and where it was read."""

    category: str
    measure: str
    what: str
    limit: float
    paper: str
    source: str = SOURCE


RULES: tuple[Rule, ...] = (
    Rule("PD", "any", "rise_share", 0.25, "25 % above the lowest confirmed value"),
    Rule("PD", "serum", "rise", 0.5, "and at least 0.5 g/dL"),
    Rule("PD", "serum", "rise_from_high", 1.0, "at least 1 g/dL suffices where the lowest value was high"),
    Rule("PD", "serum", "high_nadir", 5.0, "lowest value of at least 5 g/dL"),
    Rule("PD", "urine", "rise", 200.0, "and at least 200 mg/24 h"),
    Rule("PD", "dflc", "rise", 100.0, "and more than 10 mg/dL, that is 100 mg/L; two copies print mg/L"),
    Rule("PD", "marrow", "rise", 10.0, "absolute increase of at least 10 % of marrow cells"),
    Rule("PD", "circulating", "rise_share", 0.5, "circulating plasma cells up by half, if the only measure"),
    Rule("PD", "circulating", "rise", 200.0, "and at least 200/uL"),
    Rule("PD", "lesion", "growth", 0.5, "a lesion or the product of diameters up by half from the lowest"),
    Rule("PD", "lesion", "short_axis", 10.0, "previous lesion of more than 1 cm in short axis"),
    Rule("PD", "lesion", "several", 1.0, "product of diameters: more than one lesion"),
    Rule("MR", "serum", "fall", 0.25, "serum M-protein down by 25 to 49 %"),
    Rule("MR", "urine", "fall", 0.5, "urine M-protein down by 50 to 89 %"),
    Rule("PR", "serum", "fall", 0.5, "serum M-protein down by at least half"),
    Rule("PR", "urine", "fall", 0.9, "urine M-protein down by at least 90 %"),
    Rule("PR", "urine", "below", 200.0, "or below 200 mg/24 h"),
    Rule("PR", "dflc", "fall", 0.5, "difference of light chains down by half where M-protein is not measurable"),
    Rule("PR", "marrow", "fall", 0.5, "plasma cells down by half where light chains are not measurable either"),
    Rule("PR", "marrow", "before", 30.0, "if at least 30 % before"),
    Rule("PR", "plasmacytoma", "fall", 0.5, "and plasmacytomas down by half"),
    Rule("VGPR", "serum", "fall", 0.9, "serum M-protein down by at least 90 %"),
    Rule("VGPR", "urine", "below", 100.0, "with urine M-protein below 100 mg/24 h"),
    Rule("VGPR", "dflc", "fall", 0.9, "light chain only: difference down by at least 90 %", "cibmtr_mm"),
    Rule("CR", "marrow", "below", 5.0, "plasma cells below 5 %"),
    Rule("sCR", "ratio", "low", 0.26, "normal light-chain ratio", "katzmann2002"),
    Rule("sCR", "ratio", "high", 1.65, "normal light-chain ratio", "katzmann2002"),
    Rule("measurable", "serum", "from", 1.0, "at least 1 g/dL", "cibmtr_mm"),
    Rule("measurable", "urine", "from", 200.0, "at least 200 mg/24 h", "cibmtr_mm"),
    Rule(
        "measurable", "dflc", "from", 100.0, "involved chain of at least 10 mg/dL with an abnormal ratio", "cibmtr_mm"
    ),
)


class Choices(NamedTuple):
    """Readings that the paper leaves open: tests at most `visit` days apart are one assessment (our own choice, the
    paper gives no number)."""

    visit: int = 5


CHOICES = Choices()
SCALE: Final = Scale(("sCR", "CR", "VGPR", "PR", "MR", "SD", "PD"), stable=SD, worst=PD)
Urine = Literal["bounds", "if_measured"]
Nadir = Literal["confirmed", "lowest"]


def assess_imwg(course: Course, *, urine: Urine = "bounds", nadir: Nadir = "confirmed") -> pl.DataFrame:
    """Assess the response of myeloma: one `assessment` per visit and two `best` per infusion (confirmed by a second
    consecutive test, the default, and unconfirmed).

    `urine` chooses what a urine that was never measured means: left open (`bounds`) or not measurable
    (`if_measured`); `nadir` whether the lowest value needs a second test. Codes 0 sCR, 1 CR, 2 VGPR, 3 PR, 4 MR, 5 SD,
    6 PD; low is the best response that the record allows. Visits after a new therapy are left out. Gives a findings
    frame (source kumar2016). Raises ValueError for other choices.
    """
    if urine not in ("bounds", "if_measured") or nadir not in ("confirmed", "lowest"):
        raise ValueError("allowed are urine='bounds' or 'if_measured', nadir='confirmed' or 'lowest'; choose of these")
    visits = judged_visits(course, urine, nadir)
    chosen = definition_of(visit=CHOICES.visit, urine=urine, nadir=nadir)
    default = urine == "bounds" and nadir == "confirmed"
    named = {"criterion": CRITERION, "source": SOURCE}
    looks = infused(course, "MM")
    parts = (
        assessments(visits, SCALE, definition=chosen, default=default, **named),
        bests(looks, visits, SCALE, True, definition=f"confirmation=two_tests {chosen}", default=default, **named),
        bests(looks, visits, SCALE, False, definition=f"confirmation=none {chosen}", default=False, **named),
    )
    return join_findings(parts)


def judged_visits(course: Course, urine: Urine = "bounds", nadir: Nadir = "confirmed") -> pl.DataFrame:
    """Give every visit with `low` and `high` (codes), `why`, `facts`, `tested` and `sure_pd` (PD by imaging)."""
    return course.once(("visits of myeloma", RULES, CHOICES, urine, nadir), lambda: _judged(course, urine, nadir))


def _judged(course: Course, urine: Urine, nadir: Nadir) -> pl.DataFrame:
    ratio = (_n("sCR", "ratio", side) for side in ("low", "high"))
    lesion = (_n("PD", "lesion", what) for what in ("growth", "short_axis", "several"))
    visits = gather_visits(course, CHOICES.visit, Limits(*ratio, *lesion), nadir == "confirmed")
    visits = visits.with_columns(**measurable(_n, urine == "if_measured"))
    visits = visits.with_columns(**progression(_n), **shared_parts(_n))
    visits = visits.with_columns(**remission(_n), PD=progressed()).with_columns(gradable=gradable(_n))
    judged = judge(visits, SCALE)
    says = (pl.col("low") > SCR) | (pl.col("high") < PD)  # from the best to the worst is no answer
    judged = judged.with_columns(pl.when(says).then(side).alias(side) for side in ("low", "high"))
    return judged.with_columns(why=why_imwg())


def _n(category: str, measure: str, what: str) -> float:
    return next(rule.limit for rule in RULES if (rule.category, rule.measure, rule.what) == (category, measure, what))
