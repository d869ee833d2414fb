"""What of a patient a published row is compared with: the line, LDH, and the antigens as they were last read."""

from typing import Any

import polars as pl

from carsequel.causes.seen import seen_facts
from carsequel.options.antigen_now import antigen_now
from carsequel.record import Course
from carsequel.risks.pc_pi import score_pc_pi


def patient_context(course: Course, verdict: dict[str, Any]) -> dict[str, Any]:
    """Give the verdict with `next_line` (the lowest number the next therapy can have: lines before the infusion, CAR T
    cells, and one), `line_recorded`, `ldh_raised` (boolean, None where not known) and `antigens` (name: reading)."""
    frame = pl.DataFrame([verdict], infer_schema_length=None)
    seen = seen_facts(course, frame, "prior_line", "ldh")
    before = seen.filter((pl.col("name") == "prior_line") & (pl.col("phase") != "after"))["value"].max()
    ldh = seen.filter((pl.col("name") == "ldh") & (pl.col("phase") == "after") & pl.col("value").is_not_null())
    last = ldh.sort("since", nulls_last=False).tail(1).to_dicts()
    known = last[0] if last and last[0]["uln"] is not None else None
    readings = antigen_now(course).filter(pl.col("patient") == verdict["patient"])
    return verdict | {
        "next_line": (int(before) if isinstance(before, (int, float)) else 0) + 2,
        "line_recorded": before is not None,
        "ldh_raised": None if known is None else bool(known["value"] > known["uln"]),
        "antigens": dict(readings.select("antigen", "reading").iter_rows()),
    }


def prognostic_factors(course: Course, verdict: dict[str, Any]) -> dict[str, int] | None:
    """Give the count of adverse PC-PI factors at the failure where the record settles it (`adverse`), else None."""
    if verdict["disease"] != "LBCL" or verdict["day"] is None:
        return None
    failed = pl.DataFrame({name: [verdict[name]] for name in ("patient", "infusion", "day")})
    found = score_pc_pi(course, failed).filter("default", pl.col("infusion") == verdict["infusion"])
    count = found["value"].drop_nulls().to_list()
    return {"adverse": int(count[0])} if count else None
