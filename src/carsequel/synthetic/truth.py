"""The truth beside a synthetic record: outcome, causes, parameters, and grades from the days as they were.

The grades here are the generator's own reading of its own series, patient by patient; they do not ask the criteria
that grade a record, so that each can test the other.
"""

import numpy as np
import polars as pl

from carsequel.synthetic.chance import Chance
from carsequel.synthetic.happenings import negative_share
from carsequel.synthetic.marrow import FIRST, counts
from carsequel.synthetic.reactions import LAST, Reactions
from carsequel.synthetic.virtual import Floats, Virtual

OUTCOME = ("best_response", "failure_day", "failure_kind", "death_day", "cmax", "tmax", "auc28", "b_cells_back_day")


def truth_of(virtual: Virtual, reactions: Reactions, kinds: list[str], ids: pl.Series, chance: Chance) -> pl.DataFrame:
    """Give one row a patient: disease, product, outcome, `record_end`, `antigen_negative_share` at failure, `cause`
    (that with the largest share, `;` between equals), `recovery`, the gravest grades of CRS, ICANS and early ICAHT from
    day 0 to 30, the grades of every day (`crs_days`, `icans_days`: one digit a day), and the parameters."""
    anc = counts("anc", kinds, chance, LAST)[:, -FIRST:]
    last = np.minimum(virtual.end, LAST).astype(int)
    died = virtual.death <= virtual.end
    shown = [anc[at, : last[at] + 1] if died[at] else anc[at] for at in range(len(kinds))]
    parameters = {f"p_{name}": values for name, values in virtual.parameters.items()}
    return pl.DataFrame(
        {
            "patient": ids,
            "synthetic": pl.repeat(True, len(ids), eager=True),
            "disease": pl.repeat(virtual.disease, len(ids), eager=True),
            "product": pl.repeat(virtual.product, len(ids), eager=True),
            **{name: virtual.rows[name] for name in OUTCOME},
            "record_end": virtual.end,
            "antigen_negative_share": negative_share(virtual),
            "cause": pl.Series(virtual.cause, dtype=pl.String),
            "recovery": kinds,
            "crs": reactions.crs.max(axis=1),
            "icans": reactions.icans.max(axis=1),
            "icaht_early": [icaht(days) for days in shown],
            "crs_days": ["".join(map(str, row)) for row in reactions.crs],
            "icans_days": ["".join(map(str, row)) for row in reactions.icans],
            **parameters,
        }
    )


def icaht(anc: Floats) -> int:
    """Give the grade of early ICAHT from the neutrophils (10^9/L) of every day from 0 to 30 (rejeski2023).

    >>> icaht(np.array([2.0, 0.4, 0.4, 0.9, 0.9, 0.4, 3.0]))
    1
    """
    if anc.size == LAST + 1 and (anc <= 0.5).all():
        return 4
    very, low = _longest(anc <= 0.1), _longest(anc <= 0.5)
    if very >= 14:
        return 4
    if low >= 14 or very >= 7:
        return 3
    return 2 if low >= 7 else int(low >= 1)


def _longest(low: np.ndarray) -> int:
    """The longest run of low days, one or two other days between them counted."""
    longest, start, before = 0, None, None
    for day in np.flatnonzero(low).tolist():
        if start is None or before is None or day - before > 3:
            start = day
        before = day
        longest = max(longest, day - start + 1)
    return longest
