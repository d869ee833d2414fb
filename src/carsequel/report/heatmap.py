"""The heat map of a registry: patients by day, coloured by grade; what is not known is hatched, never coloured as 0."""

from collections.abc import Iterator
from typing import Any, Final

import polars as pl
from markupsafe import Markup

from carsequel.report.figures import GREY, INK, ROLES, SETTINGS, as_svg
from carsequel.report.page import environment
from carsequel.report.wording import CRITERIA

CRITERIA_BY_DAY: Final = {"crs.astct2019": 30, "icans.astct2019": 30, "icaht_early.eha2023": 30}
PATIENTS_A_PANEL: Final = 60
ROW, LEFT, WIDTH = 0.13, 1.7, 8.3
NOTES: Final = {
    "settled": "no episode, and the record settles it",
    "open": "not settled: days outside an episode may have a grade",
    "none": "not gradable",
}


def render_heatmap(findings: pl.DataFrame, *, synthetic: bool = False) -> str:
    """Give one self-contained HTML page with a heat map per criterion that is graded by day: a row a patient and
    infusion (gravest first), a column a day, panels of 60 rows.

    `findings` are the default findings of `cs.grade`; episodes are drawn with their grade (the lower bound where it is
    not settled), rows without a settled maximum are hatched.
    """
    sections = []
    for criterion, last in CRITERIA_BY_DAY.items():
        panels = [Markup(_panel(rows, last, synthetic)) for rows in _panels(findings, criterion)]
        if panels:
            sections.append({"title": CRITERIA.get(criterion, criterion), "panels": panels})
    return environment().get_template("heatmap.html.j2").render(sections=sections, synthetic=synthetic, notes=NOTES)


def _panels(findings: pl.DataFrame, criterion: str) -> Iterator[list[dict[str, Any]]]:
    """Give the rows of each panel: label, state, episodes (start, end, grade)."""
    mine = findings.filter(pl.col("default") & (pl.col("criterion") == criterion))
    top = mine.filter(pl.col("kind") == "maximum").sort(
        pl.col("low"), pl.col("high"), pl.col("patient"), descending=[True, True, False], nulls_last=True
    )
    spells: dict[tuple[str, int], list[tuple[float, float, float]]] = {}
    for row in mine.filter((pl.col("kind") == "episode") & pl.col("start").is_not_null()).iter_rows(named=True):
        spell = (row["start"], row["end"], row["low"] or 0.0)
        spells.setdefault((row["patient"], row["infusion"]), []).append(spell)
    several = set(top.filter(pl.col("infusion") > 1)["patient"].to_list())
    rows = [
        {
            "label": f"{row['patient']} ({row['infusion']})" if row["patient"] in several else row["patient"],
            "state": "none" if row["low"] is None else "settled" if row["value"] is not None else "open",
            "episodes": spells.get((row["patient"], row["infusion"]), []),
        }
        for row in top.iter_rows(named=True)
    ]
    for first in range(0, len(rows), PATIENTS_A_PANEL):
        yield rows[first : first + PATIENTS_A_PANEL]


def _panel(rows: list[dict[str, Any]], last: int, synthetic: bool) -> str:
    import matplotlib
    from matplotlib.figure import Figure

    height = 0.55 + ROW * len(rows)
    with matplotlib.rc_context(SETTINGS | {"svg.hashsalt": "heatmap", "hatch.linewidth": 0.3}):  # type: ignore[arg-type]
        figure = Figure(figsize=(WIDTH, height))
        axes = figure.add_axes((LEFT / WIDTH, 0.36 / height, 1 - (LEFT + 0.1) / WIDTH, ROW * len(rows) / height))
        for place, row in enumerate(rows):
            _draw_row(axes, place, row, last)
        axes.set(xlim=(0, last + 1), ylim=(len(rows), 0), xlabel="days from the infusion (day 0)")
        axes.set_yticks([place + 0.5 for place in range(len(rows))], [row["label"][:34] for row in rows])
        axes.set_xticks([day + 0.5 for day in range(0, last + 1, 5)], [str(day) for day in range(0, last + 1, 5)])
        axes.tick_params(length=0, colors=INK)
        for side in axes.spines.values():
            side.set_color(GREY)
        if synthetic:
            figure.text(0.5, 0.5, "SYNTHETIC", ha="center", va="center", fontsize=30, color=GREY, alpha=0.25)
        return as_svg(figure, "grade by patient and day")


def _draw_row(axes: Any, place: int, row: dict[str, Any], last: int) -> None:
    plain = {"edgecolor": "#c3cad1", "linewidth": 0.2}
    if row["state"] == "settled":
        axes.broken_barh([(0, last + 1)], (place, 1), facecolor=ROLES["grade 0"], **plain)
    else:
        hatch = "////" if row["state"] == "open" else "xxxx"
        axes.broken_barh([(0, last + 1)], (place, 1), facecolor="#ffffff", hatch=hatch, **plain)
    for start, end, grade in row["episodes"]:
        days = max(0.0, min(end, last) - start + 1)
        colour = ROLES[f"grade {int(grade)}"]
        axes.broken_barh([(start, days)], (place + 0.06, 0.88), facecolor=colour, edgecolor="none")
        ink = "#ffffff" if grade >= 4 else INK
        axes.text(start + days / 2, place + 0.55, f"{grade:g}", ha="center", va="center", fontsize=5, color=ink)
