"""The few NumPy functions that the refinement uses, for plain floats.

One target has two or three coordinates: there, floats are an order of magnitude faster than arrays.
"""

from __future__ import annotations

import builtins
import math

cos = math.cos
sin = math.sin
abs = builtins.abs
any = builtins.any
minimum = min
maximum = max


def where(condition: bool, chosen: float, other: float) -> float:
    """``chosen`` if ``condition`` else ``other``, as `numpy.where` for one element."""
    return chosen if condition else other
