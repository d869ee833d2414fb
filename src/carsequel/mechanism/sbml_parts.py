"""The parts of an SBML document, read once: what is constant, what changes and how, what happens at a fixed time."""

import math
from dataclasses import dataclass, field
from typing import Any, Final

from carsequel.mechanism.form import ModelError
from carsequel.mechanism.sbml_math import TIME, Formula, Formulas, Lookup

SECONDS_PER_DAY: Final = 86400.0
EXTENDED_MATH: Final = "l3v2extendedmath"  # part of level 3 version 2; what is not taken over of it is refused by name


@dataclass(frozen=True)
class TimedChange:
    """An event at a fixed time: it sets states to the values of formulas."""

    name: str
    when: Formula
    sets: dict[str, Formula]
    true_before_start: bool

    def time(self, lookup: Lookup) -> Any:
        """Give its time, in the unit of the model."""
        return self.when.value(lookup)


@dataclass
class Network:
    """A model by SBML ids. `constants` and `starting` are numbers; `rules` holds assignment rules and reaction rates;
    `flows` the reactions of a state with stoichiometry and compartment; `slopes` its rate rule."""

    name: str
    days_per_time_unit: float | None
    states: list[str] = field(default_factory=list)
    constants: dict[str, float] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    starting: dict[str, float] = field(default_factory=dict)
    initial: dict[str, Formula] = field(default_factory=dict)
    rules: dict[str, Formula] = field(default_factory=dict)
    slopes: dict[str, Formula] = field(default_factory=dict)
    flows: dict[str, list[tuple[str, float, str | None]]] = field(default_factory=dict)
    changes: list[TimedChange] = field(default_factory=list)

    def changes_of(self, name: str, lookup: Lookup) -> Any:
        """Give the change of a state per unit of time."""
        if name in self.slopes:
            return self.slopes[name].value(lookup)
        change: Any = 0.0
        for reaction, stoichiometry, compartment in self.flows.get(name, []):
            flow = stoichiometry * lookup(reaction)
            change = change + (flow if compartment is None else flow / lookup(compartment))
        return change


def read_network(library: Any, document: Any) -> Network:
    """Read a document of libsbml; raises ModelError naming the first feature that is not taken over."""
    if document.getLevel() == 1 and not document.setLevelAndVersion(2, 4, False):
        raise ModelError("SBML: level 1 could not be converted; save the model as level 2 or 3")
    model = document.getModel()
    if model is None:
        raise ModelError("SBML: the document holds no model; give one with a <model>")
    _refuse(document, model)
    reader = _Parts(library, model)
    reader.rules()
    reader.reactions()
    reader.events()
    reader.values()
    return reader.network


def _refuse(document: Any, model: Any) -> None:
    packages = _listed(document.getNumPlugins() if document.getLevel() == 3 else 0, document.getPlugin)
    for package in (each.getPackageName() for each in packages):
        if document.getPackageRequired(package) and package != EXTENDED_MATH:
            raise _not_taken("package", package)
    if model.getNumConstraints():
        raise _not_taken("constraint", "the model")
    if model.isSetConversionFactor():
        raise _not_taken("conversion factor", "the model")


def _not_taken(feature: str, element: str) -> ModelError:
    return ModelError(f"SBML: {feature} ({element}) is not taken over; rewrite the model without it")


def _listed(number: int, get: Any) -> list[Any]:
    return [get(at) for at in range(number)]


class _Parts:
    """Reads the lists of a model into a Network, in the order in which they depend on each other."""

    def __init__(self, library: Any, model: Any) -> None:
        self.library, self.model = library, model
        self.formulas = Formulas(library, model)
        self.network = Network(model.getId() or model.getName() or "sbml", _days_per_time_unit(library, model))
        self.species = {each.getId(): each for each in _listed(model.getNumSpecies(), model.getSpecies)}
        self.compartments = {each.getId(): each for each in _listed(model.getNumCompartments(), model.getCompartment)}
        self.parameters = {each.getId(): each for each in _listed(model.getNumParameters(), model.getParameter)}

    def rules(self) -> None:
        """Read rules and initial assignments."""
        for rule in _listed(self.model.getNumRules(), self.model.getRule):
            if rule.isAlgebraic():
                raise _not_taken("algebraic rule", "0 = …")
            name = rule.getVariable()
            self._known(name, "rule", compartments=False)
            formula = self.formulas.read(rule.getMath(), f"the rule of {name}")
            (self.network.slopes if rule.isRate() else self.network.rules)[name] = formula
        for each in _listed(self.model.getNumInitialAssignments(), self.model.getInitialAssignment):
            name = each.getSymbol()
            self._known(name, "initial assignment")
            self.network.initial[name] = self.formulas.read(each.getMath(), f"the initial assignment of {name}")

    def _known(self, name: str, what: str, compartments: bool = True) -> None:
        if name in self.compartments and not compartments:
            raise _not_taken(f"{what} for a compartment", name)
        if name not in self.species and name not in self.parameters and name not in self.compartments:
            raise _not_taken(what, name)

    def reactions(self) -> None:
        """Read reactions: the rate of each under its id, and what flows into and out of each species."""
        for reaction in _listed(self.model.getNumReactions(), self.model.getReaction):
            name = reaction.getId()
            if reaction.isSetFast() and reaction.getFast():
                raise _not_taken("fast reaction", name)
            law = reaction.getKineticLaw()
            if law is None:
                raise _not_taken("reaction without kinetic law", name)
            where = f"the kinetic law of {name}"
            self.network.rules[name] = self.formulas.read(law.getMath(), where, self._local(name, law))
            for sign, number, get in (
                (-1.0, reaction.getNumReactants(), reaction.getReactant),
                (1.0, reaction.getNumProducts(), reaction.getProduct),
            ):
                for reference in _listed(number, get):
                    self._flow(name, sign, reference)

    def _local(self, reaction: str, law: Any) -> dict[str, str]:
        listed = _listed(law.getNumLocalParameters(), law.getLocalParameter)
        listed += _listed(law.getNumParameters(), law.getParameter) if not listed else []
        rename = {}
        for each in listed:
            rename[each.getId()] = f"{reaction}__{each.getId()}"
            self._constant(rename[each.getId()], each.getValue(), each.getName() or f"{each.getId()} of {reaction}")
        return rename

    def _flow(self, reaction: str, sign: float, reference: Any) -> None:
        name, species = reference.getSpecies(), self.species[reference.getSpecies()]
        if reference.isSetStoichiometryMath() or not math.isfinite(reference.getStoichiometry()):
            raise _not_taken("variable stoichiometry", f"{name} in {reaction}")
        if species.isSetConversionFactor():
            raise _not_taken("conversion factor", name)
        if species.getConstant() or species.getBoundaryCondition() or name in self.network.slopes:
            return
        if name in self.network.rules:
            raise _not_taken("reaction of a species that a rule sets", name)
        size = None if species.getHasOnlySubstanceUnits() else species.getCompartment()
        self.network.flows.setdefault(name, []).append((reaction, sign * reference.getStoichiometry(), size))

    def events(self) -> None:
        """Read events whose trigger is a fixed time."""
        for at, event in enumerate(_listed(self.model.getNumEvents(), self.model.getEvent)):
            name = event.getId() or f"event{at + 1}"
            if event.isSetDelay() or event.isSetPriority():
                raise _not_taken("delay or priority of an event", name)
            sets = {}
            for each in _listed(event.getNumEventAssignments(), event.getEventAssignment):
                self._known(each.getVariable(), "assignment by an event", compartments=False)
                if each.getVariable() in self.network.rules:
                    raise _not_taken("assignment to what a rule sets", f"{each.getVariable()} in {name}")
                sets[each.getVariable()] = self.formulas.read(each.getMath(), f"event {name}")
            trigger = event.getTrigger()
            before = not trigger.isSetInitialValue() or trigger.getInitialValue()
            self.network.changes.append(TimedChange(name, self._when(trigger, name), sets, before))

    def _when(self, trigger: Any, name: str) -> Formula:
        node, kinds = trigger.getMath(), self.formulas.named
        kind = kinds.get(node.getType(), "") if node is not None else ""
        sides = [node.getChild(0), node.getChild(1)] if node is not None and node.getNumChildren() == 2 else []
        if kind in ("AST_RELATIONAL_LEQ", "AST_RELATIONAL_LT"):
            sides.reverse()
        elif kind not in ("AST_RELATIONAL_GEQ", "AST_RELATIONAL_GT"):
            sides = []
        if not sides or kinds.get(sides[0].getType()) != "AST_NAME_TIME":
            raise _not_taken("trigger other than time >= a constant", f"event {name}")
        when = self.formulas.read(sides[1], f"the trigger of {name}")
        if when.names - set(self.parameters) or any(self._changes(each) for each in when.names):
            raise _not_taken("trigger that changes with the state", f"event {name}")
        return when

    def _changes(self, name: str) -> bool:
        return name in self.network.rules or name in self.network.slopes

    def values(self) -> None:
        """Sort species, parameters and compartments into states, constants and what is computed."""
        network = self.network
        jumped = {name for change in network.changes for name in change.sets}
        moving = set(network.slopes) | set(network.flows) | jumped
        for name, species in self.species.items():
            self._sort(name, name in moving, self._starting_value(species), species.getName())
        for name, parameter in self.parameters.items():
            value = parameter.getValue() if parameter.isSetValue() else math.nan
            self._sort(name, name in moving, value, parameter.getName())
        for name, compartment in self.compartments.items():
            value = compartment.getSize() if compartment.isSetSize() else math.nan
            if math.isfinite(value) or name in network.initial:
                self._sort(name, False, value, compartment.getName())
        self._all_known()

    def _all_known(self) -> None:
        network = self.network
        formulas = [*network.rules.values(), *network.slopes.values(), *network.initial.values()]
        formulas += [formula for change in network.changes for formula in (change.when, *change.sets.values())]
        used = {name for formula in formulas for name in formula.names}
        used |= {size for flows in network.flows.values() for _, _, size in flows if size}
        unknown = used - {TIME, *network.states, *network.constants, *network.rules, *network.initial}
        if unknown:
            raise ModelError(f"SBML model {network.name}: {min(unknown)} is used but has no value; give it one")

    def _sort(self, name: str, moving: bool, value: float, words: str) -> None:
        network = self.network
        if name in network.rules:
            return
        if moving:
            network.states.append(name)
        if name in network.initial:
            return
        if not math.isfinite(value):
            raise ModelError(f"SBML model {network.name}: {name} has no value; give it one in the model")
        if moving:
            network.starting[name] = value
        else:
            self._constant(name, value, words)

    def _constant(self, name: str, value: float, words: str) -> None:
        self.network.constants[name] = value
        self.network.words[name] = words or name

    def _starting_value(self, species: Any) -> float:
        """Give the start of a species in the unit of its symbol: concentration, or amount."""
        compartment = self.compartments.get(species.getCompartment())
        size = compartment.getSize() if compartment is not None and compartment.isSetSize() else math.nan
        amounts = species.getHasOnlySubstanceUnits()
        if species.isSetInitialConcentration():
            return float(species.getInitialConcentration() * (size if amounts else 1.0))
        if species.isSetInitialAmount():
            return float(species.getInitialAmount() / (1.0 if amounts else size))
        return math.nan


def _days_per_time_unit(library: Any, model: Any) -> float | None:
    """Give the length of the declared unit of time in days; None where none is declared."""
    name = model.getTimeUnits() if model.getLevel() > 2 else "time"
    if name == "second":
        return 1.0 / SECONDS_PER_DAY
    definition = model.getUnitDefinition(name) if name else None
    if definition is None:
        return 1.0 / SECONDS_PER_DAY if model.getLevel() == 2 else None
    seconds = 1.0
    for unit in _listed(definition.getNumUnits(), definition.getUnit):
        if unit.getKind() == library.UNIT_KIND_DIMENSIONLESS:
            continue
        if unit.getKind() != library.UNIT_KIND_SECOND or unit.getExponentAsDouble() != 1.0:
            raise _not_taken("unit of time that is no multiple of the second", name)
        seconds *= unit.getMultiplier() * 10.0 ** unit.getScale()
    return seconds / SECONDS_PER_DAY
