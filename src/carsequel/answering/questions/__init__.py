"""The ten questions people ask, answered from the record, the evidence rows and the model where there is one."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from carsequel.answering.questions.plainly import HAND_ON, PLAINLY
from carsequel.answering.questions.quoting import PLACE, disputed, n_words, points_for
from carsequel.answering.questions.told import TOLD
from carsequel.terms.tables import read_table

__all__ = ["HAND_ON", "questions_part"]
DIED = "Not given: a death is on record."
NOTHING = "No published number for this question in this disease was retrieved."


def questions_part(parts: Mapping[str, Any], today: date | None = None) -> list[dict[str, Any]]:
    """Give the ten questions: id, question, answer (for the clinician; `told` is its part of the record),
    plain_question, plain, n (words), source, disputed (markers on which cohorts disagree), points.

    `parts` is the answer made so far (failure, causes, options, danger, signs, risks, research, sentences). Each of
    `points` is a published row with its n, interval, source and mark; `stale` is set where `today` is given. No number
    stands in `answer` or `plain` without its n beside it.
    """
    disease = (parts.get("patient_facts") or {}).get("disease")
    asked = read_table(PLACE, "questions.csv").to_dicts()
    return [_question(row, parts, disease, today) for row in asked]


def _question(row: dict[str, Any], parts: Mapping[str, Any], disease: str | None, today: date | None) -> dict[str, Any]:
    points = points_for(row["id"], disease, today)
    published = f"Published: {'; '.join(point['text'] for point in points)}." if points else NOTHING
    dispute = disputed(points)
    between = f" Cohorts disagree: {'; '.join(dispute)}." if dispute else ""
    told = TOLD[row["id"]](parts) + between
    died = bool((parts.get("patient_facts") or {}).get("died"))
    plain = [PLAINLY[row["id"]](parts), *(point["plain"] for point in points if point["plain"])]
    return {
        "id": row["id"],
        "question": row["question"],
        "told": told,
        "answer": f"{told} {published}",
        "plain_question": row["plain"],
        "plain": DIED if died else " ".join(plain),
        "n": "; ".join(dict.fromkeys(n_words(point) for point in points)) or None,
        "source": "; ".join(dict.fromkeys(point["source"] for point in points)) or None,
        "disputed": dispute,
        "points": points,
    }
