"""The arms that solvers are compared on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import itnnr_ik
from itnnr_ik.robot import PACKAGED, KinematicChain
from itnnr_ik.solver import IKSolver

Array = NDArray[np.float64]

#: Arms of the tests, whose URDFs are in a checkout of this repository only.
TEST_ARMS = ("puma560", "bent_wrist", "rail_arm")
_URDFS = Path(itnnr_ik.__file__).parents[1] / "test" / "urdf"
#: The arms of the paper, whose networks come with the package.
PAPER_ARMS = ("two_link", "three_link", "yaw_pitch_pitch")
#: Tolerance of joint limits [rad, m], for rounding errors.
_LIMIT_TOLERANCE = 1e-9


@dataclass(frozen=True)
class BenchArm:
    """An arm with its task, ready to be solved.

    Attributes:
        name: Name of the packaged robot or the file.
        solver: Its solver, with the default task for its number of joints.
        chain: Its kinematic chain.
    """

    name: str
    solver: IKSolver
    chain: KinematicChain

    @cached_property
    def bounds(self) -> tuple[Array, Array]:
        """Finite limits (n,) for solvers that need them: ±π for continuous joints."""
        lower, upper = self.chain.lower, self.chain.upper
        return np.where(np.isinf(lower), -np.pi, lower), np.where(np.isinf(upper), np.pi, upper)

    @cached_property
    def revolute(self) -> NDArray[np.bool_]:
        """Which joints (n,) are revolute or continuous, so that 2π more gives the same tool pose."""
        return np.array([kind != "prismatic" for kind in self.chain.joint_types])

    @property
    def spare_joints(self) -> int:
        """Number of redundant joints for the task."""
        return max(0, self.chain.n_joints - self.solver.task.n_rows)

    @property
    def title(self) -> str:
        """The arm in words."""
        return f"{self.name} ({self.solver.task.kind}, {self.chain.n_joints} joints)"

    def displacement(self, positions: Array, states: Array) -> Array:
        """Largest joint change (b,) in [rad] between positions and states (b, n); 1 m counts as 1 rad."""
        change: Array = np.abs(positions - states).max(axis=-1, initial=0.0)
        return change

    def wrap_near(self, positions: Array, state: Array) -> Array:
        """Positions (b, n) shifted by multiples of 2π to be nearest to ``state`` (n,) within the limits.

        Positions for which no shift is within the limits are left out.
        """
        period = np.where(self.revolute, 2.0 * np.pi, np.inf)
        shift = np.where(self.revolute, 2.0 * np.pi, 0.0)
        near = positions + shift * np.round((state - positions) / period)
        near = near - shift * np.maximum(0.0, np.ceil((near - self.chain.upper) / period - _LIMIT_TOLERANCE))
        near = near + shift * np.maximum(0.0, np.ceil((self.chain.lower - near) / period - _LIMIT_TOLERANCE))
        return np.asarray(near[self._inside(near)])

    def solved(self, positions: Array, targets: Array) -> NDArray[np.bool_]:
        """Which positions (b, n) reach their targets (b, m) within the tolerances and keep the limits."""
        found = np.asarray(np.isfinite(positions).all(axis=1))
        safe = np.where(found[:, None], positions, 0.0)
        error, angle = self.solver.errors(safe, targets)
        reached = error <= self.solver.tolerance
        if angle is not None:
            reached &= angle <= self.solver.orientation_tolerance
        return np.asarray(found & reached & self._inside(safe))

    def _inside(self, positions: Array) -> NDArray[np.bool_]:
        """Which positions (b, n) keep the limits."""
        keeps = (positions >= self.chain.lower - _LIMIT_TOLERANCE) & (
            positions <= self.chain.upper + _LIMIT_TOLERANCE
        )
        return np.asarray(keeps.all(axis=1))


def load_arms(names: Sequence[str] = (), urdfs: Sequence[Path] = ()) -> tuple[list[BenchArm], list[str]]:
    """Arms by name and from files, or all known ones, and a line for each that is missing.

    Raises:
        ValueError: There is no such arm; the message lists the known ones.
    """
    known = (*PACKAGED, *TEST_ARMS)
    for name in names:
        if name not in known:
            raise ValueError(f"no arm named {name!r}; arms: {', '.join(known)}, or give --urdf FILE")
    arms, missing = [], []
    for name in names or (() if urdfs else known):
        path = _URDFS / f"{name}.urdf"
        if name in PACKAGED:
            arms.append(_arm(name, IKSolver.load(name)))
        elif path.is_file():
            arms.append(_arm(name, IKSolver.from_urdf(path)))
        else:
            missing.append(f"{name}: its URDF is in a checkout of the repository only: give --urdf FILE")
    arms += [_arm(path.stem, IKSolver.from_urdf(path)) for path in urdfs]
    return arms, missing


def _arm(name: str, solver: IKSolver) -> BenchArm:
    assert isinstance(solver.arm, KinematicChain)
    return BenchArm(name, solver, solver.arm)
