"""The patient, the performance status and the state of the data, as parts of the answer."""

from typing import Any

import polars as pl

from carsequel.record.course import Course
from carsequel.risks.performance import last_performance
from carsequel.terms.products import product_facts, product_ids

SHOWN_PROBLEMS = 200


def patient_part(course: Course) -> dict[str, Any]:
    """Give who the patient is and what was infused: disease, age, sex, product, target, infusions."""
    person = course.patients.row(0, named=True)
    infusions = course.infusions.sort("infusion").to_dicts()
    first = infusions[0] if infusions else {}
    product = first.get("product")
    name = f"{product_facts(product)['name']} ({product})" if product in product_ids() else product
    return {
        "disease": person["disease"],
        "disease_detail": person["disease_detail"],
        "age": person["age"],
        "age_band": person["age_band"],
        "sex": person["sex"],
        "product": product,
        "product_name": name,
        "product_given": first.get("product_name"),
        "target": first.get("target"),
        "died": _died(course),
        "infusions": [
            {
                key: row.get(key)
                for key in ("infusion", "day", "when", "product", "target", "dose", "dose_unit", "source")
            }
            for row in infusions
        ],
    }


def _died(course: Course) -> str | None:
    """Give the day and the stated cause of death in words, None where no death is recorded."""
    deaths = course.facts.filter((pl.col("name") == "event") & (pl.col("text") == "death")).sort(
        "clock", nulls_last=True
    )
    if deaths.is_empty():
        return None
    row = deaths.row(0, named=True)
    day = f"day {row['clock']:g}" if row["clock"] is not None else f"day not given ({row['when'] or 'no words'})"
    return f"{day}; cause: {(row['site'] or 'not stated').replace('_', ' ')}"


def performance_part(course: Course) -> dict[str, Any]:
    """Give the last performance status with its day, or say that none is recorded."""
    rows = last_performance(course).to_dicts()
    if not rows:
        return {"ecog": None, "karnofsky": None, "day": None, "when": None, "text": "performance status not recorded"}
    last = rows[0]
    day = f"day {last['clock']:g}" if last["clock"] is not None else last["when"] or "day not given"
    words = {"ecog": "ECOG", "karnofsky": "Karnofsky"}[last["name"]]
    return {
        "ecog": last["value"] if last["name"] == "ecog" else None,
        "karnofsky": last["value"] if last["name"] == "karnofsky" else None,
        "day": last["clock"],
        "when": last["when"],
        "text": f"{words} {last['value']:g} ({day})",
        "facts": last["source"],
    }


def data_part(course: Course) -> dict[str, Any]:
    """Give how many rows the answer rests on, how many were refused or doubted, and which."""
    rows = sum(frame.height for frame in (course.infusions, course.facts, course.spans, course.lesions))
    counts = dict(course.report.group_by("status").len().rows())
    problems = course.report.filter(pl.col("status") != "converted").head(SHOWN_PROBLEMS)
    return {
        "rows": rows,
        "refused": counts.get("refused", 0),
        "doubts": counts.get("doubt", 0),
        "converted": counts.get("converted", 0),
        "problems": problems.to_dicts(),
    }
