"""Readings of words: disease, product, target, state, best response, stated facts and antigens."""

from typing import Final

import polars as pl

from carsequel.options.antigen_now import antigen_now
from carsequel.options.trials.moment import Moment, Reading, day_words
from carsequel.terms.products import targets_of

BEST_FIRST: Final = ("sCR", "CR", "CRi", "CRh", "VGPR", "PR", "MR", "SD", "NR", "PD")
_TITLES: Final = {"disease": "disease", "sex": "sex", "product": "product", "target": "target"}


def read_word(moment: Moment, fact: str) -> Reading:
    """Give a word of each patient in `rows.words` (a list: a target may be two), null where it is not known."""
    if fact in ("disease", "sex"):
        rows = moment.course.patients.select("patient", "source", word=fact)
        return _worded(moment, rows, fact)
    if fact in ("product", "target"):
        return _worded(moment, _last_product(moment, fact), fact)
    if fact in ("failure_state", "failure_type"):
        return _worded(moment, _verdict(moment, fact.removeprefix("failure_")), fact.replace("_", " "))
    return _worded(moment, _best(moment), "best response after the last infusion")


def read_stated(moment: Moment, name: str) -> Reading:
    """Give the last text of a quantity by the day asked for (lower case); an undated one only where none is dated."""
    rows = moment.facts(name).filter(pl.col("text").is_not_null()).sort("clock", nulls_last=False, maintain_order=True)
    last = rows.unique("patient", keep="last", maintain_order=True)
    label = name.replace("_", " ")
    said = pl.format("{} {} on {}", pl.lit(label), "text", day_words())
    chosen = last.select("patient", "source", day="clock", word=pl.col("text").str.to_lowercase(), said=said)
    return _worded(moment, chosen, label)


def read_antigen(moment: Moment, antigen: str) -> Reading:
    """Give the last reading of an antigen in `rows.words`: present, reduced, absent, epitope_lost; null where they
    conflict or are numbers without words. `rows.since_all` tells whether it is later than every drug against the
    antigen, `rows.method` how it was known."""
    rows = antigen_now(moment.course).filter(pl.col("antigen") == antigen.upper())
    readable = pl.col("reading").is_in(["conflict", "number"])
    word = pl.when(readable).then(None).otherwise("reading")
    lack = pl.when(readable).then(pl.format("{}: readings that differ or stand as a number", "antigen"))
    tests = moment.course.facts.filter(pl.col("name") == f"antigen_{antigen.lower()}")
    tests = tests.select("patient", "method", facts="source", day="clock").unique(["patient", "facts"], keep="last")
    both = rows.join(tests, on=["patient", "facts"], how="left").unique("patient", keep="last", maintain_order=True)
    chosen = both.select("patient", "day", "since_all", "method", "said", word=word, lack=lack, source="facts")
    return _worded(moment, chosen, antigen)


def _worded(moment: Moment, rows: pl.DataFrame, label: str) -> Reading:
    if "said" not in rows.columns:
        rows = rows.with_columns(said=pl.format("{} {}", pl.lit(label), pl.col("word")))
    if "lack" not in rows.columns:
        rows = rows.with_columns(lack=pl.when(pl.col("word").is_null()).then(pl.lit(f"{label} not recorded")))
    rows = rows.with_columns(words=pl.col("word").cast(pl.String).str.split("/"))
    return moment.aligned(rows, f"{label} not recorded")


def _last_product(moment: Moment, fact: str) -> pl.DataFrame:
    given = moment.course.infusions.filter(pl.col("note").fill_null("") != "not_infused").sort("patient", "infusion")
    last = given.unique("patient", keep="last", maintain_order=True)
    word = pl.coalesce("target", targets_of(last["product"])) if fact == "target" else pl.col("product")
    return last.select("patient", "source", word=word)


def _verdict(moment: Moment, column: str) -> pl.DataFrame:
    if moment.verdicts.is_empty():
        return pl.DataFrame(schema={"patient": pl.String, "word": pl.String, "source": pl.String})
    source = pl.col("facts") if "facts" in moment.verdicts.columns else pl.lit(None, dtype=pl.String)
    return moment.verdicts.select("patient", word=column, source=source)


def _best(moment: Moment) -> pl.DataFrame:
    given = moment.course.infusions.filter(pl.col("note").fill_null("") != "not_infused").sort("patient", "infusion")
    last = given.unique("patient", keep="last", maintain_order=True).select("patient", _last="infusion", _from="day")
    rows = moment.facts("response").filter(pl.col("text").is_in(BEST_FIRST)).join(last, on="patient", how="inner")
    named = pl.col("clock").is_null() & (pl.col("infusion").fill_null(1) == pl.col("_last"))
    rows = rows.filter((pl.col("clock") > pl.col("_from")).fill_null(False) | named)
    place = pl.col("text").replace_strict({word: at for at, word in enumerate(BEST_FIRST)}, return_dtype=pl.Int64)
    best = rows.sort(place, maintain_order=True).unique("patient", keep="first", maintain_order=True)
    said = pl.format("best response after the last infusion {} on {}", "text", day_words())
    return best.select("patient", "source", word="text", day="clock", said=said)
