"""A model of ours as SBML level 3 version 1, for other programs: parameters, rate rules, outputs, the events of a plan.

States are parameters that change by a rate rule, from an initial assignment; what is given is a parameter that events
set. Terms that several formulas need stand once, as assignment rules `shared_1`, `shared_2`, and so on. The unit of
time is the day. What SBML cannot say in the same way stays out: the chance of whole cells, and floors (a state that
falls below one cell goes on as a fraction of it). Needs python-libsbml (`pip install carsequel[sbml]`).
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np

from carsequel.mechanism.form import Model, ModelError
from carsequel.mechanism.kernel.graph import Term
from carsequel.mechanism.kernel.trace import Traced, trace
from carsequel.mechanism.sbml_formulas import Writer
from carsequel.mechanism.schedule import Event

SECONDS_PER_DAY: Final = 86400.0


def write_sbml(
    model: Model,
    parameters: Mapping[str, float] | None = None,
    events: Sequence[Event] = (),
    path: str | Path | None = None,
) -> str:
    """Give a model as SBML text, and write it to `path` where one is given.

    parameters: name -> number, for those that differ from the model's own value. events: jumps and what is given, each
    on a day of its own for one patient; those of one day become one event, in the order listed. Raises ModelError for a
    name that the model does not have, an event of many patients, or a missing library.
    """
    try:
        library = import_module("libsbml")
    except ImportError:
        raise ModelError("writing SBML needs python-libsbml; install carsequel[sbml]") from None
    unknown = sorted(set(parameters or {}) - set(model.parameter_names))
    if unknown:
        raise ModelError(
            f"parameters: model {model.name} has no {unknown[0]}; it has {', '.join(model.parameter_names)}"
        )
    text = _Export(library, model, parameters or {}).text(events)
    if path is not None:
        Path(path).write_text(text, encoding="utf-8")
    return text


class _Export:
    """One document under construction."""

    def __init__(self, library: Any, model: Model, values: Mapping[str, float]) -> None:
        self.library, self.model, self.values = library, model, values
        self.traced: Traced = trace(model)
        self.document = library.SBMLDocument(3, 1)
        self.sbml = self.document.createModel(model.name)
        self.named: dict[int, str] = {}

    def text(self, events: Sequence[Event]) -> str:
        model, traced = self.model, self.traced
        changes = [(day, self._after(day, group)) for day, group in _by_day(model, events)]
        outputs = {name: term for name, term in self._outputs().items() if name not in self._taken()}
        self._unit()
        for row in model.parameters:
            self._parameter(row.name, float(self.values.get(row.name, row.value)), row.meaning, constant=True)
        for name in model.given_names:
            self._parameter(name, float(getattr(model.given(), name)), f"{name}: given", constant=False)
        for name in model.state_names:
            self._parameter(name, None, f"state {name}", constant=False)
        every = [*traced.rates, *traced.start, *outputs.values(), *(term for _, after in changes for term in after)]
        self.writer = Writer(every, self._name)
        for name, formula in self.writer.shared():
            self._parameter(name, None, "needed by several formulas", constant=False)
            self._set(self.sbml.createAssignmentRule(), "setVariable", name, formula)
        for name, start, rate in zip(model.state_names, traced.start, traced.rates):
            self._set(self.sbml.createInitialAssignment(), "setSymbol", name, self.writer.formula(start))
            self._set(self.sbml.createRateRule(), "setVariable", name, self.writer.formula(rate))
        for name, term in outputs.items():
            self._parameter(name, None, f"output {name}", constant=False)
            self._set(self.sbml.createAssignmentRule(), "setVariable", name, self.writer.formula(term))
        for number, (day, after) in enumerate(changes, 1):
            self._event(f"event_{number}", day, after)
        return str(self.library.writeSBMLToString(self.document))

    def _taken(self) -> set[str]:
        return {*self.model.parameter_names, *self.model.given_names, *self.model.state_names}

    def _name(self, kind: str, index: int) -> str:
        names = {"state": self.model.state_names, "parameter": self.model.parameter_names}
        return "time" if kind == "time" else {**names, "given": self.model.given_names}[kind][index]

    def _inputs(self) -> tuple[list[Term], list[Term], list[Term]]:
        graph, model = self.traced.graph, self.model
        return (
            [graph.input("state", at, fixed=False) for at in range(len(model.state_names))],
            [graph.input("parameter", at, fixed=True) for at in range(len(model.parameters))],
            [graph.input("given", at, fixed=True) for at in range(len(model.given_names))],
        )

    def _outputs(self) -> dict[str, Term]:
        states, parameters, _ = self._inputs()
        now, p = self.model.state(*states), _Values(self.model.parameter_names, parameters)
        return {name: self.traced.graph.term(read(now, p)) for name, read in self.model.outputs.items()}

    def _after(self, day: float, events: list[Event]) -> list[Term]:
        """Give states and what is given after the events of one day, the one built on the other."""
        states, parameters, given = self._inputs()
        graph, p = self.traced.graph, _Values(self.model.parameter_names, parameters)
        for event in events:
            if event.jump is not None:
                moved = self.model.jumps[event.jump](self.model.state(*states), p, graph.constant(_one(event.amount)))
                states = [graph.term(value) for value in moved]
            for name, value in event.given:
                given[self.model.given_names.index(name)] = graph.constant(value)
        return [*states, *given]

    def _unit(self) -> None:
        definition = self.sbml.createUnitDefinition()
        definition.setId("day")
        unit = definition.createUnit()
        unit.setKind(self.library.UNIT_KIND_SECOND)
        unit.setExponent(1)
        unit.setScale(0)
        unit.setMultiplier(SECONDS_PER_DAY)
        self.sbml.setTimeUnits("day")

    def _parameter(self, name: str, value: float | None, words: str, *, constant: bool) -> None:
        parameter = self.sbml.createParameter()
        parameter.setId(name)
        parameter.setName(words)
        parameter.setConstant(constant)
        if value is not None:
            parameter.setValue(value)

    def _set(self, element: Any, how: str, name: str, formula: str) -> None:
        getattr(element, how)(name)
        element.setMath(self._math(formula))

    def _math(self, formula: str) -> Any:
        settings = self.library.L3ParserSettings()
        settings.setModel(self.sbml)  # its own names go before those of the notation
        node = self.library.parseL3FormulaWithSettings(formula, settings)
        if node is None:
            raise ModelError(f"model {self.model.name}: a formula cannot be written as SBML; rename what SBML reserves")
        return node

    def _event(self, name: str, day: float, after: list[Term]) -> None:
        event = self.sbml.createEvent()
        event.setId(name)
        event.setUseValuesFromTriggerTime(True)
        trigger = event.createTrigger()
        trigger.setPersistent(True)
        trigger.setInitialValue(False)
        trigger.setMath(self._math(f"time >= {day!r}"))
        states, _, given = self._inputs()
        for before, term in zip([*states, *given], after):
            if term is not before:
                self._set(
                    event.createEventAssignment(), "setVariable", self._name(*before.name), self.writer.formula(term)
                )


class _Values:
    """Parameters by name, as a model reads them."""

    def __init__(self, names: tuple[str, ...], terms: list[Term]) -> None:
        self.__dict__.update(zip(names, terms))


def _one(value: Any) -> float:
    if np.ndim(value) != 0:
        raise ModelError("events: one day and one amount are needed; SBML holds one patient")
    return float(value)


def _by_day(model: Model, events: Sequence[Event]) -> list[tuple[float, list[Event]]]:
    for event in events:
        named = [event.jump] if event.jump is not None else []
        unknown = sorted({*named} - {*model.jumps}) + sorted({name for name, _ in event.given} - {*model.given_names})
        if unknown:
            raise ModelError(f"model {model.name} knows no jump or treatment {unknown[0]}")
    happening = sorted(
        (event for event in events if _one(event.day) == _one(event.day)), key=lambda each: _one(each.day)
    )
    return [(day, list(group)) for day, group in groupby(happening, key=lambda each: _one(each.day))]
