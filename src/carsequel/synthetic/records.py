"""From a population to a course folder: the tables that a centre could have, and the truth beside them."""

from typing import Final, NamedTuple

import numpy as np
import polars as pl

from carsequel.record.course import Course
from carsequel.record.normalise import course_from_tables
from carsequel.synthetic.chance import Chance
from carsequel.synthetic.disease_visits import disease_visits
from carsequel.synthetic.errors import with_errors, with_gaps, with_mixed_units
from carsequel.synthetic.happenings import antigen_tests, events, treatments
from carsequel.synthetic.laboratory import laboratory
from carsequel.synthetic.marrow import recovery_kinds
from carsequel.synthetic.numbers import number
from carsequel.synthetic.reactions import Reactions, react
from carsequel.synthetic.signs import vital_signs
from carsequel.synthetic.tidy import CHART, facts
from carsequel.synthetic.truth import truth_of
from carsequel.synthetic.virtual import Floats, Virtual, virtual_patients

COMPLETE: Final = (
    *("vasopressor", "oxygen", "drug", "therapy", "event", "fever", "infection"),
    *("consciousness", "seizure", "motor_weakness", "cerebral_edema", "extramedullary"),
)
FACT_COLUMNS: Final = (
    *("patient", "name", "day", "value", "unit", "text", "comparator", "lln", "uln", "method", "specimen", "site"),
    *("limit", "source"),
)
SPAN_COLUMNS: Final = ("patient", "name", "start", "end", "value", "unit", "text", "role", "source")
MOST_EXPLAINED: Final = 5_000
SHORTEST: Final = 30  # days to which reactions are graded
LONGEST: Final = 730  # days for which blood counts are made


class Records(NamedTuple):
    """Tables of a course folder by name, the truth (one row a patient), and the errors that were put in (empty without
    them). Every table says that it is SYNTHETIC."""

    tables: dict[str, pl.DataFrame]
    truth: pl.DataFrame
    injected: pl.DataFrame

    def course(self) -> Course:
        """Give the tables as a course, as reading the folder would."""
        return course_from_tables(self.tables)


def make_records(
    disease: str,
    product: str,
    n: int,
    seed: int = 0,
    *,
    arm: str = "single",
    horizon: float = 365.0,
    gaps: bool = False,
    mixed_units: bool = False,
    errors: bool = False,
    explain: bool = True,
) -> Records:
    """Make the records of the first n virtual patients of a population; the same seed gives the same rows.

    Days count from the infusion; the record ends on day `horizon`, at death, or some time after failure. `gaps` leaves
    out daily rows, `mixed_units` writes some in another unit, `errors` puts in errors that `check` must report.
    `explain` computes the cause of each failure (of up to 5,000 patients). Raises PopulationError, ArmError or
    ClinicError for what is not there, ValueError for fewer than one patient or a horizon outside 30 to 730 days.
    """
    if n < 1:
        raise ValueError("synthetic records need at least one patient")
    if not SHORTEST <= horizon <= LONGEST:
        raise ValueError(f"horizon: synthetic records last from {SHORTEST} to {LONGEST} days")
    virtual = virtual_patients(disease, product, n, seed, arm, horizon, explain and n <= MOST_EXPLAINED)
    chance = Chance(seed, tuple(virtual.rows["patient"].to_list()))
    ids = pl.Series("patient", [f"SYN-{disease}-{product}-{patient:06d}" for patient in chance.patients])
    kinds, reactions = recovery_kinds(chance), react(virtual, chance)
    tables = _tables(virtual, ids, chance, kinds, reactions, int(horizon))
    truth = truth_of(virtual, reactions, kinds, ids, chance)
    if gaps:
        tables = with_gaps(tables, seed)
    if mixed_units:
        tables = with_mixed_units(tables)
    none = pl.DataFrame(schema=dict.fromkeys(("patient", "name", "day", "kind", "table"), pl.String))
    broken = with_errors(tables) if errors else None
    return Records(broken.tables if broken else tables, truth, broken.injected if broken else none)


def _tables(
    virtual: Virtual, ids: pl.Series, chance: Chance, kinds: list[str], reactions: Reactions, last: int
) -> dict[str, pl.DataFrame]:
    ages = _ages(virtual, chance)
    seen = disease_visits(virtual, ids, chance)
    told, lasting = vital_signs(virtual, reactions, ages, ids, chance)
    told += [*laboratory(virtual, kinds, ids, chance, last), *seen.facts, *events(virtual, reactions, ids, chance)]
    told += [*antigen_tests(virtual, ids, chance), _performance(ids, chance)]
    lasting += treatments(virtual, kinds, ids, chance, last)
    tables = {
        "patients": _people(virtual, ids, ages, chance),
        "infusions": _infusions(virtual, ids),
        "facts": _ordered(told, FACT_COLUMNS, "day"),
        "spans": _ordered(lasting, SPAN_COLUMNS, "start"),
        "coverage": pl.DataFrame({"patient": "*", "name": COMPLETE, "source": CHART}),
    }
    return tables | ({"lesions": seen.lesions.sort("patient", "day", "lesion")} if seen.lesions is not None else {})


def _ordered(parts: list[pl.DataFrame], columns: tuple[str, ...], day: str) -> pl.DataFrame:
    rows = pl.concat(parts, how="diagonal")
    missing = [pl.lit(None, dtype=pl.String).alias(name) for name in columns if name not in rows.columns]
    return rows.with_columns(missing).select(columns).sort("patient", day, "name", maintain_order=True)


def _ages(virtual: Virtual, chance: Chance) -> Floats:
    age = {part: number(f"age{part}", virtual.disease, virtual.product) for part in ("", "_spread", "_least", "_most")}
    drawn = age[""] + age["_spread"] * chance.normal("age")[:, 0]
    return np.asarray(np.clip(np.floor(drawn), age["_least"], age["_most"]))


def _people(virtual: Virtual, ids: pl.Series, ages: Floats, chance: Chance) -> pl.DataFrame:
    sex = np.where(chance.uniform("sex")[:, 0] < 0.5, "female", "male")
    told = {"patient": ids, "disease": [virtual.disease] * len(ids), "age": ages, "sex": sex}
    return pl.DataFrame(told).with_columns(synthetic=pl.lit("true"), source=pl.lit(CHART))


def _infusions(virtual: Virtual, ids: pl.Series) -> pl.DataFrame:
    told = {"patient": ids, "infusion": [1] * len(ids), "day": [0.0] * len(ids), "dose": virtual.parameters.get("dose")}
    rows = pl.DataFrame({name: values for name, values in told.items() if values is not None})
    unit = [pl.lit("cells").alias("dose_unit")] if "dose" in rows.columns else []
    # A source of its own for each: FHIR takes infusions of one source, day and product for one resource given twice.
    own = pl.format("SYNTHETIC infusion of {}", "patient")
    return rows.with_columns(pl.lit(virtual.product).alias("product"), *unit, source=own)


def _performance(ids: pl.Series, chance: Chance) -> pl.DataFrame:
    draw = chance.uniform("ecog")
    points = np.where(draw < 0.4, 0, np.where(draw < 0.85, 1, 2))
    return facts(ids, "ecog", [-6.0], np.ones_like(draw, dtype=bool), CHART, value=points, unit="points")
