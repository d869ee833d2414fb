"""The words of a Lugano response: its label, its sources and the sentence that says why."""

from typing import Final

import polars as pl

NAMES: Final = {3: "PD", 2: "SD", 1: "PR", 0: "CR"}


def response_label(names: dict[int, str], none: str = "not evaluable") -> pl.Expr:
    """Give the words of an ordered answer: `CR`, `PR to PD`, or `none` where nothing is known."""
    low, high = (pl.col(side).cast(pl.Int64).replace_strict(names, return_dtype=pl.String) for side in ("low", "high"))
    return (
        pl.when(pl.col("low").is_null())
        .then(pl.lit(none))
        .when(pl.col("low") == pl.col("high"))
        .then(low)
        .otherwise(pl.format("{} to {}", low, high))
    )


def joined_sources(column: str = "source") -> pl.Expr:
    """Join a list of sources into the text of the `facts` column, each once and in order."""
    return pl.col(column).list.drop_nulls().list.unique().list.sort().list.join("; ")


def told() -> pl.Expr:
    """Say in one sentence on what the response of a day rests (columns of `lugano_days`)."""

    def words(text: str, column: str) -> pl.Expr:
        return pl.when(pl.col(column).fill_null("") != "").then(pl.format(text, column))

    def flag(text: str, condition: pl.Expr) -> pl.Expr:
        return pl.when(condition.fill_null(False)).then(pl.lit(text))

    pet, ct = pl.col("pet"), pl.col("ct") & ~pl.col("pet")
    since = pl.coalesce(
        pl.format(", before the infusion {}", pl.col("score_base").cast(pl.Int64)),
        pl.lit(", none before the infusion"),
    )
    score = pl.concat_str(pl.format("Deauville {}", pl.col("score").cast(pl.Int64)), since)
    suv = pl.format("SUVmax {} after {}", "suvmax", "suv_base")
    spd = pl.when((pl.col("spd_low") == pl.col("spd_high")) & pl.col("base_high").is_finite()).then(
        pl.format(
            "CT: sum of products {} mm2, at baseline {} mm2",
            pl.col("spd_low").round().cast(pl.Int64),
            pl.col("base_high").round().cast(pl.Int64),
        )
    )
    by_ct = pl.coalesce(
        spd, pl.when(pl.col("targets").is_not_null()).then(pl.lit("CT")), pl.lit("CT, no scan before the infusion")
    )
    differs = pl.col("ct") & pet & ((pl.col("ct_low") > pl.col("high")) | (pl.col("ct_high") < pl.col("low")))
    over = pl.when(differs).then(
        pl.format(
            "PET overrides CT, which alone says {}",
            pl.col("ct_low").cast(pl.Int64).replace_strict(NAMES, return_dtype=pl.String),
        )
    )
    parts = [
        pl.when(pet).then(score).otherwise(by_ct),
        pl.when(pet).then(suv),
        pl.when(pet).then(words("new avid focus {}", "foci")),
        pl.when(pet).then(words("new lesion {} without avid uptake", "foci_unclear")),
        flag(
            "a score of 5 may stand for a new lesion, none are listed",
            pet & pl.col("may_be_new") & (pl.col("low") < 3),
        ),
        flag("uptake is back after a complete metabolic response", pet & pl.col("returned")),
        pl.when(ct).then(words("{} grew", "grown")),
        pl.when(ct).then(words("new lesion {}", "appeared")),
        pl.when(ct).then(words("{} may have grown", "unclear")),
        pl.when(ct).then(words("{} was not listed before: new or not is not settled", "unlisted")),
        pl.when(ct).then(words("target {} not fully measured", "unmeasured")),
        pl.when(ct).then(words("{}: split or merged, followed as one", "merged")),
        flag("the spleen grew", ct & pl.col("organ_pd")),
        flag("marrow newly involved", pl.col("marrow_pd")),
        flag("marrow involved", pl.col("marrow") & ~pl.col("marrow_pd")),
        flag("spleen or marrow not known to be normal", ct & pl.col("organ_doubt")),
        over,
    ]
    return pl.concat_str(parts, separator="; ", ignore_nulls=True)
