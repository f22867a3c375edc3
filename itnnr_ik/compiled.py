"""Decorators that compile the package's numerical kernels with Numba, all with the same options.

The compiled code is cached on disk (beside the module, or in a folder of the user where that cannot be
written), releases the GIL, and follows NumPy's floating-point rules: sums are not reordered, and division by
zero gives inf or nan. So a batch gives the same bits as single calls. Compilation happens at the first call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])

# Typed loosely: numba's own types do not know ``_nrt``.
_njit: Any = numba.njit
_OPTIONS: Any = {"cache": True, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


def compiled(function: F) -> F:
    """Compile a function at its first call; its static type stays the same."""
    return cast("F", _njit(**_OPTIONS)(function))


def kernel(function: F) -> F:
    """As `compiled`, for functions that allocate no arrays, which makes calls about twice as fast.

    ``_nrt=False`` switches off Numba's atomic reference counting of arrays; a function that allocates fails
    to compile then. A kernel may return views of its arguments to another kernel (`itnnr_ik.solver.parts`),
    but must not return arrays to Python: it owns no references to them.
    """
    return cast("F", _njit(**_OPTIONS, _nrt=False)(function))


def inlined(function: F) -> F:
    """As `kernel`, for a function that is inlined into its callers: mostly one, and few where it is large.

    Numba compiles a function together with all that it calls, so that a chain of large functions is compiled
    once for each of its links.
    """
    return cast("F", _njit(**_OPTIONS, _nrt=False, inline="always")(function))
