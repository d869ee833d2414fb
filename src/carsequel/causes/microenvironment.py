"""Where the cells could not work: sanctuary sites and a suppressive environment."""

from typing import Final

import polars as pl

from carsequel.causes.rules import Rule
from carsequel.causes.seen import has, seen_facts
from carsequel.record import Course

NAMES: Final = ("cns_disease", "extramedullary", "event")

_name = pl.col("name")
_failed_at = (_name == "event") & has("progression", "relapse") & (pl.col("phase") != "before")
_site = pl.col("site").fill_null("").str.to_lowercase()
_hidden = _site.str.contains(r"\bcns\b|brain|mening|spinal|\bcsf\b|central nerv|testis|testic|\beye\b|ocular|intraocul")
_outside = _site.str.contains(r"extramed|extra-med|skin|soft tissue")
_marrow_disease = pl.col("disease").is_in(["B-ALL", "MM"])
_EXTRAMEDULLARY = (
    "moderate in myeloma: independent adverse factor for PFS before cilta-cel (236 patients); "
    "it may stand for resistance of the tumour as well as for a place that cells do not reach"
)
_SITE_ONLY = "the site is seen; no published number says how often cells fail to reach it"

RULES: Final = (
    Rule("sanctuary_site", "for", _failed_at & _hidden, "failure in a site that cells reach poorly", _SITE_ONLY),
    Rule(
        "sanctuary_site",
        "for",
        (_name == "cns_disease") & has("yes") & (pl.col("phase") != "earlier"),
        "disease in the central nervous system",
        _SITE_ONLY,
    ),
    Rule(
        "sanctuary_site",
        "for",
        (_failed_at & _outside & (pl.col("disease") == "B-ALL"))
        | ((_name == "extramedullary") & has("yes") & (pl.col("disease") == "B-ALL")),
        "extramedullary disease",
        _SITE_ONLY,
    ),
    Rule(
        "sanctuary_site",
        "for",
        (_failed_at & _outside & (pl.col("disease") == "MM"))
        | ((_name == "extramedullary") & has("yes") & (pl.col("disease") == "MM")),
        "extramedullary disease",
        _EXTRAMEDULLARY,
        "S026",
        "VERIFIED",
    ),
    Rule(
        "sanctuary_site",
        "against",
        (_name == "extramedullary") & has("no") & pl.col("at_failure") & _marrow_disease,
        "no extramedullary disease at failure",
    ),
    Rule(
        "sanctuary_site",
        "against",
        (_name == "cns_disease") & has("no") & pl.col("at_failure"),
        "no disease in the central nervous system at failure",
        "weak: other sites are not excluded",
    ),
)
MISSING: Final = {
    "suppressive_microenvironment": (
        "not measured: tumour interferon signalling (S092), M-MDSC in blood (S092), PD-L1 on the tumour (S092), "
        "monocyte HLA-DR at day -7 (S110)"
    ),
    "sanctuary_site": "site of the failure not recorded: PET or MRI, CSF where the nervous system is in question",
}


def microenvironment_facts(course: Course, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Give the facts that these rules read (as `seen_facts`)."""
    return seen_facts(course, verdicts, *NAMES)
