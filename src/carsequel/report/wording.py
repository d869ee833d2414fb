"""Ids in the field's words, and numbers, days and ranges as they are printed."""

from collections.abc import Mapping
from typing import Any, Final

MISSING: Final = "not recorded"
NOT_COMPUTED: Final = "probability: not computed"
DISCLAIMER: Final = (
    "Research and audit software, not a medical device. It shows options and their basis, never one order; "
    "every statement is to be checked against the patient's record."
)

STATES: Final = {
    "not_infused": "NOT INFUSED",
    "not_evaluable": "NOT EVALUABLE",
    "not_failed": "NOT FAILED",
    "suspected": "FAILURE SUSPECTED",
    "failed": "FAILED",
    "died_without_progression": "DIED WITHOUT PROGRESSION",
    "new_therapy_without_progression": "NEW THERAPY WITHOUT PROGRESSION",
    "second_malignancy": "SECOND MALIGNANCY",
}
TYPES: Final = {
    "primary_refractory": "primary refractory",
    "relapse": "relapse after response",
    "mrd_failure": "return of measurable residual disease",
}
TIMINGS: Final = {
    "very_early": "very early (day 0 to 30)",
    "early": "early (day 31 to 90)",
    "late": "late (after day 90)",
}
ANTIGENS: Final = {
    "kept": "kept",
    "lost": "LOST",
    "low": "low",
    "epitope_lost": "EPITOPE LOST",
    "lineage_switch": "LINEAGE SWITCH",
    "not_tested": "NOT TESTED",
}
GATES: Final = {"open": "Open", "unknown": "Unknown", "closed": "Closed"}
GATE_MEANING: Final = {
    "open": "nothing in the record excludes it",
    "unknown": "a fact that decides is missing",
    "closed": "the record excludes it",
}
CAUSES: Final = {
    "antigen_loss": "antigen lost",
    "antigen_low": "antigen low",
    "epitope_mutation": "epitope mutated",
    "antigen_masking": "antigen masked",
    "lineage_switch": "lineage switch",
    "poor_expansion": "poor expansion",
    "short_persistence": "short persistence",
    "t_cell_dysfunction": "T-cell dysfunction",
    "immune_rejection": "immune rejection of the CAR",
    "product": "the product",
    "suppressive_microenvironment": "suppressive microenvironment",
    "sanctuary_site": "sanctuary site",
    "high_burden": "high tumour burden",
    "tumor_intrinsic_resistance": "resistance of the tumour itself",
    "patient_factors": "patient factors",
    "treatment_related": "earlier or concurrent treatment",
    "undetermined": "undetermined",
}
OPTIONS: Final = {
    "chemoimmunotherapy": "chemoimmunotherapy",
    "polatuzumab_based": "polatuzumab-based",
    "tafasitamab_lenalidomide": "tafasitamab + lenalidomide",
    "loncastuximab": "loncastuximab",
    "lenalidomide": "lenalidomide",
    "btk_inhibitor": "BTK inhibitor",
    "brentuximab_based": "brentuximab-based",
    "radiotherapy": "radiotherapy",
    "bispecific_cd20": "CD20 bispecific",
    "bispecific_bcma": "BCMA bispecific",
    "bispecific_gprc5d": "GPRC5D bispecific",
    "blinatumomab": "blinatumomab",
    "inotuzumab": "inotuzumab",
    "tki": "BCR-ABL1 kinase inhibitor",
    "menin_inhibitor": "menin inhibitor",
    "checkpoint_inhibitor": "checkpoint inhibitor",
    "second_infusion": "second infusion of CAR T cells",
    "cd22_car_t": "CD22 CAR T",
    "other_target_car_t": "CAR T against another target",
    "dual_target_car_t": "dual-target CAR T",
    "second_bcma_car_t": "second BCMA CAR T",
    "belantamab": "belantamab",
    "auto_hct": "autologous stem-cell transplantation",
    "allo_hct": "allogeneic stem-cell transplantation",
    "clinical_trial": "clinical trial",
    "supportive_care": "supportive care",
    "palliative_care": "palliative care",
}
CRITERIA: Final = {
    "crs.astct2019": "Cytokine release syndrome (ASTCT 2019)",
    "icans.astct2019": "Neurotoxicity ICANS (ASTCT 2019)",
    "iec_hs.astct2023": "HLH-like syndrome IEC-HS (ASTCT 2023)",
    "hlh.2004": "HLH-2004 criteria",
    "hscore.fardet2014": "HScore",
    "icaht_early.eha2023": "Early neutropenia ICAHT (EHA/EBMT 2023)",
    "icaht_late.eha2023": "Late neutropenia ICAHT (EHA/EBMT 2023)",
    "t_icaht_early.2025": "Early thrombocytopenia T-ICAHT (2025)",
    "t_icaht_late.2025": "Late thrombocytopenia T-ICAHT (2025)",
    "failure.descart2022": "Failure as counted in DESCAR-T (2022)",
    "failure.stated": "Failure as stated by the investigator",
    "failure.blasts5": "Failure at 5 % blasts",
    "failure.blasts25": "Failure at 25 % blasts",
    "lugano.2014": "Lugano 2014 response",
    "lyric.2016": "LYRIC 2016 response",
    "imwg.2016": "IMWG 2016 response",
    "ball.eln2024": "B-ALL response (ELN 2024)",
    "ball.cibmtr": "B-ALL response (CIBMTR)",
    "ball.nci2010": "B-ALL response (NCI 2010)",
    "iwcll.2018": "iwCLL 2018 response",
    "car_hematotox.rejeski2021": "CAR-HEMATOTOX",
    "easix": "EASIX",
    "s_easix": "Simplified EASIX",
    "m_easix": "Modified EASIX",
    "pc_pi.iacoboni2024": "Post-CAR prognostic index PC-PI",
    "mycare.gagelmann2024": "MyCARe",
    "hct_ci": "HCT-CI",
    "expansion.cmax": "CAR-T peak level",
    "expansion.tmax": "Day of the CAR-T peak",
    "expansion.auc28": "CAR-T exposure, day 0 to 28",
    "persistence.last_detected": "CAR T cells last detected",
    "igg.low": "Low IgG",
    "infection.density": "Infection density",
}
_PREFIXES: Final = {"b_cell_aplasia.": "B-cell aplasia", "ctcae5.": "CTCAE 5"}
_SHORT: Final = {
    "crs.": "CRS",
    "icans.": "ICANS",
    "iec_hs.": "IEC-HS",
    "icaht_early.": "ICAHT early",
    "icaht_late.": "ICAHT late",
    "t_icaht_early.": "T-ICAHT early",
    "t_icaht_late.": "T-ICAHT late",
}
DANGERS: Final = {
    "hlh": "HLH-like syndrome",
    "neutrophils": "neutrophils",
    "infection": "infection",
    "cns": "CNS disease or ICANS",
    "steroids": "steroids",
}
QUANTITIES: Final = {
    "car_t": "CAR T cells",
    "spd": "SPD",
    "mtv": "MTV",
    "mrd": "MRD",
    "ctdna": "ctDNA",
    "ldh": "LDH",
    "crp": "CRP",
    "anc": "neutrophils",
    "b_cells": "B cells",
    "b_cells_percent": "B cells",
    "m_protein_serum": "serum M-protein",
    "m_protein_urine": "urine M-protein",
    "flc_kappa": "kappa",
    "flc_lambda": "lambda",
}
_ALL: Final[dict[str, str]] = STATES | TYPES | TIMINGS | ANTIGENS | CAUSES | OPTIONS | CRITERIA | DANGERS | QUANTITIES


def words(identity: object) -> str:
    """Give the words for a fixed id; what is not in the lists keeps its own text, underscores as spaces.

    >>> words("cd22_car_t"), words("crs.astct2019"), words("ctcae5.anemia"), words("some_text")
    ('CD22 CAR T', 'Cytokine release syndrome (ASTCT 2019)', 'CTCAE 5: anemia', 'some text')
    """
    if identity is None or identity == "":
        return MISSING
    text = str(identity)
    if text in _ALL:
        return _ALL[text]
    for prefix, name in _PREFIXES.items():
        if text.startswith(prefix):
            return f"{name}: {text.removeprefix(prefix).replace('_', ' ')}"
    return text.replace("_", " ")


def short_name(criterion: str) -> str | None:
    """Give the lane name of a graded syndrome, None for a criterion that has no lane.

    >>> short_name("icaht_early.eha2023"), short_name("ctcae5.alt")
    ('ICAHT early', None)
    """
    return next((name for start, name in _SHORT.items() if criterion.startswith(start)), None)


def number(value: object) -> str:
    """Give a number with no more digits than it needs; text and missing values pass.

    >>> number(12.0), number(0.0314159), number(146000), number(None), number("<5")
    ('12', '0.03142', '146,000', 'not recorded', '<5')
    """
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        if value != value:
            return MISSING
        return f"{value:,.4g}" if abs(value) < 999.95 else f"{value:,.0f}"
    return str(value)


def day_words(low: float | None, high: float | None = None) -> str:
    """Give a day or a range of days.

    >>> day_words(34.0), day_words(28.0, 34.0), day_words(None), day_words(None, 90.0), day_words(28.4, 28.0)
    ('day 34', 'day 28 to 34', 'day not given', 'by day 90', 'day 28.4')
    """
    if low is None:
        return "day not given" if high is None else f"by day {number(high)}"
    if high is None or int(high) <= int(low):
        return f"day {number(low)}"
    return f"day {number(low)} to {number(high)}"


def bounds_words(low: float | None, high: float | None) -> str:
    """Give what is known of a day that the record does not give.

    >>> bounds_words(94.0, None), bounds_words(10.0, 47.0), bounds_words(None, 47.0), bounds_words(None, None)
    ('after day 94', 'between day 10 and day 47', 'by day 47', 'day not given')
    """
    if low is None:
        return day_words(None, high)
    return f"after day {number(low)}" if high is None else f"between day {number(low)} and day {number(high)}"


def interval_words(row: Mapping[str, Any]) -> str:
    """Give `value unit (low to high)` of a row that carries them; what is missing is left out.

    >>> interval_words({"value": 34.0, "unit": "%", "low": 22.0, "high": 47.5}), interval_words({"value": 5.2})
    ('34 % (22 to 47.5)', '5.2')
    """
    if row.get("value") is None:
        return MISSING
    unit = "" if row.get("unit") in (None, "1") else f" {row['unit']}"
    low, high = row.get("low"), row.get("high")
    span = "" if low is None and high is None else f" ({_bound(low)} to {_bound(high)})"
    if row.get("value") == low == high:
        span = ""
    return f"{number(row['value'])}{unit}{span}"


def _bound(value: object) -> str:
    """Give the end of an interval with three digits, more than which no interval of a cohort knows."""
    return f"{value:.3g}" if isinstance(value, float) and 0.001 <= abs(value) < 999.5 else number(value)


def choices_words(definition: str | None) -> str:
    """Give the named choices of a definition in words.

    >>> choices_words("counting=longest bridge=2 missing=bounds")
    'counting longest, bridge 2, missing bounds'
    """
    if not definition:
        return MISSING
    return ", ".join(part.replace("=", " ").replace("_", " ") for part in definition.split(" ") if part)
