"""Finding a row for every bar and mark of a strip so that no two of them, nor their words, overlap."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from carsequel.report.scale import DayAxis
from carsequel.report.strips import Mark, Strip

LETTER: Final = 0.6
POINTS: Final = 72.0
LONGEST: Final = 46


class Placed(NamedTuple):
    """One bar or mark with its row and, between 0 and 1 on the axis, its edges and where its words begin."""

    row: int
    bar: bool
    open: bool
    day: float
    left: float
    right: float
    text_left: float
    text: str
    role: str


def shorten(text: str) -> str:
    """Give a label that fits: longer words are cut with an ellipsis.

    >>> shorten("a" * 60)[-3:], len(shorten("a" * 60))
    ('aa…', 46)
    """
    flat = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"


def pack(strip: Strip | Sequence[Mark], axis: DayAxis, width: float, font: float) -> list[Placed]:
    """Give each bar and mark the first row in which it and its words are free (`width` in inches, `font` in points).

    Bars of the same words share a row where they can; words that would leave the paper stand left of their place.
    """
    marks, bars = (strip.marks, strip.bars) if isinstance(strip, Strip) else (strip, ())
    items = [_mark(mark, axis, width, font) for mark in marks]
    items += [_bar(bar.start, bar.end, bar.text, bar.role, axis, width, font) for bar in bars]
    items.sort(key=lambda item: item[0].left)
    taken: list[list[tuple[float, float]]] = []
    placed = []
    for item, start, end in items:
        row = next((i for i, used in enumerate(taken) if all(end <= a or start >= b for a, b in used)), len(taken))
        if row == len(taken):
            taken.append([])
        taken[row].append((start, end))
        placed.append(item._replace(row=row))
    return placed


def _length(text: str, width: float, font: float) -> float:
    return len(shorten(text)) * LETTER * font / POINTS / width


def _mark(mark: Mark, axis: DayAxis, width: float, font: float) -> tuple[Placed, float, float]:
    here, long, gap = axis.place(mark.day), _length(mark.text, width, font), 0.05 / width
    beside = here + gap if here + gap + long <= 1 else here - gap - long
    item = Placed(0, False, False, mark.day, here, here, beside, mark.text, mark.role)
    return item, min(here, beside) - gap, max(here, beside + long) + gap


def _bar(
    start: float, end: float | None, text: str, role: str, axis: DayAxis, width: float, font: float
) -> tuple[Placed, float, float]:
    gap = 0.04 / width
    left = axis.place(start)
    right = min(1.0, max(axis.place(end), left + gap)) if end is not None else 1.0
    long = _length(text, width, font)
    if long + gap <= right - left:
        beside = left + gap / 2
    elif right + gap + long <= 1:
        beside = right + gap
    else:
        beside = max(0.0, left - gap - long)
    item = Placed(0, True, end is None, start, left, right, beside, text, role)
    return item, min(left, beside) - gap, max(right, beside + long) + gap
