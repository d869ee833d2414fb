"""CAR T-cell products: recognised by name or by full code, with what each of them is."""

import re
from collections.abc import Callable
from functools import cache, lru_cache

import polars as pl

from carsequel.terms.codes import code_row
from carsequel.terms.tables import read_table

OTHER = "other CAR-T"

# A CAR T-cell product beyond the seven. "CART" alone is left out: in HIV notes it is antiretroviral therapy.
_ANY_CAR_T = re.compile(
    r"(?i:\bcar[- ]t(?:[- ]?cells?|[- ]?zell\w*)?\b|chimeric antigen receptor|chim(?:ä|ae)re\w* antigenrezeptor"
    r"|\w+cabtagene|leucel\b)"
    r"|(?i:\b(?:relma|eque|zevor|anito|orva|cema)-?cel\b|\bJCAR-?0\d\d\b|\bCT103A\b|\bCTL-?119\b|\bAUTO-?1/22\b)"
    r"|\bCARTs?[- ]?(?:[Cc]ells?|[Ii]nfusion|19|20|22|BCMA)\b|\bhuCART"
    r"|\bCAR[- ]?(?:CD)?(?:19|20|22)\b|\bCAR[- ]BCMA\b|\b(?:CD(?:19|20|22)|BCMA)(?:/\w+)?[- ](?:\w+ )?CAR\b"
)
# Cell products and genes with alike names that are no CAR T cells: dendritic, virus-specific, tumour-infiltrating,
# T-cell-receptor and natural killer cells, and two gene or virus therapies of the same ATC group.
_NOT_CAR_T = re.compile(
    r"sipuleucel|tabelecleucel|\btab-?cel\b|lifileucel|\bafami|tresgene|\blete-?cel\b|sitimagene|talimogene"
    r"|\bcar[- ]?nk\b|natural killer",
    re.IGNORECASE,
)
# Words that speak of CAR T cells where none are given.
_NOT_INFUSED = re.compile(
    r"apheresis|\bharvest|\bcollection\b|\bhistory of\b|\bcomplications? of\b|\btransport\b|\breceipt\b"
    r"|\b(?:consult\w*|evaluat\w+|referral|eligib\w+|assess\w+|planned|candidate) "
    r"|\blymphodepletion (?:before|prior|for)\b",
    re.IGNORECASE,
)
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-") | {"\u00a0": " "})
_TARGETS = {
    "CD19": re.compile(r"CD-?19\b|CAR-?T?-?19\b", re.IGNORECASE),
    "CD20": re.compile(r"CD-?20\b|CAR-?T?-?20\b", re.IGNORECASE),
    "CD22": re.compile(r"CD-?22\b|CAR-?T?-?22\b", re.IGNORECASE),
    "BCMA": re.compile(r"BCMA|TNFRSF17", re.IGNORECASE),
    "GPRC5D": re.compile(r"GPRC5D", re.IGNORECASE),
}
_DUAL = re.compile(r"CD-?19\s*[-/]\s*(?:CD-?)?(20|22)\b", re.IGNORECASE)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    table = read_table("carsequel.terms", "products.csv")
    return tuple((p, re.compile(n, re.IGNORECASE)) for p, n in table.select("product", "name_pattern").iter_rows())


def product_ids() -> list[str]:
    """Give the ids of the seven approved products, in table order.

    >>> product_ids()[:2]
    ['axi-cel', 'tisa-cel']
    """
    return [product for product, _ in _patterns()]


@lru_cache(maxsize=20_000)
def product_from_text(text: str | None) -> str | None:
    """Give the product that a free text names, `other CAR-T` for another or an unclear one, None where none is given.

    A text that names two products is `other CAR-T`: which of them was given is not said. Leukapheresis, history,
    evaluation and the like give None: cells are spoken of, not infused.

    >>> product_from_text("CTL019 infusion"), product_from_text("CAR-BCMA (NCI)"), product_from_text("sipuleucel-T")
    ('tisa-cel', 'other CAR-T', None)
    """
    if not text:
        return None
    words = " ".join(text.translate(_DASHES).split())
    if words.lower() == OTHER.lower():
        return OTHER
    if _NOT_INFUSED.search(words):
        return None
    found = [product for product, pattern in _patterns() if pattern.search(words)]
    if len(found) == 1:
        return found[0]
    if found:
        return OTHER
    without = _NOT_CAR_T.sub("", words)
    if without != words and not re.search(r"(?i)\bcar[- ]t\b|cabtagene", without):
        return None
    return OTHER if _ANY_CAR_T.search(without) else None


def product_from_code(system: str | None, code: str | None) -> str | None:
    """Give the product of a full procedure, billing or drug code, `other CAR-T` for an unspecific one, else None.

    Codes match whole, never by prefix (ATC L01XL holds other gene therapies too); a collection or transport code is
    not an infusion and gives None. `system` is a FHIR system, an OID or a short name; without it only codes that
    hold a letter or a dash are looked up.

    >>> product_from_code("http://www.whocc.no/atc", "L01XX71"), product_from_code("CPT", "38225")
    ('tisa-cel', None)
    """
    row = code_row(system, code)
    return row["text"] if row is not None and row["kind"] == "product" else None


def product_facts(product: str) -> dict[str, str | float | None]:
    """Give what an approved product is: name, brand, target, costimulation, split_min_days and split_max_days (days
    between the two infusions of a split dose, else None), source, status.

    Raises KeyError for a product that is not one of the seven.

    >>> product_facts("obe-cel")["split_max_days"]
    12.0
    """
    found = read_table("carsequel.terms", "products.csv").filter(pl.col("product") == product)
    if found.is_empty():
        raise KeyError(f"no approved product of this id; allowed: {', '.join(product_ids())}")
    days = pl.col("split_min_days", "split_max_days").cast(pl.Float64)
    return found.drop("name_pattern").with_columns(days).row(0, named=True)


def products_of(texts: pl.Series) -> pl.Series:
    """Give the product of each text of a column (as `product_from_text`; null where none): each distinct text once.

    >>> products_of(pl.Series(["Yescarta", None, "Kymriah"])).to_list()
    ['axi-cel', None, 'tisa-cel']
    """
    return _by_distinct(texts, product_from_text)


@lru_cache(maxsize=20_000)
def target_from_text(text: str | None) -> str | None:
    """Give the antigen that a product's name or description says (`CD19/CD22` for a dual one), None where it is silent.

    >>> target_from_text("CAR-BCMA (NCI)"), target_from_text("SCRI-CAR19"), target_from_text("tisa-cel")
    ('BCMA', 'CD19', 'CD19')
    """
    if not text:
        return None
    words = text.translate(_DASHES)
    dual = _DUAL.search(words)
    if dual:
        return f"CD19/CD{dual[1]}"
    found = [target for target, pattern in _TARGETS.items() if pattern.search(words)]
    if found:
        return "/".join(found)
    product = product_from_text(text)
    return None if product in (None, OTHER) else str(product_facts(str(product))["target"])


def targets_of(texts: pl.Series) -> pl.Series:
    """Give the antigen that each text of a column says (as `target_from_text`; null where it is silent).

    >>> targets_of(pl.Series(["ide-cel", "CAR-T"])).to_list()
    ['BCMA', None]
    """
    return _by_distinct(texts, target_from_text)


def _by_distinct(texts: pl.Series, lookup: Callable[[str], str | None]) -> pl.Series:
    words = texts.cast(pl.String)
    known = words.drop_nulls().unique()
    found = pl.Series([lookup(word) for word in known.to_list()], dtype=pl.String)
    return words.replace_strict(known, found, default=None, return_dtype=pl.String).rename(texts.name)
