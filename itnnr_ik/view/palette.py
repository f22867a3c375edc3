"""Colours of the view as red, green, blue from 0 to 255, and colour scales."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from numpy.typing import ArrayLike, NDArray

Color = tuple[int, int, int]

LINK: Color = (226, 230, 236)
JOINT: Color = (54, 79, 107)
BASE: Color = (96, 108, 122)
GHOST: Color = (255, 159, 67)
SOLUTION: Color = (52, 199, 120)
RECORDED: Color = (70, 80, 100)
GOAL: Color = (255, 196, 0)
REACHED: Color = (38, 166, 91)
MISSED: Color = (226, 54, 64)
PATH: Color = (120, 150, 190)


def scaled(values: ArrayLike, lowest: float, highest: float, scale: str = "viridis") -> NDArray[np.uint8]:
    """Colours (b, 3) of values (b,) between two bounds, from a colour map of matplotlib."""
    share = np.clip((np.asarray(values, dtype=float) - lowest) / max(highest - lowest, 1e-300), 0.0, 1.0)
    colors: Any = colormaps[scale](share)
    shades: NDArray[np.uint8] = np.round(255.0 * colors[..., :3]).astype(np.uint8)
    return shades


def by_error(errors: ArrayLike, good: float, bad: float) -> NDArray[np.uint8]:
    """Colours (b, 3) of errors (b,) on a logarithmic scale from green (good) to red (bad)."""
    logarithms = np.log(np.maximum(np.asarray(errors, dtype=float), good))
    return scaled(-logarithms, -np.log(bad), -np.log(good), "RdYlGn")
