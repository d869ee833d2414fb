"""Synthetic records of three diseases, made once for every test of this room."""

import polars as pl
import pytest

import carsequel as cs
from carsequel.synthetic import Records, make_records

PATIENTS, FEW = 12, 6
SEED = 2


@pytest.fixture(
    scope="session", params=[("LBCL", "axi-cel"), ("B-ALL", "tisa-cel"), ("MM", "ide-cel")], ids=["LBCL", "B-ALL", "MM"]
)
def whole(request: pytest.FixtureRequest) -> Records:
    """Complete records, nothing missing and nothing wrong."""
    return make_records(*request.param, PATIENTS, SEED)


@pytest.fixture(scope="session")
def found(whole: Records) -> pl.DataFrame:
    """The findings of the complete records."""
    return cs.grade(whole.course())


@pytest.fixture(scope="session")
def lymphoma() -> Records:
    """Complete records of LBCL without the causes."""
    return make_records("LBCL", "axi-cel", FEW, SEED, explain=False)
