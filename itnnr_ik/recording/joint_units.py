"""Recorded joint positions in degrees, whole turns away from the limits, or slightly outside them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.recording.pairing import Array
from itnnr_ik.robot import ForwardModel, units_of

DEGREE = np.pi / 180.0
_TURN = 2.0 * np.pi
#: A joint may rest this far outside its limits [rad].
_LIMIT_TOLERANCE = 0.02
#: Positions are suspect if more than this share of them is over a turn outside the limits. They are whole
#: turns away, rather than in degrees, if wrapping brings them to within this tolerance [rad] of the limits.
_SUSPECT_SHARE, _WRAPPED_TOLERANCE = 0.01, 0.1
#: Largest number of whole turns that a joint may plausibly be away from its limits.
_MAX_TURNS = 2
#: With more turns a floating-point number has too few digits for the position within the last turn.
_MAX_RESOLVED_TURNS = 1e6
#: A joint moves less than this from one state to the next [rad].
_MAX_STEP = 3.0


def angular_joints(arm: ForwardModel) -> NDArray[np.bool_]:
    """Which joints (n,) have positions in [rad] rather than [m]."""
    return np.array([unit == "rad" for unit in units_of(arm)])


class JointUnits:
    """Converts recorded positions to [rad] or [m], and wraps them into the arm's limits.

    Args:
        arm: The recorded arm; None where it is not known: no joint has limits then.
        names: Names of its joints.
        degrees: Whether angles are recorded in degrees.

    Attributes:
        turned: Number of converted states from which whole turns were taken off.
        outside: Number of converted states with a joint outside its limits.
    """

    def __init__(self, arm: ForwardModel | None, names: Sequence[str], degrees: bool) -> None:
        unlimited: Array = np.full(len(names), np.inf)
        self._lower: Array = -unlimited if arm is None else arm.lower
        self._upper: Array = unlimited if arm is None else arm.upper
        self._names = tuple(names) if arm is None else arm.joint_names
        self._angular = np.ones(len(names), dtype=bool) if arm is None else angular_joints(arm)
        self._limited = self._angular & np.isfinite(self._lower) & np.isfinite(self._upper)
        self._factors = np.where(self._angular & degrees, DEGREE, 1.0)
        self._degrees = degrees
        self._count = self._n_beyond = self._n_outside_deg = self._n_outside_wrapped = self._n_jumps = 0
        self._last: Array | None = None
        self.turned = self.outside = 0
        self.max_violation, self._max_violation_joint = 0.0, 0

    def observe(self, positions: Array) -> None:
        """Collect statistics of recorded positions (k, n), for `problem`."""
        if not len(positions) or not self._limited.any():
            return
        self._count += len(positions)
        self._n_beyond += self._count_outside(positions, _TURN)
        self._n_outside_deg += self._count_outside(positions * DEGREE, _LIMIT_TOLERANCE)
        turned, turns = self._wrap(positions)
        self._n_outside_wrapped += self._count_outside(
            np.where(np.abs(turns) <= _MAX_TURNS, turned, positions), _WRAPPED_TOLERANCE
        )
        both = np.stack([positions, turned])[:, :, self._limited]
        if self._last is not None:
            both = np.concatenate([self._last, both], axis=1)
        step, wrapped_step = np.abs(np.diff(both, axis=1))
        self._n_jumps += int(((wrapped_step > _MAX_STEP) & (step < _MAX_STEP)).any(axis=1).sum())
        self._last = both[:, -1:]

    @property
    def problem(self) -> str:
        """Why the positions seem to be in degrees although radians are expected; empty if they do not."""
        count = self._count
        if self._degrees or self._n_beyond <= _SUSPECT_SHARE * count:
            return ""
        if self._n_outside_deg > _SUSPECT_SHARE * _SUSPECT_SHARE * count:
            return ""
        if self._n_outside_wrapped <= _SUSPECT_SHARE * count and not self._n_jumps:
            return ""
        return (
            f"the joint positions look like degrees: as radians {self._n_beyond} of {count} joint states are "
            f"more than a turn outside the limits, as degrees {count - self._n_outside_deg} are within; "
            "--degrees reads them so"
        )

    def __call__(self, positions: Array) -> Array:
        """Positions (k, n) in [rad] or [m], without whole turns where that brings them into the limits."""
        positions = positions * self._factors
        turned, turns = self._wrap(positions)
        if turns.any():
            self.turned += int((turns != 0).any(axis=1).sum())
            positions = turned
        violation = np.maximum(self._lower - positions, positions - self._upper)
        if len(violation) and violation.max() > 0.0:
            self.outside += int((violation > 0.0).any(axis=1).sum())
            if violation.max() > self.max_violation:
                self.max_violation = float(violation.max())
                self._max_violation_joint = int(violation.max(axis=0).argmax())
        return positions

    def notes(self, total: int) -> list[str]:
        """A sentence on each conversion of, and violation in, ``total`` joint states."""
        notes = []
        if self._degrees:
            notes.append("the joint positions are in degrees")
        if self.turned:
            notes.append(
                f"{self.turned} of {total} recorded joint states are whole turns outside the model's joint "
                "limits: the turns are taken off"
            )
        if self.outside:
            unit = "rad" if self._angular[self._max_violation_joint] else "m"
            notes.append(
                f"{self.outside} of {total} recorded joint states are outside the model's joint limits, by "
                f"at most {self.max_violation:.2g} {unit} ({self._names[self._max_violation_joint]})"
            )
        return notes

    def _count_outside(self, positions: Array, tolerance: float) -> int:
        """How many states (k, n) have a turning joint farther than ``tolerance`` [rad] outside its limits."""
        violation = np.maximum(self._lower - positions, positions - self._upper)[:, self._limited]
        return int((violation > tolerance).any(axis=1).sum())

    def _wrap(self, positions: Array) -> tuple[Array, Array]:
        """Positions (k, n) wrapped into the limits where that is possible, and the turns taken off (k, n)."""
        turns = np.zeros_like(positions)
        outside = self._limited & (
            (positions < self._lower - _LIMIT_TOLERANCE) | (positions > self._upper + _LIMIT_TOLERANCE)
        )
        if not outside.any():
            return positions, turns
        middle = np.where(self._limited, 0.5 * (self._lower + self._upper), 0.0)
        turns_off = np.where(outside, np.round((positions - middle) / _TURN), 0.0)
        wrapped = positions - turns_off * _TURN
        fits = (
            outside
            & (wrapped >= self._lower - _LIMIT_TOLERANCE)
            & (wrapped <= self._upper + _LIMIT_TOLERANCE)
        )
        fits &= np.abs(turns_off) <= _MAX_RESOLVED_TURNS
        return np.where(fits, wrapped, positions), np.where(fits, turns_off, 0.0)
