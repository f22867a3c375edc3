"""An arm whose joints are at their set-points without lag: no mass, no ROS."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from itnnr_ik.robot import ForwardModel

#: Positions are clipped to this [rad, m], so that all that is computed from them stays finite.
_MAX_POSITION = 1e9


def check_within_limits(arm: ForwardModel, initial_positions: Sequence[float] | np.ndarray) -> np.ndarray:
    """A copy of ``initial_positions`` (n,); a ValueError unless they are finite and within the limits."""
    positions = np.array(initial_positions, dtype=float)
    if positions.shape != (arm.n_joints,) or not np.isfinite(positions).all():
        raise ValueError(
            f"expected {arm.n_joints} finite initial positions in [rad] or [m], got {positions.tolist()}"
        )
    if not ((arm.lower <= positions) & (positions <= arm.upper)).all():
        raise ValueError(
            f"initial positions must be within [{arm.lower.tolist()}, {arm.upper.tolist()}] rad or m, "
            f"got {positions.tolist()}"
        )
    return positions


def usable(set_points: np.ndarray, held: np.ndarray) -> np.ndarray:
    """``set_points`` (n,), but where one is not finite the position that the joint holds, ``held`` (n,)."""
    return np.where(np.isfinite(set_points), set_points, held).clip(-_MAX_POSITION, _MAX_POSITION)


class KinematicArm:
    """Joint positions that equal the set-points at their time, like ros2_control's mock hardware.

    Neither positions nor velocities are limited, so that a wrong command is seen.

    Args:
        arm: Gives the number of joints and their limits.
        initial_positions: (n,) in [rad] or [m], within the limits.

    Raises:
        ValueError: The initial positions do not fit the arm.
    """

    def __init__(self, arm: ForwardModel, initial_positions: Sequence[float] | np.ndarray) -> None:
        self.positions = check_within_limits(arm, initial_positions)
        self.velocities = np.zeros_like(self.positions)

    def move(self, set_points: np.ndarray, duration: float) -> None:
        """Go to ``set_points`` (n,) [rad, m] in ``duration`` [s], positive; see `usable`."""
        before = self.positions
        self.positions = usable(set_points, before)
        self.velocities = (self.positions - before) / duration
