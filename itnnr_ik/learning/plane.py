"""Whether a tip moves in a plane or in space, from measured positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.learning.cleaning import MAD
from itnnr_ik.recording.records import BagError

Array = NDArray[np.float64]

#: A coordinate that varies no more than so many times its noise, or so little [m], is constant; rare outliers
#: and what noise does to it are left out by quantiles.
_PLANE, _FLAT = 1.5, 1e-4
_MOST, _NORMAL = (0.05, 0.95), 3.29
#: How often the direction in which tips vary least is looked for, without those that are farther off than so
#: many times the others, and the share that must be left.
_ROUNDS, _OFF, _LEFT = 5, 4.0, 0.8
#: A normal within this angle [rad] of z is level: a measured frame is never exact, and x and y hardly notice.
_LEVEL = np.radians(1.0)


def level_plane(tips: Array, noise: Array, frame: str) -> float | None:
    """The height z [m] that tips (p, 3) [m] with ``noise`` (3,) [m] have but for outliers, None in space.

    Raises:
        BagError: They are in another plane, of which the third coordinate would be learned from noise.
    """
    up = np.array([0.0, 0.0, 1.0])
    height = float(np.median(tips[:, 2]))
    if _is_flat(tips, np.abs(tips[:, 2] - height), up, noise):
        return height
    off, normal = np.zeros(len(tips)), up
    for _ in range(_ROUNDS):
        near = _near(off)
        middle = tips[near].mean(axis=0)
        normal = np.linalg.svd(tips[near] - middle, full_matrices=False)[2][-1]
        off = np.abs((tips - middle) @ normal)
    if not _is_flat(tips, off, normal, noise):
        return None
    tilt = np.arccos(min(1.0, abs(float(normal[2]))))
    if tilt <= _LEVEL:
        return height
    direction = ", ".join(f"{value:.3f}" for value in normal * np.sign(normal[np.argmax(np.abs(normal))]))
    raise BagError(
        f"the tip stays in a plane that is not level: its normal is ({direction}) in the frame {frame!r}, "
        f"{np.degrees(tilt):.1f}° off z; expected poses in space, or in a frame whose z axis is that normal"
    )


def _is_flat(tips: Array, off: Array, normal: Array, noise: Array) -> bool:
    """Whether most tips (p, 3) vary along ``normal`` (3,) no more than noise does; ``off`` (p,): how far."""
    near = _near(off)
    spread = np.ptp(np.quantile(tips[near] @ normal, _MOST)) / _NORMAL
    return bool(near.mean() >= _LEFT and spread <= max(_PLANE * float(np.linalg.norm(normal * noise)), _FLAT))


def _near(off: Array) -> NDArray[np.bool_]:
    """Which distances (p,) are no outliers."""
    return np.asarray(off <= _OFF * MAD * np.median(off))
