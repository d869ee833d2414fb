"""Response of CLL by iwCLL 2018 (CR, PR, SD, PD) at each assessment of nodes, spleen or marrow after the infusion.

Day 0 is the day of infusion. Nodes as the sum of products (cm2) and longest diameter (mm), spleen in cm, counts in
10^9/L, haemoglobin in g/dL. A fall of haemoglobin or platelets counts as progression only if CLL causes it: after
CAR T cells it is shown and never counted. A rise of lymphocytes counts only where B cells rise with it. How many
signs make a PR is UNVERIFIED and off: PR stays open beside SD.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.signs.bounds import Range, above, at_least, at_most, below, column, known, number, settled, times
from carsequel.signs.cll_visits import gather_cll
from carsequel.signs.ordered import Scale, assessments, bests, judge
from carsequel.signs.visits import infused
from carsequel.terms.findings import definition_of, join_findings

SOURCE: Final = "hallek2018"
CRITERION: Final = "iwcll.2018"


class Rule(NamedTuple):
    """One number of the criteria."""

    category: str
    measure: str
    limit: float
    paper: str


RULES: tuple[Rule, ...] = (
    Rule("PD", "nodes", 0.5, "nodes up by half from baseline or best response"),
    Rule("PD", "spleen", 0.5, "spleen up by half from baseline or best response"),
    Rule("PD", "lymphocytes", 0.5, "lymphocytes up by half over baseline, clonal B cells"),
    Rule("shown", "platelets", 0.5, "platelets down by half: PD only if due to CLL"),
    Rule("shown", "hemoglobin", 2.0, "haemoglobin down by 2 g/dL: PD only if due to CLL"),
    Rule("PR", "nodes", 0.5, "nodes down by half"),
    Rule("PR", "spleen", 0.5, "spleen down by half"),
    Rule("PR", "lymphocytes", 0.5, "lymphocytes down by half"),
    Rule("CR", "longest", 15.0, "no node of 1.5 cm or more"),
    Rule("CR", "spleen", 13.0, "spleen below 13 cm"),
    Rule("CR", "platelets", 100.0, "platelets of at least 100"),
    Rule("CR", "hemoglobin", 11.0, "haemoglobin of at least 11 g/dL"),
)


class Choices(NamedTuple):
    """Our own choices, no paper gives a number: tests at most `visit` days apart are one assessment, counts at most
    `near` days away belong to it."""

    visit: int = 5
    near: int = 7


CHOICES = Choices()
SCALE: Final = Scale(("CR", "PR", "SD", "PD"), stable=2, worst=3)


def assess_iwcll(course: Course) -> pl.DataFrame:
    """Assess the response of CLL: one `assessment` per visit and one `best` per infusion, codes 0 CR, 1 PR, 2 SD, 3 PD.

    Half of a spleen is read both on its length and on its excess over normal, and left open where they part. What was
    not looked at (nodes, spleen, lymphocytes) leaves progression open, and so does a smallest size of nodes or spleen
    that an earlier assessment did not look for; missing parts of a CR leave the CR open; nothing to compare is not
    gradable. Gives a findings frame (source hallek2018).
    """
    visits = gather_cll(course, CHOICES.visit, CHOICES.near)
    visits = visits.with_columns(CR=_cr(), PR=_pr(), PD=_nodes_grew() | _spleen_grew() | _lymphocytes_rose())
    visits = visits.with_columns(gradable=_gradable(), sure_pd=pl.lit(False))
    judged = judge(visits, SCALE).with_columns(why=_why())
    definition = definition_of(
        visit=CHOICES.visit, counts_within=CHOICES.near, pr_count="off", cytopenia="not_counted", lymphocytes="clonal"
    )
    looks = infused(course, "CLL")
    return join_findings(
        [
            assessments(judged, SCALE, definition=definition, criterion=CRITERION, default=True, source=SOURCE),
            bests(looks, judged, SCALE, False, definition=definition, criterion=CRITERION, default=True, source=SOURCE),
        ]
    )


def _n(category: str, measure: str) -> float:
    return next(rule.limit for rule in RULES if (rule.category, rule.measure) == (category, measure))


def _cr() -> pl.Expr:
    return (
        below(column("longest"), number(_n("CR", "longest")))
        & below(column("spleen"), number(_n("CR", "spleen")))
        & ~pl.col("symptoms")
        & at_most(column("lymph_share"), number(1.0))
        & at_least(column("platelets"), number(_n("CR", "platelets")))
        & at_least(column("hemoglobin"), number(_n("CR", "hemoglobin")))
        & ~pl.col("marrow")
    )


def _excess(name: str) -> Range:
    normal = _n("CR", "spleen")
    return Range((pl.col(f"{name}_low") - normal).clip(0.0), (pl.col(f"{name}_high") - normal).clip(0.0))


def _pr() -> pl.Expr:
    """False where nothing of the tumour load has halved, else open: the count of signs is unverified."""
    nodes = at_most(column("nodes"), times(column("nodes0"), 1 - _n("PR", "nodes"))) & above(
        column("nodes0"), number(0)
    )
    cells = at_most(column("lymphocytes"), times(column("lymphocytes0"), 1 - _n("PR", "lymphocytes")))
    spleen = at_most(_excess("spleen"), times(_excess("spleen0"), 1 - _n("PR", "spleen"))) & above(
        _excess("spleen0"), number(0)
    )
    none = ~(nodes | cells | spleen).fill_null(True)
    return pl.when(none).then(~none)


def _nodes_grew() -> pl.Expr:
    grew = at_least(column("nodes"), times(column("nodesn"), 1 + _n("PD", "nodes"))) & above(column("nodes"), number(0))
    small = below(column("longest"), number(_n("CR", "longest"))).fill_null(False)
    return grew & ~small


def _spleen_grew() -> pl.Expr:
    share = 1 + _n("PD", "spleen")
    length = at_least(column("spleen"), times(column("spleenn"), share))
    excess = at_least(_excess("spleen"), times(_excess("spleenn"), share)) & above(_excess("spleen"), number(0))
    return settled(length, (~excess).fill_null(False) & (~length).fill_null(False))


def _lymphocytes_rose() -> pl.Expr:
    share = 1 + _n("PD", "lymphocytes")
    cells = at_least(column("lymphocytes"), times(column("lymphocytes0"), share))
    clonal = at_least(column("b_cells"), times(column("b_cells0"), share)) & above(column("b_cells"), number(0))
    return cells & clonal


def _gradable() -> pl.Expr:
    compared = [
        known(column(name)) & (known(column(f"{name}0")) | known(column(f"{name}n"))) for name in ("nodes", "spleen")
    ]
    cells = known(column("lymphocytes")) & known(column("lymphocytes0"))
    return pl.any_horizontal(*compared, cells) | pl.col("PD").fill_null(False) | pl.col("CR").fill_null(False)


def _why() -> pl.Expr:
    shown = [
        _shown("nodes", "nodes", "cm2"),
        _shown("spleen", "spleen", "cm"),
        _shown("lymphocytes", "lymphocytes", "x 10^9/L"),
    ]
    lacking = {
        "longest node": pl.col("longest_low").is_null(),
        "some of the nodes": pl.col("nodes_high").is_infinite(),
        "spleen": pl.col("spleen_low").is_null(),
        "symptoms": pl.col("symptoms").is_null(),
        "lymphocytes with their upper limit": pl.col("lymph_share_low").is_null(),
        "platelets": pl.col("platelets_low").is_null(),
        "haemoglobin": pl.col("hemoglobin_low").is_null(),
        "marrow": pl.col("marrow").is_null(),
    }
    words = pl.concat_str(
        [pl.when(test).then(pl.lit(name)) for name, test in lacking.items()], separator=", ", ignore_nulls=True
    )
    open_ = (pl.col("low") != pl.col("high")).fill_null(True)
    fell = at_most(column("platelets"), times(column("platelets0"), 1 - _n("shown", "platelets"))) | at_most(
        column("hemoglobin"),
        Range(
            pl.col("hemoglobin0_low") - _n("shown", "hemoglobin"),
            pl.col("hemoglobin0_high") - _n("shown", "hemoglobin"),
        ),
    )
    rose = at_least(column("lymphocytes"), times(column("lymphocytes0"), 1 + _n("PD", "lymphocytes")))
    seen = pl.concat_str(shown, separator=", ", ignore_nulls=True)
    unseen = pl.concat_str(
        [_open(name) for name in ("nodes", "spleen", "lymphocytes")], separator=", ", ignore_nulls=True
    )
    return pl.concat_str(
        pl.when(pl.col("low").is_null()).then(pl.lit("nothing before and after the infusion to compare")),
        pl.when(seen != "").then(seen),
        pl.when(open_ & (words != "")).then(pl.format("not recorded: {}", words)),
        pl.when(pl.col("PR").is_null() & (pl.col("low") <= 1) & (pl.col("high") >= 1)).then(
            pl.lit("PR or SD: how many signs make a PR is UNVERIFIED and not applied")
        ),
        pl.when(pl.col("PD").is_null() & (unseen != "")).then(
            pl.format("progression is not excluded: {} not looked at, or only in part", unseen)
        ),
        pl.when(rose.fill_null(False)).then(
            pl.lit("lymphocytes rose: counted only with B cells, they may be CAR T cells")
        ),
        pl.when(fell.fill_null(False)).then(
            pl.lit("fall of haemoglobin or platelets not counted: progression only if due to CLL")
        ),
        separator="; ",
        ignore_nulls=True,
    )


def _open(measure: str) -> pl.Expr:
    """The name of a measure of the tumour load that was not looked at, or only in part, now or at its lowest."""
    now = pl.when(pl.col(f"{measure}_low").is_null() | pl.col(f"{measure}_high").is_infinite()).then(pl.lit(measure))
    if measure == "lymphocytes":
        return now
    return pl.coalesce(now, pl.format(f"{measure} {{}}", f"{measure}_unseen"))


def _shown(measure: str, words: str, unit: str) -> pl.Expr:
    now, was = pl.col(f"{measure}_high"), pl.col(f"{measure}0_high")
    from_ = pl.when(was.is_not_null()).then(pl.format("{} to ", was.round(2))).otherwise(pl.lit(""))
    return pl.when(now.is_not_null() & now.is_finite()).then(pl.format(f"{words} {{}}{{}} {unit}", from_, now.round(2)))
