"""The mechanics of a verdict: from the list of statements and the definitions to state, type, day and reason.

A case is one infusion under one definition; the definitions are rows beside the statements, so that all of them are
applied at once.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from carsequel.signs.assessments import KEYS, RESPONDED
from carsequel.signs.definitions import DEAUVILLE_EQUIVOCAL, EQUIVOCAL, EQUIVOCAL_ELSEWHERE, TIMINGS, Definition
from carsequel.signs.reasons import reason_of
from carsequel.terms.lists import DISEASES

CASE: Final = [*KEYS, "definition"]
FIRST_LOOK_BY: Final = next(each.last for each in TIMINGS if each.name == "early")
EVENTS: Final = {
    "therapy": ("new_therapy",),
    "malignancy": ("second_malignancy",),
    "death": ("death", "disease_death"),
}


def decide(looks: pl.DataFrame, listed: pl.DataFrame, rules: Sequence[Definition]) -> pl.DataFrame:
    """Apply each definition to those of `looks` (patient, infusion, disease, product, target) it is for.

    `listed` is the list of statements of `list_assessments`. What comes after a new therapy no longer counts as
    failure of the infusion. Gives the columns of `assess_failure` without antigen and tissue, plus `after_day` (the
    last response before the failure).
    """
    cases = _cases(looks, rules)
    others = _other_events(listed)
    merged = cases.join(others, on=KEYS, how="left", maintain_order="left")
    asked = merged.select(*CASE, "therapy_day", "counts", "measure", "above", "inclusive")
    rows = listed.join(asked, on=KEYS, how="inner", maintain_order="left")
    merged = merged.join(_evidence(rows), on=CASE, how="left", maintain_order="left").with_columns(state=_state())
    failed = pl.col("state") == "failed"
    earliest = pl.coalesce("fail_day", pl.max_horizontal("good_before", "lasted"))
    latest = pl.coalesce("fail_day", pl.min_horizontal("death_day", "therapy_day"))
    return merged.select(
        *(*KEYS, "disease", "product", "target", "state", "definition"),
        type=pl.when(failed).then(_type()),
        day=pl.when(failed).then("fail_day").otherwise(_day_of_state()),
        day_low=pl.when(failed).then(earliest),
        day_high=pl.when(failed).then(latest),
        approximate=failed & pl.col("fail_approximate").fill_null(False),
        after_day=pl.when(failed).then("good_before"),
        why=reason_of(),
        facts=_facts_of_state(),
        source="rule_source",
    )


def _cases(looks: pl.DataFrame, rules: Sequence[Definition]) -> pl.DataFrame:
    """One row per definition and infusion it is for, in the order of the definitions."""
    table = pl.DataFrame([rule._asdict() for rule in rules]).rename({"id": "definition", "source": "rule_source"})
    cases = table.join(looks, how="cross", maintain_order="left_right")
    for_all = pl.col("diseases").list.len() == len(DISEASES)
    return cases.filter(for_all | pl.col("disease").is_in(pl.col("diseases")))


def _other_events(listed: pl.DataFrame) -> pl.DataFrame:
    """Per infusion: a new therapy, a second malignancy, death: whether, the first day, and the sources."""
    parts = []
    for name, kinds in EVENTS.items():
        mine = pl.col("what").is_in(kinds)
        parts += [
            mine.any().alias(f"{name}_happened"),
            pl.col("since").filter(mine).min().alias(f"{name}_day"),
            pl.col("source").filter(mine).unique().sort().str.join("; ").alias(f"{name}_facts"),
        ]
    return listed.group_by(KEYS).agg(parts)


def _evidence(rows: pl.DataFrame) -> pl.DataFrame:
    """Per case: the failure that counts, the responses before it, and the last assessment."""
    undated, since = pl.col("since").is_null(), pl.col("since")
    in_time = undated | pl.col("therapy_day").is_null() | (since <= pl.col("therapy_day"))
    rows = rows.filter(in_time & (undated | (since >= 0))).with_columns(_counts=_fails())
    cleared = since.filter((pl.col("what") == pl.col("measure")) & ~pl.col("_counts")).max().over(CASE)
    lasting = undated | cleared.is_null() | (since > cleared)
    rows = rows.with_columns(
        _fails=pl.col("_counts") & lasting,
        _first_bad=since.filter("_counts").min().over(CASE),
        _death=pl.col("what") == "disease_death",
    )
    stated = pl.col("_fails") & ~pl.col("_death")
    day = pl.when(stated.any()).then(since.filter(stated).min()).otherwise(since.filter("_fails").min())
    rows = rows.with_columns(_day=day.over(CASE))
    return rows.group_by(CASE).agg(**_failure(), **_responses(), _look=_last_look()).unnest("_look")


def _fails() -> pl.Expr:
    """Tell whether a statement counts as failure under the definition of its row."""
    what, text = pl.col("what"), pl.col("text")
    named = what.is_in(pl.col("counts")) & ((what != "extramedullary") | (text == "yes"))
    stated = (what == "response") & text.is_in(["PD", "NR"]) & text.is_in(pl.col("counts"))
    over = pl.when("inclusive").then(pl.col("value") >= pl.col("above")).otherwise(pl.col("value") > pl.col("above"))
    measured = (what == pl.col("measure")) & over & (pl.col("comparator").fill_null("") != "<")
    return (named | stated | measured).fill_null(False)


def _failure() -> dict[str, pl.Expr]:
    """The first counted statement that is not followed by clearing, its words and sources; the death from the disease
    only where nothing else counts."""
    said = (
        pl.when(pl.col("what") == "response").then(pl.format("stated response {}", "text"))
        .when(pl.col("what") == "blasts").then(pl.format("{} % blasts", "value"))
        .when(pl.col("what") == "mrd").then(pl.format("MRD {}", "value"))
        .when(pl.col("what") == "extramedullary").then(pl.lit("extramedullary disease"))
        .when(pl.col("what") == "disease_death").then(pl.lit("death from the disease"))
        .otherwise("what")
    )  # fmt: skip
    first = pl.col("_fails") & pl.col("since").eq_missing(pl.col("_day"))
    return {
        "fail_day": pl.col("_day").first(),
        "fail_words": pl.when(pl.col("_fails").any()).then(said.filter(first).unique().sort().str.join(", ")),
        "fail_approximate": (pl.col("approximate").fill_null(False) & first).any(),
        "relapse_said": ((pl.col("what") == "relapse") & pl.col("_fails")).any(),
        "fail_facts": pl.col("source").filter(first).unique().sort().str.join("; "),
    }


def _responses() -> dict[str, pl.Expr]:
    """The last response before failure, how long a response is said to have lasted, and whether anyone looked."""
    what, since, first_bad = pl.col("what"), pl.col("since"), pl.col("_first_bad")
    good = (what == "response") & pl.col("text").is_in(RESPONDED)
    good = good | ((what == "remission") & (pl.col("text") == "yes"))
    good = (good & (since.is_null() | first_bad.is_null() | (since < first_bad))).fill_null(False)
    told = what.is_in(["response", "deauville", "blasts", "mrd", "extramedullary"])
    sooner = told & (pl.col("text").fill_null("") != "NE") & (since < first_bad)
    return {
        "good_before": since.filter(good).max(),
        "good_words": pl.coalesce("text", "what").filter(good).last(),
        "lasted": pl.col("value").filter(what == "response_duration").max(),
        "assessed": told.any(),
        "looked_before": sooner.fill_null(False).any(),
    }


def _last_look() -> pl.Expr:
    """The last assessment; an undated one only where none has a day; a stated response over a score."""
    what, measure = pl.col("what"), pl.col("measure")
    kind = pl.when(measure == "").then(what.is_in(["response", "deauville", "remission"])).otherwise(what == measure)
    looks = kind & (pl.col("text").fill_null("") != "NE")
    order = what.replace_strict({"deauville": 0, "remission": 1}, default=2, return_dtype=pl.Int64)
    told = pl.struct(look="what", look_text="text", look_value="value", look_day="since", look_facts="source")
    last = told.filter(looks).sort_by(
        pl.col("since").filter(looks), order.filter(looks), nulls_last=False, maintain_order=True
    )
    return last.last()


def _equivocal() -> pl.Expr:
    """Tell whether the last assessment is one of those that are neither success nor failure."""
    listed = pl.lit(False)
    for disease, texts in EQUIVOCAL.items():
        listed = listed | ((pl.col("disease") == disease) & pl.col("look_text").is_in(texts))
    elsewhere = ~pl.col("disease").is_in(list(EQUIVOCAL)).fill_null(False)
    listed = listed | (elsewhere & pl.col("look_text").is_in(EQUIVOCAL_ELSEWHERE))
    bright = (pl.col("look") == "deauville") & (pl.col("look_value") >= DEAUVILLE_EQUIVOCAL)
    ended = (pl.col("look") == "remission") & (pl.col("look_text") == "no")
    found = ((pl.col("look") == "response") & listed) | bright | ended
    return (pl.col("measure") == "") & found.fill_null(False)


def _state() -> pl.Expr:
    far = pl.lit(float("inf"))
    happened = {name: pl.col(f"{name}_happened").fill_null(False) for name in EVENTS}
    unmeasured = pl.col("look").is_null() & (pl.col("measure") != "")
    malignancy_first = pl.coalesce("malignancy_day", far) <= pl.coalesce("therapy_day", far)
    return (
        pl.when(pl.col("fail_words").is_not_null()).then(pl.lit("failed"))
        .when(unmeasured).then(pl.lit("not_evaluable"))
        .when(happened["malignancy"] & malignancy_first).then(pl.lit("second_malignancy"))
        .when(happened["therapy"]).then(pl.lit("new_therapy_without_progression"))
        .when(happened["malignancy"]).then(pl.lit("second_malignancy"))
        .when(happened["death"]).then(pl.lit("died_without_progression"))
        .when(_equivocal()).then(pl.lit("suspected"))
        .when(pl.col("look").is_not_null()).then(pl.lit("not_failed"))
        .otherwise(pl.lit("not_evaluable"))
    )  # fmt: skip


def _day_of_state() -> pl.Expr:
    return (
        pl.when(pl.col("state") == "second_malignancy").then("malignancy_day")
        .when(pl.col("state") == "new_therapy_without_progression").then("therapy_day")
        .when(pl.col("state") == "died_without_progression").then("death_day")
        .when(pl.col("state").is_in(["not_failed", "suspected"])).then("look_day")
    )  # fmt: skip


def _facts_of_state() -> pl.Expr:
    return (
        pl.when(pl.col("state") == "failed").then("fail_facts")
        .when(pl.col("state") == "second_malignancy").then("malignancy_facts")
        .when(pl.col("state") == "new_therapy_without_progression").then("therapy_facts")
        .when(pl.col("state") == "died_without_progression").then("death_facts")
        .otherwise("look_facts")
    )  # fmt: skip


def _type() -> pl.Expr:
    """Name the type: relapse after a response; primary refractory where an assessment without response came first, or
    where the failure is itself the first assessment and not late; null where the record does not say (an event of
    progression without any assessment, or a first assessment after day 90)."""
    responded = pl.col("good_words").is_not_null() | pl.col("lasted").is_not_null() | pl.col("relapse_said")
    first_in_time = pl.col("assessed") & (pl.col("fail_day").floor() <= FIRST_LOOK_BY)
    never = pl.col("looked_before") | first_in_time | pl.col("fail_words").str.contains("response NR", literal=True)
    return (
        pl.when(pl.col("measure") == "mrd").then(pl.lit("mrd_failure"))
        .when(responded.fill_null(False)).then(pl.lit("relapse"))
        .when(never.fill_null(False)).then(pl.lit("primary_refractory"))
    )  # fmt: skip
