"""carsequel demo: a small SYNTHETIC cohort, from simulation to pages."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from carsequel.inference.bank import Bank
from carsequel.record.errors import RecordError
from carsequel.services.banks import bank_for, bank_size
from carsequel.services.pages import run_report
from carsequel.services.records import FOLDER, TRUTH, check_place, write_records
from carsequel.services.screen import console
from carsequel.services.staging import staged
from carsequel.synthetic import make_records

COHORT: Final = (("LBCL", "axi-cel"), ("B-ALL", "tisa-cel"))
PAGES: Final = "pages"
BANK, ENOUGH = 5_000, 80.0  # for a look; a report takes more


def _quick_bank(disease: str, product: str) -> Bank:
    return replace(bank_for(disease, product, BANK), enough=ENOUGH)


def run_demo(out: Path, each: int = 3, seed: int = 7) -> int:
    """Make records of `each` synthetic patients a disease, answer every one, and say where to look; gives the exit
    status. Raises RecordError where `out` already holds records."""
    if each < 1:
        raise RecordError("--n is below 1", "give at least one patient a disease")
    check_place(out)
    screen = console()
    screen.print(f"{each * len(COHORT)} SYNTHETIC patients; the first run ever compiles the solver for half a minute")
    parts = [make_records(disease, product, each, seed) for disease, product in COHORT]
    with staged(out) as stage:
        write_records(parts, stage)
    banks = _quick_bank if bank_size() else None
    status = run_report(out / FOLDER, out / PAGES, None, True, None, banks=banks)
    screen.print(f"pages to look at:  {out / PAGES / 'index.html'}")
    screen.print(f"what they rest on: {out / FOLDER} (the same as FHIR beside it)")
    screen.print(f"what was true:     {out / TRUTH}")
    return status
