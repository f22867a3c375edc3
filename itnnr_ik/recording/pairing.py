"""Pairs messages with joint states: the last one before a message, and interpolated joint positions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.recording.records import BagError, RecordedJoints

#: Largest age of a joint state [s]; an older one says nothing about where the arm is.
MAX_STATE_AGE = 1.0
_TURN = 2.0 * np.pi

#: Why a joint state cannot be used.
UNNAMED = "joint state without joint names"
OTHER_JOINTS = "joint state of other joints"
SOME_JOINTS = "joint state without some of the joints"
NUMBERS_DIFFER = "joint names and positions differ in number"
NOT_FINITE = "joint positions not finite"

Array = NDArray[np.float64]
Times = NDArray[np.int64]


@dataclass(frozen=True)
class JointTrack:
    """The usable joint states of a recording, in the order of receipt.

    Attributes:
        received: Times of receipt (s,) in [ns].
        stamps: Header stamps (s,) in [ns].
        positions: Joint positions (s, n) in [rad], base to tip.
        messages: Index (s,) of each state among all joint states, unusable ones included.
    """

    received: Times
    stamps: Times
    positions: Array
    messages: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.received)

    @classmethod
    def joined(cls, parts: Sequence[JointTrack], joints: int) -> JointTrack:
        """Concatenate tracks of ``joints`` joints each."""
        return cls(
            np.concatenate([np.empty(0, np.int64), *(part.received for part in parts)]),
            np.concatenate([np.empty(0, np.int64), *(part.stamps for part in parts)]),
            np.concatenate([np.empty((0, joints)), *(part.positions for part in parts)]),
            np.concatenate([np.empty(0, np.intp), *(part.messages for part in parts)]),
        )

    def since(self, first: int) -> JointTrack:
        """The states from index ``first`` on."""
        return JointTrack(
            self.received[first:], self.stamps[first:], self.positions[first:], self.messages[first:]
        )


def joint_track(states: Sequence[RecordedJoints], joints: Sequence[str]) -> tuple[JointTrack, Counter[str]]:
    """The usable joint states, with joints selected by name, and the number of the others by reason.

    Raises:
        BagError: One of ``joints`` is not among the recorded names, which are listed.
    """
    kept: list[int] = []
    positions: list[Array] = []
    reasons: Counter[str] = Counter()
    for i, state in enumerate(states):
        picked, reason = usable_positions(state, joints)
        if picked is None:
            reasons[reason] += 1
            continue
        kept.append(i)
        positions.append(picked)
    check_recorded(joints, {name: None for state in states for name in state.names})
    rows = [states[i] for i in kept]
    track = JointTrack(
        np.array([state.received for state in rows], dtype=np.int64),
        np.array([state.stamp for state in rows], dtype=np.int64),
        np.array(positions).reshape(-1, len(joints)),
        np.array(kept, dtype=np.intp),
    )
    return track, reasons


def check_recorded(joints: Sequence[str], names: dict[str, None], where: str = "the recording") -> None:
    """Raise BagError if there are recorded ``names`` and one of ``joints`` is not among them."""
    missing = [joint for joint in joints if joint not in names]
    if missing and names:
        raise BagError(f"no joint {', '.join(missing)} in {where}; recorded: {', '.join(names)}")


def joint_columns(names: Sequence[str], joints: Sequence[str]) -> tuple[NDArray[np.intp] | None, str]:
    """Indices (n,) of ``joints`` in the ``names`` of a message; or None, and why it cannot be used."""
    if not any(names):
        return None, UNNAMED
    counts = [names.count(joint) for joint in joints]
    if not any(counts):
        return None, OTHER_JOINTS
    if min(counts) == 0:
        return None, SOME_JOINTS
    if max(counts) > 1:
        return None, "joint named more than once"
    return np.array([names.index(joint) for joint in joints], dtype=np.intp), ""


def usable_positions(state: RecordedJoints, joints: Sequence[str]) -> tuple[Array | None, str]:
    """Positions (n,) [rad] of ``joints`` in one joint state; or None, and why it cannot be used."""
    if any(state.names) and len(state.positions) != len(state.names):
        return None, NUMBERS_DIFFER
    columns, reason = joint_columns(state.names, joints)
    if columns is None:
        return None, reason
    positions = state.positions[columns]
    if not np.isfinite(positions).all():
        return None, NOT_FINITE
    return positions, ""


def last_before(track: JointTrack, received: Times) -> NDArray[np.intp]:
    """Index (b,) of the last state received before each time of receipt (b,) [ns]; -1 where there is none.

    Stamps are not used, because a node gets its messages in the order of receipt.
    """
    return np.searchsorted(track.received, received, side="left") - 1


def is_stale(track: JointTrack, before: NDArray[np.intp], received: Times) -> NDArray[np.bool_]:
    """Whether the state before (b,) each time of receipt (b,) [ns] is older than `MAX_STATE_AGE`."""
    return received - track.received[before] > MAX_STATE_AGE * 1e9


def interpolate_positions(times: Times, positions: Array, at: Times, continuous: NDArray[np.bool_]) -> Array:
    """Joint positions (b, n) [rad] at times ``at`` (b,) [ns], interpolated linearly between the states.

    Args:
        times: Times of the states (s,) in [ns], never decreasing.
        positions: Positions of the states (s, n) in [rad].
        at: On the same clock. The result is NaN before, after, and in gaps longer than `MAX_STATE_AGE`.
        continuous: Which joints (n,) have no limits: these are interpolated the shorter way round.
    """
    if len(times) < 2 or not len(at):
        return np.full((len(at), positions.shape[1]), np.nan)
    after = np.clip(np.searchsorted(times, at), 1, len(times) - 1)
    before = after - 1
    period = times[after] - times[before]
    fraction = (at - times[before]) / np.maximum(period, 1)
    difference = shortest_difference(positions[after] - positions[before], continuous)
    found: Array = positions[before] + fraction[:, None] * difference
    outside = (at < times[0]) | (at > times[-1])
    in_gap = (period > MAX_STATE_AGE * 1e9) & (at != times[after])
    found[outside | in_gap] = np.nan
    return found


def shortest_difference(differences: Array, continuous: NDArray[np.bool_]) -> Array:
    """Joint differences (…, n) [rad], those of continuous joints (n,) without whole turns."""
    turns = np.where(continuous, np.round(differences / _TURN), 0.0)
    return differences - _TURN * turns
