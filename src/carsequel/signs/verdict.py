"""The mechanics of a verdict: from the list of statements and one definition to state, type, day and reason."""

import polars as pl

from carsequel.signs.assessments import KEYS, RESPONDED
from carsequel.signs.definitions import DEAUVILLE_EQUIVOCAL, EQUIVOCAL, EQUIVOCAL_ELSEWHERE, TIMINGS, Definition
from carsequel.signs.reasons import reason_of

FIRST_LOOK_BY = next(each.last for each in TIMINGS if each.name == "early")
EVENTS = {"therapy": "new_therapy", "malignancy": "second_malignancy", "death": "death"}


def decide(looks: pl.DataFrame, listed: pl.DataFrame, rule: Definition) -> pl.DataFrame:
    """Apply one definition to all of `looks` (patient, infusion, disease, product, target) at once.

    `listed` is the list of statements of `list_assessments`. What comes after a new therapy no longer counts as
    failure of the infusion. Gives the columns of `assess_failure` without antigen and tissue, plus `after_day` (the
    last response before the failure).
    """
    rows = listed.join(looks.select(*KEYS, "disease"), on=KEYS, how="inner", maintain_order="left")
    others = _other_events(rows)
    rows = rows.join(others.select(*KEYS, "therapy_day"), on=KEYS, how="left", maintain_order="left")
    in_time = pl.col("since").is_null() | pl.col("therapy_day").is_null() | (pl.col("since") <= pl.col("therapy_day"))
    rows = rows.filter(in_time & (pl.col("since").is_null() | (pl.col("since") >= 0)))
    rows = rows.with_columns(_counts=_fails(rule)).with_columns(_clears=_clears(rule))
    merged = looks
    for part in (others, _failures(rows), _responses(rows), _last_look(rows, rule)):
        merged = merged.join(part, on=KEYS, how="left", maintain_order="left")
    merged = merged.with_columns(state=_state(rule))
    failed = pl.col("state") == "failed"
    earliest = pl.coalesce("fail_day", pl.max_horizontal("good_before", "lasted"))
    latest = pl.coalesce("fail_day", pl.min_horizontal("death_day", "therapy_day"))
    return merged.select(
        *KEYS,
        "disease",
        "product",
        "target",
        "state",
        definition=pl.lit(rule.id),
        type=pl.when(failed).then(_type(rule)),
        day=pl.when(failed).then("fail_day").otherwise(_day_of_state()),
        day_low=pl.when(failed).then(earliest),
        day_high=pl.when(failed).then(latest),
        approximate=failed & pl.col("fail_approximate").fill_null(False),
        after_day=pl.when(failed).then("good_before"),
        why=reason_of(rule),
        facts=_facts_of_state(),
        source=pl.lit(rule.source),
    )


def _fails(rule: Definition) -> pl.Expr:
    """Tell whether a statement counts as failure under the definition."""
    stated = [text for text in ("PD", "NR") if text in rule.counts]
    counted = pl.col("what").is_in([each for each in rule.counts if each != "extramedullary"])
    counted = counted | ((pl.col("what") == "response") & pl.col("text").is_in(stated))
    if "extramedullary" in rule.counts:
        counted = counted | ((pl.col("what") == "extramedullary") & (pl.col("text") == "yes"))
    if rule.measure:
        over = pl.col("value") >= rule.above if rule.inclusive else pl.col("value") > rule.above
        counted = counted | ((pl.col("what") == rule.measure) & over & (pl.col("comparator").fill_null("") != "<"))
    return counted.fill_null(False)


def _clears(rule: Definition) -> pl.Expr:
    """Tell whether a measurement shows that an earlier one above the threshold has cleared."""
    if not rule.measure:
        return pl.lit(False)
    return (pl.col("what") == rule.measure) & ~pl.col("_counts")


def _failures(rows: pl.DataFrame) -> pl.DataFrame:
    """Per infusion: the first counted statement that is not followed by clearing, its words and sources."""
    cleared = rows.filter("_clears").group_by(KEYS).agg(_cleared=pl.col("since").max())
    rows = rows.filter("_counts").join(cleared, on=KEYS, how="left", maintain_order="left")
    lasting = pl.col("since").is_null() | pl.col("_cleared").is_null() | (pl.col("since") > pl.col("_cleared"))
    said = (
        pl.when(pl.col("what") == "response").then(pl.format("stated response {}", "text"))
        .when(pl.col("what") == "blasts").then(pl.format("{} % blasts", "value"))
        .when(pl.col("what") == "mrd").then(pl.format("MRD {}", "value"))
        .when(pl.col("what") == "extramedullary").then(pl.lit("extramedullary disease"))
        .when(pl.col("what") == "disease_death").then(pl.lit("death from the disease"))
        .otherwise("what")
    )  # fmt: skip
    rows = rows.filter(lasting).with_columns(_words=said, _death=pl.col("what") == "disease_death")
    rows = rows.sort(*KEYS, "_death", "since", nulls_last=True, maintain_order=True)
    first = pl.col("since").eq_missing(pl.col("since").first())
    return rows.group_by(KEYS, maintain_order=True).agg(
        fail_day=pl.col("since").first(),
        fail_words=pl.col("_words").filter(first).unique().sort().str.join(", "),
        fail_approximate=(pl.col("approximate").fill_null(False) & first).any(),
        relapse_said=(pl.col("what") == "relapse").any(),
        fail_facts=pl.col("source").filter(first).unique().sort().str.join("; "),
    )


def _responses(rows: pl.DataFrame) -> pl.DataFrame:
    """Per infusion: the last response before failure and how long a response is said to have lasted."""
    good = (pl.col("what") == "response") & pl.col("text").is_in(RESPONDED)
    good = good | ((pl.col("what") == "remission") & (pl.col("text") == "yes"))
    first_bad = pl.col("since").filter(pl.col("_counts")).min().over(KEYS)
    before = good & (pl.col("since").is_null() | first_bad.is_null() | (pl.col("since") < first_bad))
    marked = rows.with_columns(_good=before.fill_null(False))
    mine = (
        marked.filter("_good")
        .group_by(KEYS, maintain_order=True)
        .agg(good_before=pl.col("since").max(), good_words=pl.coalesce("text", "what").last())
    )
    lasted = pl.col("value").filter(pl.col("what") == "response_duration").max()
    told = pl.col("what").is_in(["response", "deauville", "blasts", "mrd", "extramedullary"])
    sooner = told & (pl.col("text").fill_null("") != "NE") & (pl.col("since") < first_bad)
    marked = marked.with_columns(_told=told, _sooner=sooner.fill_null(False))
    looked = {"assessed": pl.col("_told").any(), "looked_before": pl.col("_sooner").any()}
    return (
        marked.group_by(KEYS, maintain_order=True)
        .agg(lasted=lasted, **looked)
        .join(mine, on=KEYS, how="left", maintain_order="left")
    )


def _other_events(rows: pl.DataFrame) -> pl.DataFrame:
    """Per infusion: a new therapy, a second malignancy, death: whether, the first day, and the sources."""
    parts = []
    for name, what in EVENTS.items():
        mine = pl.col("what") == what
        if name == "death":
            mine = mine | (pl.col("what") == "disease_death")
        parts += [
            mine.any().alias(f"{name}_happened"),
            pl.col("since").filter(mine).min().alias(f"{name}_day"),
            pl.col("source").filter(mine).unique().sort().str.join("; ").alias(f"{name}_facts"),
        ]
    return rows.group_by(KEYS, maintain_order=True).agg(parts)


def _last_look(rows: pl.DataFrame, rule: Definition) -> pl.DataFrame:
    """Per infusion: the last assessment; an undated one only where none has a day; a stated response over a score."""
    kinds = [rule.measure] if rule.measure else ["response", "deauville", "remission"]
    looks = rows.filter(pl.col("what").is_in(kinds) & (pl.col("text").fill_null("") != "NE"))
    order = pl.col("what").replace_strict({"deauville": 0, "remission": 1}, default=2, return_dtype=pl.Int64)
    looks = looks.with_columns(_order=order).sort(*KEYS, "since", "_order", nulls_last=False, maintain_order=True)
    return looks.group_by(KEYS, maintain_order=True).agg(
        look=pl.col("what").last(),
        look_text=pl.col("text").last(),
        look_value=pl.col("value").last(),
        look_day=pl.col("since").last(),
        look_facts=pl.col("source").last(),
    )


def _equivocal(rule: Definition) -> pl.Expr:
    """Tell whether the last assessment is one of those that are neither success nor failure."""
    if rule.measure:
        return pl.lit(False)
    listed = pl.lit(False)
    for disease, texts in EQUIVOCAL.items():
        listed = listed | ((pl.col("disease") == disease) & pl.col("look_text").is_in(texts))
    elsewhere = ~pl.col("disease").is_in(list(EQUIVOCAL)).fill_null(False)
    listed = listed | (elsewhere & pl.col("look_text").is_in(EQUIVOCAL_ELSEWHERE))
    bright = (pl.col("look") == "deauville") & (pl.col("look_value") >= DEAUVILLE_EQUIVOCAL)
    ended = (pl.col("look") == "remission") & (pl.col("look_text") == "no")
    return (((pl.col("look") == "response") & listed) | bright | ended).fill_null(False)


def _state(rule: Definition) -> pl.Expr:
    far = pl.lit(float("inf"))
    happened = {name: pl.col(f"{name}_happened").fill_null(False) for name in EVENTS}
    unmeasured = pl.col("look").is_null() & pl.lit(bool(rule.measure))
    malignancy_first = pl.coalesce("malignancy_day", far) <= pl.coalesce("therapy_day", far)
    return (
        pl.when(pl.col("fail_words").is_not_null()).then(pl.lit("failed"))
        .when(unmeasured).then(pl.lit("not_evaluable"))
        .when(happened["malignancy"] & malignancy_first).then(pl.lit("second_malignancy"))
        .when(happened["therapy"]).then(pl.lit("new_therapy_without_progression"))
        .when(happened["malignancy"]).then(pl.lit("second_malignancy"))
        .when(happened["death"]).then(pl.lit("died_without_progression"))
        .when(_equivocal(rule)).then(pl.lit("suspected"))
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


def _type(rule: Definition) -> pl.Expr:
    """Name the type: relapse after a response; primary refractory where an assessment without response came first, or
    where the failure is itself the first assessment and not late; null where the record does not say (an event of
    progression without any assessment, or a first assessment after day 90)."""
    if rule.measure == "mrd":
        return pl.lit("mrd_failure")
    responded = pl.col("good_words").is_not_null() | pl.col("lasted").is_not_null() | pl.col("relapse_said")
    first_in_time = pl.col("assessed") & (pl.col("fail_day").floor() <= FIRST_LOOK_BY)
    never = pl.col("looked_before") | first_in_time | pl.col("fail_words").str.contains("response NR", literal=True)
    return (
        pl.when(responded.fill_null(False)).then(pl.lit("relapse"))
        .when(never.fill_null(False)).then(pl.lit("primary_refractory"))
    )  # fmt: skip
