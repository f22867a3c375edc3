"""Forward kinematics of the paper's arms (equations A.7 to A.9), written once for NumPy and torch.

All links are 1 m long. The solver knows the same arms as URDF, see `itnnr_ik.robot`.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from itnnr_ik.arrays import namespace


def planar(joints: Any) -> Any:
    """Tip (…, 2) [m] of a planar arm at joint positions (…, n) [rad] (A.7, A.8)."""
    along, across = _chain(joints)
    return namespace(joints).stack([along, across], -1)


def yaw_pitch(joints: Any) -> Any:
    """Tip (…, 3) [m] of a pitching chain on a yawing base at (yaw, pitch_1, …) (…, n) [rad] (A.9).

    A positive pitch raises the tip.
    """
    xp, yaw = namespace(joints), joints[..., 0]
    along, up = _chain(joints[..., 1:])
    return xp.stack([xp.cos(yaw) * along, xp.sin(yaw) * along, up], -1)


def _chain(joints: Any) -> tuple[Any, Any]:
    """Σ cos a_i and Σ sin a_i of the absolute link angles a_i = joints_0 + … + joints_i."""
    xp = namespace(joints)
    angles = list(accumulate(joints[..., i] for i in range(joints.shape[-1])))
    # Summed from the tip, the order in which the packaged results were computed.
    along, across = xp.cos(angles[-1]), xp.sin(angles[-1])
    for angle in reversed(angles[:-1]):
        along, across = xp.cos(angle) + along, xp.sin(angle) + across
    return along, across
