"""Target paths for an arm: closed smooth curves and random reachable points, and where to start on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from itnnr_ik.arms import Arm
from itnnr_ik.solver import IKSolver

#: Smallest elbow angle [rad] on a curve: a stretched arm needs infinite joint speed to retract.
MIN_ELBOW = 0.3
#: Distance kept from every joint limit on a curve, in [rad] and as a share of the joint's range.
_LIMIT_MARGIN = (0.05, 0.05)
#: A curve fills at most this share of the reach in each direction from its centre …
_LARGEST = 0.3
#: … and this share of the room there is.
_FILL = 0.9
#: How far the plane of a curve in space leans out of the vertical, in [rad]: x, y and z all move.
_LEAN = math.radians(35.0)
_PHASES = np.linspace(0.0, 2.0 * math.pi, 48, endpoint=False)


def _circle(phase: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.cos(phase), np.sin(phase)


def _line(phase: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """There and back, slowing down to a stop at each end."""
    return 0.94 * np.cos(phase), 0.34 * np.cos(phase)


def _lemniscate(phase: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gerono's figure of eight."""
    return np.sin(phase), 0.5 * np.sin(2.0 * phase)


#: Shapes in their own plane, of size one: phase (...,) [rad] to two coordinates (...,).
_SHAPES: dict[str, Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]] = {
    "circle": _circle,
    "line": _line,
    "lemniscate": _lemniscate,
}
CURVES = tuple(_SHAPES)


@dataclass(frozen=True)
class Curve:
    """A closed smooth curve around a centre.

    Attributes:
        name: ``circle``, ``line`` or ``lemniscate``.
        center: Its centre (m,) in [m], in the arm's base link.
        size: Its largest distance from the centre, in [m].
        axes: Orthonormal axes (2, m) of its plane.
    """

    name: str
    center: np.ndarray
    size: float
    axes: np.ndarray

    def at(self, phase: np.ndarray | float) -> np.ndarray:
        """Points (..., m) [m] at ``phase`` (...,) [rad]; one lap is 2π."""
        return self.center + self.size * _offsets(self.name, self.axes, phase)


def curve_for(arm: Arm, name: str, center: Sequence[float] | None = None, size: float | None = None) -> Curve:
    """A curve that ``arm`` can follow without changing branch.

    Its plane is the arm's own, or, for an arm in space, one across the direction of the centre that leans
    out of the vertical. ``center`` (m,) [m] and ``size`` [m] are found from the arm's lengths and limits
    where they are not given: the curve then stays within the limits, and at least as far from the stretched
    arm as elbows of `MIN_ELBOW` are. A size that is given is taken as it is, reachable or not.

    Raises:
        ValueError: No such curve, or the arm has no room for it.
    """
    if name not in _SHAPES:
        raise ValueError(f"no curve named {name!r}; available: {', '.join(CURVES)}")
    if center is not None:
        point = np.asarray(center, dtype=float)
        if point.shape != (arm.n_coordinates,) or not np.isfinite(point).all():
            raise ValueError(
                f"center of {arm.name} needs {arm.n_coordinates} finite coordinates, got {center}"
            )
        if np.linalg.norm(point) == 0.0:
            raise ValueError("center must be off the origin, which is the arm's base")
    if size is not None and not (math.isfinite(size) and size > 0.0):
        raise ValueError(f"size must be positive, got {size}")
    if center is not None and size is not None:
        return Curve(name, point, size, _plane(point))

    best = None
    for posture in _postures(arm):
        if center is not None:
            moved = _move_to(arm, posture, point)
            if moved is None:
                continue
            posture = moved
        middle = arm.forward(posture)
        axes = _plane(middle)
        room = _room(arm, posture, _offsets(name, axes, _PHASES))
        if best is None or room > best.size:
            best = Curve(name, middle, room, axes)
    if best is None or best.size <= 0.0:
        where = f" around {list(map(float, point))}" if center is not None else ""
        raise ValueError(
            f"{arm.name} has no room for a {name}{where} within its joint limits and with its elbows bent by "
            f"{MIN_ELBOW} rad; give both center and size to use it all the same"
        )
    return Curve(name, best.center, _FILL * best.size if size is None else size, best.axes)


def random_targets(arm: Arm, count: int, rng: np.random.Generator) -> np.ndarray:
    """Reachable points (count, m) [m]: the tip at joint positions uniform within the limits."""
    targets: np.ndarray = arm.forward(arm.sample(count, rng))
    return targets


def starting_posture(arm: Arm, target: np.ndarray) -> np.ndarray:
    """Joint positions (n,) [rad] near ``target`` (m,) [m] from which a curve can be entered without a jump.

    The posture among those that curves are laid around whose tip is nearest to the target.

    Raises:
        ValueError: No elbow of the arm can be bent by `MIN_ELBOW`.
    """
    postures = _postures(arm)
    tips = arm.forward(np.array(postures))
    return postures[int(np.argmin(np.linalg.norm(tips - target, axis=-1)))]


def first_posture(solver: IKSolver, target: np.ndarray) -> np.ndarray:
    """Joint positions (n,) [rad] at ``target`` (m,) [m], or near it, to follow a path from.

    The answer that is near a posture with bent elbows: on the branch that has room for motion.
    """
    try:
        near = starting_posture(solver.arm, target)
    except ValueError:  # no elbow can be bent
        near = solver.arm.limits.mean(axis=0)
    return solver.solve(target, near).positions


def _offsets(name: str, axes: np.ndarray, phase: np.ndarray | float) -> np.ndarray:
    """Points (..., m) of the shape of size one around the origin."""
    along, across = _SHAPES[name](np.asarray(phase, dtype=float))
    offsets: np.ndarray = along[..., None] * axes[0] + across[..., None] * axes[1]
    return offsets


def _plane(center: np.ndarray) -> np.ndarray:
    """Axes (2, m) of a curve's plane: horizontally across the direction of its centre, and a second one."""
    if len(center) == 2:
        radial = center / np.linalg.norm(center)
        return np.array([[-radial[1], radial[0]], radial])
    azimuth = math.atan2(center[1], center[0])
    outward = np.array([math.cos(azimuth), math.sin(azimuth), 0.0])
    across = np.array([-math.sin(azimuth), math.cos(azimuth), 0.0])
    up = np.array([0.0, 0.0, 1.0])
    return np.array([across, math.cos(_LEAN) * up + math.sin(_LEAN) * outward])


def _elbows(arm: Arm) -> slice:
    """The joints that bend the chain of links: all but its first."""
    return slice(arm.first_elbow, arm.n_joints)


def _postures(arm: Arm) -> list[np.ndarray]:
    """Joint positions (n,) with all elbows bent alike, from nearly stretched to nearly folded.

    Where the elbows may bend either way, the tip is straight ahead, so that a curve around it is mirrored
    onto itself and both branches can follow it. Elsewhere each joint is in the middle of its range.
    """
    if not arm.link_lengths:
        raise ValueError(f"{arm.name} has no link lengths to lay out a curve by: random targets need none")
    lower, upper = np.array(arm.lower), np.array(arm.upper)
    elbows = _elbows(arm)
    above = upper[elbows].min() - max(MIN_ELBOW, lower[elbows].max())
    below = min(-MIN_ELBOW, upper[elbows].min()) - lower[elbows].max()
    if elbows.start == elbows.stop or max(above, below) <= 0.0:
        raise ValueError(
            f"{arm.name} has no elbow that its limits let bend by {MIN_ELBOW} rad: {arm.lower} to {arm.upper}"
        )
    if above >= below:
        first, last = max(MIN_ELBOW, lower[elbows].max()), upper[elbows].min()
    else:
        first, last = min(-MIN_ELBOW, upper[elbows].min()), lower[elbows].max()
    margin = _margin(arm)
    postures = []
    for share in np.linspace(0.15, 0.85, 8):
        posture = (lower + upper) / 2.0
        posture[elbows] = first + share * (last - first)
        if above > 0.0 and below > 0.0:
            shoulder = elbows.start - 1
            chain = np.concatenate([np.zeros(1), posture[elbows]])
            posture[shoulder] -= _chain_angle(arm.link_lengths, chain)
        postures.append(np.clip(posture, lower + margin, upper - margin))
    return postures


def _chain_angle(lengths: Sequence[float], joints: np.ndarray) -> float:
    """Angle [rad] at which a planar chain's tip is seen from its base."""
    angles = np.cumsum(joints)
    return math.atan2(np.dot(lengths, np.sin(angles)), np.dot(lengths, np.cos(angles)))


def _margin(arm: Arm) -> np.ndarray:
    """Distance (n,) [rad] that curves keep from the joint limits."""
    lower, upper = arm.limits
    margin: np.ndarray = np.minimum(_LIMIT_MARGIN[0], _LIMIT_MARGIN[1] * (upper - lower))
    return margin


def _farthest(arm: Arm) -> float:
    """Distance [m] of the tip from the shoulder with all elbows at `MIN_ELBOW`."""
    angles = MIN_ELBOW * np.arange(len(arm.link_lengths))
    lengths = np.array(arm.link_lengths)
    return math.hypot(lengths @ np.cos(angles), lengths @ np.sin(angles))


def _step(arm: Arm, positions: np.ndarray, goals: np.ndarray) -> tuple[np.ndarray, bool]:
    """Joint positions (p, n) moved to tips at ``goals`` (p, m), and whether all of them got there."""
    for _ in range(3):
        errors = goals - arm.forward(positions)
        positions = positions + np.einsum("pnm,pm->pn", np.linalg.pinv(arm.jacobian(positions)), errors)
    margin = _margin(arm)
    arrived = bool(
        np.isfinite(positions).all()
        and (np.linalg.norm(goals - arm.forward(positions), axis=-1) < 1e-6).all()
        and (positions >= np.array(arm.lower) + margin - 1e-9).all()
        and (positions <= np.array(arm.upper) - margin + 1e-9).all()
        and (np.linalg.norm(goals, axis=-1) <= _farthest(arm)).all()
    )
    return positions, arrived


def _room(arm: Arm, posture: np.ndarray, directions: np.ndarray) -> float:
    """How far [m] the tip can leave ``posture`` along all ``directions`` (p, m) without changing branch.

    The points move outwards together in small steps, each followed by a few Newton steps of its joints,
    so they stay on one branch, and the first that fails ends it.
    """
    center = arm.forward(posture)
    positions = np.tile(posture, (len(directions), 1))
    largest = _LARGEST * arm.reach
    steps = 30
    for step in range(1, steps + 1):
        positions, arrived = _step(arm, positions, center + largest * step / steps * directions)
        if not arrived:
            return largest * (step - 1) / steps
    return largest


def _move_to(arm: Arm, posture: np.ndarray, point: np.ndarray) -> np.ndarray | None:
    """Joint positions (n,) with the tip at ``point``, reached on the branch of ``posture``, or None."""
    start = arm.forward(posture)
    positions = posture[None]
    steps = 30
    for step in range(1, steps + 1):
        goal = start + (point - start) * step / steps
        positions, arrived = _step(arm, positions, goal[None])
        if not arrived:
            return None
    (moved,) = positions
    return np.asarray(moved)
