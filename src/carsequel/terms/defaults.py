"""A centre's own defaults among findings: the `default` column moves to the definition that follows its choices.

Nothing else in a finding changes. For a patient, infusion and criterion the default moves only where a finding follows
the choices (the record may not allow it: no lymphodepletion, no value before it); what contradicts them is then no
default, so that a day or an episode which only another definition knows has none. Kinds that a criterion gives under
one definition alone keep it.
"""

from typing import Final

import polars as pl

from carsequel.terms.choices import (
    Choices,
    ChoicesError,
    changing,
    contradicts,
    distance_from_shipped,
    follows,
    offered_choices,
)

GROUP: Final = ("patient", "infusion", "criterion")
NAMED: Final = ("criterion", "kind", "definition")
APPLIED: Final = ("criterion", "name", "choice", "shipped", "defaults", "followed")
UNDER_ONE_DEFINITION: Final = {("icaht_early.eha2023", "episode"): "days that are added up form no episodes"}


def choose_defaults(findings: pl.DataFrame, chosen: Choices | None) -> pl.DataFrame:
    """Give the findings with `default` on the definitions that follow a centre's choices (`check_choices`).

    Where several follow, the one nearest to the shipped definition is taken (`distance_from_shipped`); of those equally
    near, as two assays are, the one that was the default, else the first by its text. Rows and their order stay as they
    are. Raises ChoicesError where each choice of a criterion was graded, but never these together.
    """
    if not chosen:
        return findings
    _check_together(findings, chosen)
    judged = findings.join(_judged(findings, chosen), on=NAMED, how="left", maintain_order="left")
    moved = pl.col("_rank").is_not_null().any().over(GROUP)
    was = pl.col("default").any().over([*GROUP, "kind", "definition"])
    order = pl.struct("_rank", ~was, "definition").rank("min").over([*GROUP, "kind"])
    judged = judged.with_columns(_order=pl.when(pl.col("_rank").is_not_null()).then(order))
    nearest = pl.col("_order") == pl.col("_order").min().over([*GROUP, "kind"])
    default = (
        pl.when(moved & pl.col("_rank").is_not_null())
        .then(nearest)
        .when(moved & pl.col("_against").fill_null(False))
        .then(False)
        .otherwise("default")
    )
    return judged.with_columns(default=default).drop("_rank", "_against", "_order")


def _judged(findings: pl.DataFrame, chosen: Choices) -> pl.DataFrame:
    """Each definition of a chosen criterion: `_rank` (null where it does not follow; the nearest to the shipped one is
    lowest, those equally near have the same) and `_against` (it contradicts, or spells no chosen name where another of
    its kind does)."""
    rows = []
    named = _definitions(findings, chosen)
    followed = {(c, kind) for c, kind, definition in named if follows(definition, changing(chosen[c], c))}
    for criterion, kind, definition in named:
        wanted = changing(chosen[criterion], criterion)
        if (criterion, kind) not in UNDER_ONE_DEFINITION:
            follow = follows(definition, wanted)
            away = distance_from_shipped(criterion, definition, wanted)
            silent = not follow and (criterion, kind) in followed
            rows.append((criterion, kind, away, definition, follow, silent or contradicts(definition, wanted)))
    ranks = {away: rank for rank, away in enumerate(sorted({row[2] for row in rows}))}
    ranked = [
        (criterion, kind, definition, ranks[away] if follow else None, against)
        for criterion, kind, away, definition, follow, against in rows
    ]
    schema = {"criterion": pl.String, "kind": pl.String, "definition": pl.String, "_rank": pl.Int64}
    return pl.DataFrame(ranked, schema=schema | {"_against": pl.Boolean}, orient="row")


def _definitions(findings: pl.DataFrame, chosen: Choices) -> list[tuple[str, str, str]]:
    named = findings.filter(pl.col("criterion").is_in(list(chosen)) & pl.col("definition").is_not_null())
    return sorted(named.select("criterion", "kind", "definition").unique().rows())


def _check_together(findings: pl.DataFrame, chosen: Choices) -> None:
    found: dict[str, list[str]] = {}
    for criterion, _, definition in _definitions(findings, chosen):
        found.setdefault(criterion, []).append(definition)
    for criterion, definitions in found.items():
        wanted = changing(chosen[criterion], criterion)
        alone = all(any(follows(each, {name: choice}) for each in definitions) for name, choice in wanted.items())
        if len(wanted) > 1 and alone and not any(follows(each, wanted) for each in definitions):
            said = ", ".join(f"{name} = {choice}" for name, choice in wanted.items())
            raise ChoicesError(f"{criterion} is not graded with {said} together", "choose one of them")


def applied_choices(findings: pl.DataFrame | pl.LazyFrame, chosen: Choices) -> pl.DataFrame:
    """Count how far a centre's choices reached: one row per criterion and chosen name with its choice and the shipped
    one, the number of default findings of the criterion, and how many of them follow the centre's choices."""
    defaults = findings.lazy().filter(pl.col("default") & pl.col("criterion").is_in(list(chosen)))
    counts = defaults.group_by("criterion", "definition").agg(n=pl.len()).collect().rows()
    rows = []
    for criterion, names in chosen.items():
        wanted = changing(names, criterion) or names
        own = [(definition, n) for each, definition, n in counts if each == criterion]
        followed = sum(n for definition, n in own if follows(definition, wanted))
        shipped = offered_choices()[criterion]
        total = sum(n for _, n in own)
        rows += [(criterion, name, choice, shipped[name][0], total, followed) for name, choice in names.items()]
    schema = dict.fromkeys(APPLIED[:4], pl.String) | dict.fromkeys(APPLIED[4:], pl.Int64)
    return pl.DataFrame(rows, schema=schema, orient="row")
