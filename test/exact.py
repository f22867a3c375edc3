"""Exact inverse kinematics of the three arms, in closed form or by a fine sweep, to compare with."""

from __future__ import annotations

import math

import numpy as np

from itnnr_ik.robot import ForwardModel

#: Rounding [rad] that a closed-form solution may be beyond a limit.
_ROUNDING = 1e-9
_SWEEP, _FINE_SWEEP = 720, 80
#: Lengths [m] of the last two links of each of the arms, and of the first of the three-link arm.
_LINKS = 1.0, 1.0


def _wrapped(angles: np.ndarray) -> np.ndarray:
    """The same angles within ±π."""
    return (angles + math.pi) % (2 * math.pi) - math.pi


def _two_link(first: float, second: float, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Both solutions (..., 2, 2) of a planar two-link arm for tips (...,); NaN out of reach."""
    cosine = (x**2 + y**2 - first**2 - second**2) / (2 * first * second)
    with np.errstate(invalid="ignore"):
        bend = np.arccos(cosine)
    elbow = np.stack([bend, -bend], axis=-1)
    shoulder = np.arctan2(y, x)[..., None] - np.arctan2(
        second * np.sin(elbow), first + second * np.cos(elbow)
    )
    return np.stack([_wrapped(shoulder), elbow], axis=-1)


def _three_link(lengths: tuple[float, ...], targets: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Solutions (b, s, 2, 3) of a planar three-link arm for values (b, s) of its first joint."""
    rest = targets[:, None] - lengths[0] * np.stack([np.cos(first), np.sin(first)], axis=-1)
    outer = _two_link(lengths[1], lengths[2], rest[..., 0], rest[..., 1])
    outer[..., 0] = _wrapped(outer[..., 0] - first[..., None])
    first = np.broadcast_to(first[..., None, None], (*outer.shape[:-1], 1))
    return np.concatenate([first, outer], axis=-1)


def within_limits(arm: ForwardModel, positions: np.ndarray, margin: float = 0.0) -> np.ndarray:
    """Which joint positions (..., n) keep the limits, or exceed them by at most ``margin`` [rad]."""
    return ((positions >= arm.lower - margin) & (positions <= arm.upper + margin)).all(axis=-1)


def solutions(arm: ForwardModel, targets: np.ndarray) -> np.ndarray:
    """All solutions (b, s, n) [rad] within the limits, which are within ±π; NaN where there are fewer.

    For the arms that have finitely many.
    """
    if arm.name == "two_link":
        found = _two_link(*_LINKS, targets[:, 0], targets[:, 1])
    else:
        distance, height = np.hypot(targets[:, 0], targets[:, 1]), targets[:, 2]
        yaw = np.arctan2(targets[:, 1], targets[:, 0])[:, None, None]
        facing = _two_link(*_LINKS, distance, height)
        backwards = _two_link(*_LINKS, -distance, height)
        yaws = np.broadcast_to(yaw, (len(targets), 2, 1))
        found = np.concatenate(
            [
                np.concatenate([yaws, facing], axis=2),
                np.concatenate([_wrapped(yaws + math.pi), backwards], axis=2),
            ],
            axis=1,
        )
    return np.where(within_limits(arm, found, _ROUNDING)[..., None], found, np.nan)


def _least_change(arm: ForwardModel, found: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Largest joint change (b, ...) from the states (b, n) to solutions (b, ..., n); infinite off limits."""
    states = states.reshape(len(states), *[1] * (found.ndim - 2), -1)
    change = np.abs(found - states).max(axis=-1)
    return np.where(within_limits(arm, found, _ROUNDING), change, np.inf)


def nearest_change(arm: ForwardModel, targets: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Largest joint change (b,) [rad] from the states (b, n) to the nearest solution within the limits."""
    if arm.name != "three_link":
        return _least_change(arm, solutions(arm, targets), states).min(axis=1)
    sweep = np.linspace(arm.lower[0], arm.upper[0], _SWEEP)
    step = sweep[1] - sweep[0]
    nearest = []
    for rows in np.array_split(np.arange(len(targets)), max(1, len(targets) // 250)):
        found = _three_link((*_LINKS, 1.0), targets[rows], np.tile(sweep, (len(rows), 1)))
        change = _least_change(arm, found, states[rows]).min(axis=2)
        around = sweep[change.argmin(axis=1)][:, None] + np.linspace(-step, step, _FINE_SWEEP)
        found = _three_link((*_LINKS, 1.0), targets[rows], around)
        finer = _least_change(arm, found, states[rows]).min(axis=(1, 2))
        nearest.append(np.minimum(finer, change.min(axis=1)))
    return np.concatenate(nearest)
