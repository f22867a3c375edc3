"""What an arm with more joints than target coordinates does with its freedom.

Far from the current state, it comes as near to it as it can (`approach`). Tracking a path in small
steps, it spends a little motion on a posture that is well bent and off its limits (`bend`): an arm that
only ever takes the smallest step drifts into corners of its limits, from which it has to jump.

Both leave the tip where it is to first order, and work on one value per joint, floats or columns (see
`itnnr_ik.arms.kinematics`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import mul, sub
from typing import Any

from itnnr_ik.arms import Arm
from itnnr_ik.arms.kinematics import Component
from itnnr_ik.solver.refine import damped_step

#: Longest move [rad] before the tip has to be corrected: it moves off along a curve.
LONGEST = 0.3
#: The well-bent posture: each elbow at this share of the way from straight to its limit, all to the side
#: that the first is bent to where their limits allow; the joints before, which only turn the whole, in the
#: middle of their limits, with less weight.
_BEND, _BASE_WEIGHT = 0.64, 0.5
_TINY = 1e-12


def approach(arm: Arm, joints: Sequence[Component], state: Sequence[Component], xp: Any) -> list[Component]:
    """Joint positions nearer to ``state`` in the largest joint difference.

    The joint farthest from the state moves towards it and the others make up for it (its direction
    projected onto the null space of the Jacobian), until another joint becomes the farthest.
    """
    gap = list(map(sub, state, joints))
    size = [xp.abs(g) for g in gap]
    farthest = reduce(xp.maximum, size)
    towards = [
        xp.where(s == farthest, xp.where(g > 0.0, 1.0, -1.0), 0.0) for g, s in zip(gap, size, strict=True)
    ]
    direction = _without_tip_motion(arm, joints, towards, xp)
    # The gap of the farthest joint closes at this rate, which a projection cannot make negative.
    rate = sum(map(mul, towards, direction))
    length = xp.where(rate > 1e-6, LONGEST / xp.maximum(rate, _TINY), 0.0)
    for d, g in zip(direction, gap, strict=True):
        # When ±g, closing at ±d, is as far as the farthest. A gap that never gets there counts for at
        # least 1, which is beyond the longest move.
        length = xp.minimum(length, (farthest - g + _TINY) / xp.maximum(rate - d, _TINY))
        length = xp.minimum(length, (farthest + g + _TINY) / xp.maximum(rate + d, _TINY))
    return _move(arm, joints, direction, length, xp)


def bend(
    arm: Arm, joints: Sequence[Component], state: Sequence[Component], allowed: Component, xp: Any
) -> list[Component]:
    """Joint positions nearer to the well-bent posture, none farther than ``allowed`` [rad] from ``state``."""
    first_elbow = arm.first_elbow
    bent_up = state[first_elbow] > 0.0
    wish = []
    for i, (q, low, high) in enumerate(zip(joints, arm.lower, arm.upper, strict=True)):
        if i < first_elbow:
            wish.append(_BASE_WEIGHT * (0.5 * (low + high) - q))
        else:
            up, down = _bent(low, high)
            wish.append(xp.where(bent_up, up, down) - q)
    direction = _without_tip_motion(arm, joints, wish, xp)
    # To the point on the line that is nearest to the posture, in the norm weighted as the wish is.
    weight = [_BASE_WEIGHT] * first_elbow + [1.0] * (arm.n_joints - first_elbow)
    curvature = sum(w * d * d for w, d in zip(weight, direction, strict=True))
    length = sum(map(mul, wish, direction)) / xp.maximum(curvature, _TINY)
    for d, q, s in zip(direction, joints, state, strict=True):
        room = xp.where(d > 0.0, allowed - (q - s), allowed + (q - s))
        length = xp.minimum(length, room / xp.maximum(xp.abs(d), _TINY))
    return _move(arm, joints, direction, length, xp)


def _bent(low: float, high: float) -> tuple[float, float]:
    """Well-bent positions [rad] of an elbow, up and down; the same one twice if it bends to one side only."""
    up = max(low, 0.0) + _BEND * (high - max(low, 0.0))
    down = min(high, 0.0) + _BEND * (low - min(high, 0.0))
    return (up if high > 0.0 else down), (down if low < 0.0 else up)


def _without_tip_motion(
    arm: Arm, joints: Sequence[Component], direction: Sequence[Component], xp: Any
) -> list[Component]:
    """The part of a joint direction that leaves the tip where it is, to first order."""
    _, jacobian = arm.tip(joints, xp)
    tip_motion = [sum(map(mul, row, direction)) for row in jacobian]
    return list(map(sub, direction, damped_step(jacobian, tip_motion, _TINY)))


def _move(
    arm: Arm, joints: Sequence[Component], direction: Sequence[Component], length: Component, xp: Any
) -> list[Component]:
    """A move along ``direction`` that keeps the limits and the longest step."""
    for q, d, low, high in zip(joints, direction, arm.lower, arm.upper, strict=True):
        room = xp.minimum(xp.where(d > 0.0, high - q, q - low), LONGEST)
        length = xp.minimum(length, room / xp.maximum(xp.abs(d), _TINY))
    length = xp.maximum(length, 0.0)
    return [
        xp.minimum(xp.maximum(q + length * d, low), high)
        for q, d, low, high in zip(joints, direction, arm.lower, arm.upper, strict=True)
    ]
