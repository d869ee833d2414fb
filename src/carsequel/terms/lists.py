"""The fixed lists of answers: diseases, failure states, causes and options, in the order they are shown."""

from typing import Final

DISEASES: Final = ("LBCL", "FL", "MCL", "CLL", "B-ALL", "MM")

FAILURE_STATES: Final = (
    "not_infused",
    "not_evaluable",
    "not_failed",
    "suspected",
    "failed",
    "died_without_progression",
    "new_therapy_without_progression",
    "second_malignancy",
)
FAILURE_TYPES: Final = ("primary_refractory", "relapse", "mrd_failure")
ANTIGEN_STATES: Final = ("kept", "lost", "low", "epitope_lost", "lineage_switch", "not_tested")
TIMINGS: Final = ("very_early", "early", "late")

CAUSE_GROUPS: Final = {
    "antigen escape": ("antigen_loss", "antigen_low", "epitope_mutation", "antigen_masking", "lineage_switch"),
    "expansion and persistence": (
        "poor_expansion",
        "short_persistence",
        "t_cell_dysfunction",
        "immune_rejection",
        "product",
    ),
    "microenvironment": ("suppressive_microenvironment", "sanctuary_site"),
    "tumour itself": ("high_burden", "tumor_intrinsic_resistance"),
    "patient and treatment": ("patient_factors", "treatment_related"),
}
CAUSES: Final = tuple(cause for group in CAUSE_GROUPS.values() for cause in group)

OPTIONS: Final = (
    "chemoimmunotherapy",
    "polatuzumab_based",
    "tafasitamab_lenalidomide",
    "loncastuximab",
    "lenalidomide",
    "btk_inhibitor",
    "brentuximab_based",
    "radiotherapy",
    "bispecific_cd20",
    "bispecific_bcma",
    "bispecific_gprc5d",
    "blinatumomab",
    "inotuzumab",
    "tki",
    "menin_inhibitor",
    "checkpoint_inhibitor",
    "second_infusion",
    "cd22_car_t",
    "other_target_car_t",
    "dual_target_car_t",
    "second_bcma_car_t",
    "belantamab",
    "auto_hct",
    "allo_hct",
    "clinical_trial",
    "supportive_care",
    "palliative_care",
)

BASES: Final = ("counted", "modelled", "base_rate")
