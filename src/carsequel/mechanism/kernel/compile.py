"""From a model to machine code for this processor: trace, print, compile, and keep what was compiled."""

import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

import llvmlite.binding as llvm

from carsequel.mechanism.form import Model
from carsequel.mechanism.kernel.layout import Layout
from carsequel.mechanism.kernel.program import FUNCTIONS, print_module
from carsequel.mechanism.kernel.program_columns import Columns
from carsequel.mechanism.kernel.trace import trace

_KEPT = 32


@dataclass(frozen=True)
class Compiled:
    """Addresses of a model's functions in the order of `FUNCTIONS` and then `take`; valid while this object lives."""

    place: Layout
    rows: int
    addresses: tuple[int, ...]
    engine: Any


_compiled: dict[tuple[int, tuple[str, ...], int], tuple[Model, Compiled]] = {}
_one_at_a_time = threading.Lock()


def compiled_model(model: Model, wrt: tuple[str, ...] = (), lanes: int = 0) -> Compiled:
    """Give a model's compiled functions, with tangents for the parameters `wrt`; lanes 0 = what suits the processor.

    Raises TracingError for a model that cannot be written down.
    """
    lanes = lanes or usual_lanes(tangents=bool(wrt))
    with _one_at_a_time:
        key = (id(model), wrt, lanes)
        if key not in _compiled:
            if len(_compiled) >= _KEPT:
                _compiled.pop(next(iter(_compiled)))
            _compiled[key] = (model, _compile(model, wrt, lanes))
        return _compiled[key][1]


def usual_lanes(*, tangents: bool) -> int:
    """Give how many patients go side by side, as measured: with half the registers more lanes only spill."""
    features = dict(llvm.get_host_cpu_features())
    if features.get("avx512f"):
        return 8 if tangents else 16
    return 4


def print_model(model: Model, wrt: tuple[str, ...] = (), lanes: int = 8) -> tuple[Layout, str]:
    """Give the layout and the LLVM text of a model."""
    traced = trace(model)
    zero = traced.graph.constant(0.0)
    influx = () if wrt else tuple(at for at, law in enumerate(traced.turnover) if law[2] is not zero)
    place = Layout(traced, lanes, len(wrt), influx)
    columns = Columns(place, tuple(model.parameter_names.index(name) for name in wrt))
    return place, print_module(place, columns)


def _compile(model: Model, wrt: tuple[str, ...], lanes: int) -> Compiled:
    place, text = print_model(model, wrt, lanes)
    machine = _machine()
    module = llvm.parse_assembly(text)
    passes = llvm.create_new_module_pass_manager()  # the text is vector code without repeats: nothing else pays here
    passes.add_always_inliner_pass()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=1)))
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    addresses = tuple(engine.get_function_address(name) for name in (*FUNCTIONS, "take"))
    return Compiled(place, place.rows(), addresses, engine)


@cache
def _target() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()


def _machine() -> Any:
    return _target().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2, jit=True
    )
