"""Checks of the numbers that users pass to a solver: shapes, units, finite values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from itnnr_ik.forms import shown
from itnnr_ik.task import Task

Array = NDArray[np.float64]

# Kept, as creating a dtype at each call takes time.
_FLOAT = np.dtype(np.float64)
_UNITS = {"position": "m", "pointing": "m and quaternion or direction", "pose": "m and quaternion"}
#: What `read_target` expects of a target, by the status that it returns otherwise.
_EXPECTED = {1: "finite numbers", 2: "a quaternion or direction that is not zero", 3: "a rigid transform"}


class Inputs:
    """Reads what is passed to a solver of a task for an arm with n joints, as arrays that kernels take.

    Every method raises a ValueError that says what was expected and what came.
    """

    def __init__(self, n_joints: int, task: Task) -> None:
        # Kept because computing these properties takes longer than the checks.
        self._n, self._shapes = n_joints, task.shapes
        self._unit, self._n_coordinates = _UNITS[task.kind], task.n_coordinates

    def target(self, target: ArrayLike) -> Array:
        """A target as a row (k,); its values are checked where it is solved, see `target_error`."""
        goal = floats(target, "a target", self._unit)
        if goal.shape not in self._shapes:
            raise ValueError(
                f"expected a target of shape {_shapes_text(self._shapes)} in {self._unit}, "
                f"got shape {goal.shape}"
            )
        return goal if goal.ndim == 1 else goal.reshape(-1)

    def targets(self, targets: ArrayLike) -> Array:
        """Targets as rows (b, k); their values are checked where they are solved."""
        goals = floats(targets, "targets", self._unit)
        if goals.ndim == 0 or goals.shape[1:] not in self._shapes:
            shapes = _shapes_text([("b", *shape) for shape in self._shapes])
            raise ValueError(f"expected targets of shape {shapes} in {self._unit}, got shape {goals.shape}")
        return goals.reshape(len(goals), -1) if len(goals) else goals.reshape(0, self._n_coordinates)

    def target_error(self, status: int, goal: Array, what: str, row: int | None = None) -> ValueError:
        """The error for a target (k,) of which `read_target` returned a status."""
        where = "" if row is None else f" in row {row}"
        return ValueError(
            f"expected {what} of {_EXPECTED[status]} in {self._unit}, got {goal.tolist()}{where}"
        )

    def shaped_state(self, current: ArrayLike, what: str = "current joint positions") -> Array:
        """A state (n,) whose values are not checked."""
        state = floats(current, what, "rad or m")
        if state.shape != (self._n,):
            raise ValueError(f"expected {what} of shape ({self._n},) in rad or m, got shape {state.shape}")
        return state

    def state(self, current: ArrayLike, what: str = "current joint positions") -> Array:
        """A state (n,) of finite numbers."""
        state = self.shaped_state(current, what)
        if not all(map(math.isfinite, state.tolist())):
            raise ValueError(f"expected {what} of finite numbers in rad or m, got {state.tolist()}")
        return state

    def posture(self, posture: ArrayLike, lower: Array, upper: Array) -> Array:
        """A preferred posture (n,) within limits (n,)."""
        state = self.state(posture, "a posture")
        if not ((lower <= state) & (state <= upper)).all():
            bounds = shown([lower.tolist(), upper.tolist()])
            raise ValueError(f"posture must be within the limits {bounds}, got {shown(state.tolist())}")
        return state

    def velocity(self, velocity: ArrayLike, current: ArrayLike | None) -> Array:
        """Joint velocities (n,) of finite numbers, which need a state."""
        if current is None:
            raise ValueError("expected current joint positions with a velocity, got none")
        joint_velocity = floats(velocity, "joint velocities", "rad/s or m/s")
        if joint_velocity.shape != (self._n,):
            raise ValueError(
                f"expected joint velocities of shape ({self._n},) in rad/s or m/s, "
                f"got shape {joint_velocity.shape}"
            )
        if not np.isfinite(joint_velocity).all():
            raise ValueError(
                f"expected joint velocities of finite numbers in rad/s or m/s, got {joint_velocity.tolist()}"
            )
        return joint_velocity

    def positions(self, positions: ArrayLike) -> Array:
        """Joint positions (…, n) whose values are not checked."""
        q = floats(positions, "joint positions", "rad or m")
        if q.ndim == 0 or q.shape[-1] != self._n:
            raise ValueError(
                f"expected joint positions of shape (…, {self._n}) in rad or m, got shape {q.shape}"
            )
        return q

    def rows(self, positions: ArrayLike, count: int, what: str) -> Array:
        """Joint positions (count, n) of finite numbers."""
        array = floats(positions, what, "rad or m")
        if array.shape != (count, self._n):
            raise ValueError(
                f"expected {what} of shape ({count}, {self._n}) in rad or m, got shape {array.shape}"
            )
        finite = np.isfinite(array).all(axis=1)
        if not finite.all():
            row = int(np.argmin(finite))
            raise ValueError(
                f"expected {what} of finite numbers in rad or m, got {array[row].tolist()} in row {row}"
            )
        return array


def increasing_times(times: ArrayLike, count: int) -> Array:
    """Times (count,) in [s] that increase."""
    array = floats(times, "times", "s")
    if array.shape != (count,):
        raise ValueError(f"expected times of shape ({count},) in s, got shape {array.shape}")
    if not np.isfinite(array).all() or not (np.diff(array) > 0.0).all():
        raise ValueError(f"expected finite times in s that increase, got {shown(array.tolist())}")
    return array


def positive(name: str, value: float, unit: str) -> float:
    """A positive, finite number."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not 0.0 < number < math.inf:
        raise ValueError(f"{name} must be positive and finite in {unit}, got {shown(value)}")
    return number


def floats(values: ArrayLike, what: str, unit: str) -> Array:
    """Contiguous, writeable float64: a kernel is compiled anew for other kinds of array."""
    try:
        given = np.asarray(values)
        if given.dtype.kind == "c":
            raise TypeError("complex")
        array: Array = given.astype(_FLOAT, copy=False)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"expected {what} of numbers in {unit}, got {shown(values)}") from error
    return array if array.flags.carray else np.array(array, order="C")


def _shapes_text(shapes: Any) -> str:
    texts = [f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})" for shape in shapes]
    return " or ".join(texts)
