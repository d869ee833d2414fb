"""What happened and what was given: events, antigen at failure, drugs and the next line of synthetic patients."""

from typing import Final

import numpy as np
import polars as pl

from carsequel.mechanism import observe
from carsequel.synthetic.chance import Chance
from carsequel.synthetic.laboratory import B_DAYS, igg_levels
from carsequel.synthetic.marrow import FIRST, counts
from carsequel.synthetic.numbers import number
from carsequel.synthetic.reactions import Reactions
from carsequel.synthetic.tidy import CHART, LABORATORY, facts, spans, stretches
from carsequel.synthetic.virtual import Virtual
from carsequel.terms.products import target_from_text

NEXT: Final = {
    "LBCL": ("bispecific_cd20", "loncastuximab", "polatuzumab_based"),
    "MCL": ("btk_inhibitor", "lenalidomide", "bispecific_cd20"),
    "B-ALL": ("inotuzumab", "blinatumomab", "second_infusion"),
    "MM": ("bispecific_gprc5d", "bispecific_bcma", "supportive_care"),
}
OTHERWISE: Final = ("clinical_trial", "supportive_care")
BRIDGE: Final = {"LBCL": "polatuzumab vedotin", "B-ALL": "vincristine", "MM": "carfilzomib"}


def events(virtual: Virtual, reactions: Reactions, ids: pl.Series, chance: Chance) -> list[pl.DataFrame]:
    """Give the events: failure, death without it, an infection, and the last contact."""
    failed, died = np.isfinite(virtual.failure), virtual.death <= virtual.end
    failed &= virtual.failure <= virtual.end
    relapse = np.array([kind == "relapse" for kind in virtual.rows["failure_kind"]])[:, None]
    site = np.where(chance.uniform("death") < number("death_of_infection"), "infection", "unrelated")
    ends = {"text": "last_contact"}
    return [
        _event(ids, virtual.failure, failed, text=np.where(relapse, "relapse", "progression")),
        _event(ids, virtual.death, died, text="death", site=site),
        _event(ids, virtual.end, ~died, **ends),
        _infection(virtual, reactions, ids, chance),
    ]


def _event(ids: pl.Series, days: np.ndarray, keep: np.ndarray, **columns: object) -> pl.DataFrame:
    day = np.where(keep, days, 0.0)[:, None]
    return facts(ids, "event", day, keep[:, None], CHART, **columns)


def _infection(virtual: Virtual, reactions: Reactions, ids: pl.Series, chance: Chance) -> pl.DataFrame:
    """At most one, after the last day of CRS, so that the fever of CRS stays its own."""
    crs = reactions.crs > 0
    over = np.where(crs.any(axis=1), crs.shape[1] - crs[:, ::-1].argmax(axis=1), 1)
    day = over + np.floor(60 * chance.uniform("infection day")[:, 0])
    keep = (chance.uniform("infection")[:, 0] < number("infection")) & (day <= virtual.end)
    grade = 2.0 + (chance.uniform("infection grade") < 0.35)
    return _event(ids, day, keep, text="infection", value=grade)


def antigen_tests(virtual: Virtual, ids: pl.Series, chance: Chance) -> list[pl.DataFrame]:
    """Give the target antigen at failure: not everyone has a biopsy, and some tests are wrong."""
    target = target_from_text(virtual.product) or "CD19"
    failed = (virtual.failure <= virtual.end)[:, None]
    day = np.where(failed, virtual.failure[:, None], 0.0)
    took = chance.uniform("biopsy") < number("biopsied", virtual.disease, virtual.product)
    lost = (negative_share(virtual)[:, None] > 0.5) != (chance.uniform("antigen") < observe.number("antigen_error"))
    name = f"antigen_{target.lower()}"
    method = "flow cytometry" if virtual.disease in ("B-ALL", "MM") else "immunohistochemistry"
    text = np.where(lost, "negative", "positive")
    return [
        facts(ids, name, [-30.0], np.ones_like(failed), LABORATORY, text="positive", method=method),
        facts(ids, name, day, failed & took, LABORATORY, text=text, method=method),
        facts(ids, name, day, failed & ~took, LABORATORY, text="not_biopsied"),
        facts(ids, "event", day, failed & took, CHART, text="biopsy"),
    ]


def negative_share(virtual: Virtual) -> np.ndarray:
    """Give the true share [n] of tumour cells without the first antigen on the day of failure (0 without one)."""
    day = np.where(np.isfinite(virtual.failure), virtual.failure, 0.0)[:, None]
    tumour = virtual.on("tumour", day)[:, 0]
    share = virtual.on("negative", day)[:, 0] / np.maximum(tumour, 1.0)
    return np.asarray(np.where(np.isfinite(virtual.failure), share, 0.0))


def treatments(virtual: Virtual, kinds: list[str], ids: pl.Series, chance: Chance, last: int) -> list[pl.DataFrame]:
    """Give the drugs before and after the infusion and the next line after failure."""
    every = np.ones(len(kinds), dtype=bool)
    bridged = chance.uniform("bridging")[:, 0] < number("bridging")
    bridge = BRIDGE.get(virtual.disease, "chemotherapy")
    return [
        spans(ids, "drug", -5, -3, every, text="fludarabine", role="lymphodepletion"),
        spans(ids, "drug", -5, -3, every, text="cyclophosphamide", role="lymphodepletion"),
        spans(ids, "drug", -24, -22, bridged, text=bridge, role="bridging"),
        _growth_factor(virtual, kinds, ids, chance),
        *_immunoglobulin(virtual, ids, chance),
        *_next_line(virtual, ids, chance, last),
    ]


def _growth_factor(virtual: Virtual, kinds: list[str], ids: pl.Series, chance: Chance) -> pl.DataFrame:
    low = counts("anc", kinds, chance, 30)[:, 7 - FIRST :] <= 0.5
    alive = np.arange(7, 31)[None, :] <= virtual.end[:, None]
    return stretches(ids, "drug", 7, low & alive, text="filgrastim", role="growth_factor")


def _immunoglobulin(virtual: Virtual, ids: pl.Series, chance: Chance) -> list[pl.DataFrame]:
    low = (igg_levels(virtual, chance) < number("igg_given")) & (virtual.disease != "MM")
    given = low & (B_DAYS[None, :] <= virtual.end[:, None]) & (B_DAYS[None, :] <= 180)
    role = {"text": "immunoglobulin", "role": "immunoglobulin"}
    return [spans(ids, "drug", day, day, given[:, at], **role) for at, day in enumerate(B_DAYS) if given[:, at].any()]


def _next_line(virtual: Virtual, ids: pl.Series, chance: Chance, last: int) -> list[pl.DataFrame]:
    start = virtual.failure + number("therapy_after")
    choices = NEXT.get(virtual.disease, OTHERWISE)
    chosen = np.floor(len(choices) * chance.uniform("next line")[:, 0])
    given = start <= np.minimum(virtual.end, last)
    first = np.where(given, start, 0.0)
    rows = [spans(ids, "therapy", first, np.nan, given & (chosen == at), text=name, role="next_line")
            for at, name in enumerate(choices)]  # fmt: skip
    return [row.with_columns(pl.col("end").fill_nan(None)) for row in rows]
