"""carsequel: what happens if CAR T-cell therapy fails.

    import carsequel as cs
    course = cs.read("examples/published")
    findings = cs.grade(course)
    answer = cs.answer(course, patient="lbcl-tisacel-cd19neg-bulky")
    fit = cs.fit(course, patient="lbcl-tisacel-cd19neg-bulky")
    cs.causes(fit), cs.forecast(fit), cs.what_if(fit, arm="second_infusion")

Each name is imported when it is first used, so that `import carsequel` costs nothing.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from carsequel import causes
    from carsequel.answering import answer
    from carsequel.grading import grade
    from carsequel.inference import forecast, time_to_know
    from carsequel.record import Course, RecordError, new_folder, read, write_course
    from carsequel.research import simulate, what_if
    from carsequel.services.asking import fit
    from carsequel.services.banks import bank_for as bank

_HOMES = {
    "read": "carsequel.record",
    "write_course": "carsequel.record",
    "new_folder": "carsequel.record",
    "Course": "carsequel.record",
    "RecordError": "carsequel.record",
    "grade": "carsequel.grading",
    "answer": "carsequel.answering",
    "simulate": "carsequel.research",
    "what_if": "carsequel.research",
    "fit": "carsequel.services.asking",
    "forecast": "carsequel.inference",
    "time_to_know": "carsequel.inference",
    "bank": "carsequel.services.banks",
}
_ROOMS = ("causes",)  # a room that is called like a function
_NAMES = {"bank": "bank_for"}
__all__ = [
    "Course",
    "RecordError",
    "answer",
    "bank",
    "causes",
    "fit",
    "forecast",
    "grade",
    "new_folder",
    "read",
    "simulate",
    "time_to_know",
    "what_if",
    "write_course",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        from importlib import import_module

        return import_module(f"carsequel.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'carsequel' has no attribute {name!r}; it has: {', '.join(__all__)}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), _NAMES.get(name, name))


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
