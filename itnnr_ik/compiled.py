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


def compiled(function: F) -> F:
    """The function as machine code, compiled at its first call; typed as it was written."""
    return cast("F", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def inlined(function: F) -> F:
    """As `compiled`, but part of each caller: for small functions that pass many arrays on."""
    return cast("F", numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")(function))
