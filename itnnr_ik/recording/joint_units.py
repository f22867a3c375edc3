"""Recorded joint positions that are no radians within the limits: degrees, turns away, a bit outside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.recording.pairing import Array
from itnnr_ik.robot import ForwardModel, units_of

DEGREE = np.pi / 180.0
_TURN = 2.0 * np.pi
#: Joints rest so far outside their limits [rad], and no farther.
_AT_REST = 0.02
#: Limits may be wrong, but not by a turn: positions that far outside are in degrees or turns away, if they
#: are this share of all; and turns away if that brings them to within so much of the limits [rad].
_SHARE, _OUTSIDE = 0.01, 0.1
#: A joint is not so many turns away from its limits.
_MOST_TURNS = 2
#: Of more turns a number has too few digits to tell where in the last one it is.
_COUNTED = 1e6
#: A joint does not move so far from one state to the next [rad].
_TORN = 3.0


def angular(arm: ForwardModel) -> NDArray[np.bool_]:
    """Which joints (n,) turn rather than slide."""
    return np.array([unit == "rad" for unit in units_of(arm)])


class JointUnits:
    """Looks at recorded positions, and brings them to radians within the arm's limits.

    Args:
        arm: Whose joints they are; None where that is not known, and no joint has limits.
        names: Of its joints.
        degrees: Whether they are in degrees.
    """

    def __init__(self, arm: ForwardModel | None, names: Sequence[str], degrees: bool) -> None:
        nowhere: Array = np.full(len(names), np.inf)
        self._lower: Array = -nowhere if arm is None else arm.lower
        self._upper: Array = nowhere if arm is None else arm.upper
        self._names = tuple(names) if arm is None else arm.joint_names
        self._angular = np.ones(len(names), dtype=bool) if arm is None else angular(arm)
        self._limited = self._angular & np.isfinite(self._lower) & np.isfinite(self._upper)
        self._factors = np.where(self._angular & degrees, DEGREE, 1.0)
        self._degrees = degrees
        self._count = self._wide = self._wide_in_degrees = self._wide_after_turns = self._torn = 0
        self._last: Array | None = None
        self.turned = self.outside = 0
        self.farthest, self._farthest_joint = 0.0, 0

    def look_at(self, positions: Array) -> None:
        """Take recorded positions (k, n) into account, for `problem`."""
        if not len(positions) or not self._limited.any():
            return
        self._count += len(positions)
        self._wide += self._outside(positions, _TURN)
        self._wide_in_degrees += self._outside(positions * DEGREE, _AT_REST)
        turned, turns = self._within_turn(positions)
        self._wide_after_turns += self._outside(
            np.where(np.abs(turns) <= _MOST_TURNS, turned, positions), _OUTSIDE
        )
        both = np.stack([positions, turned])[:, :, self._limited]
        if self._last is not None:
            both = np.concatenate([self._last, both], axis=1)
        raw, shifted = np.abs(np.diff(both, axis=1))
        self._torn += int(((shifted > _TORN) & (raw < _TORN)).any(axis=1).sum())
        self._last = both[:, -1:]

    @property
    def problem(self) -> str:
        """Why the positions seem to be in degrees, though nobody said so; empty if they do not."""
        count = self._count
        if self._degrees or self._wide <= _SHARE * count or self._wide_in_degrees > _SHARE * _SHARE * count:
            return ""
        if self._wide_after_turns <= _SHARE * count and not self._torn:
            return ""
        return (
            f"the joint positions look like degrees: as radians {self._wide} of {count} joint states are "
            f"more than a turn outside the limits, as degrees {count - self._wide_in_degrees} are within; "
            "--degrees reads them so"
        )

    def __call__(self, positions: Array) -> Array:
        """Positions (k, n) in [rad] or [m], whole turns taken off where that brings them into the limits."""
        positions = positions * self._factors
        turned, turns = self._within_turn(positions)
        if turns.any():
            self.turned += int((turns != 0).any(axis=1).sum())
            positions = turned
        beyond = np.maximum(self._lower - positions, positions - self._upper)
        if len(beyond) and beyond.max() > 0.0:
            self.outside += int((beyond > 0.0).any(axis=1).sum())
            if beyond.max() > self.farthest:
                self.farthest = float(beyond.max())
                self._farthest_joint = int(beyond.max(axis=0).argmax())
        return positions

    def notes(self, total: int) -> list[str]:
        """A sentence on each thing that was done to, or found in, so many joint states."""
        notes = []
        if self._degrees:
            notes.append("the joint positions are in degrees")
        if self.turned:
            notes.append(
                f"{self.turned} of {total} recorded joint states are whole turns outside the model's joint "
                "limits: the turns are taken off"
            )
        if self.outside:
            unit = "rad" if self._angular[self._farthest_joint] else "m"
            notes.append(
                f"{self.outside} of {total} recorded joint states are outside the model's joint limits, by "
                f"at most {self.farthest:.2g} {unit} ({self._names[self._farthest_joint]})"
            )
        return notes

    def _outside(self, positions: Array, slack: float) -> int:
        """How many states (k, n) have a turning joint farther than ``slack`` [rad] outside its limits."""
        beyond = np.maximum(self._lower - positions, positions - self._upper)[:, self._limited]
        return int((beyond > slack).any(axis=1).sum())

    def _within_turn(self, positions: Array) -> tuple[Array, Array]:
        """Positions (k, n) brought into the limits by whole turns, and how many (k, n); others unchanged."""
        turns = np.zeros_like(positions)
        out = self._limited & ((positions < self._lower - _AT_REST) | (positions > self._upper + _AT_REST))
        if not out.any():
            return positions, turns
        middle = np.where(self._limited, 0.5 * (self._lower + self._upper), 0.0)
        wanted = np.where(out, np.round((positions - middle) / _TURN), 0.0)
        moved = positions - wanted * _TURN
        fits = out & (moved >= self._lower - _AT_REST) & (moved <= self._upper + _AT_REST)
        fits &= np.abs(wanted) <= _COUNTED
        return np.where(fits, moved, positions), np.where(fits, wanted, 0.0)
