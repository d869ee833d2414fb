"""Other people's models in the same form, each with the numbers its paper prints.

Beside the names of the form a file may hold SETS (name -> values that differ from the defaults): the other patients,
cell lines or arms of its paper.
"""

from importlib import import_module
from typing import Final

from carsequel.mechanism.form import Model, ModelError, read_model

PUBLISHED: Final = (
    "kimmel2021",
    "kirouac2023",
    "leon_triana2021",
    "leon_triana_dual2021",
    "stein2019",
    "ogasawara2021",
    "owens2021",
    "barros2021",
    "singh2021",
    "hanson2016",
    "chaudhury2020",
    "chaudhury2020_lv",
)


def read_published(name: str) -> Model:
    """Give a published model by the name of its file; raises ModelError for one that is not here.

    >>> read_published("kimmel2021").state_names
    ('normal', 'car', 'tumour')
    """
    if name not in PUBLISHED:
        raise ModelError(f"no published model of that name; there are {', '.join(PUBLISHED)}")
    return read_model(import_module(f"carsequel.mechanism.published.{name}"))
