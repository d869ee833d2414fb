"""How fast is read_fhir? Laboratory NDJSON of 10,000 to 500,000 resources beside json.loads and fhir.resources.

Run `python bench/fhir_read.py`. Each time is the median of three runs, each in a process of its own so that peak memory
belongs to one reading; imports are not counted. Synthetic numbers, seeded.
"""

import json
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

SIZES = (10_000, 100_000, 500_000)
LABS = (
    ("26499-4", "10*9/L", 1.8, 7.5),
    ("26515-7", "10*9/L", 150, 400),
    ("2532-0", "U/L", 120, 250),
    ("2276-4", "ug/L", 15, 400),
    ("1988-5", "mg/L", 0, 5),
    ("718-7", "g/dL", 12, 16),
)


def write_labs(path: Path, count: int) -> None:
    """Write `count` resources: one patient, diagnosis and infusion for every hundred, the rest laboratory values."""
    rng = random.Random(7)
    patients = count // 100
    with path.open("w", encoding="utf-8") as out:
        for p in range(patients):
            who = {"reference": f"Patient/p{p}"}
            icd = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "C83.31"}]}
            drug = {"text": "Yescarta"}
            for made in (
                {"resourceType": "Patient", "id": f"p{p}", "gender": "female", "birthDate": "1960-06-15"},
                {"resourceType": "Condition", "id": f"c{p}", "subject": who, "code": icd},
                {"resourceType": "MedicationAdministration", "id": f"m{p}", "status": "completed", "subject": who}
                | {"medicationCodeableConcept": drug, "effectiveDateTime": "2024-01-15"},
            ):
                out.write(json.dumps(made) + "\n")
        for i in range(count - 3 * patients):
            out.write(json.dumps(_lab(i, patients, rng)) + "\n")


def _lab(i: int, patients: int, rng: random.Random) -> dict[str, object]:
    code, unit, low, high = LABS[i % len(LABS)]
    date = f"2024-{1 + i // 28 % 12:02d}-{1 + i % 28:02d}T06:30:00+01:00"
    category = [
        {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}
    ]
    ucum = {"unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    return {
        "resourceType": "Observation",
        "id": f"o{i}",
        "meta": {"versionId": "1", "lastUpdated": "2024-12-01T00:00:00Z"},
        "status": "final",
        "category": category,
        "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": "a test"}]},
        "subject": {"reference": f"Patient/p{i % patients}"},
        "effectiveDateTime": date,
        "valueQuantity": {"value": round(rng.lognormvariate(0, 1) * high, 2), **ucum},
        "referenceRange": [{"low": {"value": low, **ucum}, "high": {"value": high, **ucum}}],
    }


def by_us(path: Path) -> int:
    from carsequel.record.fhir import read_fhir

    return read_fhir(path)[0]["facts"].height


def by_json(path: Path) -> int:
    with path.open(encoding="utf-8") as lines:
        return sum(1 for line in lines if json.loads(line))


def by_fhir_resources(path: Path) -> int:
    from fhir.resources.R4B import get_fhir_model_class

    models = {kind: get_fhir_model_class(kind) for kind in ("Patient", "Observation", "Condition")}
    models["MedicationAdministration"] = get_fhir_model_class("MedicationAdministration")
    count = 0
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            models[line.split('"', 4)[3]].model_validate_json(line)
            count += 1
    return count


WAYS: dict[str, Callable[[Path], int]] = {
    "read_fhir": by_us,
    "json.loads": by_json,
    "fhir.resources R4B": by_fhir_resources,
}


def once(way: str, path: Path) -> tuple[float, float]:
    """Seconds and peak memory (MB) of one way in a process of its own."""
    made = subprocess.run([sys.executable, __file__, way, str(path)], check=True, capture_output=True, text=True)
    seconds, peak = made.stdout.split()
    return float(seconds), float(peak)


def one_run(way: str, path: Path) -> None:
    warm = path.with_suffix(".warm.ndjson")
    if not warm.exists():
        write_labs(warm, 100)
    WAYS[way](warm)
    start = time.perf_counter()
    WAYS[way](path)
    print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def main() -> None:
    versions = ", ".join(f"{name} {_version(name)}" for name in ("polars", "orjson", "fhir.resources"))
    print(f"Python {platform.python_version()}, {versions}; {platform.machine()}, medians of 3")
    print(f"{'resources':>9}  {'way':<20}{'seconds':>9}{'per second':>12}{'peak MB':>9}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            path = Path(folder) / f"labs-{size}.ndjson"
            write_labs(path, size)
            ours = 0.0
            for way in WAYS:
                if way.startswith("fhir") and (size > SIZES[0] or _version("fhir.resources") == "absent"):
                    continue
                runs = [once(way, path) for _ in range(3)]
                seconds, peak = (statistics.median(column) for column in zip(*runs, strict=True))
                ours = ours or seconds
                print(f"{size:>9}  {way:<20}{seconds:>9.3f}{size / seconds:>12,.0f}{peak:>9.0f}{seconds / ours:>8.2f}")
            path.unlink()


if __name__ == "__main__":
    if len(sys.argv) == 3:
        one_run(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
