"""A serial chain of joints as arrays: forward kinematics and Jacobian of any arm that a URDF describes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from itnnr_ik.forms import shown
from itnnr_ik.robot import kernels
from itnnr_ik.robot.assembly import MAX_LENGTH, assemble
from itnnr_ik.robot.description import check_name
from itnnr_ik.robot.limits import Limits
from itnnr_ik.robot.transforms import Array
from itnnr_ik.robot.urdf import parse_urdf, read_urdf, rename_joints

#: Form of `KinematicChain.source` without the URDF, see `itnnr_ik.forms`.
SOURCE = {"base": str, "tip": str, "limits": {...: [float]}, "locked": {...: float}, "name": str}
#: Largest sine of the angle between axes that count as parallel: the tip's error is within the tolerance.
_PARALLEL_SINE = 1e-7


@dataclass(frozen=True, eq=False)
class KinematicChain:
    """The moving joints between two links of a robot, base to tip; made by `from_urdf`.

    Angles are in [rad], lengths in [m]; n is the number of independent joints. Arrays are read-only.

    Attributes:
        name: Name of the robot.
        joint_names: n names, base to tip.
        joint_types: ``revolute``, ``continuous`` (without limits) or ``prismatic`` for each joint.
        lower, upper: Position limits (n,); ∓inf for continuous joints.
        velocity: Velocity limits (n,) in [rad/s] or [m/s]; inf where the URDF has none.
        base_link, tip_link: Frames at the ends.
        elements: (L + 1, 16), a row for each of L ≥ n moving elements, base to tip, and one for the tip.
            Columns 0 to 11 are F, a transform (3, 4) row by row, from the frame after the element before to
            this element's frame, whose z is the joint's axis. Column 12 is 0 for an element that turns, 1
            for one that shifts. Its value is v = ratio · q[index] + offset, with index, ratio and offset in
            columns 13 to 15 (ratio 1 and offset 0 but for mimic joints). The last row has the transform to
            the tip and zeros: T = F_0 E(v_0) F_1 E(v_1) … F_L with E a turn about or a shift along z.
        urdf: Text that it was made from, for simulators and displays.
        given_limits, locked: What `from_urdf` was given.
    """

    name: str
    joint_names: tuple[str, ...]
    joint_types: tuple[str, ...]
    lower: Array
    upper: Array
    velocity: Array
    base_link: str
    tip_link: str
    elements: Array
    urdf: str
    given_limits: Mapping[str, tuple[float, float]]
    locked: Mapping[str, float]

    @classmethod
    def from_urdf(
        cls,
        urdf: str | os.PathLike[str],
        base: str | None = None,
        tip: str | None = None,
        *,
        limits: Limits | None = None,
        locked: Mapping[str, float] | None = None,
        name: str | None = None,
    ) -> KinematicChain:
        """The chain from ``base`` down to ``tip`` of the robot that a URDF describes.

        Revolute, continuous, prismatic, fixed and mimic joints; 1 to 10 of them independent. Only joints that
        move the tip are read: meshes, masses and other branches are ignored.

        Args:
            urdf: Path of a file, or the text itself (it begins with ``<``).
            base, tip: Names of links; may be left out where only one link has no parent, or no child.
            limits: (lower, upper) in [rad] or [m] by joint name, instead of those in the URDF; also for
                continuous joints. Limits of a mimic joint narrow those of the joint that it follows.
            locked: Constant positions in [rad] or [m] by joint name, of joints that would otherwise move.
            name: Instead of the name that the URDF has.

        Raises:
            ValueError: The file cannot be read, is not URDF (or is xacro), or does not have such a chain with
                limits for all its joints; the message says what is missing and what there is.
        """
        for label, value in (("limits", limits), ("locked", locked)):
            if value is not None and not isinstance(value, Mapping):
                raise ValueError(f"{label} must be a dictionary by joint name, got {shown(value)}")
        check_name("the robot", name or "")
        text, label = read_urdf(urdf)
        robot = parse_urdf(text, label)
        path = robot.path(base, tip)
        parts = assemble(robot, path, limits or {}, locked or {})
        return cls(
            name=name or robot.name,
            base_link=path[0].parent,
            tip_link=path[-1].child,
            urdf=text,
            given_limits={joint: (float(pair[0]), float(pair[1])) for joint, pair in (limits or {}).items()},
            locked={joint: float(value) for joint, value in (locked or {}).items()},
            **vars(parts),
        )

    def __post_init__(self) -> None:
        for array in (self.lower, self.upper, self.velocity, self.elements):
            array.flags.writeable = False
        if not self.farthest <= MAX_LENGTH:
            raise ValueError(
                f"{self.name} must get at most {MAX_LENGTH:g} m from its base, got {self.farthest:g} m "
                "by its lengths and the limits of its prismatic joints"
            )

    def __eq__(self, other: object) -> bool:
        """Whether names, types, limits and every number of the kinematics are the same."""
        if not isinstance(other, KinematicChain):
            return NotImplemented
        names = ("name", "joint_names", "joint_types", "base_link", "tip_link")
        arrays = ("lower", "upper", "velocity", "elements")
        return all(getattr(self, key) == getattr(other, key) for key in names) and all(
            np.array_equal(getattr(self, key), getattr(other, key)) for key in arrays
        )

    @property
    def n_joints(self) -> int:
        """Number of joints n."""
        return len(self.joint_names)

    @property
    def source(self) -> dict[str, Any]:
        """Arguments, as JSON types, with which `from_urdf` makes an identical chain."""
        return {
            "urdf": self.urdf,
            "base": self.base_link,
            "tip": self.tip_link,
            "limits": {joint: list(pair) for joint, pair in self.given_limits.items()},
            "locked": dict(self.locked),
            "name": self.name,
        }

    def with_joint_names(self, joint_names: Sequence[str]) -> KinematicChain:
        """This chain with other names (n) of its joints, in its URDF, too.

        Raises:
            ValueError: Their number is not that of the joints, or one is empty or there twice.
        """
        if len(joint_names) != self.n_joints:
            raise ValueError(f"{self.name} needs {self.n_joints} joint names, got {tuple(joint_names)}")
        names = dict(zip(self.joint_names, map(str, joint_names), strict=True))
        source = {**self.source, "urdf": rename_joints(self.urdf, names)}
        for key in ("limits", "locked"):
            source[key] = {names.get(joint, joint): value for joint, value in source[key].items()}
        return KinematicChain.from_urdf(**source)

    def forward(self, positions: Any) -> Array:
        """Tip poses (..., 7) at joint positions (..., n): x, y, z [m], unit quaternion qx, qy, qz, qw ≥ 0."""
        return self._batch(kernels.poses_many, positions, (7,))

    def transforms(self, positions: Any) -> Array:
        """Tip transforms (..., 4, 4) in the base frame at joint positions (..., n)."""
        return self._batch(kernels.transforms_many, positions, (4, 4))

    def jacobian(self, positions: Any) -> Array:
        """Geometric Jacobian (..., 6, n) of the tip in the base frame at joint positions (..., n).

        Rows are linear velocity ([m/rad], prismatic [m/m]), then angular velocity ([rad/rad], prismatic 0).
        """
        return self._batch(kernels.jacobians_many, positions, (6, self.n_joints))

    def skeleton(self, positions: Any) -> Array:
        """Base, origin of each moving element, and tip (L + 2, 3) in [m] at joint positions (n,)."""
        q = self._checked(positions)
        if q.ndim != 1:
            raise ValueError(
                f"{self.name} expects joint positions of shape ({self.n_joints},), got {q.shape}"
            )
        pose, _, origins = self._frames(q)
        return np.vstack([np.zeros(3), origins, pose[:, 3]])

    def sample(self, count: int, rng: np.random.Generator) -> Array:
        """Joint positions (count, n), uniform within the limits; continuous joints within ±π."""
        lower = np.where(np.isinf(self.lower), -np.pi, self.lower)
        upper = np.where(np.isinf(self.upper), np.pi, self.upper)
        return rng.uniform(lower, upper, size=(count, self.n_joints))

    @cached_property
    def reach(self) -> float:
        """Upper bound in [m] of the tip's distance from a point of the first axis: the sum of all lengths.

        The point is the one closest to the second element; of a first prismatic joint, its origin.
        """
        prismatic = self.elements[self.elements[:, 12] == 1.0]
        limits = np.stack([self.lower, self.upper])[:, prismatic[:, 13].astype(int)]
        strokes = abs(limits * prismatic[:, 14] + prismatic[:, 15]).max(axis=0)
        offsets = self.elements[1:, [3, 7, 11]]
        offsets[0, 2] -= self._closest_offset
        return float(np.linalg.norm(offsets, axis=1).sum() + strokes.sum())

    @cached_property
    def farthest(self) -> float:
        """Upper bound of the tip's distance from the base frame's origin in [m]."""
        first = self.elements[0, :12].reshape(3, 4)
        return float(np.linalg.norm(first[:, 3] + self._closest_offset * first[:, 2])) + self.reach

    @cached_property
    def is_planar(self) -> bool:
        """Whether the tip stays in a plane z = `plane_height` of the base frame, and turns about z only."""
        _, axes, _ = self._frames(np.zeros(self.n_joints))
        shifts = self.elements[:-1, 12] == 1.0
        out_of_plane = np.where(shifts, abs(axes[:, 2]), np.hypot(axes[:, 0], axes[:, 1]))
        return bool((out_of_plane < _PARALLEL_SINE).all())

    @property
    def plane_height(self) -> float:
        """z in [m], in the base frame, of the plane that a planar chain's tip stays in.

        Raises:
            ValueError: The chain is not planar.
        """
        if not self.is_planar:
            raise ValueError(f"{self.name} is not planar: its tip leaves every plane z = constant")
        pose, _, _ = self._frames(np.zeros(self.n_joints))
        return float(pose[2, 3])

    @property
    def _closest_offset(self) -> float:
        """Position [m] along a first revolute axis of its point closest to the second element's origin."""
        return 0.0 if self.elements[0, 12] == 1.0 else float(self.elements[1, 11])

    def _frames(self, q: Array) -> tuple[Array, Array, Array]:
        """Tip pose (3, 4), axes (L, 3) and origins (L, 3) at joint positions (n,)."""
        n_elements = len(self.elements) - 1
        pose, axes, origins = np.empty((3, 4)), np.empty((n_elements, 3)), np.empty((n_elements, 3))
        kernels.forward(self.elements, q, pose, axes, origins)
        return pose, axes, origins

    def _checked(self, positions: Any) -> Array:
        # A copy: a kernel is compiled anew for an array that is read-only or not aligned.
        q = np.array(positions, dtype=np.float64, order="C")
        if q.ndim == 0 or q.shape[-1] != self.n_joints:
            raise ValueError(
                f"{self.name} expects joint positions of shape (..., {self.n_joints}), got {q.shape}"
            )
        return q

    def _batch(self, kernel: Any, positions: Any, shape: tuple[int, ...]) -> Array:
        q = self._checked(positions)
        out = np.empty((*q.shape[:-1], *shape))
        kernel(self.elements, q.reshape(-1, self.n_joints), out.reshape(-1, *shape))
        return out
