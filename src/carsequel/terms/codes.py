"""Codes of other vocabularies, and laboratory tests in words, to the names of facts."""

import re
from functools import cache, lru_cache

import polars as pl

from carsequel.terms.tables import read_table

_DOTLESS = "ICD-10"
# Words that a laboratory puts around the name of what it measured. A word that changes what was measured (urine, ratio,
# A1c, antibody, per 100 cells) is not among them, so that such a test stays unknown instead of taking a wrong name.
_NOISE = re.compile(
    r"\[[^\]]*(?:mass|moles|#|units|enzymatic activity|arbitrary|molar|presence|volume)[^\]]*\]"
    r"|\b(?:in|by|of|from) (?:serum|plasma|blood|platelet poor plasma|venous blood|peripheral blood|capillary blood"
    r"|automated count|manual count|estimate|immunoassay|coagulation(?: assay)?|electrophoresis|pulse oximetry"
    r"|high sensitivity method|lactate to pyruvate reaction|pyruvate to lactate reaction|nephelometry)\b"
    r"|\bor (?:plasma|blood|serum)\b|\b(?:absolute|count|level|concentration|value|result|serum|plasma|auto|automated"
    r"|abs|number|peak)\b|#",
    re.IGNORECASE,
)


@cache
def _systems() -> dict[str, str]:
    table = read_table("carsequel.terms", "code_systems.csv")
    known = {alias.lower(): system for alias, system in table.iter_rows()}
    return known | {system.lower(): system for system in table["system"].to_list()}


def code_system(system: str | None) -> str | None:
    """Give the short name of a coding system (FHIR address, OID or name), "" for an unknown one, None for none given.

    >>> code_system("http://loinc.org"), code_system("urn:oid:2.16.840.1.113883.6.96"), code_system("local")
    ('LOINC', 'SNOMED', '')
    """
    if not system or not system.strip():
        return None
    name = system.strip().rstrip("/").lower()
    return _systems().get(name) or _systems().get(f"urn:oid:{name}", "")


@cache
def _rows() -> dict[tuple[str, str], dict[str, str]]:
    table = read_table("carsequel.terms", "codes.csv").filter(pl.col("kind") != "words")
    return {(row["system"], _plain(row["system"], row["code"])): row for row in table.iter_rows(named=True)}


@cache
def _systems_of_codes() -> dict[str, str]:
    return {code: system for system, code in _rows() if not code.isdigit()}


def _plain(system: str, code: str) -> str:
    code = code.strip().upper()
    return code.replace(".", "") if system == _DOTLESS else code


def code_row(system: str | None, code: str | None) -> dict[str, str] | None:
    """Give the row of codes.csv (kind, name, text, source, status …) that a whole code stands in, or None.

    Without a system only codes that hold a letter or a dash are looked up: bare digits could be a local number.

    >>> code_row("http://loinc.org", "26881-3")["name"], code_row("http://loinc.org", "26881")
    ('il6', None)
    """
    if not code or not code.strip():
        return None
    name = code_system(system)
    if name is None:
        name = _systems_of_codes().get(code.strip().upper()) or _systems_of_codes().get(_plain(_DOTLESS, code)) or ""
    return _rows().get((name, _plain(name, code)))


@lru_cache(maxsize=20_000)
def fact_from_code(system: str | None, code: str | None) -> tuple[str, str | None] | None:
    """Give (fact name, text) for the code of a test, finding or diagnosis; text is what the code itself already says.

    A code that names a grade or a class gives it as text (`D89.833` is CRS grade 3); a test gives None there.

    >>> fact_from_code("LOINC", "751-8"), fact_from_code("ICD-10-CM", "D89.833"), fact_from_code("LOINC", "99999-9")
    (('anc', None), ('crs_grade', '3'), None)
    """
    row = code_row(system, code)
    return (row["name"], row["text"]) if row is not None and row["kind"] == "fact" else None


@cache
def _words() -> tuple[tuple[str, re.Pattern[str]], ...]:
    table = read_table("carsequel.terms", "codes.csv").filter(pl.col("kind") == "words").select("name", "code")
    return tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in table.iter_rows())


@lru_cache(maxsize=20_000)
def fact_from_text(text: str | None) -> str | None:
    """Give the fact name of a laboratory test, vital sign or score named in words (English, common German), or None.

    The whole text must be the name, once specimen and method words are gone: `Hemoglobin A1c`, `urine creatinine` and
    `neutrophils/100 leukocytes` are other tests and give None. Our own fact names give themselves.

    >>> fact_from_text("Neutrophils [#/volume] in Blood by Automated count"), fact_from_text("Hemoglobin A1c")
    ('anc', None)
    """
    if not text:
        return None
    words = " ".join(text.replace("_", " ").split())
    found = _named(words)
    twice = None if found else re.fullmatch(r"(.+?) ?\(([^()]+)\)", words)  # "C-reactive protein (CRP)"
    return _named(twice[1]) if twice and _named(twice[1]) == _named(twice[2]) else found


def _named(words: str) -> str | None:
    own = re.sub(r"\W+", "_", words.lower())
    bare = " ".join(_NOISE.sub(" ", words).split()).strip(" ,-:;")
    return next((name for name, pattern in _words() if own == name or pattern.fullmatch(bare)), None)
