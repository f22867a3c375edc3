"""A recording as a replay: targets in their order, and the joint state from which each is solved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from itnnr_ik.recording.pairing import Array, Times
from itnnr_ik.recording.records import RecordedJoints

#: Where the targets come from: a topic of poses, or forward kinematics of the recorded joints.
POSES, JOINTS = "poses", "joints"


@dataclass(frozen=True)
class Selection:
    """The parts of a recording that are replayed; None selects a default.

    Attributes:
        joints: The recorded names of the arm's joints, base to tip; None: the model's.
        joint_topic: A JointState topic; None: ``/joint_states``, or the only one.
        pose_topic: A topic of any type in `POSE_TYPES`; None: the only PoseStamped.
        pose_index: Which pose of a PoseArray.
        pose_from: Two frames: the poses of the second one in the first one, from /tf and /tf_static.
        targets: `POSES` or `JOINTS`; None: poses if there are some.
        frame: Frame that poses must be in; None: the commonest one.
        degrees: Whether joint positions are recorded in degrees.
    """

    joints: tuple[str, ...] | None = None
    joint_topic: str | None = None
    pose_topic: str | None = None
    targets: str | None = None
    frame: str | None = None
    pose_index: int | None = None
    pose_from: tuple[str, str] | None = None
    degrees: bool = False


@dataclass(frozen=True)
class Replay:
    """The targets (b) of a recording, or of a piece of it, in the order in which they were received.

    Attributes:
        recording: Name of the recording.
        source: Where the targets come from, in words.
        received: Times of receipt (b,) in [ns].
        targets: Positions (b, 2 or 3) in [m], or poses (b, 7) as x, y, z, qx, qy, qz, qw.
        current: The last joint positions (b, n) in [rad] or [m] received before each target; None without
            joint states: each target is solved from the answer to the one before.
        recorded: The joint positions (b, n) recorded with each target, NaN where they are unknown; None
            without joint states.
        joints: The recorded names of the arm's joints, base to tip.
        states: All recorded joint states in the order of receipt; if they needed conversion, the usable ones
            by name in [rad]. None of a piece.
        messages: Number of messages read; 0 of a piece.
        skipped: Number of messages that give no target, by reason; none of a piece.
        notes: What the reader of a report should know, a sentence each; none of a piece.
    """

    recording: str
    source: str
    received: Times
    targets: Array
    current: Array | None
    recorded: Array | None
    joints: tuple[str, ...]
    states: Sequence[RecordedJoints] = ()
    messages: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def stamps(self) -> Times:
        """Unique stamps (b,) of the targets in [ns]: times of receipt, shifted slightly if equal."""
        return strictly_increasing(self.received)

    @property
    def times(self) -> Array:
        """Seconds (b,) since the first target."""
        return 1e-9 * (self.received - self.received[0]) if len(self) else np.zeros(0)


def strictly_increasing(times: Times, after: int | None = None) -> Times:
    """Times (b,) in [ns], equal ones shifted to be strictly increasing.

    Args:
        times: Never decreasing.
        after: The result is later than this.
    """
    order = np.arange(len(times))
    moved = np.maximum.accumulate(times - order)
    if after is not None:
        moved = np.maximum(moved, after + 1)
    result: Times = moved + order
    return result
