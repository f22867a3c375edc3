"""Views of parts of one array in compiled code, made in a nanosecond where `reshape` takes ten.

A view does not own its memory and is not reference-counted: the array must outlive it. So views are for
kernels whose caller holds that array; they are never returned to Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numba import types
from numba.extending import intrinsic
from numba.np import arrayobj
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Typed loosely: numba has no types for its own.
_make_array: Any = arrayobj.make_array
_populate_array: Any = arrayobj.populate_array


def _cutter(dtype: Any) -> Callable[..., Any]:
    """A compiled function that views numbers in ``memory`` as a C-contiguous table (rows, columns)."""
    table = types.Array(dtype, 2, "C")
    width = dtype.bitwidth // 8

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        memory, start, rows, columns = arguments
        source = _make_array(signature.args[0])(context, builder, memory)
        part = _make_array(table)(context, builder)
        data = builder.bitcast(builder.gep(source.data, [start]), part.data.type)
        size = context.get_constant(types.intp, width)
        strides = [builder.mul(size, columns), size]
        _populate_array(part, data=data, shape=[rows, columns], strides=strides, itemsize=size, meminfo=None)
        return part._getvalue()

    def cut(typing: Any, memory: Any, start: Any, rows: Any, columns: Any) -> Any:
        return table(memory, types.intp, types.intp, types.intp), generate

    return cast("Callable[..., Any]", intrinsic(cut))


#: Tables (rows, columns) of float64, float32 or int64 that begin at number ``start`` of a float64 array:
#: ``doubles(memory, start, rows, columns)``.
doubles: Callable[[Array, int, int, int], Array] = _cutter(types.float64)
singles: Callable[[Array, int, int, int], NDArray[np.float32]] = _cutter(types.float32)
integers: Callable[[Array, int, int, int], NDArray[np.int64]] = _cutter(types.int64)
