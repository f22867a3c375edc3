"""An arm of unknown kinematics: its forward function, a combination of harmonics, was learned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.arms import harmonic
from itnnr_ik.arms.arm import Arm
from itnnr_ik.arms.kinematics import Component

Array = NDArray[np.float64]

FAMILY = "learned"
#: Postures whose tips give the reach.
_REACH_SAMPLES = 4096


@dataclass(frozen=True, kw_only=True, eq=False)
class LearnedArm(Arm):
    """A serial arm of revolute joints that is known by its tip's positions alone.

    Args:
        coefficients: (m, K, …, K) in [m], one axis of K = 2 · order + 1 harmonics for each joint; see
            `itnnr_ik.arms.harmonic`.
        link_names: The frame of the tip's positions, and nothing else.
        plane_height: z in [m] of the plane that a planar arm's tip stays in.

    Raises:
        ValueError: A count, a limit, the height or the coefficients do not fit; the message says which.
    """

    family: str = FAMILY
    link_lengths: tuple[float, ...] = ()
    coefficients: Array
    plane_height: float = 0.0
    _matrix: Array = field(init=False, repr=False)
    _torch: dict[Any, Any] = field(init=False, repr=False)
    _reach: float = field(init=False, repr=False)
    _farthest: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._check_joints(len(self.joint_names), 1)
        c = np.asarray(self.coefficients, dtype=float)
        size = c.shape[1] if c.ndim > 1 else 0
        n = len(self.joint_names)
        if c.shape[1:] != (size,) * n or c.shape[0] not in (2, 3) or size < 3 or size % 2 == 0:
            raise ValueError(
                f"{n} joints need coefficients of shape (2 or 3, K, …) with {n} axes of an odd K ≥ 3, "
                f"got {c.shape}"
            )
        if not np.isfinite(c).all():
            raise ValueError("coefficients must be finite")
        if not math.isfinite(self.plane_height):
            raise ValueError(f"plane_height must be finite, got {self.plane_height}")
        rows = [c, *(harmonic.derivative(c, joint) for joint in range(n))]
        # Tip and Jacobian are one product: rows of the tip, then of each joint's derivative.
        matrix = np.ascontiguousarray(np.concatenate(rows).reshape(len(c) * (n + 1), -1))
        object.__setattr__(self, "coefficients", c)
        object.__setattr__(self, "_matrix", matrix)
        object.__setattr__(self, "_torch", {})
        tips = self.forward(self.sample(_REACH_SAMPLES, np.random.default_rng(0)))
        size = np.linalg.norm(tips - 0.5 * (tips.min(axis=0) + tips.max(axis=0)), axis=1).max()
        object.__setattr__(self, "_reach", float(size))
        object.__setattr__(self, "_farthest", float(np.linalg.norm(tips, axis=1).max()))

    @property
    def n_coordinates(self) -> int:
        """Number of target coordinates m: 2 in the plane z = `plane_height`, 3 in space."""
        return len(self.coefficients)

    @property
    def order(self) -> int:
        """Highest harmonic: 1 for a rigid arm."""
        return int(self.coefficients.shape[1] // 2)

    @property
    def reach(self) -> float:
        """Largest distance of the tip from the middle of the workspace in [m], over random postures.

        Not from the frame's origin, which may be that of a motion-capture system and far off.
        """
        return self._reach

    @property
    def farthest(self) -> float:
        """See `Arm.farthest`; over random postures."""
        return self._farthest

    @property
    def first_elbow(self) -> int:
        """The first joint turns the whole arm; what the others do is not known, so they count as elbows."""
        return 1

    def tip(self, joints: Sequence[Component], xp: Any) -> tuple[list[Component], list[list[Component]]]:
        """See `Arm.tip`."""
        m = self.n_coordinates
        if isinstance(joints[0], float):
            values = (self._matrix @ self._features_of_floats(joints)).tolist()
        else:
            product = harmonic.features(joints, self.order, xp)
            flat = self._matrix_for(product) @ product.reshape((len(product), math.prod(product.shape[1:])))
            values = list(flat.reshape((len(flat), *product.shape[1:])))
        # As the formulas do it, a list of Jacobian rows with one entry for each joint.
        return values[:m], [values[m + i :: m] for i in range(m)]

    def forward(self, positions: Any) -> Any:
        """See `Arm.forward`; without the Jacobian, which is most of the work of `tip`."""
        xp, columns = self._columns(positions)
        product = harmonic.features(columns, self.order, xp)
        matrix = self._matrix_for(product)[: self.n_coordinates]
        flat = matrix @ product.reshape((len(product), math.prod(product.shape[1:])))
        return xp.moveaxis(flat.reshape((len(flat), *product.shape[1:])), 0, -1)

    def skeleton(self, positions: Any) -> np.ndarray:
        """The frame's origin and the tip (2, m) [m]: what is between them is not known."""
        return np.stack([np.zeros(self.n_coordinates), self.forward(positions)])

    def with_changes(
        self,
        link_lengths: Sequence[float] | None = None,
        limits: Sequence[Sequence[float]] | None = None,
        joint_names: Sequence[str] | None = None,
    ) -> Arm:
        """This arm with other limits or joint names.

        Raises:
            ValueError: Link lengths, which a learned arm has none of.
        """
        if link_lengths is not None:
            raise ValueError(f"{self.name} was learned and has no link lengths to change")
        return super().with_changes(None, limits, joint_names)

    def to_dict(self) -> dict[str, Any]:
        """Everything that defines the arm but its coefficients, as JSON types."""
        data = super().to_dict()
        del data["link_lengths"]
        return {**data, "harmonics": self.order, "plane_height": self.plane_height}

    @classmethod
    def from_parts(cls, data: dict[str, Any], coefficients: Array) -> LearnedArm:
        """The arm that `to_dict` described, with its coefficients."""
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in data.items()
            if key != "harmonics"
        }
        return cls(**values, coefficients=coefficients)

    def _features_of_floats(self, joints: Sequence[float]) -> Array:
        """`harmonic.features` of one posture, without the overhead of small arrays."""
        product = [1.0]
        for q in joints:
            c, s = math.cos(q), math.sin(q)
            ck, sk = c, s
            harmonics = [1.0, c, s]
            for _ in range(1, self.order):
                ck, sk = ck * c - sk * s, sk * c + ck * s
                harmonics += [ck, sk]
            product = [a * b for a in product for b in harmonics]
        return np.array(product)

    def _matrix_for(self, values: Any) -> Any:
        """The coefficients of tip and Jacobian as an array or a tensor of the type of ``values``."""
        if isinstance(values, np.ndarray):
            return self._matrix
        if values.dtype not in self._torch:
            self._torch[values.dtype] = values.new_tensor(self._matrix)
        return self._torch[values.dtype]
