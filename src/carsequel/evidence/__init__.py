"""What was published: one number a row, with its n, interval, source, status and role.

Six tables, all text in the file and typed by `evidence.rows`: `outcomes` (pivotal trials and registries), `options`
(what was given after failure), `mechanisms` (why it failed), `prognosis` (after failure), `side_effects`, and `targets`
(curve points a model is compared with; only rows of role `calibrate` may be fitted). A cell of `disease`, `option`,
`cause` or `product` may name several, joined with a semicolon. `words` holds the original wording where it is no plain
number; an approximate n stands in `n_note` and leaves `n` empty.
"""
