"""Pictures of one patient's fit as inline SVG: causes, what was measured in the predicted band, what was known when."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from carsequel.report.figures import BLUE, GREEN, GREY, INK, ORANGE, SKY, VERMILLION
from carsequel.report.wording import words

SETTINGS: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "font.size": 8,
    "axes.linewidth": 0.6,
    "font.family": "DejaVu Sans",
}
HORIZONS: Final = {90.0: (SKY, ":"), 180.0: (ORANGE, "--"), 365.0: (VERMILLION, "-")}
BARS: Final = {"left": 0.24, "right": 0.99, "bottom": 0.1, "top": 0.91, "wspace": 0.04}
CURVE: Final = {"left": 0.12, "right": 0.98, "bottom": 0.17, "top": 0.92}
PANELS: Final = {
    1: {"left": 0.065, "right": 0.99, "bottom": 0.18, "top": 0.9, "wspace": 0.25},
    2: {"left": 0.065, "right": 0.99, "bottom": 0.1, "top": 0.95, "wspace": 0.25, "hspace": 0.42},
}
RESIDUAL: Final = "intrinsic / unexplained"
SHOWN: Final = {
    "car_cells": "CAR T cells", "car_copies": "CAR T copies", "car_percent": "CAR T cells", "b_cells": "B cells",
    "mtv": "tumour volume", "spd": "sum of products", "marrow_blasts": "marrow blasts", "mrd": "MRD (fraction)",
    "m_protein": "serum M-protein", "ldh": "LDH", "ferritin": "ferritin", "il6": "IL-6 fold", "ctdna": "ctDNA",
}  # fmt: skip


def fit_figures(answer: Mapping[str, Any], *, synthetic: bool) -> list[tuple[str, str]]:
    """Give the pictures of a fitted patient as pairs of a caption and an SVG; none where no model was fitted."""
    model, causes = answer.get("model") or {}, answer.get("causes") or {}
    if not model.get("method"):
        return []
    found: list[tuple[str, str]] = []
    if any(prob.get("basis") == "modelled" and prob.get("p") is not None for prob in _shares(causes).values()):
        found.append((CAUSES_SAID, _drawn(lambda ax: _causes(ax, causes), (7.8, 2.9), synthetic, BARS, columns=2)))
    known = [row for row in model.get("time_to_know") or [] if row["p"] is not None]
    if len({row["landmark"] for row in known}) > 1:
        day = model.get("failure_day")
        found.append((KNOWN_SAID, _drawn(lambda axes: _known(axes[0], known, day), (4.6, 2.7), synthetic, CURVE)))
    courses = [
        course for course in model.get("courses") or [] if course["observed"] or course["measure"] == "car_cells"
    ]
    if courses:
        rows = -(-len(courses) // 3)
        size = (7.8, 0.4 + 2.1 * rows)
        columns, room = min(len(courses), 3), PANELS[min(rows, 2)]
        found.append((COURSES_SAID, _drawn(lambda axes: _courses(axes, courses), size, synthetic, room, columns, rows)))
    return found


CAUSES_SAID: Final = (
    "Left: the probability that each cause is present (causes may coexist). Right: the share of the failure that each "
    "accounts for, had that part been as in a durable responder (shares sum to one; * with T-cell dysfunction). "
    "A cause can have a share without being present yet: it would have come next. "
    "Bars: range over the parameter sets of the population and sampling, 90 %."
)
KNOWN_SAID: Final = (
    "Probability of failure by day 90, 180 and 365, given what had been seen by each day and no failure until then."
)
COURSES_SAID: Final = (
    "What was measured (points; triangles: below or above the limit) in the band that the fitted model predicts "
    "(50 and 90 %), without any treatment after a failure."
)


def _shares(causes: Mapping[str, Any]) -> Mapping[str, Any]:
    shares: Mapping[str, Any] = causes.get("shares") or {}
    return shares


def _drawn(
    draw: Callable[[Sequence[Axes]], None],
    size: tuple[float, float],
    synthetic: bool,
    margins: Mapping[str, float],
    columns: int = 1,
    rows: int = 1,
) -> str:
    with plt.rc_context(SETTINGS):
        figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
        figure.subplots_adjust(**margins)  # by hand: a computed layout draws every picture several times
        draw(list(axes.ravel()))
        for ax in axes.ravel():
            ax.spines[["top", "right"]].set_visible(False)
        if synthetic:
            figure.text(0.5, 0.5, "SYNTHETIC", color="#999999", alpha=0.35, fontsize=30, ha="center", va="center",
                        rotation=18)  # fmt: skip
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
        plt.close(figure)
    return text.getvalue()[text.getvalue().index("<svg") :]


def _causes(axes: Sequence[Axes], causes: Mapping[str, Any]) -> None:
    present = {name: prob for name, prob in (causes.get("present") or {}).items() if prob.get("p") is not None}
    shares = {name: prob for name, prob in _shares(causes).items() if prob.get("p") is not None}
    order = list(dict.fromkeys([*present, *shares]))
    order.sort(key=lambda name: (shares.get(name, {}).get("p") or 0.0, present.get(name, {}).get("p") or 0.0))
    for ax, table, colour, title in (
        (axes[0], present, BLUE, "present"),
        (axes[1], shares, ORANGE, "share of the failure"),
    ):
        for place, name in enumerate(order):
            prob = table.get(name)
            if prob is None:
                ax.text(0.01, place, "no number", va="center", color=GREY, fontsize=7)
                continue
            ax.barh(place, prob["p"], color=colour, height=0.62)
            if prob.get("low") is not None:
                ax.plot([prob["low"], prob["high"]], [place, place], color=INK, linewidth=1.2, solid_capstyle="butt")
            edge = max(prob["p"], prob.get("high") or 0.0)
            ax.text(min(edge + 0.02, 1.0), place, f"{100 * prob['p']:.0f} %", va="center", fontsize=7)
        ax.set_xlim(0, 1.12)
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100 %"])
        ax.set_title(title, fontsize=8, loc="left")
        ax.set_ylim(-0.6, len(order) - 0.4)
    axes[0].set_yticks(range(len(order)), [_named(name) for name in order])
    axes[1].set_yticks([])


def _named(cause: str) -> str:
    if cause == "tumor_intrinsic_resistance":
        return RESIDUAL
    return "short persistence*" if cause == "short_persistence" else str(words(cause))


def _known(ax: Axes, rows: Sequence[Mapping[str, Any]], failure: float | None) -> None:
    for horizon, (colour, dash) in HORIZONS.items():
        own = [row for row in rows if row["horizon"] == horizon]
        if own:
            ax.plot([row["landmark"] for row in own], [row["p"] for row in own], color=colour, linestyle=dash,
                    marker="o", markersize=3, linewidth=1.2, label=f"by day {horizon:g}")  # fmt: skip
    if failure is not None:
        ax.axvline(failure, color=INK, linewidth=0.8)
        ax.text(failure, 1.02, f"failure, day {failure:.0f}", ha="right", va="bottom", fontsize=7)
    ax.set_ylim(0, 1)
    ax.set_xlabel("day up to which data are used")
    ax.set_ylabel("probability of failure")
    ax.legend(frameon=False, fontsize=7, loc="best")


def _courses(axes: Sequence[Axes], courses: Sequence[Mapping[str, Any]]) -> None:
    for ax, course in zip(axes, courses, strict=False):
        days = [row["day"] for row in course["band"]]
        for low, high, alpha in (("q05", "q95", 0.18), ("q25", "q75", 0.35)):
            ax.fill_between(days, [row[low] for row in course["band"]], [row[high] for row in course["band"]],
                            color=GREEN, alpha=alpha, linewidth=0)  # fmt: skip
        ax.plot(days, [row["q50"] for row in course["band"]], color=GREEN, linewidth=1)
        for bound, marker in ((0, "o"), (-1, "v"), (1, "^")):
            own = [row for row in course["observed"] if row["bound"] == bound]
            ax.plot([row["day"] for row in own], [row["value"] for row in own], marker, color=INK, markersize=3.5)
        ax.set_yscale("log")
        ax.minorticks_off()
        _span(ax, course)
        ax.set_title(f"{SHOWN.get(course['measure'], course['measure'])}, {course['unit']}", fontsize=8, loc="left")
        ax.set_xlabel("day")
    for ax in axes[len(courses) :]:
        ax.set_visible(False)


def _span(ax: Axes, course: Mapping[str, Any]) -> None:
    """Keep the axis to what can be read: six decades below the top of the band."""
    top = max([row["q95"] for row in course["band"]] + [row["value"] for row in course["observed"]])
    low = min(
        [row["value"] for row in course["observed"]] + [max(min(row["q05"] for row in course["band"]), top * 1e-5)]
    )
    ax.set_ylim(max(low / 2, top * 1e-7), top * 2)
