"""How the few fixed functions are compiled: by Numba, without the interpreter's lock, kept on disk between sessions."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile a function on its first call and keep the result beside its file (or in the user's cache folder)."""
    return cast(Function, njit(cache=True, nogil=True, error_model="numpy")(function))


def inner(function: Function) -> Function:
    """Compile a function that only compiled functions call: without the part that would let Python call it."""
    options: Any = {"nogil": True, "error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast(Function, njit(**options)(function))


def sources() -> int:
    """Give a number of the source files of this folder.

    Numba looks only at the file of a function to see whether what it kept is still right; a function that closes over
    this number is compiled again when any file has changed.
    """
    return zlib.crc32(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))))
