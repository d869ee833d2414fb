"""B-cell aplasia after CD19-directed CAR T cells, under the definitions of two cohorts; there is no single one.

Day 0 is the infusion. B cells are a percentage (of the population that `method` names) or cells/uL in blood. Codes:
`lbcl_cohort` 0 not prolonged, 1 prolonged; `ball_pediatric` 0 aplasia not lost, 1 lost.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.terms.findings import as_findings, definition_of, join_findings, no_findings
from carsequel.terms.series import day_of

KEYS: Final = ["patient", "infusion"]
MONONUCLEAR: Final = r"(?i)mononuclear|pbmc"
BLOOD: Final = r"(?i)blood|^pb(mc)?$"


class Rule(NamedTuple):
    """A definition: for whom, the share (%) and the count (cells/uL) that are the border, from which day, how often,
    and how the samples are read."""

    id: str
    disease: str
    percent: float
    cells: float | None
    after_day: float
    samples: int | None
    reading: str
    says: str
    source: str
    verified: bool = True


RULES: tuple[Rule, ...] = (
    Rule(
        "b_cell_aplasia.lbcl_cohort",
        "LBCL",
        1.0,
        None,
        183,
        2,
        "time_points",
        "prolonged: CD19+ below 1 % of mononuclear cells in blood at two time points beyond 6 months; recovery: above "
        "1 % once",
        "bca_lbcl",
    ),
    Rule(
        "b_cell_aplasia.ball_pediatric",
        "B-ALL",
        1.0,
        100,
        0,
        None,
        "confirmed_by_next",
        "lost: CD19+ above 1 % or above 100 cells, confirmed",
        "bca_ball_cincinnati",
    ),
    Rule(
        "b_cell_aplasia.eliana",
        "B-ALL",
        3.0,
        50,
        0,
        None,
        "last_sample",
        "aplasia: below 3 %, or below 50 cells/uL",
        "eliana_aplasia",
        verified=False,
    ),
)
LABELS: Final = {
    "b_cell_aplasia.lbcl_cohort": {0: "not prolonged", 1: "prolonged B-cell aplasia"},
    "b_cell_aplasia.ball_pediatric": {0: "B-cell aplasia not lost", 1: "B-cell aplasia lost"},
    "b_cell_aplasia.eliana": {0: "UNVERIFIED: no aplasia at the last sample", 1: "UNVERIFIED: aplasia"},
}
NOTHING: Final = {name: pl.lit(None, dtype=pl.Int64) for name in ("low", "high", "start")} | {
    "why": pl.lit(None, dtype=pl.String),
    "source": pl.lit(None, dtype=pl.List(pl.String)),
}


def assess_b_cell_aplasia(course: Course, unverified: bool = False) -> pl.DataFrame:
    """Give one `maximum` per infusion and definition that applies to the disease, until the next infusion.

    Infusions without a B-cell value are not gradable. Six months are taken as 183 days. `unverified` adds
    `b_cell_aplasia.eliana`, computed and labelled UNVERIFIED. Gives a findings frame.
    """
    rules = [rule for rule in RULES if rule.verified or unverified]
    return join_findings([_under(course, rule) for rule in rules])


def _under(course: Course, rule: Rule) -> pl.DataFrame:
    looks = course.infused.filter(pl.col("disease") == rule.disease).select(KEYS)
    if looks.is_empty():
        return no_findings()
    if course.has("b_cells_percent", "b_cells"):
        judge = {"b_cell_aplasia.lbcl_cohort": _prolonged, "b_cell_aplasia.ball_pediatric": _lost}
        answers = judge.get(rule.id, _last_sample)(b_cell_samples(course, rule), rule)
        found = looks.join(answers, on=KEYS, how="left")
    else:
        found = looks.with_columns(**NOTHING)
    names = LABELS[rule.id]
    low, high = (pl.col(side).cast(pl.Int64).replace_strict(names, return_dtype=pl.String) for side in ("low", "high"))
    unsettled = pl.format("{} or {}", low, high)
    settled = pl.when(pl.col("low") == pl.col("high")).then(low).otherwise(unsettled)
    label = pl.when(pl.col("low").is_null()).then(pl.lit("not gradable")).otherwise(settled)
    found = found.with_columns(
        label=label,
        why=pl.col("why").fill_null(_no_value(rule)),
        facts=pl.col("source").list.drop_nulls().list.unique().list.sort().list.join("; "),
    )
    return as_findings(
        found.drop("source"),
        kind="maximum",
        criterion=rule.id,
        definition=definition_of(reading=rule.reading),
        default=True,
        period=f"after d{rule.after_day:g}" if rule.after_day else "since infusion",
        source=rule.source,
    )


def _no_value(rule: Rule) -> pl.Expr:
    wanted = "B cells as a percentage of blood mononuclear cells" if rule.cells is None else "B cells in % or cells/uL"
    return pl.lit(f"no {wanted} after the infusion")


def b_cell_samples(course: Course, rule: Rule) -> pl.DataFrame:
    """Give one row per infusion and day after day 0 with a usable B-cell value: patient, infusion, day, `over_c`,
    `over_p`, `under_c`, `under_p` (certainly, possibly above and below the border of the rule) and `source` (list).

    A rule without a count reads only percentages whose `method` names mononuclear cells.
    """
    told = (*KEYS, "since", "name", "value", "comparator", "limit", "method", "specimen", "source")
    rows = course.facts_since("b_cells_percent", "b_cells", columns=told).filter(pl.col("since") > 0)
    rows = rows.filter(pl.col("specimen").is_null() | pl.col("specimen").str.contains(BLOOD))
    share = pl.col("name") == "b_cells_percent"
    if rule.cells is None:
        rows = rows.filter(share & pl.col("method").str.contains(MONONUCLEAR))
    border = pl.when(share).then(rule.percent).otherwise(rule.cells)
    edge, sign = pl.coalesce("value", "limit"), pl.col("comparator").fill_null("")
    below = sign.is_in(["<", "<="]) | pl.col("value").is_null()
    low = pl.when(below).then(0.0).otherwise(edge)
    high = pl.when(sign.is_in([">", ">="])).then(float("inf")).otherwise(edge)
    strict = sign == ">"
    rows = rows.with_columns(day=day_of("since"), _low=low, _high=high, _border=border).filter(edge.is_not_null())
    over_c = (pl.col("_low") > pl.col("_border")) | (strict & (pl.col("_low") >= pl.col("_border")))
    under_c = (pl.col("_high") < pl.col("_border")) | ((sign == "<") & (pl.col("_high") <= pl.col("_border")))
    judged = rows.with_columns(
        _over_c=over_c,
        _over_p=pl.col("_high") > pl.col("_border"),
        _under_c=under_c,
        _under_p=pl.col("_low") < pl.col("_border"),
    )
    return judged.group_by(*KEYS, "day").agg(
        over_c=pl.col("_over_c").any(),
        over_p=pl.col("_over_p").any() & ~(pl.col("_under_c").all()),
        under_c=pl.col("_under_c").all(),
        under_p=pl.col("_under_p").all(),
        source=pl.col("source"),
    )


def _gathered() -> pl.Expr:
    return pl.col("source").list.explode(keep_nulls=False, empty_as_null=False)


def _prolonged(samples: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    late = pl.col("day") >= rule.after_day
    back = pl.col("day").filter("over_c").max()
    low_days = pl.col("day").filter(late & pl.col("under_c"))
    per = samples.group_by(KEYS).agg(
        certain=(late & pl.col("under_c")).sum(),
        possible=(late & pl.col("under_p")).sum(),
        last_low=pl.col("day").filter(late & pl.col("under_p")).max(),
        first_low=low_days.min(),
        back=back,
        n=late.sum(),
        first_back=pl.col("day").filter("over_c").min(),
        source=_gathered(),
    )
    need = rule.samples or 1
    pending = (pl.col("possible") > 0) & (pl.col("back").is_null() | (pl.col("back") < pl.col("last_low")))
    never_back = pl.col("back").is_null() & (pl.col("n") == 0)
    return per.with_columns(
        low=pl.when(never_back).then(None).when(pl.col("certain") >= need).then(1).otherwise(0),
        high=pl.when(never_back).then(None).when((pl.col("possible") >= need) | pending).then(1).otherwise(0),
        start=pl.when(pl.col("certain") >= need).then("first_low"),
        why=pl.when(never_back)
        .then(pl.lit("no sample beyond 6 months and no recovery before"))
        .otherwise(
            pl.concat_str(
                pl.format("{} of {} samples beyond 6 months are below 1 %", "certain", "n"),
                pl.format("above 1 % first on day {}", "first_back"),
                pl.when(pending & (pl.col("certain") < need)).then(pl.lit("a further sample would settle it")),
                separator="; ",
                ignore_nulls=True,
            )
        ),
    )


def _lost(samples: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    ordered = samples.sort(*KEYS, "day")
    after = {name: pl.col(name).shift(-1).over(KEYS, order_by="day") for name in ("over_c", "over_p")}
    ordered = ordered.with_columns(_next_c=after["over_c"], _next_p=after["over_p"])
    certain = pl.col("over_c") & pl.col("_next_c").fill_null(False)
    possible = pl.col("over_p") & pl.col("_next_p").fill_null(True)
    per = ordered.group_by(KEYS).agg(
        low=certain.any().cast(pl.Int64),
        high=possible.any().cast(pl.Int64),
        start=pl.col("day").filter(certain).min(),
        once=pl.col("day").filter(pl.col("over_p")).min(),
        n=pl.len(),
        source=_gathered(),
    )
    return per.with_columns(
        why=pl.when(pl.col("low") == 1)
        .then(pl.format("above the border on day {} and at the next sample", "start"))
        .when(pl.col("high") == 1)
        .then(pl.format("above the border, or possibly, on day {}: not confirmed by a next sample", "once"))
        .otherwise(pl.format("none of {} samples above the border is confirmed", "n"))
    )


def _last_sample(samples: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    last = samples.sort("day").group_by(KEYS).agg(pl.all().last())
    return last.with_columns(
        low=pl.col("under_c").cast(pl.Int64),
        high=pl.col("under_p").cast(pl.Int64),
        start="day",
        why=pl.format("last sample on day {}; the cut-offs are not verified", "day"),
    )
