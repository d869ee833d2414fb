"""The published numbers as typed frames, and the choices that other rooms ask of them."""

from functools import cache

import polars as pl

from carsequel.evidence.intervals import exact_interval
from carsequel.evidence.review import with_review
from carsequel.terms.sources import year_of
from carsequel.terms.tables import read_table

TABLES = ("outcomes", "options", "mechanisms", "prognosis", "side_effects", "targets")
_NUMBERS = ("time_months", "value", "low", "high")
_COUNTS = ("n", "n_events", "numerator", "denominator", "evaluable_of")


@cache
def evidence_rows(table: str) -> pl.DataFrame:
    """Give one of the six tables with numbers as numbers; adds `derived`: true where an interval was computed.

    Float64: time_months, value, low, high (in `unit`); Int64: n, n_events, and in `mechanisms` numerator, denominator
    and evaluable_of. A share (`unit` %) with n and without a published interval gets an exact binomial interval, marked
    `exact` (those marked `wilson` came so); a share that is published as counts only gets its per cent. Where no era is
    given, `era` says when the paper was published; `design` is `not said` where the source was not read for it.
    `review_by` is the day of the next look. Raises KeyError for another name.

    >>> evidence_rows("targets").filter(pl.col("role") == "calibrate").height
    18
    """
    if table not in TABLES:
        raise KeyError(f"no evidence table of this name; allowed: {', '.join(TABLES)}")
    rows = read_table("carsequel.evidence", f"{table}.csv")
    counts = [name for name in _COUNTS if name in rows.columns]
    typed = rows.with_columns(pl.col(_NUMBERS).cast(pl.Float64), pl.col(counts).cast(pl.Int64))
    typed = typed.with_columns(pl.col("design").fill_null("not said"))
    if "era" in typed.columns:
        published = {key: f"published {year}" for key in typed["source"].unique() if (year := year_of(key))}
        stand_in = pl.col("source").replace_strict(published, default=None, return_dtype=pl.String)
        typed = typed.with_columns(era=pl.coalesce("era", stand_in))
    return with_review(_with_exact(typed)).drop("stale")


def _with_exact(rows: pl.DataFrame) -> pl.DataFrame:
    """Fill per cent and interval of shares that have n; a point of a survival curve keeps its share times n."""
    counted = pl.coalesce(pl.col("n_events").cast(pl.Float64), _events_of_percent())
    is_share = (pl.col("unit") == "%") & pl.col("low").is_null() & pl.col("high").is_null()
    open_ = is_share.fill_null(False) & pl.col("n").is_not_null() & (pl.col("interval") == "none")
    seen = rows.select(counted.alias("events"), pl.col("n").cast(pl.Float64))
    low, high = exact_interval(seen["events"].to_numpy(), seen["n"].to_numpy())
    limits = rows.with_columns(_low=pl.Series(low).fill_nan(None), _high=pl.Series(high).fill_nan(None))
    fill = open_ & pl.col("_low").is_not_null()
    per_cent = 100 * pl.col("n_events") / pl.col("n")
    return limits.with_columns(
        pl.when(open_ & pl.col("value").is_null()).then(per_cent).otherwise(pl.col("value")).alias("value"),
        pl.when(fill).then(100 * pl.col("_low")).otherwise(pl.col("low")).alias("low"),
        pl.when(fill).then(100 * pl.col("_high")).otherwise(pl.col("high")).alias("high"),
        pl.when(fill).then(pl.lit("exact")).otherwise(pl.col("interval")).alias("interval"),
        (fill | pl.col("interval").is_in(["wilson", "exact"])).alias("derived"),
    ).drop("_low", "_high")


def _events_of_percent() -> pl.Expr:
    """The events behind a printed per cent: whole ones for a share of patients, a fraction for a point of a curve."""
    events = pl.col("value") / 100 * pl.col("n")
    return pl.when(pl.col("time_months").is_null()).then(events.round()).otherwise(events)


def rows_for_option(option: str, disease: str | None = None, include_unverified: bool = False) -> pl.DataFrame:
    """Give the published rows of an option (an id of the contract, or `any` for all options together) in a disease.

    Rows about several options or diseases belong to each of them; a row's `population` says whom it really saw.
    UNVERIFIED rows stay out unless asked for.

    >>> rows_for_option("bispecific_cd20", "LBCL")["cohort"].unique().sort()[:2].to_list()
    ['BiCAR (LYSA)', 'BiCAR cohort 2']
    """
    rows = evidence_rows("options").filter(_names("option", option))
    if disease is not None:
        rows = rows.filter(_names("disease", disease) | _names("disease", "any"))
    return rows if include_unverified else rows.filter(pl.col("status") != "UNVERIFIED")


def base_rates(disease: str, product: str | None = None, include_unverified: bool = False) -> pl.DataFrame:
    """Give how often a cause was counted among failures: one row a cause and cohort, counted rows only.

    Columns: cause, numerator, denominator, p, low, high (95 % exact, 0-1), evaluable_of (all failures of the cohort,
    where given), biopsied_only (yes, no, or null where not said), product, product_match, cohort, outcome, source,
    status. With a product, rows of another product are left out and rows that name no product stay, with
    `product_match` false. A row of several causes counts them together; its cohort may also have a row for each: never
    add them up. UNVERIFIED rows stay out unless asked for.

    >>> base_rates("B-ALL").select("cause", "numerator", "denominator").row(0)
    ('antigen_loss', 68, 166)
    """
    counted = pl.all_horizontal(pl.col("numerator", "denominator", "cause").is_not_null())
    rows = evidence_rows("mechanisms").filter(_names("disease", disease), counted)
    if not include_unverified:
        rows = rows.filter(pl.col("status") != "UNVERIFIED")
    match = pl.lit(False) if product is None else _names("product", product).fill_null(False)
    if product is not None:
        rows = rows.filter(match | pl.col("product").is_null())
    share = pl.col("numerator") / pl.col("denominator")
    low, high = exact_interval(rows["numerator"].to_numpy(), rows["denominator"].to_numpy())
    limits = pl.Series("low", low).fill_nan(None), pl.Series("high", high).fill_nan(None)
    named = rows.with_columns(share.alias("p"), *limits, match.alias("product_match"))
    return named.select(
        *("cause", "numerator", "denominator", "p", "low", "high", "evaluable_of", "biopsied_only"),
        *("product", "product_match", "cohort", "outcome", "source", "status"),
    ).sort("product_match", descending=True, maintain_order=True)


def _names(column: str, name: str) -> pl.Expr:
    """True where a cell of names joined with a semicolon holds the name."""
    return pl.col(column).str.split(";").list.contains(name)
