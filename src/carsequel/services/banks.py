"""Banks of simulated patients: built once a disease and product, kept in the user's cache, looked up by their hash."""

import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from rich.console import Console
from rich.progress import Progress

from carsequel.answering.modelling import Banks
from carsequel.inference.bank import SIZE, Bank, bank_hash, bank_of, build_bank
from carsequel.inference.particles import Particles
from carsequel.inference.paths import Paths

SIZE_VARIABLE: Final = "CARSEQUEL_BANK"
CACHE_VARIABLE: Final = "CARSEQUEL_CACHE"
ARRAYS: Final = ("sets", "normals", "numbers", "times", "negative", "baseline", "failure_day", "complete", "cmax")


def bank_size() -> int:
    """Give how many patients a bank has: the variable CARSEQUEL_BANK, else 100,000; 0 turns the model off.

    Raises ValueError where the variable is no whole number from 0 on.
    """
    said = os.environ.get(SIZE_VARIABLE, str(SIZE))
    if not said.isdigit():
        raise ValueError(f"{SIZE_VARIABLE} must be a whole number of patients; 0 turns the model off")
    return int(said)


def cache_folder() -> Path:
    """Give the folder of kept banks: the variable CARSEQUEL_CACHE, else the user's cache folder."""
    own = os.environ.get(CACHE_VARIABLE)
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(own) if own else Path(base) / "carsequel"


def chosen_banks() -> Banks | None:
    """Give where the banks of a run come from; None where CARSEQUEL_BANK is 0 and the model is off."""
    return bank_for if bank_size() else None


@cache
def bank_for(disease: str, product: str, size: int | None = None) -> Bank:
    """Give the bank of a disease and product (of `bank_size` patients unless said): from the cache, or built with
    progress on the terminal and kept.

    A cache that cannot be written to costs only time. Raises PopulationError where no population is shipped.
    """
    size = bank_size() if size is None else size
    folder = cache_folder() / bank_hash(disease, product, size)
    if (folder / "bank.json").is_file():
        return load_bank(folder)
    show = Console(stderr=True)
    with Progress(console=show, disable=not show.is_terminal, transient=True) as progress:
        task = progress.add_task(f"simulating {size:,} patients ({disease} {product}), once", total=size)
        bank = build_bank(disease, product, size, progress=lambda done, total: progress.update(task, completed=done))
    try:
        save_bank(bank, size, folder)
    except OSError:
        show.print("carsequel: the bank could not be kept; it will be simulated again next time", style="dim")
    return bank


def save_bank(bank: Bank, size: int, folder: Path) -> None:
    """Keep a bank in a folder; it appears there whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        work = Path(made) / "bank"
        work.mkdir()
        for name, values in _arrays(bank).items():
            np.save(work / f"{name}.npy", values)
        told = {"disease": bank.disease, "product": bank.product, "seed": bank.seed, "size": size,
                "names": list(bank.particles.names), "logs": list(bank.paths.logs), "hash": bank.hash}  # fmt: skip
        (work / "bank.json").write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
        if not folder.exists():
            shutil.move(work, folder)


def load_bank(folder: Path) -> Bank:
    """Read a bank back, its large arrays left on disk until they are asked for."""
    told = orjson.loads((folder / "bank.json").read_bytes())
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS}
    logs = {name: np.load(folder / f"log_{name}.npy", mmap_mode="r") for name in told["logs"]}
    small = {name: np.array(values) for name, values in arrays.items() if name not in ("negative", "normals")}
    particles = Particles(tuple(told["names"]), small["sets"], arrays["normals"], small["numbers"])
    paths = Paths(
        told["disease"], small["times"], logs, arrays["negative"], small["baseline"], small["failure_day"],
        small["complete"], small["cmax"],
    )  # fmt: skip
    return bank_of(told["disease"], told["product"], told["seed"], told["size"], particles, paths)


def _arrays(bank: Bank) -> dict[str, Any]:
    found: dict[str, Any] = {name: getattr(bank.particles, name) for name in ("sets", "normals", "numbers")}
    found |= {name: getattr(bank.paths, name) for name in ARRAYS[3:]}
    return found | {f"log_{name}": values for name, values in bank.paths.logs.items()}
