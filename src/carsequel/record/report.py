"""The check report: every row that was converted, refused or kept with a doubt, collected while reading."""

from typing import Any, Final, Literal

import polars as pl

from carsequel.record.schema import CHECK_COLUMNS

Status = Literal["converted", "refused", "doubt"]
REPORT_SCHEMA: Final[dict[str, Any]] = dict.fromkeys((*CHECK_COLUMNS, "status"), pl.String)


class Report:
    """Collects what happened to rows; `frame()` gives the columns of `check.csv` plus `status`."""

    def __init__(self, noted: pl.DataFrame | None = None) -> None:
        """Begin with what another report has `noted` (its frame)."""
        self._parts: list[pl.DataFrame] = [] if noted is None else [noted]

    def add(
        self,
        rows: pl.DataFrame,
        status: Status,
        problem: str,
        what_to_do: str,
        was: str | pl.Expr | None = None,
        now: str | pl.Expr | None = None,
    ) -> None:
        """Note the same thing about each of `rows` (which carry `row`, and `patient` and `name` where they have one).

        `was` and `now` are columns of `rows` or expressions over them.
        """
        if rows.is_empty():
            return

        def cell(part: str | pl.Expr | None) -> pl.Expr:
            expression = part if isinstance(part, pl.Expr) else pl.lit(None) if part is None else pl.col(part)
            return expression.cast(pl.String)

        nothing = pl.lit(None, dtype=pl.String)
        where = pl.col("row").str.extract_groups(r"^(?<file>.*?)(?::(?<line>[^:]*))?$")
        self._parts.append(
            rows.select(
                file=where.struct.field("file"),
                row=where.struct.field("line"),
                patient=pl.col("patient") if "patient" in rows.columns else nothing,
                name=pl.col("name") if "name" in rows.columns else nothing,
                problem=pl.lit(problem),
                was=cell(was),
                now=cell(now),
                what_to_do=pl.lit(what_to_do),
                status=pl.lit(status),
            )
        )

    def note(
        self,
        rows: pl.DataFrame,
        where: pl.Expr,
        status: Status,
        problem: str,
        what_to_do: str,
        was: str | pl.Expr | None = None,
        now: str | pl.Expr | None = None,
    ) -> pl.Series:
        """Note the rows of which `where` is true, as `add`, and tell which they are."""
        told = rows.select(_true=where.fill_null(False)).to_series()
        if told.any():
            self.add(rows.filter(told), status, problem, what_to_do, was, now)
        return told

    def remove(self, rows: pl.DataFrame, where: pl.Expr, *said: Any, **shown: Any) -> pl.DataFrame:
        """Note the rows of which `where` is true, as `note`, and give the others."""
        told = self.note(rows, where, *said, **shown)
        return rows.filter(~told) if told.any() else rows

    def say(self, status: Status, file: str, problem: str, what_to_do: str, **cells: str | None) -> None:
        """Note one thing about a file or a patient rather than about a row."""
        row = {"file": file, "problem": problem, "what_to_do": what_to_do, "status": status, **cells}
        self._parts.append(pl.DataFrame([{name: row.get(name) for name in REPORT_SCHEMA}], schema=REPORT_SCHEMA))

    def frame(self) -> pl.DataFrame:
        """Give all notes in the order in which they were made."""
        return pl.concat([pl.DataFrame(schema=REPORT_SCHEMA), *self._parts])
