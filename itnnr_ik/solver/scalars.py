"""The few NumPy functions that the refinement uses, for plain floats.

One target has two or three coordinates: there, floats are an order of magnitude faster than arrays.
"""

from __future__ import annotations

import builtins
import math
from operator import mul

cos = math.cos
sin = math.sin
abs = builtins.abs
any = builtins.any
minimum = min
maximum = max


def manipulability(jacobian: list[list[float]]) -> float:
    """√det(J Jᵀ) of a Jacobian (m, n) with m ≤ n: 0 where it is singular."""
    if len(jacobian) == len(jacobian[0]):
        return abs(determinant(jacobian))
    gram = [[sum(map(mul, row, other)) for other in jacobian] for row in jacobian]
    return math.sqrt(max(0.0, determinant(gram)))


def determinant(rows: list[list[float]]) -> float:
    """Of a small square matrix, by its first row's cofactors."""
    if len(rows) == 1:
        return rows[0][0]
    first, *others = rows
    total = 0.0
    for j, value in enumerate(first):
        minor = determinant([row[:j] + row[j + 1 :] for row in others])
        total += value * minor if j % 2 == 0 else -value * minor
    return total


def where(condition: bool, chosen: float, other: float) -> float:
    """``chosen`` if ``condition`` else ``other``, as `numpy.where` for one element."""
    return chosen if condition else other
