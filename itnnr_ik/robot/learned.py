"""An arm of unknown kinematics, whose forward function was learned as a combination of harmonics."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.forms import checked, shown
from itnnr_ik.robot import harmonic
from itnnr_ik.robot.assembly import MAX_LENGTH
from itnnr_ik.robot.description import check_name
from itnnr_ik.robot.joint import MAX_MAGNITUDE

Array = NDArray[np.float64]

#: Random postures from which the reach is estimated.
_REACH_SAMPLES = 4096
#: Most products of harmonics of a posture (those of ten joints of a rigid arm are fewer), and most numbers of
#: them in memory at once.
_MAX_FEATURES, _BLOCK_SIZE = 2**16, 2**22
_FORM = {
    "name": str,
    "joint_names": [str],
    "lower": [float],
    "upper": [float],
    "base_link": str,
    "tip_link?": str,
    "plane_height?": float,
}


@dataclass(frozen=True, eq=False)
class LearnedArm:
    """A serial arm of revolute joints that is known by its tip's positions alone; a `ForwardModel`.

    Attributes:
        name: For messages.
        joint_names: n names, base to tip.
        lower, upper: Joint limits (n,) in [rad], finite.
        base_link: The frame of the tip's positions.
        coefficients: (m, K, …, K) in [m], one axis of K = 2 · order + 1 harmonics for each joint; see
            `itnnr_ik.robot.harmonic`. m is 2 in a plane and 3 in space.
        plane_height: z in [m] of the plane that a planar arm's tip stays in.
        tip_link: What the positions are of.

    Raises:
        ValueError: A count, a limit, the height or the coefficients do not fit; the message says which.
    """

    name: str
    joint_names: tuple[str, ...]
    lower: Array
    upper: Array
    base_link: str
    coefficients: Array
    plane_height: float = 0.0
    tip_link: str = "tip"

    def __post_init__(self) -> None:
        for key in ("lower", "upper", "coefficients"):
            array = np.array(getattr(self, key), dtype=float, order="C")
            array.flags.writeable = False
            object.__setattr__(self, key, array)
        object.__setattr__(self, "joint_names", tuple(self.joint_names))
        n, c = len(self.joint_names), self.coefficients
        for name in (self.name, self.base_link, self.tip_link, *self.joint_names):
            check_name("a learned arm, its links and its joints", name)
        for label, values in (("lower limits", self.lower), ("upper limits", self.upper)):
            if values.shape != (n,):
                raise ValueError(f"{self.name} needs {n} {label}, got {shown(values.tolist())}")
        if not n or len(set(self.joint_names)) != n or not all(self.joint_names):
            raise ValueError(f"joint names must be distinct and not empty, got {shown(self.joint_names)}")
        for joint, low, high in zip(self.joint_names, self.lower, self.upper, strict=True):
            if not -MAX_MAGNITUDE <= low < high <= MAX_MAGNITUDE:
                raise ValueError(f"limits of {joint} must be finite with lower < upper, got [{low}, {high}]")
        size = c.shape[1] if c.ndim > 1 else 0
        if c.shape[1:] != (size,) * n or c.shape[0] not in (2, 3) or size < 3 or size % 2 == 0:
            raise ValueError(
                f"{n} joints need coefficients of shape (2 or 3, K, …) with {n} axes of an odd K ≥ 3, "
                f"got {c.shape}"
            )
        if c[0].size > _MAX_FEATURES:
            raise ValueError(f"a coordinate can have {_MAX_FEATURES} coefficients, got {c[0].size}")
        with np.errstate(over="ignore"):
            farthest = np.abs(c).reshape(len(c), -1).sum(axis=1).max()
        if not farthest <= MAX_LENGTH:
            raise ValueError(
                f"coefficients must be finite, their sum at most {MAX_LENGTH:g} m, got {farthest:g} m"
            )
        if not abs(self.plane_height) <= MAX_LENGTH:
            raise ValueError(f"plane_height must be finite, got {self.plane_height}")

    @property
    def n_joints(self) -> int:
        """Number of joints n."""
        return len(self.joint_names)

    @property
    def n_coordinates(self) -> int:
        """Number of tip coordinates m: 2 in the plane z = `plane_height`, 3 in space."""
        return len(self.coefficients)

    @property
    def order(self) -> int:
        """Highest harmonic: 1 for a rigid arm."""
        return int(self.coefficients.shape[1] // 2)

    @property
    def velocity(self) -> Array:
        """Velocity limits (n,): none is known."""
        return np.full(self.n_joints, np.inf)

    @cached_property
    def rows(self) -> Array:
        """Coefficients (m (n + 1), F) of the tip, then of its derivative by each joint."""
        slopes = (harmonic.derivative(self.coefficients, joint) for joint in range(self.n_joints))
        parts = [self.coefficients, *slopes]
        return np.ascontiguousarray(np.concatenate(parts).reshape(self.n_coordinates * len(parts), -1))

    @cached_property
    def _tips(self) -> Array:
        return self.forward(self.sample(_REACH_SAMPLES, np.random.default_rng(0)))

    @cached_property
    def reach(self) -> float:
        """Largest distance of the tip from the middle of the workspace in [m], over random postures.

        Not from the frame's origin, which may be that of a motion-capture system and far off.
        """
        middle = 0.5 * (self._tips.min(axis=0) + self._tips.max(axis=0))
        return float(np.linalg.norm(self._tips - middle, axis=1).max())

    @cached_property
    def farthest(self) -> float:
        """Largest distance of the tip from the frame's origin in [m], over random postures."""
        return float(np.linalg.norm(self._tips, axis=1).max())

    def forward(self, positions: Any) -> Array:
        """Tip positions (..., m) in [m] at joint positions (..., n) in [rad]."""
        m = self.n_coordinates
        return self._product(positions, self.rows[:m]).reshape(*np.shape(positions)[:-1], m)

    def jacobian(self, positions: Any) -> Array:
        """Derivative of `forward`: (..., m, n) in [m/rad]."""
        m, n = self.n_coordinates, self.n_joints
        flat = self._product(positions, self.rows[m:]).reshape(*np.shape(positions)[:-1], n, m)
        return np.swapaxes(flat, -1, -2)

    def skeleton(self, positions: Any) -> Array:
        """The frame's origin and the tip (2, 3) in [m]: the links between them are not known."""
        points = np.zeros((2, 3))
        points[1, 2] = self.plane_height
        points[1, : self.n_coordinates] = self.forward(positions)
        return points

    def sample(self, count: int, rng: np.random.Generator) -> Array:
        """Joint positions (count, n) in [rad], uniform within the limits."""
        return rng.uniform(self.lower, self.upper, size=(count, self.n_joints))

    def to_dict(self) -> dict[str, Any]:
        """Everything that defines the arm but its coefficients, as JSON types."""
        return {
            "name": self.name,
            "joint_names": list(self.joint_names),
            "lower": self.lower.tolist(),
            "upper": self.upper.tolist(),
            "base_link": self.base_link,
            "tip_link": self.tip_link,
            "plane_height": self.plane_height,
        }

    @classmethod
    def from_parts(cls, data: Any, coefficients: Array) -> LearnedArm:
        """The arm that `to_dict` described, with its coefficients.

        Raises:
            ValueError: ``data`` does not describe one, or the coefficients do not fit.
        """
        return cls(**checked(data, _FORM, "arm"), coefficients=coefficients)

    def _product(self, positions: Any, rows: Array) -> Array:
        q = np.asarray(positions, dtype=float)
        if q.ndim == 0 or q.shape[-1] != self.n_joints:
            raise ValueError(
                f"{self.name} expects joint positions of shape (..., {self.n_joints}), got {q.shape}"
            )
        q = q.reshape(-1, self.n_joints)
        product = np.empty((len(q), len(rows)))
        count = max(1, _BLOCK_SIZE // rows.shape[1])
        for block in (slice(start, start + count) for start in range(0, len(q), count)):
            product[block] = harmonic.features(q[block], self.order) @ rows.T
        return product
