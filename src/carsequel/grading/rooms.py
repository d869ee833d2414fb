"""Which criteria are graded, room by room; adding a criterion is one line."""

from collections.abc import Callable
from typing import Any, Final

import polars as pl

from carsequel.record.course import Course
from carsequel.risks.car_hematotox import score_car_hematotox
from carsequel.risks.cll_ipi import score_cll_ipi
from carsequel.risks.easix import score_easix
from carsequel.risks.flipi import score_flipi
from carsequel.risks.hct_ci import score_hct_ci
from carsequel.risks.ipi import score_ipi
from carsequel.risks.iss import score_iss
from carsequel.risks.mipi import score_mipi
from carsequel.risks.mycare import score_mycare
from carsequel.risks.pc_pi import score_pc_pi
from carsequel.risks.tumour_volume import assess_tumour_volume
from carsequel.side_effects.crs import grade_crs
from carsequel.side_effects.ctcae import grade_ctcae, terms
from carsequel.side_effects.cytopenia import assess_cytopenia
from carsequel.side_effects.cytopenia_timing import assess_cytopenia_timing
from carsequel.side_effects.delayed_neurotoxicity import assess_delayed_neurotoxicity
from carsequel.side_effects.enterocolitis import assess_enterocolitis
from carsequel.side_effects.exposure import count_steroid_days
from carsequel.side_effects.hlh import assess_hlh
from carsequel.side_effects.hscore import score_hscore
from carsequel.side_effects.icaht_early import grade_icaht_early
from carsequel.side_effects.icaht_late import grade_icaht_late
from carsequel.side_effects.icans import grade_icans
from carsequel.side_effects.iec_hs import assess_iec_hs
from carsequel.side_effects.immune_deficiency import assess_cd4, assess_igg
from carsequel.side_effects.infection import assess_infection_density
from carsequel.side_effects.late import assess_late_function
from carsequel.side_effects.platelets import grade_t_icaht_early, grade_t_icaht_late
from carsequel.side_effects.recovery import assess_recovery
from carsequel.side_effects.reported import report_outcomes
from carsequel.side_effects.second_malignancy import assess_second_malignancy
from carsequel.signs.b_cell_aplasia import assess_b_cell_aplasia
from carsequel.signs.ball_mrd import assess_ball_mrd
from carsequel.signs.cll import assess_iwcll
from carsequel.signs.ctdna import assess_ctdna
from carsequel.signs.expansion import score_expansion
from carsequel.signs.imwg import assess_imwg
from carsequel.signs.imwg_mrd import assess_imwg_mrd
from carsequel.signs.leukemia import assess_ball_cibmtr, assess_ball_eln, assess_ball_nci
from carsequel.signs.lugano import assess_lugano
from carsequel.signs.lyric import assess_lyric
from carsequel.signs.mrd import assess_mrd

Criterion = Callable[[Course], pl.DataFrame]
TimedCriterion = Callable[[Course, pl.DataFrame], pl.DataFrame]

SIGNS: Final[tuple[Criterion, ...]] = (
    assess_imwg,
    assess_imwg_mrd,
    assess_ball_eln,
    assess_ball_cibmtr,
    assess_ball_nci,
    assess_ball_mrd,
    assess_iwcll,
    assess_mrd,
    assess_ctdna,
    score_expansion,
    assess_b_cell_aplasia,
)
SIGNS_UNTIL: Final[tuple[TimedCriterion, ...]] = (assess_lugano, assess_lyric)
SIDE_EFFECTS: Final[tuple[Criterion, ...]] = (
    grade_crs,
    grade_icans,
    grade_icaht_early,
    grade_ctcae,
    assess_cytopenia,
    assess_cytopenia_timing,
    assess_recovery,
    assess_hlh,
    score_hscore,
    assess_iec_hs,
    assess_infection_density,
    assess_igg,
    assess_cd4,
    assess_enterocolitis,
    assess_delayed_neurotoxicity,
    assess_second_malignancy,
    assess_late_function,
    report_outcomes,
    count_steroid_days,
)
RISKS: Final[tuple[Criterion, ...]] = (
    score_car_hematotox,
    score_easix,
    score_ipi,
    score_flipi,
    score_mipi,
    score_iss,
    score_mycare,
    score_cll_ipi,
    score_hct_ci,
    assess_tumour_volume,
)
SIDE_EFFECTS_UNTIL: Final[tuple[TimedCriterion, ...]] = (grade_icaht_late, grade_t_icaht_early, grade_t_icaht_late)
LYMPHOMA: Final = ("LBCL", "FL", "MCL")
ONLY_FOR: Final[dict[Callable[..., pl.DataFrame], tuple[str, ...]]] = {
    assess_imwg: ("MM",),
    assess_imwg_mrd: ("MM",),
    score_iss: ("MM",),
    score_mycare: ("MM",),
    assess_ball_eln: ("B-ALL",),
    assess_ball_cibmtr: ("B-ALL",),
    assess_ball_nci: ("B-ALL",),
    assess_ball_mrd: ("B-ALL",),
    assess_iwcll: ("CLL",),
    score_cll_ipi: ("CLL",),
    score_flipi: ("FL",),
    score_mipi: ("MCL",),
    score_ipi: LYMPHOMA,
    score_pc_pi: LYMPHOMA,
    assess_tumour_volume: LYMPHOMA,
    assess_lugano: LYMPHOMA,
    assess_lyric: LYMPHOMA,
}
ON_REQUEST: Final[dict[tuple[str, str, str], tuple[Callable[..., pl.DataFrame], dict[str, Any]]]] = {
    ("crs.astct2019", "hypotension", "stated"): (grade_crs, {"hypotension": "stated"}),
    ("imwg.2016", "urine", "if_measured"): (assess_imwg, {"urine": "if_measured"}),
    ("imwg.2016", "nadir", "lowest"): (assess_imwg, {"nadir": "lowest"}),
    ("ball.eln2024", "extramedullary", "if_recorded"): (assess_ball_eln, {"extramedullary": "if_recorded"}),
    ("ball.cibmtr", "extramedullary", "if_recorded"): (assess_ball_cibmtr, {"extramedullary": "if_recorded"}),
    ("ball.nci2010", "extramedullary", "if_recorded"): (assess_ball_nci, {"extramedullary": "if_recorded"}),
    ("lugano.2014", "confirm", "next_scan"): (assess_lugano, {"confirmed": True}),
    **{(f"ctcae5.{term}", "version", "6"): (grade_ctcae, {"version": 6}) for term in terms(6)},
}
