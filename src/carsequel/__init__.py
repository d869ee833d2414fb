"""carsequel: what happens if CAR T-cell therapy fails.

    import carsequel as cs
    course = cs.read("examples/published")
    findings = cs.grade(course)
    answer = cs.answer(course, patient="lbcl-tisacel-cd19neg-bulky")

Each name is imported when it is first used, so that `import carsequel` costs nothing.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from carsequel.answering import answer
    from carsequel.grading import grade
    from carsequel.record import Course, RecordError, new_folder, read, write_course
    from carsequel.research import simulate

_HOMES = {
    "read": "carsequel.record",
    "write_course": "carsequel.record",
    "new_folder": "carsequel.record",
    "Course": "carsequel.record",
    "RecordError": "carsequel.record",
    "grade": "carsequel.grading",
    "answer": "carsequel.answering",
    "simulate": "carsequel.research",
}
__all__ = ["Course", "RecordError", "answer", "grade", "new_folder", "read", "simulate", "write_course"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'carsequel' has no attribute {name!r}; it has: {', '.join(__all__)}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
