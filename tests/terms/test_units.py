"""Units: every spelling resolves, every conversion is exact and consistent, nothing is guessed."""

import math

import pytest

from carsequel.terms.quantities import quantities
from carsequel.terms.tables import read_table
from carsequel.terms.units import canonical_unit, conversion

SPELLINGS = read_table("carsequel.terms", "unit_spellings.csv").rows()
CONVERSIONS = read_table("carsequel.terms", "unit_conversions.csv").rows()


@pytest.mark.parametrize(("written", "unit"), SPELLINGS)
def test_every_spelling_resolves_with_spaces_and_greek_letters(written: str, unit: str) -> None:
    for form in (written, f" {written} ", " ".join(written), written.replace("u", "μ"), written.replace("u", "µ")):
        assert canonical_unit(form) == unit
    assert canonical_unit(unit) == unit


def test_no_spelling_is_listed_twice() -> None:
    assert len({written for written, _ in SPELLINGS}) == len(SPELLINGS)


@pytest.mark.parametrize("written", ["", " ", "furlong", "mg", "10^9", "K", "mg/dL/L", "u g/ x", "G/l"])
def test_what_is_not_listed_or_ambiguous_is_none(written: str) -> None:
    assert canonical_unit(written) is None


def test_case_matters_only_where_it_changes_the_unit() -> None:
    assert canonical_unit("G/L") == "10^9/L"
    assert canonical_unit("g/L") == canonical_unit("g/l") == "g/L"
    assert canonical_unit("MG/DL") == "mg/dL"
    assert canonical_unit("k/ul") == canonical_unit("K/UL") == "10^9/L"


@pytest.mark.parametrize("row", CONVERSIONS, ids=lambda row: "-".join(row[:3]))
def test_every_conversion_names_known_units_and_a_source(row: tuple[str, ...]) -> None:
    name, old, new, factor, offset, source = row
    assert canonical_unit(old) == old and canonical_unit(new) == new
    assert name == "*" or new in quantities()[name].units
    assert float(factor) > 0 and math.isfinite(float(offset)) and source


def test_there_and_back_is_the_same_number() -> None:
    factors = {(name, old, new): float(factor) for name, old, new, factor, _, _ in CONVERSIONS}
    both = [(key, (key[0], key[2], key[1])) for key in factors if (key[0], key[2], key[1]) in factors]
    assert len(both) > 6
    for there, back in both:
        assert factors[there] * factors[back] == pytest.approx(1.0, rel=1e-12), there


MOLAR = {
    ("creatinine", "umol/L"): 113.12 / 1e4,
    ("bilirubin", "umol/L"): 584.66 / 1e4,
    ("calcium", "mmol/L"): 40.08 / 10,
    ("triglycerides", "mmol/L"): 885.7 / 10,
    ("hemoglobin", "mmol/L"): 16114 / 1e4,
    ("albumin", "umol/L"): 66460 / 1e7,
    ("ldh", "ukat/L"): 60.0,
    ("temperature", "degF"): 5 / 9,
}


@pytest.mark.parametrize(("name", "unit"), MOLAR)
def test_factors_follow_from_molar_mass_or_definition(name: str, unit: str) -> None:
    found = conversion(name, unit)
    assert found is not None
    assert found.factor == pytest.approx(MOLAR[name, unit], rel=1e-3)


@pytest.mark.parametrize("name", [name for name, known in quantities().items() if known.unit])
def test_the_kept_unit_needs_no_conversion(name: str) -> None:
    unit = quantities()[name].unit
    found = conversion(name, unit)
    assert found is not None and found == (1.0, 0.0, unit)


@pytest.mark.parametrize(
    ("name", "unit"),
    [("anc", "mg/dL"), ("crp", "U/L"), ("crp", "mmol/L"), ("car_t", "mg/L"), ("temperature", "%"), ("il6", "U/mL")],
)
def test_a_unit_of_another_dimension_has_no_conversion(name: str, unit: str) -> None:
    assert conversion(name, unit) is None


def test_units_of_assays_are_never_mixed() -> None:
    for unit in ("cells/uL", "copies/ug", "%"):
        found = conversion("car_t", unit)
        assert found is not None and found == (1.0, 0.0, unit)


def test_a_name_of_ones_own_keeps_every_unit() -> None:
    assert conversion("my_assay", "furlong") == (1.0, 0.0, "furlong")
    assert conversion("my_assay", "mcg/mL") == (1.0, 0.0, "mg/L")
