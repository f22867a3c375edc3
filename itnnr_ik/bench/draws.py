"""Targets and states to solve from: at random, near a solution, and along smooth paths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.bench.arms import BenchArm

Array = NDArray[np.float64]

#: Targets a second, and how fast joints move at most [rad/s or m/s].
RATE, _FASTEST = 200.0, 7.0
#: Slowest and fastest swing of a joint [Hz].
_FREQUENCIES = 0.2, 1.2
#: Smallest singular value of the Jacobian [m/rad, rad/rad] of a path that counts as off singular postures.
REGULAR = 0.03
#: Share of its range that a joint swings over; paths off singular postures swing less, down to the last.
SWING, _SHRINK, _LEAST_SWING, _TRIES = 0.6, 0.98, 0.1, 400
#: Random postures that tell what an arm's singular values are like.
_SAMPLE = 2000


@dataclass(frozen=True)
class Draws:
    """b targets, each with the posture that made it and the state that it is solved from.

    Attributes:
        postures, states: (b, n).
        transforms: Of the tool (b, 4, 4).
        targets: (b, m).
    """

    postures: Array
    states: Array
    transforms: Array
    targets: Array

    def __len__(self) -> int:
        return len(self.postures)


def draws(arm: BenchArm, count: int, rng: np.random.Generator, within: float | None = None) -> Draws:
    """Random reachable targets; states random, or ``within`` [rad, m] of the posture that made the target."""
    postures = arm.chain.sample(count, rng)
    if within is None:
        states = arm.chain.sample(count, rng)
    else:
        near = postures + rng.uniform(-within, within, postures.shape)
        states = np.clip(near, arm.chain.lower, arm.chain.upper)
    return of_postures(arm, postures, states)


def of_postures(arm: BenchArm, postures: Array, states: Array) -> Draws:
    """The targets that postures (b, n) reach, solved from states (b, n)."""
    return Draws(postures, states, arm.chain.transforms(postures), arm.solver.target_at(postures))


def smooth_path(arm: BenchArm, count: int, rng: np.random.Generator, swing: float = SWING) -> Array:
    """Joint positions (count, n) of a smooth motion at `RATE`, each joint swinging over a share of its range.

    At most 7 rad/s or m/s; each joint with a frequency of its own, about a middle of its own.
    """
    lower, upper = arm.bounds
    half = 0.5 * (upper - lower)
    amplitude = swing * half
    middle = 0.5 * (lower + upper) + (half - amplitude) * rng.uniform(-1.0, 1.0, len(half))
    frequency = np.minimum(rng.uniform(*_FREQUENCIES, len(half)), _FASTEST / (2.0 * np.pi * amplitude))
    phase = rng.uniform(0.0, 2.0 * np.pi, len(half))
    t = np.arange(count)[:, None] / RATE
    path: Array = middle + amplitude * np.sin(2.0 * np.pi * frequency * t + phase)
    return path


def singular_values(arm: BenchArm, postures: Array) -> Array:
    """Smallest singular value (b,) of the task's Jacobian in metres and radians at postures (b, n)."""
    values = np.linalg.svd(arm.solver.jacobian(postures), compute_uv=False)[:, -1]
    return np.asarray(values, dtype=float)


def regular_bound(arm: BenchArm, rng: np.random.Generator) -> float:
    """Smallest singular value from which a posture is off singular ones: `REGULAR`, less for a small arm.

    That is half of what nine random postures in ten stay below.
    """
    values = singular_values(arm, arm.chain.sample(_SAMPLE, rng))
    return min(REGULAR, 0.5 * float(np.quantile(values, 0.9)))


def regular_path(
    arm: BenchArm, count: int, rng: np.random.Generator, bound: float
) -> tuple[Array, float] | None:
    """A smooth path off singular postures, and the swing of its joints, as wide as was found.

    Args:
        arm, count, rng: See `smooth_path`.
        bound: See `regular_bound`.

    Returns:
        Joint positions (count, n) and the share of their ranges; None where nothing was found.
    """
    swing = SWING
    for _ in range(_TRIES):
        path = smooth_path(arm, count, rng, swing)
        few = path[:: max(1, count // 20)]  # refuses most paths at little cost
        if singular_values(arm, few).min() >= bound and singular_values(arm, path).min() >= bound:
            return path, swing
        swing = max(_LEAST_SWING, swing * _SHRINK)
    return None
