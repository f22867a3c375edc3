"""Where targets cannot be reached: as close as can be, and no jump that brings nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

from itnnr_ik import IKSolver

DOWN = (1.0, 0.0, 0.0, 0.0)


def away(count: int = 150) -> np.ndarray:
    """Poses (m, 7) on a line that leaves the reach of a `ur5e` or `panda`."""
    line = [np.linspace(0.5, 1.5, count), np.full(count, 0.1), np.full(count, 0.3)]
    return np.hstack([np.stack(line, axis=1), np.tile(DOWN, (count, 1))])


def around(count: int = 200) -> np.ndarray:
    """A circle that is beyond reach where it begins and ends."""
    lap = np.linspace(0.0, 2.0 * np.pi, count)
    points = [0.72 + 0.3 * np.cos(lap), 0.15 + 0.3 * np.sin(lap), np.full(count, 0.3)]
    return np.hstack([np.stack(points, axis=1), np.tile(DOWN, (count, 1))])


@pytest.mark.parametrize("name", ["ur5e", "panda"])
@pytest.mark.parametrize("targets", [away(), around()], ids=["away", "around"])
def test_the_joints_do_not_flip_from_target_to_target(name: str, targets: np.ndarray) -> None:
    """In a gap all steps are small, but for one to the posture where the path goes on."""
    found = IKSolver.load(name).solve_path(targets)
    steps = np.abs(np.diff(found.positions, axis=0)).max(axis=1)
    assert found.gaps
    for gap in found.gaps:
        assert gap.last - gap.first > 20
        inside = steps[gap.first : gap.last]
        assert (inside > 0.1).sum() <= 1
        assert np.median(inside) < 0.02


def test_they_come_as_close_as_another_optimiser_does() -> None:
    """SciPy's least squares, from many postures, finds nothing that is closer by more than a millimetre."""
    solver, rng = IKSolver.load("ur5e"), np.random.default_rng(2)
    targets = away()
    found = solver.solve_path(targets)
    arm, length = solver.arm, solver.task.length

    def missed(positions: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Position and orientation error in [m], by the poses alone."""
        pose = solver.forward(positions)
        side = 1.0 if pose[3:] @ target[3:] >= 0.0 else -1.0
        return np.concatenate([pose[:3] - target[:3], 2.0 * length * (side * pose[3:] - target[3:])])

    for i in np.flatnonzero(~found.converged)[::25].tolist():
        error = np.hypot(found.residual[i], length * found.orientation_error[i])
        bounds = np.maximum(arm.lower, -2.0 * np.pi), np.minimum(arm.upper, 2.0 * np.pi)
        starts = [found.positions[i], *rng.uniform(-np.pi, np.pi, (15, arm.n_joints))]
        others = [least_squares(missed, q, bounds=bounds, args=(targets[i],)).x for q in starts]
        distances, angles = solver.errors(others, np.repeat(targets[i : i + 1], len(others), axis=0))
        assert error <= np.hypot(distances, length * angles).min() + 1e-3


def test_a_path_that_is_nowhere_in_reach_is_filled() -> None:
    """From the state, where there is one: on the same side of the arm."""
    solver = IKSolver.load("two_link")
    direction = np.linspace(0.0, 0.8, 80)
    targets = 1.2 * solver.arm.reach * np.stack([np.cos(direction), np.sin(direction)], axis=1)
    for current in (None, [0.1, 0.3]):
        found = solver.solve_path(targets, current)
        (gap,) = found.gaps
        assert (gap.first, gap.last, gap.unit) == (0, 79, "m")
        np.testing.assert_allclose(found.residual, 0.2 * solver.arm.reach, atol=1e-6)
        np.testing.assert_allclose(found.positions[:, 0], direction, atol=1e-3)
