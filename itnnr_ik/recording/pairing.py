"""Which joint state belongs to which message: the one before it, and where the joints were meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.recording.records import BagError, RecordedJoints

#: A joint state older than this [s] tells nothing of where the arm is.
OLDEST_STATE = 1.0
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
    """The usable joint states of a recording, in the order in which they were received.

    Attributes:
        received: Times of receipt (s,) in [ns].
        stamps: Header stamps (s,) in [ns].
        positions: Joint positions (s, n) in [rad], base to tip.
        messages: Index (s,) of each among all joint states.
    """

    received: Times
    stamps: Times
    positions: Array
    messages: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.received)

    @classmethod
    def joined(cls, parts: Sequence[JointTrack], joints: int) -> JointTrack:
        """Several tracks of so many joints, one after the other."""
        return cls(
            np.concatenate([np.empty(0, np.int64), *(part.received for part in parts)]),
            np.concatenate([np.empty(0, np.int64), *(part.stamps for part in parts)]),
            np.concatenate([np.empty((0, joints)), *(part.positions for part in parts)]),
            np.concatenate([np.empty(0, np.intp), *(part.messages for part in parts)]),
        )

    def since(self, first: int) -> JointTrack:
        """The states from number ``first`` on."""
        return JointTrack(
            self.received[first:], self.stamps[first:], self.positions[first:], self.messages[first:]
        )


def joint_track(states: Sequence[RecordedJoints], joints: Sequence[str]) -> tuple[JointTrack, Counter[str]]:
    """The usable ones of ``states``, joints picked by name, and how many were left out for which reason.

    Raises:
        BagError: Messages name joints, but none all of ``joints``; those recorded are listed.
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
    """Raise BagError where joints have names, but one of ``joints`` is not among those read ``where``."""
    missing = [joint for joint in joints if joint not in names]
    if missing and names:
        raise BagError(f"no joint {', '.join(missing)} in {where}; recorded: {', '.join(names)}")


def picker_of(names: Sequence[str], joints: Sequence[str]) -> tuple[NDArray[np.intp] | None, str]:
    """Where ``joints`` (n,) are among the ``names`` of a message; or None, and why it cannot be used."""
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
    picker, reason = picker_of(state.names, joints)
    if picker is None:
        return None, reason
    positions = state.positions[picker]
    if not np.isfinite(positions).all():
        return None, NOT_FINITE
    return positions, ""


def last_before(track: JointTrack, received: Times) -> NDArray[np.intp]:
    """Index (b,) of the last state received before each time (b,) [ns]; -1 where there is none.

    By the times of receipt, because that is the order in which a node hears them.
    """
    return np.searchsorted(track.received, received, side="left") - 1


def too_old(track: JointTrack, before: NDArray[np.intp], received: Times) -> NDArray[np.bool_]:
    """Whether the state before (b,) each time of receipt (b,) [ns] is older than `OLDEST_STATE`."""
    return received - track.received[before] > OLDEST_STATE * 1e9


def positions_at(times: Times, positions: Array, at: Times, continuous: NDArray[np.bool_]) -> Array:
    """Joint positions (b, n) [rad] at times ``at`` (b,) [ns], between the states around each.

    Args:
        times: Of the states (s,), never falling, in [ns].
        positions: Of the states (s, n) in [rad].
        at: By the same clock; NaN is returned where no states are within `OLDEST_STATE` on both sides.
        continuous: Which joints (n,) turn without limits: they go the short way.
    """
    if len(times) < 2 or not len(at):
        return np.full((len(at), positions.shape[1]), np.nan)
    after = np.clip(np.searchsorted(times, at), 1, len(times) - 1)
    before = after - 1
    period = times[after] - times[before]
    share = (at - times[before]) / np.maximum(period, 1)
    way = short_way(positions[after] - positions[before], continuous)
    found: Array = positions[before] + share[:, None] * way
    outside = (at < times[0]) | (at > times[-1])
    found[outside | (period > OLDEST_STATE * 1e9)] = np.nan
    return found


def short_way(differences: Array, continuous: NDArray[np.bool_]) -> Array:
    """Joint differences (…, n) [rad] without the whole turns of joints (n,) that have no limits."""
    turns = np.where(continuous, np.round(differences / _TURN), 0.0)
    return differences - _TURN * turns
