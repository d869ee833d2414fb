"""What a model is: parameters with unit, range and source, a state, and its rates in plain arithmetic.

A model is one Python file. It may hold, by these names:

    PARAMETERS              rows of `Parameter`
    class State             a NamedTuple of amounts, all float
    class Given             a NamedTuple of what is being given, every field 0.0 by default (optional)
    rates(t, now, p, given) -> State     change per day; no array library, no solver, no dice
    start(p)                -> State     the state at day 0
    JUMPS                   name -> function(now, p, amount) -> State: what an event does at once (optional)
    CLONES                  name of a state -> function(t, now, p, given) -> Turnover: the states that are whole cells
                            and end, or begin, by chance (optional)
    FLOORS                  name of a state -> amount below which it is none (optional)
    OUTPUTS                 name -> function(now, p): what is read off a state (optional)

`t` is in days from the first infusion. Only `carsequel.mechanism.arithmetic` may be used beside + - * / and **.
"""

import csv
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NamedTuple, get_args

Status = Literal["measured", "fitted", "assumed"]
State = Any
Rates = Callable[[Any, Any, Any, Any], Any]
Jump = Callable[[Any, Any, Any], Any]


class Parameter(NamedTuple):
    """One number of a model: its working value, the range it may take, unit, meaning, and where it comes from."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    meaning: str
    status: Status
    source: str


class Turnover(NamedTuple):
    """How a clone of whole cells changes by chance: births and deaths per cell and day, new cells per day."""

    birth: Any
    death: Any
    influx: Any


class NothingGiven(NamedTuple):
    """What is given in a model that knows no treatment."""


@dataclass(frozen=True)
class Model:
    """A model as the solvers take it; `read_model` makes one from its file."""

    name: str
    parameters: tuple[Parameter, ...]
    state: type[Any]
    rates: Rates
    start: Callable[[Any], Any]
    given: type[Any] = NothingGiven
    jumps: Mapping[str, Jump] = field(default_factory=dict)
    clones: Mapping[str, Callable[[Any, Any, Any, Any], Turnover]] = field(default_factory=dict)
    floors: Mapping[str, float] = field(default_factory=dict)
    outputs: Mapping[str, Callable[[Any, Any], Any]] = field(default_factory=dict)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The names of the parameters, in the order of their columns."""
        return tuple(row.name for row in self.parameters)

    @property
    def state_names(self) -> tuple[str, ...]:
        """The names of the states, in the order of their columns."""
        return tuple(self.state._fields)

    @property
    def given_names(self) -> tuple[str, ...]:
        """The names of what can be given, in the order of their columns."""
        return tuple(self.given._fields)


class ModelError(ValueError):
    """A model file that cannot be taken: says which name of the form is missing or wrong, and what to do."""


def read_model(where: ModuleType | str | Path) -> Model:
    """Make a Model from a module or from the path of a user's own model file.

    Raises ModelError where a name of the form is missing, repeated or of the wrong kind.
    """
    module = where if isinstance(where, ModuleType) else _load(Path(where))
    name = module.__name__.rsplit(".", 1)[-1]
    for needed in ("PARAMETERS", "State", "rates", "start"):
        if not hasattr(module, needed):
            raise ModelError(
                f"model {name}: `{needed}` is missing; a model file holds PARAMETERS, State, rates and start"
            )
    model = Model(
        name=name,
        parameters=tuple(module.PARAMETERS),
        state=module.State,
        rates=module.rates,
        start=module.start,
        given=getattr(module, "Given", NothingGiven),
        **{part: getattr(module, part.upper(), {}) for part in ("jumps", "clones", "floors", "outputs")},
    )
    _check(model)
    return model


def read_parameters(path: str | Path) -> tuple[Parameter, ...]:
    """Read the parameters of a model from a CSV: name, value, low, high, unit, meaning, status, source (and a note).

    Raises ModelError where the file or a column is missing, a number is none, or a status is not of the three.
    """
    where = Path(path)
    if not where.is_file():
        raise ModelError(f"no parameter file at {where.name}; put the CSV beside the model file")
    with where.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        missing = [name for name in Parameter._fields if name not in (rows.fieldnames or ())]
        if missing:
            raise ModelError(f"{where.name}: column {missing[0]} is missing; needed are {', '.join(Parameter._fields)}")
        return tuple(_parameter(where.name, row) for row in rows)


def _parameter(file: str, row: Mapping[str, str]) -> Parameter:
    try:
        value, low, high = (float(row[name]) for name in ("value", "low", "high"))
    except (TypeError, ValueError):
        raise ModelError(f"{file}: value, low or high of {row['name']} is no number; write all three") from None
    if row["status"] not in get_args(Status):
        raise ModelError(f"{file}: status of {row['name']} is none of {', '.join(get_args(Status))}; write one of them")
    status: Any = row["status"]
    return Parameter(row["name"], value, low, high, row["unit"], row["meaning"], status, row["source"])


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ModelError(f"no model file at {path.name}; give the path of a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _check(model: Model) -> None:
    names = model.parameter_names
    repeated = sorted({each for each in names if names.count(each) > 1})
    if repeated:
        raise ModelError(f"model {model.name}: parameter {repeated[0]} stands twice; keep one row")
    for row in model.parameters:
        if not row.low <= row.value <= row.high:
            raise ModelError(
                f"model {model.name}: parameter {row.name} is outside its own range; mend value, low or high"
            )
    for part in ("clones", "floors"):
        unknown = sorted(set(getattr(model, part)) - set(model.state_names))
        if unknown:
            raise ModelError(f"model {model.name}: {part.upper()} names {unknown[0]}, which is no field of State")
