"""Specimens: what an Observation was measured in, where it refers to a Specimen."""

import polars as pl

from carsequel.record.fhir.elements import words
from carsequel.record.fhir.gathered import Gathered
from carsequel.record.fhir.problems import Item


def read_specimen(item: Item, into: Gathered) -> None:
    """Keep the type of a Specimen for the Observations that refer to it."""
    kind = words(item.resource.get("type"))
    for key in (item.source, item.url):
        if key and kind:
            into.specimens[key] = kind


def name_specimens(facts: pl.DataFrame, into: Gathered) -> pl.DataFrame:
    """Give the facts with references to specimens replaced by their type, null where it is not in the record."""
    reference = pl.col("specimen").str.contains(r"^(?:#|urn:|\S*Specimen/)")
    if not facts.select(reference.any()).item():
        return facts
    tail = pl.col("specimen").str.extract(r"(Specimen/[^/]+)")
    inside = pl.col("source") + pl.col("specimen")
    keys, kinds = list(into.specimens), list(into.specimens.values())

    def named(key: pl.Expr) -> pl.Expr:
        return key.replace_strict(keys, kinds, default=None, return_dtype=pl.String)

    known = pl.coalesce(named(pl.col("specimen")), named(tail), named(inside)) if keys else pl.lit(None, pl.String)
    return facts.with_columns(pl.when(reference).then(known).otherwise("specimen").alias("specimen"))
