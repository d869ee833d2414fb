"""Records of infusions to infusions: one given twice on paper is one, a split dose is one, a request is none."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from carsequel.record.fhir.gathered import Candidate
from carsequel.record.fhir.places import INFUSIONS
from carsequel.record.fhir.problems import Problems
from carsequel.record.fhir.rows import Rows
from carsequel.terms.products import OTHER, product_facts, product_ids

_TRUST: Final = {"MedicationAdministration": 0, "Procedure": 1, "MedicationStatement": 2, "MedicationRequest": 3}
REQUESTED: Final = "requested; no administration recorded"
NO_DATE: Final = "date not given"


def number_infusions(candidates: Iterable[Candidate], problems: Problems) -> Rows:
    """Give the rows of `infusions`, numbered by date within each patient (`patient` must be the final key).

    Records on the same or the next day are one infusion; so are two of a product with a split dose at its days.
    """
    rows = Rows(INFUSIONS)
    by_patient: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_patient.setdefault(candidate.patient, []).append(candidate)
    for own in by_patient.values():
        numbered = [c for c in own if c.number is not None]
        for one in numbered:
            _write(rows, [one], str(one.number), one.date, one.columns.pop("note", None))
        _number([c for c in own if c.number is None], len(numbered), rows, problems)
    return rows


def _number(own: list[Candidate], before: int, rows: Rows, problems: Problems) -> None:
    given = [c for c in own if c.state == "given"]
    dated = sorted((c for c in given if c.date and _day(c)), key=lambda c: (str(c.date)[:10], _TRUST.get(c.kind, 9)))
    groups, split = _grouped(dated)
    _place_undated([c for c in given if c not in dated], groups, problems)
    for index, group in enumerate(groups, before + 1):
        note = "split dose" if index - before - 1 in split else None
        _report(group, note, problems)
        _write(rows, group, str(index), str(group[0].date)[:10] if group[0].date else None, note)
    others = [c for c in own if c.state != "given"]
    if others and not groups and not before:
        _write_not_given(others, rows, problems)
    elif others:
        for c in others:
            now = "the recorded infusion counts" if c.state == "planned" else "not read"
            problems.add_for(c.patient, c.row, f"{c.kind} of CAR T cells that is {_words(c)}", name="infusion", now=now)


def _words(candidate: Candidate) -> str:
    return "only planned or requested" if candidate.state == "planned" else "marked as not done"


def _day(candidate: Candidate) -> int | None:
    try:
        return date.fromisoformat(str(candidate.date)[:10]).toordinal()
    except ValueError:
        return None


def _grouped(dated: list[Candidate]) -> tuple[list[list[Candidate]], set[int]]:
    groups: list[list[Candidate]] = []
    split: set[int] = set()
    for candidate in dated:
        day = _day(candidate) or 0
        if groups and day - (_day(groups[-1][-1]) or 0) <= 1:
            groups[-1].append(candidate)
        elif groups and _second_half(groups[-1], candidate, day) and len(groups) - 1 not in split:
            split.add(len(groups) - 1)
            groups[-1].append(candidate)
        else:
            groups.append([candidate])
    return groups, split


def _second_half(group: list[Candidate], candidate: Candidate, day: int) -> bool:
    product = _product(group)
    if product not in product_ids() or candidate.product not in (product, OTHER):
        return False
    facts = product_facts(product)
    low, high = facts["split_min_days"], facts["split_max_days"]
    return isinstance(low, float) and isinstance(high, float) and low <= day - (_day(group[0]) or 0) <= high


def _product(group: list[Candidate]) -> str:
    ranked = sorted(group, key=lambda c: (c.product not in product_ids(), c.product == OTHER, _TRUST.get(c.kind, 9)))
    return ranked[0].product


def _place_undated(undated: list[Candidate], groups: list[list[Candidate]], problems: Problems) -> None:
    """Put records without a date to the one infusion they can belong to; alone they are an infusion without a day."""
    for candidate in undated:
        if len(groups) > 1:
            problems.add_for(
                candidate.patient,
                candidate.row,
                "infusion without a date beside several with one",
                name="infusion",
                now="not read",
                do="give its date",
            )
        elif groups:
            groups[0].append(candidate)
        else:
            groups.append([candidate])


def _report(group: list[Candidate], note: str | None, problems: Problems) -> None:
    first = group[0]
    known = {c.product for c in group} & set(product_ids())
    if len(known) > 1:
        problems.add_for(
            first.patient,
            first.row,
            f"one infusion with {len(known)} products",
            name="infusion",
            now=f"read as {_product(group)}",
            do="correct the product",
        )
    if note:
        problems.add_for(first.patient, first.row, "split dose", name="infusion", now="read as one infusion")
    elif len(group) > 1:
        kinds = " and ".join(sorted({c.kind for c in group}))
        problems.add_for(
            first.patient,
            first.row,
            f"infusion recorded {len(group)} times ({kinds}) on the same or the next day or without a date",
            name="infusion",
            now="read as one infusion",
            do="check that it was one",
        )
    if not any(c.date for c in group):
        problems.add_for(first.patient, first.row, "infusion without a full date", name="infusion", do="give its date")


def _write_not_given(others: list[Candidate], rows: Rows, problems: Problems) -> None:
    """A patient without any infusion: one row that says requested or not infused, without a day."""
    planned = [c for c in others if c.state == "planned"]
    group = planned or others
    first = group[0]
    problem = "CAR T cells requested, no administration found" if planned else "infusion marked as not done"
    now = "row without a day" if planned else "not_infused"
    problems.add_for(first.patient, first.row, problem, name="infusion", now=now, do="export the administration")
    when = REQUESTED if planned else None
    _write(rows, [c._replace(when=when) for c in group], "1", None, None if planned else "not_infused")


def _write(rows: Rows, group: list[Candidate], number: str, day: str | None, note: str | None) -> None:
    first = group[0]
    dosed = next((c for c in sorted(group, key=lambda c: _TRUST.get(c.kind, 9)) if c.dose is not None), first)
    sources = "; ".join(dict.fromkeys(c.source for c in group if c.source))
    when = next((c.when for c in group if c.when), None)
    if day is None and when is None and note is None and first.number is None:
        when = NO_DATE
    if day is not None and first.number is None:
        when = None
    columns = {key: value for c in group for key, value in c.columns.items()}
    rows.add(
        (
            first.patient,
            number,
            day,
            _product(group) or None,
            next((c.target for c in group if c.target), None),
            dosed.dose,
            dosed.dose_unit,
            note,
            when,
            sources or None,
            first.row,
        ),
        columns or None,
    )
