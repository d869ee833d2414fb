"""Products by name and by code, on both sides of what is a CAR T-cell infusion."""

import polars as pl
import pytest

from carsequel.terms.products import (
    product_facts,
    product_from_code,
    product_from_text,
    product_ids,
    products_of,
    target_from_text,
    targets_of,
)

NAMED = [
    ("axicabtagene ciloleucel", "axi-cel"),
    ("Axi-Cel", "axi-cel"),
    ("axicel", "axi-cel"),
    ("YESCARTA 2e8 cells", "axi-cel"),
    ("KTE-C19", "axi-cel"),
    ("KTEC19", "axi-cel"),
    ("CTL019", "tisa-cel"),
    ("CTL-019 infusion", "tisa-cel"),
    ("Kymriah", "tisa-cel"),
    ("tisagenlecleucel-T", "tisa-cel"),
    ("KTE-X19", "brexu-cel"),
    ("Tecartus", "brexu-cel"),
    ("JCAR017", "liso-cel"),
    ("Breyanzi", "liso-cel"),
    ("idecabtagene vicleucel (phase 1)", "ide-cel"),
    ("bb2121", "ide-cel"),
    ("Abecma", "ide-cel"),
    ("LCAR-B38M", "cilta-cel"),
    ("JNJ-4528", "cilta-cel"),
    ("JNJ-68284528", "cilta-cel"),
    ("cilta\u2011cel", "cilta-cel"),
    ("AUTO1", "obe-cel"),
    ("obe cel", "obe-cel"),
    ("AUTO1/22", "other CAR-T"),
    ("CAR-BCMA (NCI, gamma-retroviral)", "other CAR-T"),
    ("BCMA CAR-T (investigational)", "other CAR-T"),
    ("SCRI-CAR19 (PLAT-03)", "other CAR-T"),
    ("relmacabtagene autoleucel", "other CAR-T"),
    ("chimeric antigen receptor T-cell therapy", "other CAR-T"),
    ("CAR T\u2011cells", "other CAR-T"),
    ("other CAR-T", "other CAR-T"),
    ("Yescarta or Kymriah", "other CAR-T"),
    ("sipuleucel-T", None),
    ("tabelecleucel", None),
    ("lifileucel", None),
    ("afamitresgene autoleucel (afami-cel)", None),
    ("sitimagene ceradenovec", None),
    ("talimogene laherparepvec", None),
    ("CAR-NK cells", None),
    ("cART for HIV", None),
    ("combination CART", None),
    ("crash cart", None),
    ("leukapheresis for CAR-T", None),
    ("personal history of CAR T-cell therapy", None),
    ("rituximab", None),
    ("", None),
    (None, None),
]


@pytest.mark.parametrize(("text", "product"), NAMED)
def test_product_of_a_text(text: str | None, product: str | None) -> None:
    assert product_from_text(text) == product


CODED = [
    ("http://www.cms.gov/Medicare/Coding/ICD10", "XW033H7", "axi-cel"),
    ("ICD-10-PCS", "XW043J7", "tisa-cel"),
    ("ICD-10-PCS", "XW033M7", "brexu-cel"),
    ("ICD-10-PCS", "XW23346", "brexu-cel"),
    ("ICD-10-PCS", "XW033N7", "liso-cel"),  # one public list calls it axi-cel
    ("ICD-10-PCS", "XW24376", "liso-cel"),
    ("ICD-10-PCS", "XW033K7", "ide-cel"),
    ("ICD-10-PCS", "XW033A7", "cilta-cel"),
    ("ICD-10-PCS", "XW033P7", None),  # one public list calls it ide-cel
    ("ICD-10-PCS", "XW033C7", "other CAR-T"),  # one public list calls it tisa-cel
    ("ICD-10-PCS", "XW033C3", "other CAR-T"),
    ("ICD-10-PCS", "XW043G7", "other CAR-T"),
    ("ICD-10-PCS", "XW033L7", None),  # tumour-infiltrating lymphocytes
    ("HCPCS", "q2041", "axi-cel"),
    ("HCPCS", "Q2058", "obe-cel"),
    ("http://www.whocc.no/atc", "L01XL04", "tisa-cel"),
    ("http://fhir.de/CodeSystem/bfarm/atc", "L01XX70", "axi-cel"),
    ("ATC", "L01XX71", "tisa-cel"),
    ("ATC", "L01XL", None),
    ("ATC", "L01XL01", None),
    ("ATC", "L01XL02", None),
    ("http://www.ama-assn.org/go/cpt", "38228", "other CAR-T"),
    ("CPT", "0540T", "other CAR-T"),
    ("CPT", "38225", None),
    ("CPT", "38226", None),
    ("CPT", "38227", None),
    ("http://snomed.info/sct", "1156961008", "other CAR-T"),
    (None, "XW033H7", "axi-cel"),
    (None, "38228", None),  # bare digits without a system could be anything
    ("https://example.org/local", "Q2041", None),
    ("ATC", None, None),
]


@pytest.mark.parametrize(("system", "code", "product"), CODED)
def test_product_of_a_code(system: str | None, code: str | None, product: str | None) -> None:
    assert product_from_code(system, code) == product


def test_facts_of_products() -> None:
    assert product_ids() == ["axi-cel", "tisa-cel", "brexu-cel", "liso-cel", "ide-cel", "cilta-cel", "obe-cel"]
    targets = {product: product_facts(product)["target"] for product in product_ids()}
    assert {product for product, target in targets.items() if target == "BCMA"} == {"ide-cel", "cilta-cel"}
    split = product_facts("obe-cel")
    assert (split["split_min_days"], split["split_max_days"]) == (8.0, 12.0)
    assert product_facts("axi-cel")["split_min_days"] is None
    with pytest.raises(KeyError, match="obe-cel"):
        product_facts("other CAR-T")


def test_columns_keep_length_and_name() -> None:
    texts = pl.Series("product", ["Yescarta", None, "aspirin", "Yescarta"])
    assert products_of(texts).to_list() == ["axi-cel", None, None, "axi-cel"]
    assert products_of(texts).name == "product"
    assert products_of(pl.Series("product", [], dtype=pl.String)).to_list() == []
    assert products_of(pl.Series("product", [None, None])).to_list() == [None, None]


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("CAR-BCMA (NCI)", "BCMA"),
        ("SCRI-CAR19 (PLAT-03)", "CD19"),
        ("CD22 CAR T cells", "CD22"),
        ("CD19/CD22 CAR", "CD19/CD22"),
        ("CD19-22 CAR", "CD19/CD22"),
        ("Carvykti", "BCMA"),
        ("CAR-T", None),
        (None, None),
    ],
)
def test_target_of_a_text(text: str | None, target: str | None) -> None:
    assert target_from_text(text) == target
    assert targets_of(pl.Series([text], dtype=pl.String)).to_list() == [target]
