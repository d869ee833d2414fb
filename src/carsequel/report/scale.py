"""The day axis of the timeline: one continuous map from days to paper, with more room for the first weeks."""

from bisect import bisect_right
from typing import Final, NamedTuple

STRAIGHT: Final = 120.0
EARLY_END: Final = 40.0
EARLY_SHARE: Final = 0.52
BEFORE: Final = -14.0
BEFORE_SHARE: Final = 0.12
STEPS: Final = (1, 2, 5, 7, 10, 14, 30, 60, 90, 180, 365, 730, 1825, 3650)


class DayAxis(NamedTuple):
    """Days at which the scale changes, first and last included, and where they lie between 0 and 1."""

    days: tuple[float, ...]
    places: tuple[float, ...]

    def place(self, day: float) -> float:
        """Give where a day lies between the left edge (0) and the right edge (1)."""
        piece = min(max(bisect_right(self.days, day), 1), len(self.days) - 1)
        low, high = self.days[piece - 1], self.days[piece]
        left, right = self.places[piece - 1], self.places[piece]
        return left + (right - left) * (day - low) / (high - low)

    def ticks(self, width: float, room: float) -> list[float]:
        """Give round days, at least `room` apart on an axis `width` wide (same unit of length)."""
        found: list[float] = []
        for first, last, left, right in zip(self.days, self.days[1:], self.places, self.places[1:], strict=False):
            length = (right - left) * width
            step = next((s for s in STEPS if (last - first) / s * room <= length), STEPS[-1])
            tick = step * -(-first // step) + 0.0
            while tick <= last:
                if not found or (self.place(tick) - self.place(found[-1])) * width >= room * 0.999:
                    found.append(tick)
                tick += step
        return found


def day_axis(days: list[float]) -> DayAxis:
    """Give the axis that holds every day: straight up to 120 days, beyond that with the first 40 days widened.

    >>> axis = day_axis([0.0, 400.0])
    >>> round(axis.place(0.0), 3), round(axis.place(400.0), 2), len(axis.days)
    (0.01, 0.99, 3)
    """
    low, high = min([*days, 0.0]), max([*days, 30.0])
    pad = 0.01
    if high - low <= STRAIGHT:
        margin = (high - low) * pad
        return DayAxis((low - margin, high + margin), (0.0, 1.0))
    stops = [(low, pad)]
    if low < 2 * BEFORE:
        stops.append((BEFORE, BEFORE_SHARE))
    if high > EARLY_END * 2:
        stops.append((EARLY_END, EARLY_SHARE))
    stops.append((high, 1 - pad))
    left = (stops[1][0] - stops[0][0]) / (stops[1][1] - stops[0][1]) * pad
    right = (stops[-1][0] - stops[-2][0]) / (stops[-1][1] - stops[-2][1]) * pad
    inner = stops[1:-1]
    return DayAxis((low - left, *(day for day, _ in inner), high + right), (0.0, *(place for _, place in inner), 1.0))
