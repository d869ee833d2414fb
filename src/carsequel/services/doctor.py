"""carsequel doctor: what is installed, which extras are missing, and whether a tiny answer comes out right."""

import platform
from importlib import metadata

from carsequel import __version__
from carsequel.services.screen import console

BASE = ("polars", "orjson", "numpy", "matplotlib", "jinja2", "typer", "rich", "fastexcel", "xlsxwriter")
EXTRAS = {
    "fhir": ("fhir.resources",),
    "bench": ("fhir.resources", "duckdb"),
    "test": ("pytest", "hypothesis", "ruff", "mypy"),
}
TINY = (
    {"patient": "doctor", "name": "temperature", "day": 1.0, "value": 38.5, "unit": "degC"},
    {"patient": "doctor", "name": "response", "day": 30.0, "text": "PD"},
)
EXPECTED = ("failed", "primary_refractory", "very_early")


def run_doctor() -> int:
    """Print versions, missing extras and the tiny answer; 1 where the answer is not the expected one."""
    screen = console()
    screen.print(
        f"carsequel {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )
    screen.print("installed: " + ", ".join(f"{name} {_version(name)}" for name in BASE))
    for extra, names in EXTRAS.items():
        missing = [name for name in names if _version(name) is None]
        state = f"missing {', '.join(missing)} (pip install 'carsequel[{extra}]')" if missing else "complete"
        screen.print(f"extra {extra}: {state}", markup=False)
    found = _tiny_answer()
    right = found == EXPECTED
    screen.print(
        f"a tiny answer: {' '.join(str(word) for word in found)}: {'as expected' if right else 'NOT as expected'}"
    )
    return 0 if right else 1


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _tiny_answer() -> tuple[str | None, str | None, str | None]:
    import polars as pl

    from carsequel.answering import answer
    from carsequel.record.normalise import course_from_tables

    tables = {
        "patients": pl.DataFrame({"patient": ["doctor"], "disease": ["LBCL"]}),
        "infusions": pl.DataFrame({"patient": ["doctor"], "infusion": [1], "day": [0.0], "product": ["axi-cel"]}),
        "facts": pl.DataFrame(list(TINY), infer_schema_length=None),
    }
    failure = answer(course_from_tables(tables), "doctor")["failure"]
    return failure["state"], failure["type"], failure["timing"]
