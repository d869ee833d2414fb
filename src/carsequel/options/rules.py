"""Rules of the gates, one row a rule: which options ask for which fact, and what its absence or value does.

A rule can leave a gate unknown (the fact is not recorded), show a value as a caution, or close. No source read so far
states a limit that closes an option: limits are published definitions and cut-offs, and stand as cautions.
"""

from functools import cache
from typing import Final

import polars as pl

from carsequel.options.conditions import as_conditions
from carsequel.options.situation import situation
from carsequel.options.table import options_table
from carsequel.record import Course
from carsequel.terms.tables import read_table

TESTS: Final = ("recorded", "shown", "at_most", "below", "at_least", "above", "above_uln", "yes", "no", "unless_no")
EFFECTS: Final = ("unknown", "caution", "closes")
WINDOWS: Final = ("since_failure", "after_infusion", "any")
LIMITS: Final = ("at_most", "below", "at_least", "above")
_YES: Final = r"^(?:yes|positive|present|detected|involved)\b"
_NO: Final = r"^(?:no|none|negative|absent)\b"
_ONLY_NO: Final = r"^(?:no|none|negative|absent|not_tested|not tested)$"
_KEY: Final = ["rule", "patient", "infusion"]


@cache
def rules_table() -> pl.DataFrame:
    """Give the rules: rule, options (list of ids), diseases (list; `*` every one), facts (list: any one will do),
    window, test, limit (Float64), effect, title, says, decides, source, status.

    >>> rules_table().filter(rule="performance").select("facts", "effect").row(0)
    (['ecog', 'karnofsky'], 'unknown')
    """
    rows = read_table("carsequel.options", "rules.csv")
    options = pl.Series("options", [_options_of(cell) for cell in rows["options"]], dtype=pl.List(pl.String))
    split = rows.with_columns(pl.col("facts", "diseases").str.split(" "), pl.col("limit").cast(pl.Float64))
    return split.with_columns(options)


def rule_conditions(
    course: Course, pairs: pl.DataFrame, verdicts: pl.DataFrame, rules: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Give what each rule says of each patient's options as conditions; `pairs` has patient, infusion, disease, option.

    A rule of test `recorded` always speaks: it holds, or is unknown and asks for the fact. Every other rule speaks
    only where its test is met, holds where its effect is `caution` and fails where it is `closes`.
    """
    rules = rules_table() if rules is None else rules
    each = pairs.select("patient", "infusion", "disease", "option").join(
        rules.explode("options"), left_on="option", right_on="options", how="inner", maintain_order="left"
    )
    fits = pl.col("diseases").list.contains("*") | pl.col("diseases").list.contains(pl.col("disease")).fill_null(False)
    last = _last_readings(situation(course, verdicts), rules)
    both = each.filter(fits).join(last, on=_KEY, how="left", maintain_order="left").with_columns(_met=_met())
    speaks = both.filter((pl.col("test") == "recorded") | pl.col("_met"))
    failing = pl.when(pl.col("effect") != "closes").then(True).otherwise(False)
    holds = pl.when(pl.col("_met")).then(failing)
    return as_conditions(speaks.with_columns(holds=holds, reason=_reason(), facts="reading_source"))


def _options_of(cell: str) -> list[str]:
    """The ids behind the words of a cell: an id, `kind:drug`, `intensive`, and the same with `-` to leave out."""
    table = options_table()
    named: dict[str, list[str]] = {"intensive": table.filter("intensive")["option"].to_list()}
    for kind in table["kind"].unique():
        named[f"kind:{kind}"] = table.filter(pl.col("kind") == kind)["option"].to_list()
    words = cell.split()
    wanted = {option for word in words if word[0] != "-" for option in named.get(word, [word])}
    left_out = {option for word in words if word[0] == "-" for option in named.get(word[1:], [word[1:]])}
    return [option for option in table["option"] if option in wanted - left_out]


def _last_readings(seen: pl.DataFrame, rules: pl.DataFrame) -> pl.DataFrame:
    """The last reading in each rule's window, and the words of the last one at all where there is none in it."""
    asked = rules.select("rule", "window", fact="facts").explode("fact")
    rows = asked.join(seen, on="fact", how="inner", maintain_order="right")
    window = pl.col("window")
    inside = (
        pl.when(window == "since_failure")
        .then("at_failure")
        .when(window == "after_infusion")
        .then("after")
        .otherwise(pl.lit(True))
    )
    rows = rows.with_columns(_inside=inside.fill_null(False))
    names = ("value", "comparator", "uln", "text", "said", "source")
    return rows.group_by(_KEY, maintain_order=True).agg(
        *(pl.col(name).filter("_inside").last().alias(f"reading_{name}") for name in names),
        _seen=pl.col("_inside").any(),
        _before=pl.col("said").last(),
    )


def _met() -> pl.Expr:
    value, limit, test = pl.col("reading_value"), pl.col("limit"), pl.col("test")
    sure_low = pl.col("reading_comparator").fill_null("") != ">"
    sure_high = pl.col("reading_comparator").fill_null("") != "<"
    text = pl.col("reading_text").str.to_lowercase()
    met = (
        pl.when(test.is_in(["recorded", "shown"]))
        .then("_seen")
        .when(test == "at_most")
        .then((value <= limit) & sure_low)
        .when(test == "below")
        .then((value < limit) & sure_low)
        .when(test == "at_least")
        .then((value >= limit) & sure_high)
        .when(test == "above")
        .then((value > limit) & sure_high)
        .when(test == "above_uln")
        .then((value > pl.col("reading_uln")) & sure_high)
        .when(test == "yes")
        .then((value > 0) | text.str.contains(_YES))
        .when(test == "no")
        .then(text.str.contains(_NO))
        .when(test == "unless_no")
        .then(pl.col("_seen") & ~text.str.contains(_ONLY_NO).fill_null(False))
    )
    return met.fill_null(False)


def _reason() -> pl.Expr:
    source = pl.when(pl.col("source").is_not_null()).then(pl.format(" ({})", "source")).otherwise(pl.lit(""))
    mark = pl.when(pl.col("status") == "VERIFIED").then(pl.lit("")).otherwise(pl.format(" {}", "status"))
    named = pl.coalesce("says", "title")
    return (
        pl.when(pl.col("test") != "recorded")
        .then(pl.format("caution, {}{}{}: {}", named, source, mark.fill_null(""), "reading_said"))
        .when("_met")
        .then(pl.format("{} recorded, no limit applied: {}", "title", "reading_said"))
        .when(pl.col("_before").is_null())
        .then(pl.format("{} not recorded", "title"))
        .otherwise(pl.format("{} not recorded since the failure; before: {}", "title", "_before"))
    )
