"""Small SBML documents, written by hand but for the formulas, which the library turns into MathML."""

import libsbml

DAY = (
    '<unitDefinition id="day"><listOfUnits><unit kind="second" exponent="1" scale="0" multiplier="86400"/></listOfUnits>'
    "</unitDefinition>"
)
HOUR = DAY.replace("86400", "3600").replace('"day"', '"hour"')


def math(formula: str) -> str:
    """Give a formula as MathML."""
    text = libsbml.writeMathMLToString(libsbml.parseL3Formula(formula))
    return text.split("?>", 1)[1]


def listed(tag: str, *parts: str) -> str:
    """Wrap parts into a list, none where there is no part."""
    return f"<listOf{tag}>{''.join(parts)}</listOf{tag}>" if parts else ""


def parameter(name: str, value: float | None = None, constant: bool = True) -> str:
    """Give a parameter."""
    given = "" if value is None else f' value="{value!r}"'
    return f'<parameter id="{name}"{given} constant="{str(constant).lower()}"/>'


def species(
    name: str, start: float | None = None, *, amount: bool = False, boundary: bool = False, constant: bool = False
) -> str:
    """Give a species in compartment `c`; `amount`: its symbol means an amount."""
    given = "" if start is None else f' initial{"Amount" if amount else "Concentration"}="{start!r}"'
    flags = f'boundaryCondition="{str(boundary).lower()}" constant="{str(constant).lower()}"'
    return f'<species id="{name}" compartment="c"{given} hasOnlySubstanceUnits="{str(amount).lower()}" {flags}/>'


def reaction(
    name: str, law: str, into: tuple[str, ...] = (), out_of: tuple[str, ...] = (), local: str = "", number: float = 1
) -> str:
    """Give a reaction with a kinetic law."""
    one = '<speciesReference species="{}" stoichiometry="{}" constant="true"/>'
    lists = listed("Reactants", *(one.format(each, number) for each in out_of))
    lists += listed("Products", *(one.format(each, number) for each in into))
    constants = f"<listOfLocalParameters>{local}</listOfLocalParameters>" if local else ""
    law = f"<kineticLaw>{math(law)}{constants}</kineticLaw>"
    return f'<reaction id="{name}" reversible="false" fast="false">{lists}{law}</reaction>'


def rule(kind: str, name: str, formula: str) -> str:
    """Give an assignment, rate or algebraic rule."""
    variable = f' variable="{name}"' if name else ""
    return f"<{kind}Rule{variable}>{math(formula)}</{kind}Rule>"


def initial(name: str, formula: str) -> str:
    """Give an initial assignment."""
    return f'<initialAssignment symbol="{name}">{math(formula)}</initialAssignment>'


def event(name: str, trigger: str, sets: dict[str, str], before: bool = True, extra: str = "") -> str:
    """Give an event."""
    assigned = (
        f'<eventAssignment variable="{each}">{math(formula)}</eventAssignment>' for each, formula in sets.items()
    )
    start = f'<trigger initialValue="{str(before).lower()}" persistent="true">{math(trigger)}</trigger>'
    return f'<event id="{name}" useValuesFromTriggerTime="true">{start}{extra}{listed("EventAssignments", *assigned)}</event>'


def document(
    *,
    functions: tuple[str, ...] = (),
    units: str = DAY,
    time: str = ' timeUnits="day"',
    size: float = 1.0,
    version: int = 1,
    species: tuple[str, ...] = (),
    parameters: tuple[str, ...] = (),
    initials: tuple[str, ...] = (),
    rules: tuple[str, ...] = (),
    reactions: tuple[str, ...] = (),
    events: tuple[str, ...] = (),
    constraints: tuple[str, ...] = (),
) -> str:
    """Give an SBML level 3 document with one compartment `c`."""
    compartment = f'<compartment id="c" spatialDimensions="3" size="{size!r}" constant="true"/>'
    inside = (
        listed("FunctionDefinitions", *functions)
        + listed("UnitDefinitions", units)
        + listed("Compartments", compartment)
        + listed("Species", *species)
        + listed("Parameters", *parameters)
        + listed("InitialAssignments", *initials)
        + listed("Rules", *rules)
        + listed("Constraints", *constraints)
        + listed("Reactions", *reactions)
        + listed("Events", *events)
    )
    head = f'<?xml version="1.0" encoding="UTF-8"?><sbml xmlns="http://www.sbml.org/sbml/level3/version{version}/core" level="3" version="{version}">'
    return f'{head}<model id="small"{time}>{inside}</model></sbml>'
