"""The timeline of one patient as inline SVG: one day axis, one lane per kind of data, nothing drawn twice."""

import io
import math
import re
import textwrap
import warnings
from typing import Any, Final

from carsequel.report.lanes import Curve, Series, Timeline
from carsequel.report.packing import Placed, pack, shorten
from carsequel.report.scale import DayAxis, day_axis
from carsequel.report.wording import number

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 8.3, 1.62, 0.12, 0.26, 0.42
PLOT: Final = WIDTH - LEFT - RIGHT
CURVE, ROW, GAP, FONT = 0.56, 0.145, 0.1, 6.6
INK, GREY, FAINT = "#1b1f24", "#5b6570", "#d9dee3"
BLUE, SKY, GREEN, ORANGE, VERMILLION, PURPLE, YELLOW = (
    "#0072B2",
    "#56B4E9",
    "#009E73",
    "#E69F00",
    "#D55E00",
    "#CC79A7",
    "#F0E442",
)
LINES: Final = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, INK)
DASHES: Final = ("-", "--", ":", "-.")
ROLES: Final = {
    "bridging": ORANGE,
    "lymphodepletion": YELLOW,
    "toxicity": VERMILLION,
    "growth_factor": SKY,
    "antimicrobial": GREEN,
    "immunoglobulin": GREEN,
    "next_line": PURPLE,
    "therapy": PURPLE,
    "grade ?": "#ffffff",
    "grade 0": "#e8edf2",
    "grade 1": "#cfe3f1",
    "grade 2": "#8fc1e3",
    "grade 3": ORANGE,
    "grade 4": VERMILLION,
    "grade 5": INK,
}
MARKERS: Final = {"seen": "o", "approximate": "o", "below": "v", "zero": "v", "above": "^", "doubted": "x"}
SETTINGS: Final = {
    "svg.fonttype": "none",
    "font.size": FONT,
    "axes.linewidth": 0.5,
    "path.simplify": True,
    "font.family": "DejaVu Sans",
}


def timeline_svg(timeline: Timeline, *, synthetic: bool) -> str:
    """Give the timeline as one or two `<svg>` elements on the same day axis (days from the first infusion): what
    happened, and below it what was measured; empty where nothing has a day.

    Watermarked SYNTHETIC on request. The day axis is straight up to 120 days; beyond, its scale changes at dashed
    lines and stays continuous, so nothing is cut out.
    """
    if not timeline.days():
        return ""
    axis = day_axis(timeline.days())
    heads = ("Infusions", pack(timeline.infusions, axis, PLOT, FONT))
    strips = [heads, *((strip.title, pack(strip, axis, PLOT, FONT)) for strip in timeline.strips)]
    happened = _figure(timeline, axis, strips, (), synthetic)
    return happened + (_figure(timeline, axis, [], timeline.curves, synthetic) if timeline.curves else "")


def _figure(
    timeline: Timeline,
    axis: DayAxis,
    strips: list[tuple[str, list[Placed]]],
    curves: tuple[Curve, ...],
    synthetic: bool,
) -> str:
    import matplotlib
    from matplotlib.figure import Figure

    rows = [*(_rows(placed) * ROW for _, placed in strips), *(CURVE for _ in curves)]
    height = TOP + BOTTOM + sum(rows) + GAP * len(rows)
    salt = {"svg.hashsalt": "measured" if curves else "happened"}
    with matplotlib.rc_context(SETTINGS | salt), warnings.catch_warnings():  # type: ignore[arg-type]
        warnings.simplefilter("ignore")  # a glyph the measuring font lacks is still drawn by the reader's font
        figure = Figure(figsize=(WIDTH, height))
        _background(figure, timeline, axis, height)
        lanes = _lanes(figure, rows, height)
        for lane, (title, placed) in zip(lanes, strips, strict=False):
            _draw_strip(lane, title, placed, axis)
        for lane, curve in zip(lanes[len(strips) :], curves, strict=True):
            _draw_curve(lane, curve, axis)
        if synthetic:
            _watermark(figure, height)
        shown = "measured values" if curves else "what happened"
        return as_svg(figure, f"Timeline in days from the first infusion: {shown}")


def _rows(placed: list[Placed]) -> int:
    return 1 + max((item.row for item in placed), default=0)


def _lanes(figure: Any, rows: list[float], height: float) -> list[Any]:
    lanes, top = [], height - TOP
    for tall in rows:
        bottom = top - tall
        lane = figure.add_axes((LEFT / WIDTH, bottom / height, PLOT / WIDTH, tall / height))
        lane.set(xlim=(0, 1), xticks=[], facecolor="none")
        for side in ("top", "right", "bottom"):
            lane.spines[side].set_visible(False)
        lane.spines["left"].set_color(GREY)
        lanes.append(lane)
        top = bottom - GAP
    return lanes


def _background(figure: Any, timeline: Timeline, axis: DayAxis, height: float) -> None:
    """Draw what runs through all lanes: day ticks, infusions, the days of failure, changes of scale."""
    span = (height - TOP - BOTTOM) / height
    back = figure.add_axes((LEFT / WIDTH, BOTTOM / height, PLOT / WIDTH, span), zorder=-1)
    back.set(xlim=(0, 1), ylim=(0, 1), yticks=[])
    ticks = axis.ticks(PLOT, 0.3)
    back.set_xticks([axis.place(day) for day in ticks], [number(float(day)) for day in ticks])
    back.tick_params(top=True, labeltop=True, length=2, width=0.5, color=GREY, labelcolor=GREY, pad=2)
    back.grid(axis="x", color=FAINT, linewidth=0.4)
    back.set_axisbelow(True)
    for side in back.spines.values():
        side.set(color=FAINT)
    changes = "; the scale changes at the dashed line" + "s" * (len(axis.days) > 3) if len(axis.days) > 2 else ""
    back.set_xlabel(f"days from the first infusion{changes}", color=INK, labelpad=3)
    for place in axis.places[1:-1]:
        back.axvline(place, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)))
    for mark in timeline.infusions:
        back.axvline(axis.place(mark.day), color=BLUE, linewidth=1.1)
    if timeline.failure:
        low, high = (axis.place(day) for day in timeline.failure)
        back.axvspan(low, high, facecolor=VERMILLION, alpha=0.16, linewidth=0)
        back.axvline(high, color=VERMILLION, linewidth=1.1)


def _title(lane: Any, title: str, unit: str = "") -> None:
    text = "\n".join(textwrap.wrap(title, 22))
    aside = -(LEFT - 0.04) / PLOT
    lane.text(aside, 1, text, transform=lane.transAxes, va="top", weight="bold", color=INK, parse_math=False)
    if unit:
        down = 1 - 0.115 * (text.count("\n") + 1) / CURVE
        lane.text(aside, down, shorten(unit), transform=lane.transAxes, va="top", color=GREY, parse_math=False)


def _draw_strip(lane: Any, title: str, placed: list[Placed], axis: DayAxis) -> None:
    lane.set(ylim=(_rows(placed), 0), yticks=[])
    lane.spines["left"].set_visible(False)
    _title(lane, title)
    for item in placed:
        middle = item.row + 0.5
        if item.bar:
            colour = ROLES.get(item.role, FAINT)
            lane.barh(middle, item.right - item.left, 0.74, item.left, color=colour, edgecolor=GREY, linewidth=0.4)
            if item.open:
                lane.plot(item.right, middle, ">", color=GREY, markersize=2.6, clip_on=False)
        else:
            lane.plot(axis.place(item.day), middle, "D", color=INK, markersize=2.2, clip_on=False)
        inside = item.bar and item.text_left < item.right
        ink = "#ffffff" if inside and item.role in ("grade 5", "grade 4") else INK
        words = lane.text(item.text_left, middle, shorten(item.text), va="center", color=ink, parse_math=False)
        if not inside:
            words.set_bbox({"facecolor": "#ffffff", "alpha": 0.6, "pad": 0.3, "linewidth": 0})


def _draw_curve(lane: Any, curve: Curve, axis: DayAxis) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    kept = [p.value for line in curve.series for p in line.points if p.kind != "doubted"]
    positive = [value for value in kept if value > 0]
    if curve.log and positive:
        low, high = min(positive) / 2, max(positive) * 2
        lane.set(yscale="log", ylim=(low, max(high, low * 20)))
        lane.yaxis.set_major_locator(LogLocator(subs=(1.0,) if high / low >= 100 else (1.0, 3.0), numticks=4))
        lane.yaxis.set_minor_locator(NullLocator())
    else:
        top = max([*kept, curve.limit or 0.0]) or 1.0
        lane.set(ylim=(-0.04 * top, top * 1.14))
        lane.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 2.5, 5, 10]))
    lane.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(float(value))))
    lane.tick_params(axis="y", length=2, width=0.5, pad=1.5, color=GREY, labelcolor=GREY, labelsize=5.8)
    _title(lane, curve.title, curve.unit)
    if curve.limit:
        lane.axhline(curve.limit, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)))
    for place, line in enumerate(curve.series):
        _draw_line(lane, line, axis, place, curve.breaks)
    if 1 < len(curve.series) <= len(LINES):
        legend = lane.legend(loc="upper right", frameon=False, fontsize=5.8, ncols=3, borderpad=0, borderaxespad=0)
        for text, line in zip(legend.get_texts(), curve.series, strict=True):
            text.set(parse_math=False, text=shorten(line.name))


def _draw_line(lane: Any, line: Series, axis: DayAxis, place: int, breaks: tuple[float, ...]) -> None:
    colour = LINES[place % len(LINES)]
    floor, ceiling = lane.get_ylim()
    sound = [p for p in line.points if p.kind != "doubted"]
    spots = {p: (axis.place(p.day), min(max(p.value, floor), ceiling)) for p in line.points}
    style = DASHES[place % len(DASHES)]
    path = sorted([*((p.day, *spots[p]) for p in sound), *((day, axis.place(day), math.nan) for day in breaks)])
    xs, ys = [x for _, x, _ in path], [y for _, _, y in path]
    lane.plot(xs, ys, color=colour, linewidth=0.9, linestyle=style, label=f"line {place}", clip_on=False)
    for kind, marker in MARKERS.items():
        at = [spots[p] for p in line.points if p.kind == kind]
        if not at:
            continue
        fill = colour if kind in ("seen", "above") else "#ffffff"
        lane.plot(
            [x for x, _ in at],
            [y for _, y in at],
            marker,
            markersize=2.8 if kind != "doubted" else 3.6,
            markerfacecolor=fill,
            markeredgecolor=GREY if kind == "doubted" else colour,
            markeredgewidth=0.8,
            clip_on=False,
        )
    for point in line.points:
        if point.kind == "doubted" and not floor <= point.value <= ceiling:
            x, y = spots[point]
            lane.text(x + 0.008, y, number(point.value), va="top", color=GREY, size=5.8)


def _watermark(figure: Any, height: float) -> None:
    for part in range(1, 1 + max(1, round(height / 3.5))):
        y = 1 - (part - 0.5) / max(1, round(height / 3.5))
        middle = {"ha": "center", "va": "center", "rotation": 18}
        figure.text(0.58, y, "SYNTHETIC", size=46, alpha=0.13, color=VERMILLION, weight="bold", **middle)


def as_svg(figure: Any, what: str) -> str:
    """Give a matplotlib figure as one small `<svg>` element for a page; `what` is read out to who cannot see it."""
    paper = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(paper, format="svg", metadata=nothing)
    text = paper.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<style type=\"text/css\">.*?</style>", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r'width="[^"]*pt" height="[^"]*pt"|height="[^"]*pt" width="[^"]*pt"', "", text, count=1)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL).replace("'DejaVu Sans'", "var(--type)")
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    label = f'role="img" aria-label="{what}"'
    return text.replace("<svg", f'<svg class="timeline" {label}', 1)
