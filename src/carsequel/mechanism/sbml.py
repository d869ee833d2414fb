"""Models from SBML (levels 1-3) in the same form as our own, so that the same solvers, chance and fits run on them.

Taken over: species, compartments of constant size, parameters, initial assignments, assignment and rate rules,
reactions with kinetic laws, functions, piecewise, time, and events at a fixed time. Anything else is refused by name;
nothing is dropped in silence. Needs python-libsbml (`pip install carsequel[sbml]`). Units are left as they come, but
for time: `t` is in days, and rates are converted from the unit of time that the model declares.
"""

import keyword
from collections import namedtuple
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from carsequel.mechanism.form import Model, ModelError, NothingGiven, Parameter
from carsequel.mechanism.sbml_math import TIME
from carsequel.mechanism.sbml_parts import Network, TimedChange, read_network
from carsequel.mechanism.schedule import Event


def read_sbml(source: str | Path, *, days_per_time_unit: float | None = None) -> Model:
    """Make a Model from SBML, given as text or as the path of a file.

    States are the species and parameters that rates change, in the unit their formulas use (concentration, or amount
    where the species has only substance units). Every constant is a parameter, and so is each plain starting value
    (`<state>_0`). An event at a fixed time is a jump of its id; `read_sbml_events` says when. Assignment rules that do
    not read the time are outputs. `days_per_time_unit` overrides the declared unit of time.
    Raises ModelError naming the feature and the element that is not taken over, or the missing library.
    """
    return _Imported(_network(source), days_per_time_unit).model()


def read_sbml_events(source: str | Path, *, days_per_time_unit: float | None = None) -> list[Event]:
    """Give the events of an SBML model, at the days of its own parameter values, for `plan`."""
    return _Imported(_network(source), days_per_time_unit).events()


def _network(source: str | Path) -> Network:
    try:
        library = import_module("libsbml")
    except ImportError:
        raise ModelError("reading SBML needs python-libsbml; install carsequel[sbml]") from None
    text = source if isinstance(source, str) and "<" in source else _text(Path(source))
    document = library.readSBMLFromString(text)
    for at in range(document.getNumErrors()):
        error = document.getError(at)
        if error.getSeverity() >= library.LIBSBML_SEV_ERROR:
            raise ModelError(f"SBML: not readable at line {error.getLine()}: {error.getShortMessage()}; mend the file")
    return read_network(library, document)


def _text(path: Path) -> str:
    if not path.is_file():
        raise ModelError(f"no SBML file at {path.name}; give its path or its text")
    return path.read_text(encoding="utf-8")


def _field(name: str) -> str:
    """Give an SBML id as the name of a field."""
    return f"x{name}" if keyword.iskeyword(name) or name.startswith("_") else name


class _Imported:
    """A network with the fields of its state and its parameters laid out."""

    def __init__(self, network: Network, days_per_time_unit: float | None) -> None:
        self.network = network
        self.days = days_per_time_unit or network.days_per_time_unit
        if self.days is None:
            raise ModelError(
                f"SBML model {network.name} declares no unit of time; pass days_per_time_unit, 1 where it is the day"
            )
        self.state = namedtuple("State", [_field(name) for name in network.states])  # type: ignore[misc]
        taken = {_field(name) for name in network.constants}
        self.fields = {name: _field(name) for name in network.constants}
        self.starts = {}
        for name in network.starting:
            field = f"{_field(name)}_0"
            while field in taken:
                field += "_"
            taken.add(field)
            self.starts[name] = field

    def model(self) -> Model:
        """Give the model; raises ModelError where something is defined by itself."""
        for name in (*self.network.states, *self.network.rules):
            try:
                self._own()(name)
            except ModelError:
                raise
            except (ArithmeticError, ValueError):
                continue  # not defined at the start, which is the solver's business
        return Model(
            name=self.network.name,
            parameters=self._parameters(),
            state=self.state,
            rates=self._rates,
            start=lambda p: self.state(*(_Scope(self, p, 0.0, None)(name) for name in self.network.states)),
            given=NothingGiven,
            jumps={change.name: self._jump(change) for change in self.network.changes},
            outputs={name: self._output(name) for name in self.network.rules if self._without_time(name)},
        )

    def events(self) -> list[Event]:
        return [Event(self._day(change), change.name) for change in self.network.changes if self._happens(change)]

    def _parameters(self) -> tuple[Parameter, ...]:
        source, network = f"SBML {self.network.name}", self.network
        rows = [(self.fields[name], value, network.words[name]) for name, value in network.constants.items()]
        rows += [(self.starts[name], value, f"start of {name}") for name, value in network.starting.items()]
        return tuple(Parameter(name, value, value, value, "", words, "assumed", source) for name, value, words in rows)

    def _rates(self, t: Any, now: Any, p: Any, given: Any) -> Any:
        scope = _Scope(self, p, t / self.days, now)
        changes = (self.network.changes_of(name, scope) for name in self.network.states)
        return self.state(*(change / self.days for change in changes))

    def _jump(self, change: TimedChange) -> Callable[[Any, Any, Any], Any]:
        def jump(now: Any, p: Any, amount: Any) -> Any:
            scope = _Scope(self, p, change.time(_Scope(self, p, 0.0, None)), now)
            return now._replace(**{_field(name): formula.value(scope) for name, formula in change.sets.items()})

        return jump

    def _output(self, name: str) -> Callable[[Any, Any], Any]:
        return lambda now, p: _Scope(self, p, 0.0, now)(name)

    def _without_time(self, name: str, seen: frozenset[str] = frozenset()) -> bool:
        rules = self.network.rules
        names = rules[name].names if name in rules and name not in seen else frozenset()
        return TIME not in names and all(self._without_time(each, seen | {name}) for each in names)

    def _own(self) -> "_Scope":
        values = namedtuple("Parameters", [row.name for row in self._parameters()])  # type: ignore[misc]
        return _Scope(self, values(*(row.value for row in self._parameters())), 0.0, None)

    def _day(self, change: TimedChange) -> float:
        return float(change.time(self._own())) * float(self.days or 0.0)

    def _happens(self, change: TimedChange) -> bool:
        """Say whether the trigger becomes true in the run: one that is true from the start need not."""
        day = self._day(change)
        return day > 0 or (day == 0 and not change.true_before_start)


class _Scope:
    """Looks up names at one moment; without a state, at the start."""

    def __init__(self, imported: _Imported, p: Any, t: Any, now: Any | None) -> None:
        self.imported, self.p, self.now = imported, p, now
        self.known: dict[str, Any] = {TIME: t}
        self.open: set[str] = set()
        self.at_start: _Scope | None = None

    def __call__(self, name: str) -> Any:
        if name not in self.known:
            if name in self.open:
                raise ModelError(
                    f"SBML model {self.imported.network.name}: {name} is defined by itself; break the circle"
                )
            self.open.add(name)
            self.known[name] = self._find(name)
        return self.known[name]

    def _find(self, name: str) -> Any:
        network, imported = self.imported.network, self.imported
        if name in network.states and self.now is not None:
            return getattr(self.now, _field(name))
        if name in network.rules:
            return network.rules[name].value(self)
        if name in network.constants:
            return getattr(self.p, imported.fields[name])
        if name in network.initial:
            return network.initial[name].value(self._start())
        if name in imported.starts:
            return getattr(self.p, imported.starts[name])
        raise ModelError(f"SBML model {network.name}: {name} is used but has no value; give it one")

    def _start(self) -> "_Scope":
        if self.now is None:
            return self
        if self.at_start is None:
            self.at_start = _Scope(self.imported, self.p, 0.0, None)
        return self.at_start
