"""Options that follow a genetic result: BCR-ABL1 for kinase inhibitors, KMT2A for menin inhibitors."""

from typing import Final, NamedTuple

import polars as pl

from carsequel.causes.seen import altered, seen_facts
from carsequel.options.conditions import as_conditions
from carsequel.record import Course

_KEY: Final = ["patient", "infusion"]
_NEGATIVE: Final = r"\bno\b|\bnot\b|negative|wild|germline|undetected|normal|absent|ph-"


class Marker(NamedTuple):
    """The result an option needs: the fact's name, its title and a remark for the reason."""

    option: str
    name: str
    title: str
    remark: str


MARKERS: Final = (
    Marker("tki", "bcr_abl1", "BCR-ABL1", ""),
    Marker("menin_inhibitor", "kmt2a", "KMT2A rearrangement", " (this use is UNVERIFIED: no source was read)"),
)


def marker_conditions(course: Course, pairs: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Give whether the genetic result that an option needs is there; the last reading counts."""
    return pl.concat([_one(course, pairs, verdicts, marker) for marker in MARKERS])


def _one(course: Course, pairs: pl.DataFrame, verdicts: pl.DataFrame, marker: Marker) -> pl.DataFrame:
    rows = pairs.filter(pl.col("option") == marker.option)
    untested = pl.col("text").str.contains("not[_ ]tested").fill_null(True)
    seen = seen_facts(course, verdicts, marker.name).filter(~untested)
    gone = pl.col("text").str.contains(_NEGATIVE)
    seen = seen.with_columns(holds=pl.when(gone).then(False).when(altered()).then(True)).sort("since", nulls_last=False)
    last = seen.unique(_KEY, keep="last", maintain_order=True).select(*_KEY, "holds", "said", facts="source")
    both = rows.join(last, on=_KEY, how="left", maintain_order="left")
    words = pl.when(pl.col("said").is_null()).then(pl.lit(f"{marker.title} not tested")).otherwise("said")
    return as_conditions(both.with_columns(reason=words + marker.remark, decides=pl.lit(f"{marker.title} test")))
