"""Random rules over named unknowns, for the laws of the logic."""

from typing import Any

from hypothesis import strategies as st

from carsequel.options.trials.kleene import all_of, any_of, not_, truth_of

NAMES = "abcd"
Tree = Any


def trees() -> st.SearchStrategy[tuple[Tree, dict[str, int]]]:
    leaf = st.sampled_from(NAMES)
    joined = st.recursive(
        leaf,
        lambda part: st.one_of(
            st.tuples(st.just("not"), st.tuples(part)),
            st.tuples(st.sampled_from(["all", "any"]), st.lists(part, min_size=1, max_size=3).map(tuple)),
        ),
        max_leaves=6,
    )
    values = st.fixed_dictionaries({name: st.integers(0, 2) for name in NAMES})
    return st.tuples(joined, values)


def variables_of(tree: tuple[Tree, dict[str, int]]) -> tuple[list[str], dict[str, int]]:
    return list(NAMES), tree[1]


def value_of(tree: tuple[Tree, dict[str, int]], values: dict[str, int]) -> int:
    return int(_value(tree[0], values)[0])


def _value(tree: Tree, values: dict[str, int]) -> Any:
    if isinstance(tree, str):
        return truth_of([values[tree]])
    parts = [_value(part, values) for part in tree[1]]
    if tree[0] == "not":
        return not_(parts[0])
    return all_of(parts, 1) if tree[0] == "all" else any_of(parts, 1)
