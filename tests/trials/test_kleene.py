"""Three-valued logic: its laws, and that an answer stands whatever the unknown turn out to be."""

from itertools import product

import numpy as np
from asking_trees import trees, value_of, variables_of
from hypothesis import given
from hypothesis import strategies as st

from carsequel.options.trials.kleene import NO, UNKNOWN, YES, all_of, any_of, not_, settled, truth_of

TRUTHS = st.lists(st.sampled_from([NO, UNKNOWN, YES]), min_size=5, max_size=5).map(truth_of)


@given(TRUTHS, TRUTHS)
def test_de_morgan(a, b):
    assert (not_(all_of([a, b], 5)) == any_of([not_(a), not_(b)], 5)).all()
    assert (not_(not_(a)) == a).all()


@given(TRUTHS, TRUTHS, TRUTHS)
def test_order_and_nesting_do_not_matter(a, b, c):
    assert (all_of([a, b, c], 5) == all_of([c, all_of([b, a], 5)], 5)).all()
    assert (any_of([a, all_of([b, c], 5)], 5) == all_of([any_of([a, b], 5), any_of([a, c], 5)], 5)).all()


@given(TRUTHS, TRUTHS, st.integers(0, 4), st.sampled_from([NO, YES]))
def test_more_knowledge_never_turns_an_answer_round(a, b, place, learned):
    for join in (all_of, any_of):
        before = join([a, b], 5)[place]
        if a[place] == UNKNOWN:
            later = a.copy()
            later[place] = learned
            assert before == UNKNOWN or join([later, b], 5)[place] == before


@given(trees())
def test_an_answer_holds_in_every_world_that_the_unknown_allow(tree):
    names, values = variables_of(tree)
    answer = value_of(tree, values)
    worlds = {
        value_of(tree, dict(zip(names, world, strict=True)))
        for world in product(*([values[n]] if values[n] != UNKNOWN else [NO, YES] for n in names))
    }
    assert answer == UNKNOWN or worlds == {answer}
    if len(worlds) > 1:
        assert answer == UNKNOWN


def test_nothing_asked():
    assert all_of([], 2).tolist() == [YES, YES]
    assert any_of([], 2).tolist() == [NO, NO]


def test_what_claims_both_is_unknown():
    both = np.array([True])
    assert settled(both, both).tolist() == [UNKNOWN]
