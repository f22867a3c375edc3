"""The paper's three arms (Appendix A.7 to A.9): all links 1.0 m, all joints within ±π/2."""

from __future__ import annotations

import math

from itnnr_ik.arms.arm import Arm


def _arm(name: str, family: str, lengths: tuple[float, ...], joints: tuple[str, ...]) -> Arm:
    n = len(joints)
    return Arm(
        name=name,
        family=family,
        link_lengths=lengths,
        lower=(-math.pi / 2,) * n,
        upper=(math.pi / 2,) * n,
        joint_names=joints,
        link_names=("base_link", *(f"link_{i + 1}" for i in range(n))),
    )


ARMS: dict[str, Arm] = {
    arm.name: arm
    for arm in (
        _arm("two_link", "planar", (1.0, 1.0), ("joint_1", "joint_2")),
        _arm("three_link", "planar", (1.0, 1.0, 1.0), ("joint_1", "joint_2", "joint_3")),
        _arm("yaw_pitch_pitch", "yaw_pitch", (1.0, 1.0), ("yaw", "pitch_1", "pitch_2")),
    )
}


def get_arm(name: str) -> Arm:
    """One of the three arms by name.

    Raises:
        ValueError: No arm of that name; the message lists the names there are.
    """
    try:
        return ARMS[name]
    except KeyError:
        raise ValueError(f"no arm named {name!r}; available: {', '.join(ARMS)}") from None
