"""What the solver needs of any robot, known or learned."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class ForwardModel(Protocol):
    """A robot with forward kinematics: a `KinematicChain`, or one that was learned from data.

    Positions of revolute joints are in [rad], of prismatic joints in [m].
    """

    @property
    def name(self) -> str:
        """Name of the robot, for messages."""

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Names of the n joints, base to tip."""

    @property
    def lower(self) -> Array:
        """Lower position limits (n,) in [rad] or [m]; −inf for continuous joints."""

    @property
    def upper(self) -> Array:
        """Upper position limits (n,) in [rad] or [m]; inf for continuous joints."""

    @property
    def velocity(self) -> Array:
        """Velocity limits (n,) in [rad/s] or [m/s]; inf where none is known."""

    @property
    def base_link(self) -> str:
        """Frame that targets are expressed in."""

    @property
    def tip_link(self) -> str:
        """Frame that is moved to the target."""

    @property
    def n_joints(self) -> int:
        """Number of joints n."""

    @property
    def reach(self) -> float:
        """Radius of the workspace in [m]: no two points of it are farther apart than twice that."""

    @property
    def farthest(self) -> float:
        """Largest distance of the tip from the base frame's origin in [m]."""

    def forward(self, positions: Any) -> Any:
        """Tip at joint positions (..., n): poses (..., 7), or positions (..., 2 or 3) without orientation."""

    def jacobian(self, positions: Any) -> Any:
        """Jacobian of the tip (..., 6, n), or (..., 2 or 3, n) of a robot without orientation."""

    def skeleton(self, positions: Any) -> Array:
        """Points (k, 3) in [m] to draw between, base to tip, at joint positions (n,)."""

    def sample(self, count: int, rng: np.random.Generator) -> Array:
        """Joint positions (count, n), uniform within the limits; continuous joints within ±π."""
