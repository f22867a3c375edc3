"""Which joint state belongs to which message: the one before it, and where the joints were meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.bags.records import BagError, RecordedJoints, RecordedPose

#: A joint state older than this [s] tells nothing of where the arm is.
OLDEST_STATE = 1.0

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
    names = {name: None for state in states for name in state.names}
    missing = [joint for joint in joints if joint not in names]
    if missing and names:
        raise BagError(f"no joint {', '.join(missing)} in the recording; recorded: {', '.join(names)}")
    rows = [states[i] for i in kept]
    track = JointTrack(
        np.array([state.received for state in rows], dtype=np.int64),
        np.array([state.stamp for state in rows], dtype=np.int64),
        np.array(positions).reshape(-1, len(joints)),
        np.array(kept, dtype=np.intp),
    )
    return track, reasons


def usable_positions(state: RecordedJoints, joints: Sequence[str]) -> tuple[Array | None, str]:
    """Positions (n,) [rad] of ``joints`` in one joint state; or None, and why it cannot be used."""
    names = state.names
    if not any(names):
        return None, "joint state without joint names"
    if len(state.positions) != len(names):
        return None, "joint names and positions differ in number"
    counts = [names.count(joint) for joint in joints]
    if not any(counts):
        return None, "joint state of other joints"
    if min(counts) == 0:
        return None, "joint state without some of the joints"
    if max(counts) > 1:
        return None, "joint named more than once"
    positions = state.pick(joints)
    if not np.isfinite(positions).all():
        return None, "joint positions not finite"
    return positions, ""


def names_note(states: Sequence[RecordedJoints]) -> str:
    """A sentence where the joint names change on the way, or nothing."""
    changes = sum(a.names != b.names for a, b in pairwise(states))
    return f"the joint names change {changes} times on the way: joints are picked by name" if changes else ""


def last_before(track: JointTrack, received: Times) -> NDArray[np.intp]:
    """Index (b,) of the last state received before each time (b,) [ns]; -1 where there is none.

    By the times of receipt, because that is the order in which a node hears them.
    """
    return np.searchsorted(track.received, received, side="left") - 1


def too_old(track: JointTrack, before: NDArray[np.intp], received: Times) -> NDArray[np.bool_]:
    """Whether the state before (b,) each time of receipt (b,) [ns] is older than `OLDEST_STATE`."""
    return received - track.received[before] > OLDEST_STATE * 1e9


def positions_at(track: JointTrack, poses: Sequence[RecordedPose]) -> tuple[Array, str]:
    """Joint positions (b, n) [rad] when each pose was measured, between the states around it.

    By header stamps where both topics have sound ones of one clock, else by the times of receipt. NaN where
    no joint states are within `OLDEST_STATE` on both sides.

    Returns:
        The positions, and a sentence on the clock that was used.
    """
    received = np.array([pose.received for pose in poses], dtype=np.int64)
    stamps = np.array([pose.stamp for pose in poses], dtype=np.int64)
    problem = _stamp_problem("joint states", track.stamps) or _stamp_problem("poses", stamps)
    if not problem and not _same_clock(track, received, stamps):
        problem = "the stamps of poses and of joint states are of different clocks"
    if problem:
        times, at, clock = track.received, received, f"matched by the times of receipt: {problem}"
    else:
        times, at, clock = track.stamps, stamps, "matched by header stamps"
    if len(track) < 2 or not len(at):
        return np.full((len(at), track.positions.shape[1]), np.nan), clock
    start = times[0]
    x, x_at = 1e-9 * (times - start), 1e-9 * (at - start)
    positions = np.stack([np.interp(x_at, x, column) for column in track.positions.T], axis=1)
    after = np.clip(np.searchsorted(times, at), 1, len(times) - 1)
    outside = (at < times[0]) | (at > times[-1])
    positions[outside | (times[after] - times[after - 1] > OLDEST_STATE * 1e9)] = np.nan
    return positions, clock


def stamp_notes(what: str, stamps: Times) -> list[str]:
    """A sentence where header stamps (b,) [ns] cannot be used."""
    problem = _stamp_problem(what, stamps)
    return [f"{problem}: times of receipt are used in their place"] if problem else []


def _stamp_problem(what: str, stamps: Times) -> str:
    zero, back = int((stamps == 0).sum()), int((np.diff(stamps) < 0).sum())
    if zero:
        return f"{zero} of {len(stamps)} {what} have a stamp of zero"
    return f"the stamps of {what} go back {back} times" if back else ""


def _same_clock(track: JointTrack, received: Times, stamps: Times) -> bool:
    """Whether stamps are as far from the times of receipt on both topics, to within `OLDEST_STATE`."""
    if not len(track) or not len(stamps):
        return False
    offsets = np.median(track.received - track.stamps), np.median(received - stamps)
    return bool(abs(offsets[0] - offsets[1]) <= OLDEST_STATE * 1e9)
