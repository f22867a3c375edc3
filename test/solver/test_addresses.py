"""Named tuples by their address in compiled code."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numba.core.errors import TypingError

from itnnr_ik.compiled import kernel
from itnnr_ik.solver.addresses import by_address


class _Inner(NamedTuple):
    count: int
    chosen: bool
    numbers: np.ndarray


class _Outer(NamedTuple):
    table: np.ndarray
    scale: float
    inner: _Inner
    single: np.ndarray


@kernel
def _sum(outer: _Outer, scratch: np.ndarray) -> float:
    """A sum of all fields, and the scaled numbers written; also one read of what was written."""
    total, inner = 0.0, outer.inner
    for i in range(inner.count):
        scratch[i] = outer.scale * inner.numbers[i]
        total += scratch[i]
    if inner.chosen:
        total += 1000.0
    for i in range(outer.table.shape[0]):
        for j in range(outer.table.shape[1]):
            total += outer.table[i, j] * outer.single[j]
    return total


@kernel
def _sum_by_address(outer: _Outer, scratch: np.ndarray) -> float:
    return _sum(by_address(outer), scratch)


@kernel
def _sum_of_two(one: _Outer, other: _Outer, scratch: np.ndarray) -> float:
    """Copy a tuple in each pass of a loop; one that was copied before the loop must not change."""
    kept, total = by_address(one), 0.0
    for _ in range(3):
        total += _sum(by_address(other), scratch) + _sum(kept, scratch)
    return total


@kernel
def _missing(outer: _Outer) -> float:
    return by_address(outer).missing  # type: ignore[no-any-return, attr-defined]


def _outer(scale: float, chosen: bool) -> _Outer:
    rng = np.random.default_rng(1)
    single = np.arange(3, dtype=np.float32)
    return _Outer(rng.normal(size=(2, 3)), scale, _Inner(2, chosen, rng.normal(size=4)), single)


@pytest.mark.parametrize("chosen", [False, True])
def test_a_kernel_reads_the_same_by_address_as_numpy(chosen: bool) -> None:
    """Numbers, flags, arrays of both precisions, and fields of a tuple in the tuple; arrays are shared."""
    outer, scratch = _outer(0.5, chosen), np.full(4, -1.0)
    expected = 0.5 * outer.inner.numbers[:2].sum() + 1000.0 * chosen + (outer.table * outer.single).sum()
    assert _sum_by_address(outer, scratch) == pytest.approx(expected, rel=1e-14)
    np.testing.assert_array_equal(scratch, [*(0.5 * outer.inner.numbers[:2]), -1.0, -1.0])
    assert _sum(outer, scratch) == _sum_by_address(outer, scratch)


def test_tuples_that_are_kept_at_once_do_not_disturb_each_other() -> None:
    """A tuple that is copied in a loop does not overwrite one copied before the loop."""
    one, other, scratch = _outer(0.5, False), _outer(-2.0, True), np.empty(4)
    expected = 3.0 * (_sum(one, scratch) + _sum(other, scratch))
    assert _sum_of_two(one, other, scratch) == pytest.approx(expected, rel=1e-14)


def test_a_field_that_a_tuple_does_not_have_is_refused() -> None:
    """When it is compiled, by the field's name."""
    with pytest.raises(TypingError, match="missing"):
        _missing(_outer(1.0, True))
