"""Why a path cannot be followed from one target to the next, and what the arm does instead."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.paths.closest import come_close
from itnnr_ik.paths.kinematics import HISTORY, Kinematics, displacement
from itnnr_ik.paths.solution import Gap, Stretch

Array = NDArray[np.float64]

#: A joint beyond its limit by no more than this [rad, m] is at it.
_LIMIT_ROUNDING = 1e-9
#: The bisection for how far joints have to go beyond their limits ends at this ratio, or width [rad, m].
_BISECTION_RATIO, _BISECTION_WIDTH = 0.05, 1e-3
#: With a smaller position error [m], a target out of reach is told by its orientation error.
_NEGLIGIBLE = 1e-6
OUT_OF_REACH, SINGULAR, OPEN = "out of reach", "a singular posture would have to be crossed", "does not close"


def fill(arm: Kinematics, stretches: list[Stretch], current: Array | None) -> Array:
    """Joint positions (m, n): those of the stretches, and between them what comes closest."""
    positions = np.empty((arm.count, len(arm.lower)))
    known = np.zeros(arm.count, dtype=np.bool_)
    for stretch in stretches:
        positions[stretch.first : stretch.end], known[stretch.first : stretch.end] = stretch.positions, True
    edges = np.flatnonzero(np.diff(np.concatenate([[False], ~known, [False]]).astype(np.int8)))
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        before = positions[first - 1] if first else current
        after = positions[end] if end < arm.count else None
        positions[first:end] = come_close(arm, first, end, before, after)
    return positions


def explain(
    arm: Kinematics,
    stretches: list[Stretch],
    positions: Array,
    residual: Array,
    angle: Array | None,
    converged: NDArray[np.bool_],
) -> tuple[Gap, ...]:
    """The gaps between stretches, each with its reason.

    Args:
        positions: (m, n) of the whole path.
        residual, angle, converged: (m,), as in `PathSolution`.
    """
    gaps = []
    for before, after in zip([None, *stretches], [*stretches, None], strict=True):
        end, first = before.end if before else 0, after.first if after else arm.count
        jumps = before is not None and after is not None and end == first
        if not jumps and end == first:
            continue
        why = _limit(arm, before, after)
        if why is None and converged[end:first].all():
            steps = np.diff(positions[max(end - 1, 0) : first + 1], axis=0)
            if not len(steps):  # of a single target
                continue
            why = SINGULAR, float(displacement(arm.weights, steps).max()), "rad"
        elif why is None:
            why = OUT_OF_REACH, float(residual[end:first].max()), "m"
            if angle is not None and why[1] < _NEGLIGIBLE:
                why = OUT_OF_REACH, float(angle[end:first].max()), "rad"
        gaps.append(Gap(end - 1, first, *why) if jumps else Gap(end, first - 1, *why))
    return tuple(gaps)


def _limit(arm: Kinematics, before: Stretch | None, after: Stretch | None) -> tuple[str, float, str] | None:
    """The joint whose limit ends a stretch, how far it would go beyond, and its unit; None for no joint."""
    for stretch, other, side in ((before, after, 1), (after, before, -1)):
        if stretch is None:
            continue
        end = stretch.end - 1 if side == 1 else stretch.first
        to = arm.count - 1 if side == 1 else 0
        if other is not None:
            to = other.first if side == 1 else other.end - 1
        past = stretch.positions[:: -1 if side == 1 else 1][:HISTORY]
        beyond = _beyond(arm, arm.follow(end, abs(to - end), side, past, _widened(arm, np.inf)))
        if not len(beyond) or beyond[0].max() <= _LIMIT_ROUNDING:
            continue
        back = np.flatnonzero(beyond.max(axis=1) <= _LIMIT_ROUNDING)
        beyond = beyond[: back[0] if len(back) else None]
        if arm.spare:
            beyond = _least_beyond(arm, end, side, past, beyond)
        most = beyond.max(axis=0)
        joint = int(most.argmax())
        return f"limit of joint {arm.joint_names[joint]}", float(most[joint]), arm.units[joint]
    return None


def _widened(arm: Kinematics, change: float) -> Array:
    """Limits (2, n) that give way by so much [rad, m]."""
    return np.array([arm.lower - change, arm.upper + change])


def _beyond(arm: Kinematics, postures: Array) -> Array:
    """How far joints of postures (b, n) are beyond their limits [rad, m]."""
    past_limit: Array = np.maximum(np.maximum(arm.lower - postures, postures - arm.upper), 0.0)
    return past_limit


def _least_beyond(arm: Kinematics, end: int, side: int, past: Array, beyond: Array) -> Array:
    """As little as joints go beyond their limits (b, n) where spare ones help, for as many targets.

    Left alone, spare joints turn on and on. All limits give way alike, less and less, as long as the targets
    are followed, and none by more than its joint's range.
    """
    ranges = arm.upper - arm.lower
    least = np.minimum(beyond, ranges)
    low, high = 0.0, float(least.max())
    while high - low > max(_BISECTION_RATIO * high, _BISECTION_WIDTH):
        middle = 0.5 * (low + high)
        found = arm.follow(end, len(beyond), side, past, _widened(arm, middle))
        if len(found) == len(beyond):
            least = np.minimum(_beyond(arm, found), ranges)
            high = min(middle, float(least.max()))
        else:
            low = middle
    return least
