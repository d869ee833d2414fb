"""The sentence of a myeloma assessment: what was measured, and what is missing."""

import polars as pl


def why_imwg() -> pl.Expr:
    """Give the sentence of a visit: what was measured before and now, and what is missing where the answer is open."""
    shown = [
        _shown("serum", "serum M-protein", "g/dL"),
        _shown("urine", "urine M-protein", "mg/24h"),
        _shown("dflc", "dFLC", "mg/L"),
        pl.when(pl.col("ife_serum").is_not_null()).then(
            pl.format("serum immunofixation {}", _word(pl.col("ife_serum"), "positive", "negative"))
        ),
        pl.when(pl.col("ife_urine").is_not_null()).then(
            pl.format("urine immunofixation {}", _word(pl.col("ife_urine"), "positive", "negative"))
        ),
        _shown("marrow", "plasma cells in marrow", "%"),
        _shown("plasmacytoma", "plasmacytoma", "mm"),
        pl.when(pl.col("new_lesion").fill_null(False) | pl.col("new_bone").fill_null(False)).then(pl.lit("new lesion")),
        pl.when(pl.col("lesion_growth").fill_null(False)).then(pl.lit("lesions grew by half")),
    ]
    seen = pl.concat_str(shown, separator=", ", ignore_nulls=True)
    lacking = pl.concat_str(
        [pl.when(test).then(pl.lit(words)) for words, test in _lacking().items()], separator=", ", ignore_nulls=True
    )
    open_ = (pl.col("low") != pl.col("high")).fill_null(True)
    told = pl.when(lacking != "").then(pl.format("not recorded: {}", lacking))
    rest = pl.when(open_).then(told)
    first = pl.when(pl.col("low").is_null()).then(
        pl.lit("nothing measurable before and after the infusion that IMWG compares")
    )
    return pl.concat_str(first, pl.when(seen != "").then(seen), rest, separator="; ", ignore_nulls=True)


def _word(test: pl.Expr, yes: str, no: str) -> pl.Expr:
    return pl.when(test).then(pl.lit(yes)).otherwise(pl.lit(no))


def _shown(measure: str, words: str, unit: str) -> pl.Expr:
    now, was = pl.col(f"{measure}_high"), pl.col(f"{measure}0_high")
    from_ = pl.when(was.is_not_null()).then(pl.format("{} to ", was.round(2))).otherwise(pl.lit(""))
    text = pl.format(f"{words} {{}}{{}} {unit}", from_, now.round(2))
    return pl.when(now.is_not_null() & now.is_finite()).then(text)


def _lacking() -> dict[str, pl.Expr]:
    silent = pl.col("m_unmeasurable").fill_null(True)
    return {
        "serum M-protein": pl.col("serum_low").is_null(),
        "serum M-protein before": pl.col("serum0_low").is_null(),
        "urine M-protein": pl.col("urine_low").is_null(),
        "urine M-protein before": pl.col("urine0_low").is_null(),
        "light chains": silent & pl.col("dflc_low").is_null(),
        "serum immunofixation": pl.col("ife_serum").is_null(),
        "urine immunofixation": pl.col("ife_urine").is_null(),
        "plasma cells in marrow": pl.col("marrow_low").is_null(),
        "light-chain ratio": pl.col("ratio_normal").is_null(),
        "clonal plasma cells or MRD": pl.col("mrd_found").is_null(),
    }
