"""Diseases with their own criteria: recognised by words or by diagnosis code, with the default definitions of each."""

import re
from functools import cache, lru_cache

import polars as pl

from carsequel.terms.codes import code_system
from carsequel.terms.tables import read_table

# Diseases that hold the words of another one but have other rules.
_KEPT_OUT = re.compile(
    r"richter|\bT-?ALL\b|\bT[- ](?:cell |lineage )?(?:acute )?lympho(?:blastic|cytic)|smou?ldering|burkitt"
    r"|primary (?:cns|central nervous)|\bPCNSL\b|acute myeloid|hodgkin lymphoma(?<!non-hodgkin lymphoma)",
    re.IGNORECASE,
)
_UPPER = frozenset({"FL", "MCL", "MM", "ALL", "CLL", "SLL"})


@cache
def _rows() -> tuple[tuple[str, re.Pattern[str], tuple[str, ...]], ...]:
    table = read_table("carsequel.terms", "diseases.csv").select("disease", "text_pattern", "icd10_prefixes")
    return tuple(
        (disease, re.compile(pattern, re.IGNORECASE), tuple(prefixes.replace(".", "").split()))
        for disease, pattern, prefixes in table.iter_rows()
    )


def disease_ids() -> list[str]:
    """Give the ids of the diseases that have criteria of their own, in table order.

    >>> disease_ids()
    ['LBCL', 'FL', 'MCL', 'CLL', 'B-ALL', 'MM']
    """
    return [disease for disease, _, _ in _rows()]


@lru_cache(maxsize=20_000)
def disease_from_text(text: str | None) -> str | None:
    """Give the disease that a text names, None where it names none, two, or one with rules of its own (Richter).

    Transformed follicular lymphoma and its like are LBCL. Short names (FL, ALL, MM) count only in capitals.

    >>> disease_from_text("transformed FL, GCB double hit"), disease_from_text("Richter transformation, DLBCL")
    ('LBCL', None)
    """
    if not text:
        return None
    words = " ".join(text.split())
    if words in disease_ids():
        return words
    if _KEPT_OUT.search(words):
        return None
    found = [name for name, pattern, _ in _rows() if _named(pattern, words)]
    if "LBCL" in found:
        return "LBCL" if not set(found) - {"LBCL", "FL"} else None
    return found[0] if len(found) == 1 else None


def _named(pattern: re.Pattern[str], words: str) -> bool:
    """A short name counts only in capitals that stand out: ALL in `ALL PATIENTS` is the word, not the leukemia."""
    return any(
        hit[0].upper() not in _UPPER or hit[0] == words or (hit[0].isupper() and not words.isupper())
        for hit in pattern.finditer(words)
    )


def disease_from_code(system: str | None, code: str | None) -> str | None:
    """Give the disease of an ICD-10 or ICD-10-CM code (with or without its dot), None for any other code.

    >>> disease_from_code("http://hl7.org/fhir/sid/icd-10-cm", "C83.3A"), disease_from_code("ICD-10", "C90.1")
    ('LBCL', None)
    """
    if not code or code_system(system) not in ("ICD-10", None):
        return None
    plain = code.strip().upper().replace(".", "")
    return next((disease for disease, _, prefixes in _rows() if plain.startswith(prefixes)), None)


def disease_facts(disease: str) -> dict[str, str | None]:
    """Give a disease's name and the ids of its default `failure` definition and `response` criterion.

    Raises KeyError for a disease without criteria of its own.

    >>> disease_facts("MM")["response"]
    'imwg.2016'
    """
    found = read_table("carsequel.terms", "diseases.csv").filter(pl.col("disease") == disease)
    if found.is_empty():
        raise KeyError(f"no criteria for this disease; diseases with criteria: {', '.join(disease_ids())}")
    return found.drop("text_pattern").row(0, named=True)


def diseases_of(texts: pl.Series) -> pl.Series:
    """Give the disease of each text of a column (as `disease_from_text`; null where none): each distinct text once.

    >>> diseases_of(pl.Series(["DLBCL", "asthma"])).to_list()
    ['LBCL', None]
    """
    words = texts.cast(pl.String)
    known = words.drop_nulls().unique()
    found = pl.Series([disease_from_text(word) for word in known.to_list()], dtype=pl.String)
    return words.replace_strict(known, found, default=None, return_dtype=pl.String).rename(texts.name)
