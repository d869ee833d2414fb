"""Pictures of virtual patients as inline SVG, each marked SYNTHETIC: cells, burden, survival, failures, two arms."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import matplotlib

matplotlib.use("Agg")

import numpy as np
import polars as pl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from numpy.typing import NDArray

from carsequel.report.figures import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, SKY, VERMILLION
from carsequel.report.page import environment

SIZE: Final = (5.2, 3.5)
LOWEST_CAR, LOWEST_TUMOUR, LOWEST_B = 1e-3, 1.0, 1e-2
SPAGHETTI: Final = 80
MONTH: Final = 365.25 / 12
CLASSES: Final = (
    ("failed, antigen kept", VERMILLION),
    ("failed, antigen negative", PURPLE),
    ("died without progression", GREY),
    ("free of failure", BLUE),
)
ROLES: Final = {"calibrate": ("o", "fitted"), "external": ("s", "compared, never fitted"), "context": ("^", "context")}
CAUSES: Final = (
    ("antigen_loss", PURPLE, ""),
    ("poor_expansion", BLUE, "///"),
    ("suppressive_microenvironment", GREEN, "..."),
    ("short_persistence+t_cell_dysfunction", SKY, "xxx"),
    ("high_burden", ORANGE, "\\\\\\"),
    ("tumor_intrinsic_resistance", VERMILLION, "ooo"),
    ("several equally", INK, ""),
    ("undetermined", GREY, ""),
)
BINS: Final = (0, 30, 90, 180, 365, 730, 5000)
BIN_NAMES: Final = ("≤ 30", "31-90", "91-180", "181-365", "366-730", "> 730")
SETTINGS: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "font.size": 8,
    "axes.linewidth": 0.6,
    "font.family": "DejaVu Sans",
}


def render_simulation(
    arms: Sequence[pl.DataFrame],
    trajectories: pl.DataFrame,
    facts: Mapping[str, Any],
    published: pl.DataFrame,
    trial: pl.DataFrame | None,
) -> str:
    """Give the summary page of a simulation as HTML.

    arms: one or two frames of patients (with a column `cause` its picture is drawn); trajectories: of the first arm, a
    sample; facts: disease, product, arms, n, seed, horizon, causes (whether computed), version and sets as words;
    published: rows of the evidence with month, value, low, high (0-1), role and cohort; trial: the comparison of the
    two arms, or None.
    """
    horizon = float(facts["horizon"])
    failures = _failures(arms[0])
    figures = [
        ("CAR T cells in blood", _drawn(lambda ax: _car(ax, trajectories))),
        ("Tumour burden by outcome", _drawn(lambda ax: _by_class(ax, trajectories, arms[0], "tumour", LOWEST_TUMOUR))),
        ("Normal B cells by outcome", _drawn(lambda ax: _by_class(ax, trajectories, arms[0], "b_cells", LOWEST_B))),
        ("Free of failure and death", _drawn(lambda ax: _survival(ax, arms, facts["arms"], published, horizon))),
        ("Failures by time and kind", _drawn(lambda ax: _timing(ax, failures))),
    ]
    if "cause" in failures.columns:
        figures.append(("Failures of the disease by cause and time", _drawn(lambda ax: _causes(ax, failures))))
    if trial is not None:
        figures.append(("Virtual trial: paired difference", _drawn(lambda ax: _trial(ax, trial, facts["arms"]))))
    return (
        environment()
        .get_template("simulation.html.j2")
        .render(figures=figures, facts=facts, published=published.to_dicts(), table=_table(arms, facts["arms"]),
                trial=[] if trial is None else trial.to_dicts())
    )  # fmt: skip


def classes_of(patients: pl.DataFrame) -> NDArray[np.int64]:
    """Give for each patient the number of its outcome in CLASSES."""
    kind = patients["failure_kind"]
    negative = patients["antigen_negative"].fill_null(False).to_numpy()
    failed = kind.is_in(["progression", "relapse", "no CR"]).fill_null(False).to_numpy()
    died = (kind == "death").fill_null(False).to_numpy()
    return np.select([failed & ~negative, failed & negative, died], [0, 1, 2], 3)


def _drawn(draw: Callable[[Axes], None]) -> str:
    with matplotlib.rc_context(SETTINGS):
        figure, ax = plt.subplots(figsize=SIZE, layout="constrained")
        draw(ax)
        ax.spines[["top", "right"]].set_visible(False)
        ax.text(0.5, 0.5, "SYNTHETIC", transform=ax.transAxes, ha="center", va="center", fontsize=30, color=GREY,
                alpha=0.13, rotation=20, zorder=0)  # fmt: skip
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
        plt.close(figure)
    text = out.getvalue()
    return text[text.index("<svg") :]


def _grid(trajectories: pl.DataFrame, column: str) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    days = trajectories["day"].unique().sort().to_numpy()
    patients = trajectories["patient"].unique(maintain_order=True).to_numpy()
    return days, patients, trajectories[column].to_numpy().reshape(patients.size, days.size)


def _car(ax: Axes, trajectories: pl.DataFrame) -> None:
    days, patients, values = _grid(trajectories, "car_t")
    shown = np.where(values >= LOWEST_CAR, values, np.nan)
    for course in shown[:SPAGHETTI]:
        ax.plot(days, course, color=SKY, lw=0.4, alpha=0.45)
    low, mid, high = np.quantile(values, [0.1, 0.5, 0.9], axis=0)
    ax.fill_between(days, np.maximum(low, LOWEST_CAR), np.maximum(high, LOWEST_CAR), color=BLUE, alpha=0.18, lw=0,
                    label="10-90 %")  # fmt: skip
    ax.plot(days, np.maximum(mid, LOWEST_CAR), color=BLUE, lw=1.8, label="median")
    ax.plot([], [], color=SKY, lw=0.8, label=f"{min(SPAGHETTI, patients.size)} patients")
    ax.set(yscale="log", ylim=(LOWEST_CAR, None), xlabel="days from infusion", ylabel="CAR T cells per uL",
           title=f"n = {patients.size}")  # fmt: skip
    ax.legend(frameon=False, loc="upper right")


def _by_class(ax: Axes, trajectories: pl.DataFrame, patients: pl.DataFrame, column: str, lowest: float) -> None:
    days, numbers, values = _grid(trajectories, column)
    of = classes_of(patients.filter(pl.col("patient").is_in(numbers.tolist())))
    for number, (name, colour) in enumerate(CLASSES):
        mine = np.maximum(values[of == number], lowest)
        if not mine.size:
            continue
        low, mid, high = np.quantile(mine, [0.25, 0.5, 0.75], axis=0)
        ax.fill_between(days, low, high, color=colour, alpha=0.15, lw=0)
        ax.plot(days, mid, color=colour, lw=1.6, ls=("-", "--", ":", "-.")[number], label=f"{name} (n = {len(mine)})")
    label = "tumour cells" if column == "tumour" else "B cells per uL"
    ax.set(yscale="log", xlabel="days from infusion", ylabel=f"{label}, median and quartiles")
    ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)


def _survival(
    ax: Axes, arms: Sequence[pl.DataFrame], names: Sequence[str], published: pl.DataFrame, horizon: float
) -> None:
    days = np.linspace(0, horizon, 200)
    for arm, name, colour, dash in zip(arms, names, (BLUE, ORANGE), ("-", "--")):
        end = arm["failure_day"].cast(pl.Float64).fill_null(np.inf).to_numpy()
        free = np.array([(end > day).mean() for day in days])
        ax.plot(days / MONTH, 100 * free, color=colour, ls=dash, lw=1.8, label=f"{name} (n = {arm.height})")
    for role, (marker, words) in ROLES.items():
        rows = published.filter((pl.col("role") == role) & (pl.col("month") <= horizon / MONTH))
        if not rows.height:
            continue
        value = 100 * rows["value"].to_numpy()
        ends = [100 * rows[side].fill_null(rows["value"]).to_numpy() for side in ("low", "high")]
        ax.errorbar(rows["month"].to_numpy(), value, yerr=[value - ends[0], ends[1] - value], fmt=marker, ms=4.5,
                    color=INK, mfc="white" if role != "calibrate" else INK, lw=0.8, capsize=2,
                    label=f"published ({words})")  # fmt: skip
    ax.set(ylim=(0, 102), xlim=(0, None), xlabel="months from infusion", ylabel="free of failure and death, %")
    ax.legend(frameon=False, loc="upper right")


def _failures(patients: pl.DataFrame) -> pl.DataFrame:
    return patients.with_columns(outcome=pl.Series(classes_of(patients))).filter(pl.col("outcome") < 3)


def _timing(ax: Axes, failures: pl.DataFrame) -> None:
    floor = np.zeros(len(BIN_NAMES))
    for number, (name, colour) in enumerate(CLASSES[:3]):
        mine = failures.filter(pl.col("outcome") == number)["failure_day"].to_numpy()
        counts = np.histogram(mine, BINS)[0]
        ax.bar(BIN_NAMES, counts, bottom=floor, color=colour, label=f"{name} ({len(mine)})", edgecolor="white", lw=0.5)
        floor += counts
    ax.set(xlabel="days from infusion", ylabel="virtual patients", title=f"n = {failures.height} events")
    ax.legend(frameon=False, loc="upper right")


def _causes(ax: Axes, failures: pl.DataFrame) -> None:
    """The cause with the largest Shapley share of each failure of the disease; deaths of another cause are left out."""
    label = pl.when(pl.col("cause").str.contains(";")).then(pl.lit("several equally")).otherwise("cause")
    known = failures.filter(pl.col("cause").is_not_null()).with_columns(cause=label)
    floor = np.zeros(len(BIN_NAMES))
    for name, colour, hatch in CAUSES:
        mine = known.filter(pl.col("cause") == name)["failure_day"].to_numpy()
        if not mine.size:
            continue
        counts, words = np.histogram(mine, BINS)[0], name.replace("_", " ").replace("+", " or ")
        ax.bar(BIN_NAMES, counts, bottom=floor, color=colour, hatch=hatch, label=f"{words} ({len(mine)})",
               edgecolor="white", lw=0.5)  # fmt: skip
        floor += counts
    ax.set(xlabel="days from infusion", ylabel="virtual patients", title=f"n = {known.height} failures of the disease")
    ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)


def _trial(ax: Axes, trial: pl.DataFrame, names: Sequence[str]) -> None:
    month, gap = trial["month"].to_numpy(), 100 * trial["difference"].to_numpy()
    low, high = (100 * trial[side].to_numpy() for side in ("low", "high"))
    ax.axhline(0, color=GREY, lw=0.8)
    ax.errorbar(month, gap, yerr=[gap - low, high - gap], fmt="o", color=GREEN, capsize=3, lw=1.2)
    ax.set(xlabel="months from infusion", ylabel=f"free of failure: {names[1]} - {names[0]}, % points",
           title=f"same {trial['n'][0]} patients in both arms; 95 % interval", xlim=(0, None))  # fmt: skip


def _table(arms: Sequence[pl.DataFrame], names: Sequence[str]) -> list[dict[str, Any]]:
    rows = []
    for arm, name in zip(arms, names):
        of = np.bincount(classes_of(arm), minlength=4)
        row = {"arm": name, "n": arm.height, "cr": _percent(arm["cr"]), "orr": _percent(arm["orr"])}
        row |= {"cmax": _quartiles(arm["cmax"]), "tmax": _quartiles(arm["tmax"])}
        rows.append(row | {"classes": [(words, int(count)) for (words, _), count in zip(CLASSES, of)]})
        if "salvage_cr" in arm.columns:
            treated = arm.filter(pl.col("salvage_cr").is_not_null())
            rows[-1] |= {"salvage": f"{_percent(treated['salvage_cr'])} of {treated.height} treated"}
    return rows


def _percent(flags: pl.Series) -> str:
    share = flags.mean()
    return "–" if not isinstance(share, int | float) else f"{100 * share:.0f} %"


def _quartiles(values: pl.Series) -> str:
    low, mid, high = (values.quantile(at) for at in (0.25, 0.5, 0.75))
    return "–" if mid is None else f"{mid:.3g} ({low:.3g}-{high:.3g})"
