"""Response of multiple myeloma by IMWG 2016 (sCR to PD) at each assessment after the infusion, and the best response.

Day 0 is the day of infusion; the last value up to day 0 is the value before. Serum M-protein in g/dL, urine M-protein
in mg/24h, free light chains in mg/L (the paper says mg/dL, ten times less), marrow in %. Light chains decide only where
serum and urine M-protein are not measurable, marrow only where light chains are not measurable either.
"""

from functools import reduce
from typing import Final, Literal, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.signs.bounds import above, at_least, at_most, below, column, minus, number, times
from carsequel.signs.imwg_visits import Limits, gather_visits, known
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
    limits = Limits(
        _n("sCR", "ratio", "low"),
        _n("sCR", "ratio", "high"),
        *(_n("PD", "lesion", what) for what in ("growth", "short_axis", "several")),
    )
    visits = gather_visits(course, CHOICES.visit, limits, nadir == "confirmed")
    visits = visits.with_columns(**_measurable(urine == "if_measured"))
    visits = visits.with_columns(**_progression())
    visits = visits.with_columns(sCR=_scr(), CR=_cr(), VGPR=_vgpr(), PR=_pr(), MR=_mr())
    visits = visits.with_columns(PD=_any("pd_serum", "pd_urine", "pd_dflc", "pd_marrow", "pd_circulating", "sure_pd"))
    visits = visits.with_columns(gradable=_gradable())
    judged = judge(visits, SCALE)
    says = (pl.col("low") > SCR) | (pl.col("high") < PD)  # from the best to the worst is no answer
    judged = judged.with_columns(pl.when(says).then(side).alias(side) for side in ("low", "high"))
    return judged.with_columns(why=why_imwg())


def _n(category: str, measure: str, what: str) -> float:
    return next(rule.limit for rule in RULES if (rule.category, rule.measure, rule.what) == (category, measure, what))


def _any(*names: str) -> pl.Expr:
    return reduce(lambda one, other: one | other, [pl.col(name) for name in names])


def _measurable(urine_if_measured: bool) -> dict[str, pl.Expr]:
    """Whether serum, urine and light chains could be measured before the infusion (null: not known)."""
    found = {
        "serum_measurable": at_least(column("serum0"), number(_n("measurable", "serum", "from"))),
        "urine_measurable": at_least(column("urine0"), number(_n("measurable", "urine", "from"))),
        "dflc_measurable": at_least(column("involved0"), number(_n("measurable", "dflc", "from")))
        & pl.col("ratio_abnormal0"),
    }
    if urine_if_measured:
        never = pl.col("urine_low").is_not_null().any().over("patient", "infusion") | known(column("urine0"))
        found["urine_measurable"] = pl.when(~never).then(False).otherwise(found["urine_measurable"])
    found["m_unmeasurable"] = ~found["serum_measurable"] & ~found["urine_measurable"]
    return found


def _fallen(measure: str, category: str) -> pl.Expr:
    """Whether a measure has fallen by the share of a category, compared with the value before the infusion."""
    return at_most(column(measure), times(column(f"{measure}0"), 1 - _n(category, measure, "fall")))


def _serum_fallen(category: str) -> pl.Expr:
    """A serum M-protein that was not measurable before must only stay so."""
    stays = below(column("serum"), number(_n("measurable", "serum", "from"))) | ~known(column("serum"))
    measurable = pl.col("serum_measurable")
    return (measurable & _fallen("serum", category)) | (~measurable & stays)


def _urine_fallen(category: str) -> pl.Expr:
    """A urine M-protein that was not measurable before must only stay so, and need not be repeated."""
    low_enough = below(column("urine"), number(_n("PR", "urine", "below")))
    enough = _fallen("urine", category)
    measured = enough | low_enough if category == "PR" else enough
    stays = low_enough | ~known(column("urine"))
    measurable = pl.col("urine_measurable")
    return (measurable & measured) | (~measurable & stays) | (low_enough & measured)


def _plasmacytoma(kind: Literal["gone", "halved"]) -> pl.Expr:
    """Plasmacytomas count where they are recorded; one seen before must have been looked for again."""
    now, was = column("plasmacytoma"), column("plasmacytoma0")
    limit = number(0) if kind == "gone" else times(was, 1 - _n("PR", "plasmacytoma", "fall"))
    test = _now_or_before("plasmacytoma", at_most(now, limit), at_most(column("last_plasmacytoma"), limit))
    there = above(was, number(0))
    if kind == "halved":
        return pl.when(there.fill_null(False)).then(test).otherwise(True)
    asked = known(column("last_plasmacytoma")) | there.fill_null(False)
    return pl.when(asked).then(test).otherwise(True)


def _pr() -> pl.Expr:
    enough = at_least(column("marrow0"), number(_n("PR", "marrow", "before")))
    light = pl.col("dflc_measurable")
    instead = (light & _fallen("dflc", "PR")) | (~light & enough & _fallen("marrow", "PR"))
    measured = _serum_fallen("PR") & _urine_fallen("PR")
    return _by_measure(measured, instead) & _plasmacytoma("halved")


def _mr() -> pl.Expr:
    return _by_measure(_serum_fallen("MR") & _urine_fallen("MR"), pl.lit(False)) & _plasmacytoma("halved")


def _by_measure(measured: pl.Expr, instead: pl.Expr) -> pl.Expr:
    """M-protein decides where serum or urine is measurable, else what stands `instead`; open where neither is known."""
    unmeasurable = pl.col("m_unmeasurable")
    return (unmeasurable & instead) | (~unmeasurable & measured) | (instead & measured)


def _vgpr() -> pl.Expr:
    none = at_most(column("serum"), number(0)) & at_most(column("urine"), number(0))
    deep = _serum_fallen("VGPR") & below(column("urine"), number(_n("VGPR", "urine", "below")))
    instead = pl.col("dflc_measurable") & _fallen("dflc", "VGPR")
    return (_by_measure(none | deep, instead) | _cr_without_marrow()) & _plasmacytoma("halved")


def _immunofixation(fluid: str) -> pl.Expr:
    """Negative where stated; not negative where M-protein is still measured."""
    still = above(column(fluid), number(0))
    return pl.coalesce(~pl.col(f"ife_{fluid}"), pl.when(still.fill_null(False)).then(~still))


def _cr_without_marrow() -> pl.Expr:
    light = ~pl.col("m_unmeasurable") | ~pl.col("dflc_measurable") | pl.col("ratio_normal")
    return _immunofixation("serum") & _immunofixation("urine") & light


def _cr() -> pl.Expr:
    few = number(_n("CR", "marrow", "below"))
    marrow = _now_or_before("marrow", below(column("marrow"), few), below(column("last_marrow"), few))
    return _cr_without_marrow() & marrow & _plasmacytoma("gone")


def _now_or_before(measure: str, now: pl.Expr, before: pl.Expr) -> pl.Expr:
    """A marrow or a scan that was clear once stays so until it is repeated; one that was not leaves it open."""
    clear = before.fill_null(False)
    return pl.when(known(column(measure))).then(now).otherwise(pl.when(clear).then(clear))


def _scr() -> pl.Expr:
    return _cr() & pl.col("ratio_normal") & ~pl.col("mrd_found")


def _risen(measure: str, share: float, rise: float, strict: bool = False) -> pl.Expr:
    """Whether a measure stands above its lowest value by a share and an amount (`strict`: by more than the amount)."""
    now, lowest = column(measure), column(f"{measure}n")
    change = minus(now, lowest)
    enough = above(change, number(rise)) if strict else at_least(change, number(rise))
    return enough & at_least(now, times(lowest, 1 + share))


def _only_if(measurable: str, test: pl.Expr, measure: str) -> pl.Expr:
    """A measure that was measurable before leaves progression open where it was not repeated; another does not."""
    due = pl.col(measurable).eq_missing(True)
    return pl.when(known(column(measure))).then(test).otherwise(pl.when(~due).then(due))


def _progression() -> dict[str, pl.Expr]:
    share = _n("PD", "any", "rise_share")
    high = at_least(column("serumn"), number(_n("PD", "serum", "high_nadir")))
    flat, steep = _n("PD", "serum", "rise"), _n("PD", "serum", "rise_from_high")
    serum = _risen("serum", share, flat) | (high & _risen("serum", 0.0, steep))
    dflc = _risen("dflc", share, _n("PD", "dflc", "rise"), strict=True)
    silent = pl.col("m_unmeasurable") & ~pl.col("dflc_measurable")
    marrow = _risen("marrow", share, _n("PD", "marrow", "rise"))
    circulating = _risen("circulating", _n("PD", "circulating", "rise_share"), _n("PD", "circulating", "rise"))
    only = silent & ~known(column("marrow0")) & ~known(column("marrow"))
    grown = at_least(column("plasmacytoma"), times(column("plasmacytoman"), 1 + _n("PD", "lesion", "growth")))
    wide = above(column("plasmacytoman"), number(_n("PD", "lesion", "short_axis")))
    appeared = above(column("plasmacytoma"), number(0)) & at_most(column("plasmacytoman"), number(0))
    # The short axis of a plasmacytoma is not recorded: growth leaves progression open, it does not prove it.
    unsure = (grown & wide) | column("plasmacytoman").low.is_null()
    doubt = (unsure & above(column("plasmacytoma"), number(0))).fill_null(False)
    growing = pl.when(~doubt).then(doubt)
    return {
        "pd_serum": _only_if("serum_measurable", serum, "serum"),
        "pd_urine": _only_if("urine_measurable", _risen("urine", share, _n("PD", "urine", "rise")), "urine"),
        "pd_dflc": pl.col("m_unmeasurable") & _only_if("dflc_measurable", dflc, "dflc"),
        "pd_marrow": silent & pl.when(known(column("marrow"))).then(marrow).otherwise(False),
        "pd_circulating": only & pl.when(known(column("circulating"))).then(circulating).otherwise(False),
        "sure_pd": pl.col("new_lesion").fill_null(False)
        | pl.col("lesion_growth").fill_null(False)
        | pl.col("new_bone").fill_null(False)
        | appeared.fill_null(False)
        | growing,
    }


def _gradable() -> pl.Expr:
    """Something comparable was measured, or the answer needs no comparison."""
    compared = [
        known(column(name)) & (known(column(f"{name}0")) | known(column(f"{name}n")))
        for name in ("serum", "urine", "dflc")
    ]
    marrow = known(column("marrow")) & (
        at_least(column("marrow0"), number(_n("PR", "marrow", "before"))) & pl.col("m_unmeasurable")
    ).fill_null(False)
    measurable = (
        pl.col("serum_measurable").fill_null(True)
        | pl.col("urine_measurable").fill_null(True)
        | pl.col("dflc_measurable").fill_null(True)
    )
    needs_none = pl.col("PD").fill_null(False) | pl.col("CR").fill_null(False)
    return (pl.any_horizontal(compared) & measurable) | marrow | needs_none
