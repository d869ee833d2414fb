"""Every source has a key of its own, a citation and a mark; every shipped table points at keys that exist."""

import polars as pl
import pytest

from carsequel.terms.sources import check_keys, cite, source_row, split_keys
from carsequel.terms.tables import read_table


def test_table_is_whole() -> None:
    table = read_table("carsequel.terms", "sources.csv")
    assert not table["key"].is_duplicated().any()
    assert table.select(pl.col("key", "citation", "retrieved_as", "mark", "date_read").null_count()).row(0) == (0,) * 5
    assert set(table["mark"]) == {"VERIFIED", "SECONDARY", "UNVERIFIED"}
    assert table["doi"].drop_nulls().str.contains(r"^10\.\d{4,}/\S+(; 10\.\d{4,}/\S+)*$").all()
    assert table["pmid"].drop_nulls().str.contains(r"^\d+$").all()


def test_evidence_and_criterion_keys_are_there() -> None:
    keys = set(read_table("carsequel.terms", "sources.csv")["key"])
    assert sum(key.startswith("S") and key[1:].isdigit() for key in keys) == 120
    wanted = "lee2019 rejeski2023 diblasi2022 hines2023 fardet2014 cheson2014 cheson2016 kumar2016 eln2024 hallek2018"
    assert set(wanted.split()) <= keys


@pytest.mark.parametrize("name", ["codes.csv", "products.csv", "diseases.csv"])
def test_tables_of_terms_cite_known_sources(name: str) -> None:
    table = read_table("carsequel.terms", name).filter(pl.col("source") != "own")
    assert check_keys(table) == []


def test_citations_say_their_mark() -> None:
    assert cite("hines2023").endswith("[UNVERIFIED]")
    assert "[SECONDARY]" in cite("S044")
    assert cite("S040; S044").count("Blood") >= 2
    assert split_keys("S001;S002 ; ") == ["S001", "S002"]
    with pytest.raises(KeyError, match=r"sources\.csv"):
        source_row("nobody1900")
