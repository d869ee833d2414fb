"""One small bank for all tests of the inference."""

import pytest

from carsequel.inference import Bank, build_bank


@pytest.fixture(scope="session")
def bank() -> Bank:
    return build_bank("LBCL", "axi-cel", 3000)


@pytest.fixture(scope="session")
def leukemia() -> Bank:
    return build_bank("B-ALL", "tisa-cel", 2000)
