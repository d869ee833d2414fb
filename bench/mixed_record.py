"""A SYNTHETIC course folder of mixed facts for the benchmarks: 400 facts a patient, six diseases, daily and rare names.

How often a name comes is a made-up shape (vital signs and blood counts daily at first, chemistry every few days,
response and antigen rarely), chosen so that every criterion has rows to speak about; values are made up too.
"""

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl

FACTS_A_PATIENT: Final = 400
CHUNK: Final = 5_000
LYMPHOMA: Final = ("LBCL", "FL", "MCL")


class Measured(NamedTuple):
    """One name: rows a patient, unit, middle, spread of the logarithm, first and last day, diseases (none: all)."""

    name: str
    times: int
    unit: str
    middle: float
    spread: float
    first: int
    last: int
    diseases: tuple[str, ...] = ()


class Worded(NamedTuple):
    """One name with words: rows a patient, the words, first and last day, diseases (none: all)."""

    name: str
    times: int
    words: tuple[str, ...]
    first: int
    last: int
    diseases: tuple[str, ...] = ()


MEASURED: Final = (
    Measured("temperature", 45, "degC", 37.6, 0.02, -3, 29),
    Measured("systolic_bp", 34, "mmHg", 112, 0.15, -3, 29),
    Measured("spo2", 20, "%", 94, 0.02, -3, 21),
    Measured("ice", 24, "points", 8, 0.2, 0, 21),
    Measured("anc", 36, "10^9/L", 1.0, 1.2, -6, 110),
    Measured("platelets", 36, "10^9/L", 60, 0.9, -6, 110),
    Measured("wbc", 22, "K/uL", 2.5, 0.8, -6, 110),
    Measured("hemoglobin", 24, "g/dL", 9.5, 0.15, -6, 110),
    Measured("lymphocytes", 14, "10^9/L", 0.4, 0.9, -6, 110),
    Measured("creatinine", 14, "mg/dL", 0.9, 0.4, -6, 60),
    Measured("bilirubin", 8, "mg/dL", 0.7, 0.5, -6, 60),
    Measured("ast", 10, "U/L", 35, 0.6, -6, 60),
    Measured("alt", 10, "U/L", 35, 0.6, -6, 60),
    Measured("alp", 6, "U/L", 90, 0.4, -6, 60),
    Measured("ldh", 10, "U/L", 260, 0.5, -6, 100),
    Measured("crp", 14, "mg/L", 30, 1.2, -6, 40),
    Measured("ferritin", 10, "ug/L", 900, 1.3, -6, 40),
    Measured("fibrinogen", 8, "mg/dL", 260, 0.5, -6, 40),
    Measured("triglycerides", 3, "mg/dL", 180, 0.5, 0, 40),
    Measured("albumin", 5, "g/dL", 3.4, 0.15, -6, 60),
    Measured("igg", 4, "mg/dL", 450, 0.5, 30, 400),
    Measured("cd4", 2, "cells/uL", 180, 0.7, 30, 400),
    Measured("b_cells", 3, "cells/uL", 3, 2.0, 30, 400),
    Measured("car_t", 5, "cells/uL", 20, 1.5, 3, 120),
    Measured("ecog", 2, "points", 1, 0.5, -20, 0),
    Measured("deauville", 3, "points", 3.5, 0.4, -20, 200, LYMPHOMA),
    Measured("suvmax", 2, "1", 9, 0.6, -20, 200, LYMPHOMA),
    Measured("spleen", 2, "cm", 12, 0.15, -20, 200, LYMPHOMA),
    Measured("mtv", 1, "mL", 120, 1.2, -20, 0, LYMPHOMA),
    Measured("marrow_blasts", 4, "%", 3, 1.6, -20, 200, ("B-ALL",)),
    Measured("blood_blasts", 4, "%", 1, 1.5, -20, 200, ("B-ALL",)),
    Measured("m_protein_serum", 6, "g/dL", 1.2, 1.0, -20, 300, ("MM",)),
    Measured("flc_kappa", 3, "mg/L", 40, 1.5, -20, 300, ("MM",)),
    Measured("flc_lambda", 3, "mg/L", 15, 0.8, -20, 300, ("MM",)),
    Measured("beta2_microglobulin", 1, "mg/L", 3.5, 0.5, -20, 0, ("MM", "CLL")),
    Measured("spleen", 3, "cm", 14, 0.2, -20, 200, ("CLL",)),
)
WORDED: Final = (
    Worded("consciousness", 8, ("awake", "awake", "awake", "wakes_to_voice"), 0, 15),
    Worded("seizure", 2, ("none", "none", "brief"), 0, 15),
    Worded("event", 2, ("infection", "transfusion_platelets", "transfusion_red_cells"), 0, 200),
    Worded("event", 1, ("last_contact", "death", "progression"), 150, 700),
    Worded("response", 1, ("CR", "PR", "SD", "PD"), 28, 35),
    Worded("antigen_cd19", 1, ("positive", "negative", "dim"), -20, 200, (*LYMPHOMA, "B-ALL", "CLL")),
    Worded("immunofixation_serum", 3, ("positive", "negative"), -20, 300, ("MM",)),
)
SHARES: Final = {"LBCL": 0.45, "FL": 0.1, "MCL": 0.06, "CLL": 0.04, "B-ALL": 0.15, "MM": 0.2}
PRODUCTS: Final = {"MM": "ide-cel", "B-ALL": "tisa-cel"}


def make_record(folder: Path, patients: int) -> None:
    """Write a course folder with `patients` patients: facts, lesions, spans and coverage beside the small tables."""
    folder.mkdir(parents=True, exist_ok=True)
    pieces = folder / "pieces"
    pieces.mkdir()
    people: list[pl.DataFrame] = []
    for first in range(0, patients, CHUNK):
        rng = np.random.default_rng([7, first])
        own = _people(rng, first, min(CHUNK, patients - first))
        people.append(own)
        for table, frame in (("facts", _facts(rng, own)), ("lesions", _lesions(rng, own)), ("spans", _spans(rng, own))):
            frame.write_parquet(pieces / f"{table}-{first:09d}.parquet")
    for table in ("facts", "lesions", "spans"):
        pl.scan_parquet(pieces / f"{table}-*.parquet").sink_parquet(folder / f"{table}.parquet")
    for piece in pieces.iterdir():
        piece.unlink()
    pieces.rmdir()
    everyone = pl.concat(people)
    everyone.select("patient", "disease", "age", synthetic=pl.lit(True)).write_parquet(folder / "patients.parquet")
    product = pl.col("disease").replace_strict(PRODUCTS, default="axi-cel", return_dtype=pl.String)
    everyone.select("patient", infusion=1, day=0.0, product=product).write_parquet(folder / "infusions.parquet")
    covered = ["vasopressor", "oxygen", "seizure", "drug", "transfusion_platelets"]
    pl.DataFrame({"patient": "*", "name": covered}).write_parquet(folder / "coverage.parquet")


def _people(rng: np.random.Generator, first: int, number: int) -> pl.DataFrame:
    ids = [f"S{place:07d}" for place in range(first, first + number)]
    disease = rng.choice(list(SHARES), number, p=list(SHARES.values()))
    return pl.DataFrame({"patient": ids, "disease": disease, "age": rng.integers(4, 82, number).astype(float)})


def _for(people: pl.DataFrame, diseases: tuple[str, ...]) -> pl.Series:
    own = people.filter(pl.col("disease").is_in(diseases)) if diseases else people
    return own["patient"]


def _days(rng: np.random.Generator, count: int, first: int, last: int) -> np.ndarray:
    return np.round(rng.uniform(first, last + 1, count), 2)


def _facts(rng: np.random.Generator, people: pl.DataFrame) -> pl.DataFrame:
    """The facts of some people, each with exactly `FACTS_A_PATIENT` (topped up with temperatures), by patient."""
    parts = []
    for row in MEASURED:
        ids = _for(people, row.diseases)
        value = np.round(row.middle * rng.lognormal(0, row.spread, len(ids) * row.times), 2)
        if row.unit == "points":
            value = np.clip(np.round(value), 0, {"ice": 10, "deauville": 5, "ecog": 5}[row.name])
        if row.name == "spo2":
            value = np.minimum(value, 100)
        parts.append(_rows(rng, ids, row, unit=row.unit, value=value))
    for worded in WORDED:
        ids = _for(people, worded.diseases)
        parts.append(_rows(rng, ids, worded, text=rng.choice(worded.words, len(ids) * worded.times)))
    facts = pl.concat(parts, how="diagonal")
    lacking = facts.group_by("patient").len().with_columns(more=FACTS_A_PATIENT - pl.col("len").cast(pl.Int64))
    ids = lacking.sort("patient").select(pl.col("patient").repeat_by("more").explode())["patient"]
    more = Measured("temperature", 1, "degC", 37.2, 0.01, 0, 29)
    value = np.round(more.middle * rng.lognormal(0, more.spread, len(ids)), 2)
    return pl.concat([facts, _rows(rng, ids, more, unit="degC", value=value)], how="diagonal").sort("patient", "day")


def _rows(rng: np.random.Generator, ids: pl.Series, row: Measured | Worded, **cells: object) -> pl.DataFrame:
    repeated = pl.Series("patient", np.repeat(ids.to_numpy(), row.times), dtype=pl.String)
    days = _days(rng, len(repeated), row.first, row.last)
    return pl.DataFrame({"patient": repeated, "name": row.name, "day": days, **cells})


def _lesions(rng: np.random.Generator, people: pl.DataFrame) -> pl.DataFrame:
    """Three lesions of each patient with lymphoma or CLL on four scans."""
    ids = _for(people, (*LYMPHOMA, "CLL"))
    grid = pl.DataFrame({"patient": ids}).join(pl.DataFrame({"day": [-10.0, 30.0, 90.0, 180.0]}), how="cross")
    grid = grid.join(pl.DataFrame({"lesion": ["1", "2", "3"]}), how="cross")
    longest = np.round(30 * rng.lognormal(0, 0.5, grid.height), 1)
    return grid.with_columns(
        ldi=pl.Series(longest), sdi=pl.Series(np.round(longest * 0.6, 1)), kind=pl.lit("target"), site=pl.lit("node")
    )


def _spans(rng: np.random.Generator, people: pl.DataFrame) -> pl.DataFrame:
    """Tocilizumab, dexamethasone, oxygen and a growth factor for shares of the patients."""
    parts = []
    drugs = (("drug", "tocilizumab", "toxicity", 0.5), ("drug", "dexamethasone", "toxicity", 0.4))
    rest = (("drug", "filgrastim", "growth_factor", 0.5), ("oxygen", "nasal_cannula", None, 0.2))
    for name, text, role, share in (*drugs, *rest):
        ids = people["patient"].filter(pl.Series(rng.random(people.height) < share))
        start = rng.integers(1, 9, len(ids)).astype(float)
        part = pl.DataFrame({"patient": ids, "start": start, "end": start + rng.integers(0, 6, len(ids))})
        parts.append(part.with_columns(name=pl.lit(name), text=pl.lit(text), role=pl.lit(role, dtype=pl.String)))
    return pl.concat(parts).sort("patient", "start")
