"""What next: options gated by the record, with the published evidence behind each and how near it is to the patient."""

from carsequel.options.after_failure import project_option, survival_after_failure
from carsequel.options.gates import gate_options
from carsequel.options.needed import options_needed
from carsequel.options.prognosis import prognosis_rows
from carsequel.options.weigh import weigh_options

__all__ = [
    "gate_options",
    "options_needed",
    "prognosis_rows",
    "project_option",
    "survival_after_failure",
    "weigh_options",
]
