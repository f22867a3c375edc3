"""How every numerical kernel of the package is compiled: one decorator, so that all follow the same rules.

The compiled code is kept on disk (beside the module, or in a folder of the user where that cannot be
written), releases the interpreter's lock, and computes as NumPy does: no reordering of sums, division by zero
gives inf or nan. So the same input gives the same bits in a batch and alone. Nothing compiles before the
first call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])

# Typed loosely: numba's own types do not know ``_nrt``.
_njit: Any = numba.njit
_RULES: Any = {"cache": True, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


def compiled(function: F) -> F:
    """The function as machine code, compiled at its first call; typed as it was written."""
    return cast("F", _njit(**_RULES)(function))


def kernel(function: F) -> F:
    """As `compiled`, for inner functions that make no arrays, so that twice as fast.

    Numba counts references to every array that a function passes on, atomically. Where nothing is allocated
    there is nothing to count, and ``_nrt=False`` says so; a function that does allocate fails to compile.
    What it returns to another kernel may be part of an array that it was given (`itnnr_ik.solver.parts`); one
    that Python calls returns no array: it would give away what it does not hold.
    """
    return cast("F", _njit(**_RULES, _nrt=False)(function))


def inlined(function: F) -> F:
    """As `kernel`, for a function with one caller, of which it becomes a part.

    Every function is compiled with all that it calls: a chain of large ones is compiled once for each link.
    """
    return cast("F", _njit(**_RULES, _nrt=False, inline="always")(function))
