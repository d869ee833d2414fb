"""The reason of a verdict in one sentence: what it rests on, on which day, and what came before it."""

import polars as pl


def _number(day: pl.Expr) -> pl.Expr:
    return day.round(1).cast(pl.String).str.strip_suffix(".0")


def _on_day(day: str) -> pl.Expr:
    number = _number(pl.col(day))
    return pl.when(pl.col(day).is_null()).then(pl.lit("day not given")).otherwise(pl.format("day {}", number))


def _failed_on() -> pl.Expr:
    """Say on which day, or between which days where the record gives none."""
    earliest = pl.max_horizontal("good_before", "lasted")
    latest = pl.min_horizontal("death_day", "therapy_day")
    after = pl.when(earliest.is_not_null()).then(pl.format(", after day {}", _number(earliest)))
    by = pl.when(latest.is_not_null()).then(pl.format(", by day {}", _number(latest)))
    bounds = pl.format("day not given{}{}", after.fill_null(""), by.fill_null(""))
    return pl.when(pl.col("fail_day").is_null()).then(bounds).otherwise(_on_day("fail_day"))


def _last_assessment() -> pl.Expr:
    measured = pl.coalesce(pl.col("look_value").cast(pl.String), "look_text", pl.lit(""))
    look = (
        pl.when(pl.col("look") == "deauville").then(pl.format("Deauville {}", pl.col("look_value").cast(pl.Int64)))
        .when(pl.col("look") == "remission").then(pl.format("remission: {}", "look_text"))
        .when(pl.col("look") == "response").then(pl.format("stated response {}", "look_text"))
        .otherwise(pl.format("{} {}", "look", measured))
    )  # fmt: skip
    return pl.format("last assessment: {} ({})", look, _on_day("look_day"))


def reason_of() -> pl.Expr:
    """Say in one sentence what the verdict rests on and what came before it."""
    before = pl.when(pl.col("good_words").is_not_null()).then(
        pl.format("; before it {} ({})", "good_words", _on_day("good_before"))
    )
    days = pl.col("lasted").round(0).cast(pl.Int64)
    lasted = pl.when(pl.col("lasted").is_not_null()).then(pl.format("; response lasted {} days", days))
    none = pl.lit("no response assessment in the record")
    look = pl.when(pl.col("look").is_not_null()).then(_last_assessment()).otherwise(none)
    events = {
        "second_malignancy": ("second malignancy ({}) without progression; {}", "malignancy_day"),
        "new_therapy_without_progression": ("new therapy ({}) before any progression; {}", "therapy_day"),
        "died_without_progression": ("died ({}) without progression; {}", "death_day"),
    }
    failed = pl.format("{} ({}){}{}", "fail_words", _failed_on(), before.fill_null(""), lasted.fill_null(""))
    state = pl.col("state")
    told = {"failed": failed, "not_failed": look}
    told |= {name: pl.format(words, _on_day(day), look) for name, (words, day) in events.items()}
    told["suspected"] = pl.format("{}: equivocal, neither success nor failure", look)
    nothing = pl.format("nothing after the infusion that this definition counts: {}", "says")
    return pl.coalesce(*(pl.when(state == name).then(words) for name, words in told.items()), nothing)
