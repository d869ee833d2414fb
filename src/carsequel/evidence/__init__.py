"""What was published: one number a row, with its n, interval, source, status and role.

Six tables, all text in the file and typed by `evidence.rows`: `outcomes` (pivotal trials and registries), `options`
(what was given after failure), `mechanisms` (why it failed), `prognosis` (after failure), `side_effects`, and `targets`
(curve points a model is compared with; only rows of role `calibrate` may be fitted). A cell of `disease`, `option`,
`cause` or `product` may name several, joined with a semicolon. `words` holds the original wording where it is no plain
number; an approximate n stands in `n_note` and leaves `n` empty. `scale` names how a toxicity was graded. `conflicts`
says where cohorts disagree, `review` when a row is due for another look.
"""

from carsequel.evidence.conflicts import conflict_words, conflicting_rows
from carsequel.evidence.review import is_stale, review_period, with_review
from carsequel.evidence.rows import base_rates, evidence_rows, rows_for_option

__all__ = [
    "base_rates",
    "conflict_words",
    "conflicting_rows",
    "evidence_rows",
    "is_stale",
    "review_period",
    "rows_for_option",
    "with_review",
]
