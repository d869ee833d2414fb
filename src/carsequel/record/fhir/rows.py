"""Rows gathered one by one and turned into a frame in blocks, so that half a million of them need little memory."""

from typing import Any

import polars as pl

_BLOCK = 20_000


class Rows:
    """A table under construction: tuples in the order of `columns`, further columns by name where a row has them."""

    def __init__(self, columns: dict[str, Any]) -> None:
        self.columns = columns
        self._open: list[tuple[Any, ...]] = []
        self._blocks: list[pl.DataFrame] = []
        self._extra: dict[str, dict[int, str]] = {}
        self._closed = 0

    def __len__(self) -> int:
        return self._closed + len(self._open)

    def add(self, row: tuple[Any, ...], extra: dict[str, str | None] | None = None) -> None:
        """Add one row; `extra` holds cells of columns that the table does not have by itself."""
        if extra:
            here = len(self)
            for name, value in extra.items():
                if value is not None:
                    self._extra.setdefault(name, {})[here] = value
        self._open.append(row)
        if len(self._open) >= _BLOCK:
            self._close()

    def _close(self) -> None:
        parts = zip(*self._open, strict=True) if self._open else ([] for _ in self.columns)
        made = {
            name: _series(name, kind, list(part))
            for (name, kind), part in zip(self.columns.items(), parts, strict=True)
        }
        self._blocks.append(pl.DataFrame(made))
        self._closed += len(self._open)
        self._open = []

    def frame(self) -> pl.DataFrame:
        """Give the table with all rows in the order they came."""
        if self._open or not self._blocks:
            self._close()
        table = pl.concat(self._blocks, rechunk=False)
        for name, cells in self._extra.items():
            column = pl.DataFrame(
                {"_i": list(cells), name: list(cells.values())}, schema={"_i": pl.UInt32, name: pl.String}
            )
            table = table.with_row_index("_i").join(column, on="_i", how="left", maintain_order="left").drop("_i")
        return table


def _series(name: str, kind: Any, cells: list[Any]) -> pl.Series:
    if cells.count(None) == len(cells):
        return pl.Series(name, [], dtype=kind).extend_constant(None, len(cells))
    return pl.Series(name, cells, dtype=kind, strict=False)
