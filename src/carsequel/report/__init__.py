"""Rendering only: the answer for one patient as one self-contained page, and the index of many."""

from carsequel.report.heatmap import render_heatmap
from carsequel.report.index import render_index, safe_name
from carsequel.report.page import render_page

__all__ = ["render_heatmap", "render_index", "render_page", "safe_name"]
