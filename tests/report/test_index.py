"""The index and the file names."""

import re

from hypothesis import given
from hypothesis import strategies as st

from carsequel.report import render_index, safe_name


def test_names_that_would_meet_are_kept_apart() -> None:
    near = [
        "p1",
        "P1",
        "p 1",
        "p/1",
        "p-1",
        "p_1",
        "p1 ",
        "../p1",
        "index",
        "con",
        "",
        "ä",
        "a" * 300,
        "a" * 301,
        safe_name("P1"),
    ]
    names = [safe_name(name) for name in near]
    assert len({name.lower() for name in names}) == len(near)
    assert safe_name("p1") == "p1" and safe_name("index") != "index" and safe_name("con") != "con"


@given(st.text(), st.text())
def test_names_are_safe_and_unique(one: str, two: str) -> None:
    assert re.fullmatch(r"[a-z0-9_-]{1,60}", safe_name(one))
    assert one == two or safe_name(one) != safe_name(two)


def test_index_links_and_escapes() -> None:
    page = render_index(
        [
            {
                "patient": "P/1 <b>",
                "disease": "LBCL",
                "failure": {"state": "failed", "antigen": "not_tested", "day": 34.0},
            },
            {"patient": "p2", "error": "no infusion in the record", "synthetic": True},
        ]
    )
    assert "P/1 &lt;b&gt;" in page and f'href="{safe_name("P/1 <b>")}.html"' in page
    assert "FAILED" in page and "day 34" in page and "NOT TESTED" in page
    assert "no answer:</b> no infusion in the record" in page and "SYNTHETIC" in page
    assert "no patient" in render_index([])
