"""A search as one array, and the memory that it works in."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itnnr_ik import IKSolver
from itnnr_ik.compiled import compiled
from itnnr_ik.robot import PACKAGED
from itnnr_ik.solver.buffers import memory_size, pack, unpack
from itnnr_ik.solver.calls import propose_many, solve_ahead, solve_many

NO_ERRORS, NO_ANCHORS = np.empty((0, 2)), np.empty(0, dtype=np.int64)


@compiled
def _read(packed: np.ndarray, tables: tuple[np.ndarray, ...], y: np.ndarray, numbers: np.ndarray) -> None:
    """Copy what compiled code sees: tables in double precision, coordinates of anchors, and the settings."""
    s = unpack(packed)
    p = s.problem
    tables[0][:] = p.elements
    tables[1][:] = p.joints
    tables[2][:] = s.anchors.rows
    tables[3][:] = s.seeds
    tables[4][0, :] = s.axis
    y[:] = s.anchors.y
    values = (
        float(p.order),
        float(p.kind),
        float(p.length),
        float(p.position),
        float(p.angle),
        float(p.free_steps),
        float(p.max_steps),
        float(s.layout.first),
        1.0 if s.layout.last else 0.0,
        float(s.layout.axes),
        1.0 if s.network.periodic else 0.0,
        float(s.tolerance),
        float(s.orientation_tolerance),
        float(s.farthest),
        float(s.curvature),
        float(s.refinement_margin),
        float(s.distinct_distance),
        float(s.n_candidates),
        float(s.max_candidates),
        float(s.network_range),
        float(s.anchor_distance),
        1.0 if s.table.cylindrical else 0.0,
        float(s.network.first_values.shape[0]),
        float(s.network.sizes[-1]),
    )
    for i in range(len(values)):
        numbers[i] = values[i]


@pytest.mark.parametrize("name", PACKAGED)
def test_compiled_code_reads_what_was_packed(name: str) -> None:
    """Every setting in its place, and tables of every kind."""
    s = IKSolver.load(name)._prepared.search
    p = s.problem
    tables = tuple(
        np.full(table.shape, np.nan)
        for table in (p.elements, p.joints, s.anchors.rows, s.seeds, s.axis[None])
    )
    y, numbers = np.full(s.anchors.y.shape, np.nan, np.float32), np.full(24, np.nan)
    _read(pack(s), tables, y, numbers)
    for table, expected in zip(
        tables, (p.elements, p.joints, s.anchors.rows, s.seeds, s.axis[None]), strict=True
    ):
        np.testing.assert_array_equal(table, expected)
    np.testing.assert_array_equal(y, s.anchors.y)
    expected_numbers = [
        *(p.order, p.kind, p.length, p.position, p.angle, p.free_steps, p.max_steps, *s.layout),
        *(s.network.periodic, s.tolerance, s.orientation_tolerance, s.farthest, s.curvature),
        *(s.refinement_margin, s.distinct_distance, s.n_candidates, s.max_candidates, s.network_range),
        *(s.anchor_distance, s.table.cylindrical, len(s.network.first_values), s.network.sizes[-1]),
    ]
    np.testing.assert_array_equal(numbers, expected_numbers)


@cache
def _loaded(name: str) -> IKSolver:
    return IKSolver.load(name)


@pytest.mark.parametrize("name", PACKAGED)
@given(seed=st.integers(0, 10_000), reach=st.sampled_from([1.0, 1.5]))
def test_no_solve_writes_beyond_its_memory(name: str, seed: int, reach: float) -> None:
    """With and without a state, in reach and out of it, and for all branches."""
    solver, rng = _loaded(name), np.random.default_rng(seed)
    s, n = solver._prepared.search, solver.arm.n_joints
    model, size = pack(s), memory_size(s)
    memory = np.full(size + 500, -12345.0)
    target = solver.target_at(solver.arm.sample(1, rng)[0])
    target[: min(3, len(target))] *= reach
    state, answer = solver.arm.sample(1, rng)[0], np.empty(n)
    for now in (state, np.empty(0)):
        assert solve_many(model, target, now, answer, NO_ERRORS, NO_ANCHORS, memory)[0] == 0
    solve_ahead(model, target, state, state, answer, memory)
    positions, errors = np.empty((s.max_candidates, n)), np.empty((s.max_candidates, 2))
    assert propose_many(model, target, state, True, positions, errors, memory) == 0
    assert (memory[size:] == -12345.0).all()
    assert (memory[:size] != -12345.0).any()
