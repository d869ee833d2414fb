"""Is it a CAR T-cell product? By code, by the caller's own codes, by words, and when the words only speak of one."""

import re
from typing import Any, NamedTuple

from carsequel.record.fhir.elements import codings, own_code, words
from carsequel.record.fhir.places import PRODUCT, UNKNOWN_PRODUCT
from carsequel.terms.products import OTHER, product_from_code, product_from_text, target_from_text

# A drug or a visit around CAR T cells, told by words only: what is given is not the cells.
_AROUND = re.compile(
    r"\b(?:for|after|before|post|pre|prior|following|during|due to|caused by|bridging|follow-?up|monitoring|visit"
    r"|premedication|prophylaxis|lymphodeplet\w*|consent|education|manufactur\w+|cryopreserv\w+|thaw\w*|storage|workup)\b",
    re.IGNORECASE,
)


class Recognised(NamedTuple):
    """A product id, or the own text of another CAR T-cell product; `around` where it is only spoken of."""

    product: str
    target: str | None
    around: bool = False


def recognise(concept: Any, product_codes: dict[str, str]) -> Recognised | None:
    """Give the CAR T-cell product of a drug's or procedure's concept, None where it is none.

    `product_codes` maps the centre's codes, as `system|code` or `code`, to product ids or names; they come first.

    >>> recognise({"text": "Yescarta"}, {}).product, recognise({"text": "paracetamol"}, {})
    ('axi-cel', None)
    """
    own = own_code(concept, PRODUCT)
    if own:
        return Recognised("" if own == UNKNOWN_PRODUCT else words(concept) or own, None)
    every = [(c.get("system"), c.get("code")) for c in codings(concept)]
    for system, code in every:
        product = product_codes.get(f"{system}|{code}") or product_codes.get(str(code))
        if product:
            return Recognised(product_from_text(product) or product, target_from_text(product))
    by_code = [product_from_code(*(v if isinstance(v, str) else None for v in pair)) for pair in every]
    texts = _texts(concept)
    by_text = [product_from_text(text) for text in texts]
    found = [product for product in (*by_code, *by_text) if product]
    if not found:
        return None
    named = next((product for product in found if product != OTHER), None)
    around = not any(by_code) and any(_AROUND.search(text) for text in texts)
    if named:
        return Recognised(named, None, around)
    told = next((text for text, product in zip(texts, by_text, strict=True) if product), None)
    return Recognised(told or OTHER, next((t for t in map(target_from_text, texts) if t), None), around)


def _texts(concept: Any) -> list[str]:
    if not isinstance(concept, dict):
        return []
    every = [concept.get("text"), *(c.get("display") for c in codings(concept))]
    return list(dict.fromkeys(text for text in every if isinstance(text, str) and text))


def drug_name(concept: Any) -> str | None:
    """Give a drug's name: the display of an ATC coding (the generic name), else the concept in words.

    >>> atc = {"system": "http://www.whocc.no/atc", "display": "tocilizumab"}
    >>> drug_name({"text": "Actemra 20 mg/mL", "coding": [atc]})
    'tocilizumab'
    """
    for coding in codings(concept):
        if str(coding.get("system")).endswith("/atc") and coding.get("display"):
            return str(coding["display"])
    return words(concept)
