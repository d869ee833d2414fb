"""A course: the tidy tables of one or many patients, and the views from which criteria are computed."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import polars as pl

from carsequel.record.fingerprint import hash_of
from carsequel.record.schema import KEPT_TABLES, empty
from carsequel.record.unread import UNREAD

UNUSABLE: Final = "implausible"
FAR: Final = 1e9
_LOOKED: Final = ("infusion", "since", "_look")
COVERED: Final = {
    "patient": pl.String,
    "infusion": pl.Int64,
    "name": pl.String,
    "since": pl.Float64,
    "until": pl.Float64,
}


@dataclass(frozen=True)
class Course:
    """Patients, infusions, facts, spans, lesions and coverage as polars frames, plus the report of the reading.

    Every day is counted from the first infusion in the column `clock` (null where the record gives no day) and as
    written, from the infusion the row names, in `day`, `start` and `end`. Values are in the one unit of
    `quantities.csv`. `facts.doubt` says why a row is doubted; implausible rows are kept and shown but no criterion
    uses them. `report` has the columns of `check.csv`; `unread` says of which patient, name and day
    (`clock`) a row was refused.
    """

    patients: pl.DataFrame
    infusions: pl.DataFrame
    facts: pl.DataFrame
    spans: pl.DataFrame
    lesions: pl.DataFrame
    coverage: pl.DataFrame
    report: pl.DataFrame
    refused: int = 0
    synthetic: bool = False
    overrides: pl.DataFrame = field(default_factory=lambda: empty("overrides"))
    unread: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=UNREAD))

    @cached_property
    def data_hash(self) -> str:
        """The sha256 over the content (patients to coverage), independent of row order, sources and file format."""
        return hash_of({name: getattr(self, name) for name in KEPT_TABLES})

    @cached_property
    def clock(self) -> pl.DataFrame:
        """One row per patient and infusion: day (from the first infusion), next_day (of the next dated infusion),
        disease, product, target, age, and, counted from this infusion, `death` (day of death), `last` (last day of
        the record, closed by death) and `dated` (false where the infusion's day is not given)."""
        order = self.infusions.filter(pl.col("infusion").is_not_null()).sort("patient", "infusion")
        rows = order.with_columns(
            next_day=pl.col("day").shift(-1).backward_fill().over("patient"),
            dated=pl.col("day").is_not_null(),
        ).select("patient", "infusion", "day", "next_day", "dated", "product", "target")
        people = self.patients.select("patient", "disease", "age", "age_band")
        ends = self._ends()
        return (
            rows.join(people, on="patient", how="left", maintain_order="left")
            .join(ends, on="patient", how="left", maintain_order="left")
            .with_columns(death=pl.col("death") - pl.col("day"), last=pl.col("last") - pl.col("day"))
            .with_columns(pl.when(pl.col("death") >= 0).then("death"))
        )

    @cached_property
    def infused(self) -> pl.DataFrame:
        """The rows of `clock` whose infusion was given."""
        never = self.infusions.filter(pl.col("note") == "not_infused").select("patient", "infusion")
        return self.clock.join(never, on=["patient", "infusion"], how="anti")

    def _ends(self) -> pl.DataFrame:
        """Per patient, on the first infusion's clock: day of death, and last day on which anything is recorded."""
        events = self.facts.filter(pl.col("name") == "event")
        death = events.filter(pl.col("text") == "death").group_by("patient").agg(death=pl.col("clock").min())
        seen = pl.concat(
            [
                self.facts.select("patient", "clock"),
                self.spans.select("patient", pl.col("clock")),
                self.spans.select("patient", pl.col("clock_end").alias("clock")),
                self.lesions.select("patient", "clock"),
                self.infusions.select("patient", pl.col("day").alias("clock")),
            ]
        )
        last = seen.group_by("patient").agg(last=pl.col("clock").max())
        both = last.join(death, on="patient", how="full", coalesce=True)
        return both.with_columns(last=pl.coalesce("death", "last"))

    def facts_since(
        self,
        *names: str,
        before: float = 0.0,
        undated: bool = False,
        until: float = FAR,
        columns: Sequence[str] | None = None,
        of: pl.DataFrame | None = None,
    ) -> pl.DataFrame:
        """Give facts of the named quantities as seen from each infusion: all their columns (or only `columns`, which is
        faster) plus `since` (days from that infusion), `infusion` (the one they are seen from) and `_look` (its row in
        `clock`), in the stretch from `before` days ahead of the infusion until the next infusion. A row before a later
        infusion is also seen by the earlier one.

        `undated` adds rows whose day is not given, with `since` null, under the infusion they name; `until` leaves out
        what comes on that day or later; `of` (patient, infusion) names the infusions. Implausible rows never come.
        """
        rows = [self._places[name] for name in dict.fromkeys(names) if name in self._places]
        seen = self._seen.clear()
        if rows:
            places = rows[0] if len(rows) == 1 else pl.concat(rows).sort()
            if of is not None:
                places = places.filter(self._among(of).gather(self._seen["_look"].gather(places)))
            wanted = (pl.col("since") >= -before).fill_null(undated)
            if until < FAR:
                wanted = wanted & (pl.col("since") < until).fill_null(True)
            since = self._seen["since"].gather(places).to_frame("since")
            seen = self._seen[places.filter(since.select(wanted).to_series())]
        facts = self.facts.drop("infusion") if columns is None else self.facts.select(_own(columns))
        found = facts[seen["_fact"]].with_columns(seen.select(_LOOKED))
        return found if columns is None else found.select(columns)

    def _among(self, infusions: pl.DataFrame) -> pl.Series:
        """Tell for each row of `clock` whether it is one of these infusions (patient, infusion)."""
        named = infusions.select("patient", "infusion", _named=True).unique()
        both = self.clock.select("patient", "infusion").join(
            named, on=["patient", "infusion"], how="left", maintain_order="left"
        )
        return both["_named"].fill_null(False)

    def has(self, *names: str) -> bool:
        """Tell whether the record holds a fact of one of these names, usable or not."""
        return not self.names.isdisjoint(names)

    def spans_since(self, *names: str, before: float = 0.0, undated: bool = False) -> pl.DataFrame:
        """Give spans of the named kinds as seen from each infusion: all columns plus `since` and `until` (days from
        that infusion, `until` null where it is still going or its end is not given), `infusion` and `_look` as in
        `facts_since`. A span that began before the infusion and lasted into it is included; one whose end is not given
        counts only where it began."""
        reaches = (pl.col("since") + pl.col("_reach") >= -before).fill_null(undated)
        return self._seen_spans.filter(_named(names) & reaches).drop("_reach")

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all facts."""
        return frozenset(self.facts["name"].unique().to_list())

    @cached_property
    def _seen(self) -> pl.DataFrame:
        """Every usable fact as seen from each infusion until the next, however long before it, and undated ones: its
        row in `facts` (`_fact`), name, since, infusion and `_look`."""
        rows = self.facts.select("patient", "name", "infusion", "clock", "day", "doubt").with_row_index("_fact")
        seen = self._seen_from(rows, "day", pl.col("doubt").ne_missing(UNUSABLE))
        return seen.select("_fact", "name", *_LOOKED)

    @cached_property
    def _places(self) -> dict[str, pl.Series]:
        """The rows of `_seen` by name, in order: to look a name up costs far less than to compare them all."""
        rows = self._seen.select("name", _row=pl.int_range(pl.len(), dtype=pl.UInt32))
        by_name = rows.group_by("name").agg("_row")
        return dict(zip(by_name["name"].to_list(), by_name["_row"], strict=True))

    @cached_property
    def _seen_spans(self) -> pl.DataFrame:
        """Every span as seen from each infusion, with `until` and `_reach` (days from its start that it may last)."""
        length = pl.coalesce(pl.col("clock_end") - pl.col("clock"), pl.col("end") - pl.col("start"))
        open_end = pl.when(pl.col("end_known").eq(False)).then(0.0).otherwise(FAR)
        seen = self._seen_from(self.spans.with_columns(_length=length), "start")
        reach = pl.coalesce("_length", open_end)
        return seen.with_columns(until=pl.col("since") + pl.col("_length"), _reach=reach).drop("_length")

    def _seen_from(self, rows: pl.DataFrame, own_day: str, usable: pl.Expr | None = None) -> pl.DataFrame:
        looks = self.clock.select("patient", "infusion", _from="day", _next=pl.col("next_day").fill_null(FAR))
        looks = looks.with_row_index("_look")
        rows = rows.rename({"infusion": "_named"})
        # A left join leaves the rows where they are, which is far cheaper; who has no infusion goes out below.
        both = rows.join(looks, on="patient", how="left", maintain_order="left")
        named = pl.col("_named").fill_null(1) == pl.col("infusion")
        since = pl.coalesce(pl.col("clock") - pl.col("_from"), pl.when(named).then(pl.col(own_day)))
        before_next = pl.col("clock").is_null() | (pl.col("clock") < pl.col("_next"))
        both = both.with_columns(since=since)
        inside = pl.when(pl.col("since").is_null()).then(named).otherwise(before_next)
        return both.filter(inside if usable is None else inside & usable).drop("_from", "_next", "_named")

    def once(self, key: Hashable, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """Give what `make` computes from this course, computed when it is first asked for. `key` names it and every
        number that the result depends on."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    @cached_property
    def _made(self) -> dict[Hashable, pl.DataFrame]:
        return {}

    def covered(self, *names: str) -> pl.DataFrame:
        """Give the stretches in which absence of a row means absence: patient, infusion, name, since, until (days
        from that infusion; open ends reach without limit). `*` as patient or name stands for all. From an infusion
        whose day is not given only a coverage of the whole record can be seen. Where a row of one of the names was
        refused together with its day, none of them is covered; single days without use stand in `unusable`."""
        rows = self.coverage.filter(pl.col("name").is_in(names) | (pl.col("name") == "*"))
        if rows.is_empty():
            return pl.DataFrame(schema=COVERED)
        named = pl.DataFrame({"_name": list(names)}, schema={"_name": pl.String})
        rows = rows.join(named, how="cross").filter((pl.col("name") == "*") | (pl.col("name") == pl.col("_name")))
        rows = rows.with_columns(name="_name").drop("_name")
        looks = self.clock.select("patient", "infusion", pl.col("day").alias("_from"))
        everyone = rows.filter(pl.col("patient") == "*").drop("patient").join(looks, how="cross")
        own = rows.filter(pl.col("patient") != "*").join(looks, on="patient", how="inner")
        both = pl.concat([everyone.select(sorted(everyone.columns)), own.select(sorted(everyone.columns))])
        whole = pl.col("start").is_null() & pl.col("end").is_null()
        both = both.filter(pl.col("_from").is_not_null() | whole)
        lost = self.unread.filter(pl.col("clock").is_null() & pl.col("name").is_in(names))
        both = both.join(lost.select("patient").unique(), on="patient", how="anti")
        return both.select(
            "patient",
            "infusion",
            "name",
            since=(pl.col("start") - pl.col("_from")).fill_null(-FAR),
            until=(pl.col("end") - pl.col("_from")).fill_null(FAR),
        )

    @cached_property
    def unusable(self) -> pl.DataFrame:
        """Facts that are there but cannot be used, implausible or refused: patient, name, `clock`. On their day
        absence of a usable row does not mean absence."""
        doubted = self.facts.filter(pl.col("doubt") == UNUSABLE).select("patient", "name", "clock")
        return pl.concat([doubted, self.unread]).filter(pl.col("clock").is_not_null())

    def only(self, patient: str) -> "Course":
        """Give the course of one patient (an empty one where the id is not in the record)."""
        parts = {name: getattr(self, name).filter(pl.col("patient") == patient) for name in KEPT_TABLES[:-1]}
        coverage = self.coverage.filter(pl.col("patient").is_in([patient, "*"]))
        report = self.report.filter(pl.col("patient") == patient)
        overrides = self.overrides.filter(pl.col("patient") == patient)
        refused = report.filter(pl.col("status") == "refused").height
        unread = self.unread.filter(pl.col("patient") == patient)
        own = replace(self, **parts, coverage=coverage, report=report, refused=refused)
        return replace(own, overrides=overrides, unread=unread)


def _own(columns: Sequence[str]) -> list[str]:
    return [name for name in columns if name not in _LOOKED]


def _named(names: tuple[str, ...]) -> pl.Expr:
    return pl.col("name") == names[0] if len(names) == 1 else pl.col("name").is_in(names)
