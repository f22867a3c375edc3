"""Draws targets and states to solve from: random ones, states near a solution, and smooth paths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.bench.arms import BenchArm

Array = NDArray[np.float64]

TARGET_RATE = 200.0  # [Hz]
_MAX_SPEED = 7.0  # of a joint [rad/s or m/s]
_FREQUENCY_RANGE = 0.2, 1.2  # of a joint's oscillation [Hz]
#: Smallest singular value of the Jacobian [m/rad, rad/rad] on a regular path, off singular postures.
MIN_SINGULAR_VALUE = 0.03
#: Share of its range that a joint swings over; for regular paths it is reduced by a factor at each try.
SWING, _SWING_FACTOR, _MIN_SWING, _MAX_TRIES = 0.6, 0.98, 0.1, 400
_N_SAMPLES = 2000  # random postures, for the distribution of an arm's singular values


@dataclass(frozen=True)
class Draws:
    """b targets, each with the posture that made it and the state that it is solved from.

    Attributes:
        postures, states: (b, n).
        transforms: Poses of the tool (b, 4, 4).
        targets: (b, m).
    """

    postures: Array
    states: Array
    transforms: Array
    targets: Array

    def __len__(self) -> int:
        return len(self.postures)


def draws(arm: BenchArm, count: int, rng: np.random.Generator, within: float | None = None) -> Draws:
    """Random reachable targets; states are random, or ``within`` [rad, m] of the target's posture."""
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


def sine_path(arm: BenchArm, count: int, rng: np.random.Generator, swing: float = SWING) -> Array:
    """Joint positions (count, n) of a smooth motion at `TARGET_RATE` over a share of the joint ranges.

    Each joint is a sine with its own frequency and middle, at most 7 rad/s or m/s fast.
    """
    lower, upper = arm.bounds
    half = 0.5 * (upper - lower)
    amplitude = swing * half
    middle = 0.5 * (lower + upper) + (half - amplitude) * rng.uniform(-1.0, 1.0, len(half))
    frequency = np.minimum(rng.uniform(*_FREQUENCY_RANGE, len(half)), _MAX_SPEED / (2.0 * np.pi * amplitude))
    phase = rng.uniform(0.0, 2.0 * np.pi, len(half))
    t = np.arange(count)[:, None] / TARGET_RATE
    path: Array = middle + amplitude * np.sin(2.0 * np.pi * frequency * t + phase)
    return path


def singular_values(arm: BenchArm, postures: Array) -> Array:
    """Smallest singular value (b,) of the task's Jacobian in metres and radians at postures (b, n)."""
    values = np.linalg.svd(arm.solver.jacobian(postures), compute_uv=False)[:, -1]
    return np.asarray(values, dtype=float)


def regular_bound(arm: BenchArm, rng: np.random.Generator) -> float:
    """Smallest singular value of a regular posture: `MIN_SINGULAR_VALUE`, or less for a small arm.

    For that it is half of the 90 % quantile over random postures.
    """
    values = singular_values(arm, arm.chain.sample(_N_SAMPLES, rng))
    return min(MIN_SINGULAR_VALUE, 0.5 * float(np.quantile(values, 0.9)))


def regular_path(
    arm: BenchArm, count: int, rng: np.random.Generator, bound: float
) -> tuple[Array, float] | None:
    """A smooth path off singular postures, and the swing of its joints, the largest that was found.

    Args:
        arm, count, rng: See `sine_path`.
        bound: See `regular_bound`.

    Returns:
        Joint positions (count, n) and the share of their ranges; None if no path was found.
    """
    swing = SWING
    for _ in range(_MAX_TRIES):
        path = sine_path(arm, count, rng, swing)
        few = path[:: max(1, count // 20)]  # rejects most paths at little cost
        if singular_values(arm, few).min() >= bound and singular_values(arm, path).min() >= bound:
            return path, swing
        swing = max(_MIN_SWING, swing * _SWING_FACTOR)
    return None
