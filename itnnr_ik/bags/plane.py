"""Whether a tip moves in a plane or in space, from measured positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.bags.cleaning import MAD
from itnnr_ik.bags.reader import BagError

Array = NDArray[np.float64]

#: A coordinate that varies no more than so many times its noise, or so little [m], is constant; rare outliers
#: and what noise does to it are left out by quantiles.
_PLANE, _FLAT = 1.5, 1e-4
_MOST, _NORMAL = (0.05, 0.95), 3.29
#: How often the direction in which tips vary least is looked for, without those that are farther off than so
#: many times the others.
_ROUNDS, _OFF = 5, 4.0


def level_plane(tips: Array, noise: Array, frame: str) -> float | None:
    """The height z [m] that tips (p, 3) [m] with ``noise`` (3,) [m] all have, None where they have not.

    Raises:
        BagError: They are in another plane, of which the third coordinate would be learned from noise.
    """

    def is_constant(values: Array, noise: float) -> bool:
        spread = np.ptp(np.quantile(values, _MOST)) / _NORMAL
        return bool(spread <= max(_PLANE * noise, _FLAT))

    if is_constant(tips[:, 2], noise[2]):
        return float(np.median(tips[:, 2]))
    near = np.ones(len(tips), dtype=bool)
    for _ in range(_ROUNDS):
        middle = tips[near].mean(axis=0)
        normal = np.linalg.svd(tips[near] - middle, full_matrices=False)[2][-1]
        off = np.abs((tips - middle) @ normal)
        near = off <= _OFF * MAD * np.median(off)
    if is_constant(tips @ normal, float(np.linalg.norm(normal * noise))):
        direction = ", ".join(f"{value:.3f}" for value in normal * np.sign(normal[np.argmax(np.abs(normal))]))
        raise BagError(
            f"the tip stays in a plane that is not level: its normal is ({direction}) in the frame "
            f"{frame!r}; expected poses in space, or in a frame whose z axis is that normal"
        )
    return None
