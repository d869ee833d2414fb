"""How often another named choice would change the answer: patients counted, with a Wilson interval.

Two steps, so that a folder in parts gives the same numbers as a folder in one piece: `tally_choices` for each part,
`count_choices` over all of them. Only settled answers (low = high under both definitions) are compared; what one
definition settles and the other leaves open is counted beside them.
"""

from typing import Any, Final

import polars as pl

from carsequel.evidence.intervals import wilson_interval
from carsequel.terms.choices import choices_in, offered_choices
from carsequel.terms.findings import KEY, criteria_table

PAIR: Final = ["criterion", "kind", "period", "default_definition", "definition"]
TALLY: Final[dict[str, Any]] = (
    dict.fromkeys(PAIR, pl.String)
    | {"difference": pl.Float64}
    | dict.fromkeys(("patients", "only_default", "only_other"), pl.Int64)
)
COUNTED: Final = (
    *("criterion", "kind", "period", "choice", "instead_of", "n", "evaluable", "different", "share", "low", "high"),
    *("median_difference", "difference_in", "higher", "lower", "only_default", "only_other"),
    *("definition", "default_definition"),
)
EACH_DAY: Final = "each day"
NOMINAL: Final = ("failure.", "lyric.")
DIGITS: Final = 9


def tally_choices(findings: pl.DataFrame) -> pl.DataFrame:
    """Tally patients by how far their answer under another named choice lies from the default one.

    One row per criterion, kind, period (`each day` for dated assessments), default definition, other definition and
    `difference` (other minus default, of a patient's most different settled answer; null where no answer is settled
    under both): `patients`, and of these with an answer that only the default (`only_default`) or only the other
    definition (`only_other`) settles. Definitions that differ in what comes from the record, as assays, are no choices.
    """
    shown = findings.filter(pl.col("kind") != "episode").select(*KEY, "definition", "default", "low", "high")
    default = shown.filter("default").drop("default")
    others = shown.filter(~pl.col("default")).drop("default")
    both = default.join(others, on=KEY, suffix="_other", nulls_equal=True)
    both = both.rename({"definition": "default_definition", "definition_other": "definition"})
    both = both.join(_choices_among(both), on=["criterion", "default_definition", "definition"], how="semi")
    settled = (pl.col("low") == pl.col("high")).fill_null(False)
    other = (pl.col("low_other") == pl.col("high_other")).fill_null(False)
    apart = pl.when(settled & other).then((pl.col("low_other") - pl.col("low")).round(DIGITS) + 0.0)
    dated = (pl.col("kind") == "assessment") & pl.col("period").str.starts_with("day ")
    both = both.with_columns(
        period=pl.when(dated).then(pl.lit(EACH_DAY)).otherwise("period"),
        difference=apart,
        only_default=settled & ~other,
        only_other=other & ~settled,
    )
    flags = pl.col("only_default", "only_other")
    extremes = {"_least": pl.col("difference").min(), "_most": pl.col("difference").max()}
    people = both.group_by([*PAIR, "patient"]).agg(flags.any(), **extremes)
    farther = pl.when(pl.col("_most") >= -pl.col("_least")).then("_most").otherwise("_least")
    people = people.with_columns(difference=farther)
    tally = people.group_by([*PAIR, "difference"]).agg(flags.sum(), patients=pl.len())
    return tally.select(pl.col(name).cast(kind) for name, kind in TALLY.items()).sort([*PAIR, "difference"])


def _choices_among(both: pl.DataFrame) -> pl.DataFrame:
    """The pairs of definitions of a criterion that differ in a choice which the criterion offers."""
    pairs = both.select("criterion", "default_definition", "definition").unique()
    kept = [row for row in pairs.rows() if _apart(row[0], row[2], row[1])]
    return pl.DataFrame(kept, schema=pairs.schema, orient="row")


def _apart(criterion: str, definition: str | None, against: str | None) -> dict[str, str]:
    """The offered choices that a definition spells otherwise than another one."""
    offers = offered_choices().get(criterion, {})
    spelled, compared = choices_in(definition), choices_in(against)
    return {
        name: choice
        for name, choice in spelled.items()
        if len(offers.get(name, ())) > 1 and compared.get(name, choice) != choice
    }


def count_choices(tally: pl.DataFrame) -> pl.DataFrame:
    """Count the patients whose answer another named choice changes, from one tally or several stacked.

    One row per criterion, kind, period and other definition: `choice` and `instead_of` (what differs), `n` (patients
    with an answer under both), `evaluable` (settled under both), `different` of these with `share` (0-1) and its 95 %
    Wilson interval `low` to `high`, `median_difference` of those that differ and `higher`/`lower` (empty where codes
    have no order), `difference_in` (grades, steps, number), `only_default`/`only_other` (settled under one only).
    Most different first.
    """
    tally = tally.group_by([*PAIR, "difference"]).agg(pl.col("patients", "only_default", "only_other").sum())
    people, apart = pl.col("patients"), pl.col("difference")
    changed = (apart != 0).fill_null(False)
    counted = tally.group_by(PAIR).agg(
        pl.col("only_default", "only_other").sum(),
        n=people.sum(),
        evaluable=people.filter(apart.is_not_null()).sum(),
        different=people.filter(changed).sum(),
        higher=people.filter((apart > 0).fill_null(False)).sum(),
        lower=people.filter((apart < 0).fill_null(False)).sum(),
        median_difference=apart.filter(changed).abs().repeat_by(people.filter(changed)).explode().median(),
    )
    low, high = wilson_interval(pl.col("different") / pl.col("evaluable"), pl.col("evaluable"))
    share = pl.when(pl.col("evaluable") > 0).then(pl.col("different") / pl.col("evaluable"))
    counted = counted.with_columns(share=share, low=low, high=high, **_spelled(counted))
    ordered = pl.col("difference_in").is_not_null()
    sized = [pl.when(ordered).then(name).alias(name) for name in ("median_difference", "higher", "lower")]
    order = ["different", *PAIR]
    return counted.with_columns(sized).sort(order, descending=[True, *[False] * 5]).select(COUNTED)


def _spelled(counted: pl.DataFrame) -> dict[str, pl.Series]:
    """What differs between the two definitions, in words of both, and in what their difference is measured."""
    pairs = counted.select("criterion", "definition", "default_definition").rows()
    sides = {"choice": [(c, mine, other) for c, mine, other in pairs], "instead_of": [(c, o, m) for c, m, o in pairs]}
    words = {
        name: [" ".join(f"{n}={v}" for n, v in _apart(*row).items()) for row in rows] for name, rows in sides.items()
    }
    measured = [_measure(criterion) for criterion, _, _ in pairs]
    return {name: pl.Series(values, dtype=pl.String) for name, values in (words | {"difference_in": measured}).items()}


def _measure(criterion: str) -> str | None:
    """Grades, steps of an ordered answer, or the number itself; None where the codes have no order."""
    if criterion.startswith(NOMINAL):
        return None
    codes = dict(criteria_table().select("id", "codes").rows()).get(criterion) or "number"
    if codes.startswith("number"):
        return "number"
    return "grades" if "=grade" in codes else "steps"
