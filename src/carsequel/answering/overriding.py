"""A clinician's overrides beside the derived answers: both are shown, none replaces the other."""

from typing import Any

import polars as pl

from carsequel.record.course import Course


def overrides_part(course: Course, findings: pl.DataFrame) -> list[dict[str, Any]]:
    """Give each override of one patient with the derived answer it speaks of (null where none is found)."""
    defaults = findings.filter("default")
    shown = []
    for override in course.overrides.to_dicts():
        same = defaults.filter(
            (pl.col("criterion") == override["criterion"])
            & (pl.col("infusion") == override["infusion"])
            & (pl.col("kind") == override["kind"])
        )
        if override["period"]:
            same = same.filter(pl.col("period") == override["period"])
        derived = same["label"].to_list()
        value = f"grade {override['value']:g}" if override["value"] is not None else None
        shown.append(
            {
                "criterion": override["criterion"],
                "infusion": override["infusion"],
                "kind": override["kind"],
                "period": override["period"] or (same["period"].to_list() or [None])[0],
                "derived": derived[0] if derived else None,
                "override": override["label"] or value,
                "reason": override["reason"],
                "by": override["by"],
            }
        )
    return shown
