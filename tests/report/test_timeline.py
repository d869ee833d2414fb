"""The day axis and the packing of the timeline: nothing is hidden, nothing overlaps."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from carsequel.report.packing import pack
from carsequel.report.scale import day_axis
from carsequel.report.strips import Bar, Mark, Strip

DAYS = st.floats(-3000, 6000, allow_nan=False)


@given(st.lists(DAYS, min_size=1, max_size=30))
def test_every_day_has_its_own_place_in_order(days: list[float]) -> None:
    axis = day_axis(days)
    places = [axis.place(day) for day in sorted(days)]
    assert all(0 <= place <= 1 for place in places)
    assert places == sorted(places)
    assert all(a < b for a, b in itertools.pairwise(axis.days)) and all(
        a < b for a, b in itertools.pairwise(axis.places)
    )
    ticks = axis.ticks(6.5, 0.3)
    assert all((axis.place(b) - axis.place(a)) * 6.5 >= 0.29 for a, b in itertools.pairwise(ticks))


@settings(deadline=None)
@given(st.lists(st.tuples(DAYS, st.floats(0, 300), st.booleans(), st.text(max_size=60)), max_size=15))
def test_bars_and_words_never_overlap(given_bars: list[tuple[float, float, bool, str]]) -> None:
    bars = tuple(Bar(start, None if going else start + long, text, "") for start, long, going, text in given_bars)
    marks = tuple(Mark(start, text, "") for start, _, _, text in given_bars)
    axis = day_axis([bar.start for bar in bars] + [bar.end for bar in bars if bar.end is not None])
    placed = pack(Strip("x", bars, marks), axis, 6.5, 6.6)
    assert len(placed) == 2 * len(given_bars)
    for one, two in itertools.combinations(placed, 2):
        if one.row == two.row:
            assert one.right <= two.left or two.right <= one.left
