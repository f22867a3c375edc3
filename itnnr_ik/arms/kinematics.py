"""Forward kinematics and Jacobian of serial arms, written once for every kind of number.

Each function takes one value per joint and an operation namespace ``xp`` with ``cos`` and ``sin``:
``math`` for floats (one target, no array overhead), ``numpy`` or ``torch`` for columns (a batch). The
three share one formula, so they cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from operator import mul, neg
from typing import Any

#: A float, a NumPy column or a torch column: whatever ``xp`` computes with.
Component = Any


def chain_moments(
    joints: Sequence[Component], lengths: Sequence[float], xp: Any
) -> tuple[list[Component], list[Component]]:
    """Horizontal and vertical distance from each joint of a planar chain to its tip.

    With the absolute link angles a_i = joints_0 + … + joints_i, entry j holds Σ_{i≥j} lengths_i cos a_i
    and Σ_{i≥j} lengths_i sin a_i in [m]. Entry 0 is the tip seen from the base, and the pair at j is
    what the tip's velocity under joint j is made of, so forward kinematics and Jacobian both follow.
    """
    angles = list(accumulate(joints))
    along = list(map(mul, lengths, map(xp.cos, angles)))
    across = list(map(mul, lengths, map(xp.sin, angles)))
    for j in range(len(along) - 2, -1, -1):
        along[j] = along[j] + along[j + 1]
        across[j] = across[j] + across[j + 1]
    return along, across


def planar(
    joints: Sequence[Component], lengths: Sequence[float], xp: Any
) -> tuple[list[Component], list[list[Component]]]:
    """Tip (x, y) [m] and Jacobian rows [m/rad] of a planar arm (paper A.7 and A.8)."""
    along, across = chain_moments(joints, lengths, xp)
    return [along[0], across[0]], [list(map(neg, across)), along]


def yaw_pitch(
    joints: Sequence[Component], lengths: Sequence[float], xp: Any
) -> tuple[list[Component], list[list[Component]]]:
    """Tip (x, y, z) [m] and Jacobian rows [m/rad] of a pitching chain on a yawing base (paper A.9).

    ``joints`` is (yaw, pitch_1, …); a positive pitch raises the tip.
    """
    yaw, *pitches = joints
    along, across = chain_moments(pitches, lengths, xp)
    cos, sin = xp.cos(yaw), xp.sin(yaw)
    x, y = cos * along[0], sin * along[0]
    tip = [x, y, across[0]]
    jacobian = [
        [-y, *[-cos * s for s in across]],
        [x, *[-sin * s for s in across]],
        [0.0 * x, *along],
    ]
    return tip, jacobian
