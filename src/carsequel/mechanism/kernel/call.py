"""Machine code and memory by address, for compiled code: calls of a model's functions, and plain pointers.

Pointers and not arrays: arrays count their references with locked instructions, on every access and by all threads.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


def _call(_typing: Any, function: Any, argument: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        word, byte = ir.IntType(64), ir.IntType(8).as_pointer()
        where = builder.inttoptr(arguments[0], ir.FunctionType(word, [byte]).as_pointer())
        return builder.call(where, [builder.inttoptr(arguments[1], byte)])

    return types.int64(types.int64, types.int64), generate


def _pointer(kind: Any) -> Any:
    pointer: Any = types.CPointer

    def at_address(_typing: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return pointer(kind)(types.int64), generate

    return at_address


call: Any = intrinsic(_call)  # call(function, argument): both addresses; every function gives a whole number
floats_at: Any = intrinsic(_pointer(types.float64))
whole_numbers_at: Any = intrinsic(_pointer(types.int64))
