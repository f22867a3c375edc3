"""Least motion for a redundant arm: slide along the joint motions that leave the tip where it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from itnnr_ik.arms import Arm
from itnnr_ik.arms.kinematics import Component
from itnnr_ik.solver.refine import damped_step

#: Longest slide [rad] before the tip has to be corrected: it moves off along a curve.
_LONGEST = 0.3
_TINY = 1e-12


def slide(
    arm: Arm, joints: Sequence[Component], reference: Sequence[Component], xp: Any
) -> list[Component]:
    """Joint positions nearer to ``reference`` in the largest joint difference, tip unmoved to first order.

    The joint that is farthest from the reference moves towards it, the others make up for it (its
    direction projected onto the null space of the Jacobian), as far as no other joint becomes the
    farthest, none leaves its limits and the step stays below a trust region.
    """
    _, jacobian = arm.tip(joints, xp)
    gap = [r - q for r, q in zip(reference, joints, strict=True)]
    size = [xp.abs(g) for g in gap]
    farthest = size[0]
    for s in size[1:]:
        farthest = xp.maximum(farthest, s)
    towards = [
        xp.where(s == farthest, xp.where(g > 0.0, 1.0, -1.0), 0.0) for g, s in zip(gap, size, strict=True)
    ]
    moved = [sum(j * u for j, u in zip(row, towards, strict=True)) for row in jacobian]
    undo = damped_step(jacobian, moved, _TINY)
    direction = [u - v for u, v in zip(towards, undo, strict=True)]
    # The gap of the farthest joint closes at this rate per unit of the slide; it is never negative.
    rate = sum(u * d for u, d in zip(towards, direction, strict=True))
    length = _LONGEST / xp.maximum(rate, _TINY)
    for q, d, g, low, high in zip(joints, direction, gap, arm.lower, arm.upper, strict=True):
        for sign in (1.0, -1.0):
            closing = rate - sign * d
            length = xp.where(
                closing > _TINY, xp.minimum(length, (farthest - sign * g) / xp.maximum(closing, _TINY)), length
            )
        room = xp.where(d > 0.0, high - q, q - low)
        length = xp.minimum(length, room / xp.maximum(xp.abs(d), _TINY))
        length = xp.minimum(length, _LONGEST / xp.maximum(xp.abs(d), _TINY))
    length = xp.where(rate > 1e-6, xp.maximum(length, 0.0), 0.0)
    return [
        xp.minimum(xp.maximum(q + length * d, low), high)
        for q, d, low, high in zip(joints, direction, arm.lower, arm.upper, strict=True)
    ]
