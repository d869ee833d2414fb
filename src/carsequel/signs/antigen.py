"""The target antigen after the infusion: kept, low, lost, epitope lost, lineage switch, or not tested.

"Not tested" is an answer of its own: an antigen that nobody looked for is neither kept nor lost.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.signs.assessments import KEYS

SOURCE: Final = "S065"
DECIDED: Final = [*KEYS, "definition"]
SPECIMEN: Final = {"patient": pl.String, "infusion": pl.Int64, "since": pl.Float64} | dict.fromkeys(
    ("antigen", "name", "method", "site", "when", "source"), pl.String
)


class Cut(NamedTuple):
    """Below `value` of `unit` this antigen is called low in this disease."""

    disease: str
    name: str
    unit: str
    value: float
    says: str


RULES: Final = (
    Cut("LBCL", "antigen_cd19", "H-score", 150, "antigen-low relapse: CD19 immunohistochemistry H-score below 150"),
    Cut("LBCL", "antigen_cd19", "molecules/cell", 3000, "antigen-low relapse: fewer than 3000 CD19 molecules a cell"),
    Cut("LBCL", "antigen_cd19", "sites/cell", 3000, "the same cut where the density is given as sites a cell"),
)
STATED: Final = {
    "positive": "kept",
    "dim": "low",
    "patchy": "low",
    "negative": "lost",
    "epitope_lost": "epitope_lost",
    "not_tested": "not_tested",
    "not_biopsied": "not_tested",
}
GRAVITY: Final = ("not_tested", "kept", "low", "epitope_lost", "lost", "lineage_switch")
SWITCHED: Final = r"(?i)myelo|monocyt|\bAML\b|switch|mixed"
BEFORE: Final = r"(?i)\b(baseline|before|diagnosis|pre)\b"
AFTER: Final = r"(?i)relapse|progress|recur|failure|after"


def after_infusion() -> pl.Expr:
    """Tell whether a fact is of the time after the infusion: by its day, or by its words where it has no day."""
    words = pl.col("when").fill_null("")
    said = words.str.contains(AFTER) & ~words.str.contains(BEFORE)
    return (pl.col("since") > 0) | (pl.col("since").is_null() & said)


def antigen_after_infusion(course: Course) -> pl.DataFrame:
    """Give per patient and infusion the state of the target antigen in every specimen after the infusion.

    Columns: patient, infusion, since (null where only words place it), antigen (the state), name, method, site,
    source. A row per tested specimen; a lineage switch is a row of its own.
    """
    names = [name for name in course.names if name.startswith("antigen_")]
    rows = course.facts_since(*names, "lineage", undated=True)
    if rows.is_empty():
        return pl.DataFrame(schema=SPECIMEN)
    rows = rows.filter(after_infusion() | _lineage_without_day())
    rows = rows.join(course.clock.select(*KEYS, "target", "disease"), on=KEYS, how="left", maintain_order="left")
    token = pl.col("name").str.strip_prefix("antigen_").str.to_uppercase()
    is_target = pl.col("target").fill_null("").str.to_uppercase().str.contains(token, literal=True)
    switched = (pl.col("name") == "lineage") & pl.col("text").str.contains(SWITCHED)
    rows = rows.filter(switched | (is_target & (pl.col("name") != "lineage")))
    state = pl.when(switched).then(pl.lit("lineage_switch")).otherwise(_state())
    return rows.with_columns(antigen=state).filter(pl.col("antigen").is_not_null()).select(list(SPECIMEN))


def _lineage_without_day() -> pl.Expr:
    words = pl.col("when").fill_null("")
    return (pl.col("name") == "lineage") & pl.col("since").is_null() & ~words.str.contains(r"(?i)baseline|diagnosis")


def is_low(cut: Cut) -> pl.Expr:
    """Tell whether a row (disease, name, unit, value) is below a published cut."""
    same = (pl.col("disease") == cut.disease) & (pl.col("name") == cut.name) & (pl.col("unit") == cut.unit)
    return (same & (pl.col("value") < cut.value)).fill_null(False)


def _state() -> pl.Expr:
    stated = pl.col("text").replace_strict(STATED, default=None, return_dtype=pl.String)
    low = pl.any_horizontal(is_low(cut) for cut in RULES)
    measured = (
        pl.when(pl.col("value") == 0)
        .then(pl.lit("lost"))
        .when(low)
        .then(pl.lit("low"))
        .when(pl.col("value") > 0)
        .then(pl.lit("kept"))
    )
    return pl.coalesce(stated, measured)


def antigen_at_failure(antigens: pl.DataFrame, failed: pl.DataFrame) -> pl.DataFrame:
    """Give per failed patient, infusion and definition the gravest antigen state after the last response (column
    `antigen`); infusions without a tested specimen have no row. `antigens` as of `antigen_after_infusion`."""
    rows = _since_the_response(antigens, failed)
    rank = pl.col("antigen").replace_strict({name: place for place, name in enumerate(GRAVITY)}, return_dtype=pl.Int64)
    return rows.group_by(DECIDED).agg(antigen=pl.col("antigen").sort_by(rank).last())


def tissue_at_failure(course: Course, antigens: pl.DataFrame, failed: pl.DataFrame) -> pl.DataFrame:
    """Give the failed patients, infusions and definitions in which tissue was examined after the last response: a
    biopsy, a histology, a tested antigen, or blasts in marrow."""
    told = (*KEYS, "since", "name", "text", "when")
    rows = course.facts_since("event", "histology", "marrow_blasts", "lineage", undated=True, columns=told, of=failed)
    rows = rows.filter(after_infusion())
    examined = (pl.col("name") != "event") | (pl.col("text") == "biopsy")
    antigens = antigens.filter(pl.col("antigen") != "not_tested")
    both = pl.concat([rows.filter(examined).select(*KEYS, "since"), antigens.select(*KEYS, "since")])
    return _since_the_response(both, failed).group_by(DECIDED).agg(tissue=pl.lit(True))


def _since_the_response(rows: pl.DataFrame, failed: pl.DataFrame) -> pl.DataFrame:
    """Keep what is not older than the last response before the failure; undated rows are placed by their words."""
    rows = rows.join(failed.select(*DECIDED, "after_day"), on=KEYS, how="inner", maintain_order="left")
    return rows.filter(pl.col("since").is_null() | (pl.col("since") >= pl.col("after_day").fill_null(0)))
