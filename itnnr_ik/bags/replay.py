"""What a recording asks of a solver: targets in their order, and the joint state that each is solved from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from itnnr_ik.bags.pairing import (
    Array,
    JointTrack,
    Times,
    joint_track,
    last_before,
    names_note,
    positions_at,
    stamp_notes,
    too_old,
)
from itnnr_ik.bags.pose_targets import is_finite, target_of
from itnnr_ik.bags.reader import Bag
from itnnr_ik.bags.records import JOINT_STATE, POSE_STAMPED, BagError, RecordedJoints, RecordedPose
from itnnr_ik.solver import IKSolver

#: Where the targets come from: a topic of poses, or forward kinematics of the recorded joints.
POSES, JOINTS = "poses", "joints"
_JOINT_TOPIC = "/joint_states"

_T = TypeVar("_T")


@dataclass(frozen=True)
class Selection:
    """What of a recording is replayed; None: what there is.

    Attributes:
        joints: The recorded names of the arm's joints, base to tip; None: the model's.
        joint_topic: A JointState topic; None: ``/joint_states``, or the only one.
        pose_topic: A PoseStamped topic; None: the only one.
        targets: `POSES` or `JOINTS`; None: poses where there are some.
        frame: Frame that poses must be in; None: the frame of most of them.
    """

    joints: tuple[str, ...] | None = None
    joint_topic: str | None = None
    pose_topic: str | None = None
    targets: str | None = None
    frame: str | None = None


@dataclass(frozen=True)
class Replay:
    """The targets (b) of a recording in the order in which they were received.

    Attributes:
        recording: Name of the recording.
        source: Where the targets come from, in words.
        received: Times of receipt (b,) in [ns].
        targets: What is asked for (b, 2, 3 or 7): a position in [m], or a pose as x, y, z, qx, qy, qz, qw.
        current: The joint positions (b, n) in [rad] or [m] recorded just before each; None where there are
            none, and each target is solved from the answer to the one before.
        recorded: The joint positions (b, n) recorded with each, NaN where they are not known; None without
            joint states.
        states: All recorded joint states, usable or not, in the order of receipt.
        joints: The recorded names of the arm's joints, base to tip.
        messages: Number of messages read.
        skipped: Numbers of messages that give no target, by reason.
        notes: What the reader of a report should know, a sentence each.
    """

    recording: str
    source: str
    received: Times
    targets: Array
    current: Array | None
    recorded: Array | None
    states: Sequence[RecordedJoints]
    joints: tuple[str, ...]
    messages: int
    skipped: Counter[str]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def stamps(self) -> Times:
        """What answers are known by: times of receipt (b,) in [ns], moved a little where they are equal."""
        order = np.arange(len(self))
        stamps: Times = np.maximum.accumulate(self.received - order) + order
        return stamps

    @property
    def times(self) -> Array:
        """Seconds (b,) since the first target."""
        return 1e-9 * (self.received - self.received[0]) if len(self) else np.zeros(0)


def read_replay(path: str | Path, solver: IKSolver, selection: Selection, progress: bool = False) -> Replay:
    """Read a recording of a solver's arm.

    Raises:
        BagError: The recording or a topic cannot be used, or holds no target; what there is, is listed.
    """
    notes: list[str] = []
    with Bag(path, warn=notes.append) as bag:
        if not any(topic.count for topic in bag.topics):
            raise BagError(f"{bag.path} holds no messages")
        pose_topic, joint_topic = _topics(bag, selection)
        states: list[RecordedJoints] = []
        poses: list[RecordedPose] = []
        if joint_topic is not None:
            states = list(_shown(bag.joint_states(joint_topic), "reading joint states", progress))
        if pose_topic is not None:
            poses = list(_shown(bag.poses(pose_topic), "reading poses", progress))
        skipped = Counter(
            {f"message of {topic} that cannot be decoded": n for topic, n in bag.undecodable.items()}
        )
    chosen = replace(selection, pose_topic=pose_topic, joint_topic=joint_topic)
    required = pose_topic is None or bool(selection.joints or selection.joint_topic)
    return make_replay(bag.path.resolve().name, solver, chosen, states, poses, required, skipped, notes)


def make_replay(
    recording: str,
    solver: IKSolver,
    selection: Selection,
    states: Sequence[RecordedJoints],
    poses: Sequence[RecordedPose],
    joints_required: bool = True,
    skipped: Counter[str] | None = None,
    notes: Sequence[str] = (),
) -> Replay:
    """What messages ask of a solver, wherever they come from.

    Args:
        recording: Their name.
        solver: Of whose arm and task they are.
        selection: With the topics of the messages. Without a pose topic targets are made from joints.
        states, poses: In the order of receipt.
        joints_required: Whether joint states of other joints only are an error, or left out.
        skipped: Numbers of messages that are left out already.
        notes: To put before the new ones.

    Raises:
        BagError: There is no target.
    """
    arm = solver.arm
    joints = selection.joints or arm.joint_names
    if len(joints) != arm.n_joints:
        raise BagError(f"{arm.name} has {arm.n_joints} joints, {len(joints)} are named: {', '.join(joints)}")
    counts, remarks = Counter(skipped or {}), list(notes)
    messages = len(states) + len(poses) + sum(counts.values())
    try:
        track, reasons = joint_track(states, joints)
    except BagError as error:
        if joints_required:
            hint = "" if selection.joints else "; name the arm's joints, base to tip, with --joints"
            raise BagError(f"{error}{hint}") from None
        remarks.append(f"{selection.joint_topic} is left out: {error}")
        track, reasons = joint_track([], joints)
    counts += reasons
    remarks += filter(None, [names_note([states[i] for i in track.messages])])
    maker = _Maker(recording, solver, joints, states, track, messages, counts, remarks)
    if selection.pose_topic is None:
        return maker.from_joints(selection.joint_topic or _JOINT_TOPIC)
    return maker.from_poses(selection.pose_topic, poses, selection.frame)


def _topics(bag: Bag, selection: Selection) -> tuple[str | None, str | None]:
    """Names of the topics of poses and of joint states, None for one that is not read."""
    listed = {topic.name: topic for topic in bag.topics}
    counts = Counter(dict.fromkeys((POSE_STAMPED, JOINT_STATE), 0))
    for topic in bag.topics:
        counts[topic.msgtype] += topic.count
    pose_topic = joint_topic = None
    wanted = selection.targets or (POSES if selection.pose_topic or counts[POSE_STAMPED] else JOINTS)
    if wanted == POSES:
        pose_topic = bag.find_topic([POSE_STAMPED], selection.pose_topic).name
    usual = listed.get(_JOINT_TOPIC)
    if selection.joint_topic:
        joint_topic = bag.find_topic([JOINT_STATE], selection.joint_topic).name
    elif usual is not None and usual.msgtype == JOINT_STATE and usual.count:
        joint_topic = usual.name
    elif counts[JOINT_STATE]:
        joint_topic = bag.find_topic([JOINT_STATE]).name
    elif wanted == JOINTS:
        # Neither: the error names both types.
        bag.find_topic([JOINT_STATE] if selection.targets else [POSE_STAMPED, JOINT_STATE])
    return pose_topic, joint_topic


@dataclass
class _Maker:
    """What both kinds of replay have in common."""

    recording: str
    solver: IKSolver
    joints: tuple[str, ...]
    states: Sequence[RecordedJoints]
    track: JointTrack
    messages: int
    skipped: Counter[str]
    notes: list[str]

    def from_joints(self, topic: str) -> Replay:
        """Each usable state gives a target; the one before it is where the arm stood."""
        track, arm = self.track, self.solver.arm
        self.notes += stamp_notes("joint states", track.stamps)
        outside = ((track.positions < arm.lower) | (track.positions > arm.upper)).any(axis=1)
        if outside.any():
            self.notes.append(
                f"{outside.sum()} of {len(track)} recorded joint states are outside the model's joint limits"
            )
        before = np.arange(len(track)) - 1
        return self._replay(
            f"forward kinematics of {topic}",
            track.received,
            self.solver.target_at(track.positions),
            before,
            track.positions,
        )

    def from_poses(self, topic: str, poses: Sequence[RecordedPose], frame: str | None) -> Replay:
        """Each pose is a target; the state before it is where the arm stood, or else the last answer."""
        finite = [pose for pose in poses if is_finite(self.solver, pose)]
        self._skip("pose not finite", len(poses) - len(finite))
        if self.solver.task.has_orientation:
            turned = [pose for pose in finite if pose.orientation.any()]
            self._skip("pose whose quaternion is zero", len(finite) - len(turned))
            finite = turned
        frames = Counter(pose.frame for pose in finite)
        if frame is None and frames:
            frame = frames.most_common(1)[0][0]
        kept = [pose for pose in finite if pose.frame == frame]
        others = ", ".join(repr(name) for name in frames if name != frame)
        self._skip(f"pose in another frame than {frame!r}: {others}", len(finite) - len(kept))
        base = self.solver.arm.base_link
        if frame != base and kept:
            self.notes.append(
                f"the poses are in frame {frame!r}, which is taken for the arm's base link {base!r}"
            )
        received = np.array([pose.received for pose in kept], dtype=np.int64)
        size = self.solver.task.n_coordinates
        targets = np.array([target_of(self.solver, pose) for pose in kept]).reshape(-1, size)
        if not len(self.track):
            self.notes.append("no joint states: each target is solved from the solver's own last answer")
            self.notes += stamp_notes("poses", np.array([pose.stamp for pose in kept], dtype=np.int64))
            return self._replay(f"poses of {topic}", received, targets, None, None)
        recorded, clock = positions_at(self.track, kept)
        self.notes.append(f"poses and joint states are {clock}")
        known = np.isfinite(recorded).all(axis=1)
        if known.any():
            away, turn = self.solver.errors(recorded[known], targets[known])
            angles = (
                "" if turn is None else f", turned by {np.median(turn):.2g} and at most {turn.max():.2g} rad"
            )
            self.notes.append(
                f"the model's tip at the recorded joints is {np.median(away):.2g} m (median) and at most "
                f"{away.max():.2g} m away from the recorded poses{angles}"
            )
        return self._replay(
            f"poses of {topic}", received, targets, last_before(self.track, received), recorded
        )

    def _skip(self, reason: str, count: int) -> None:
        if count:
            self.skipped[reason] += count

    def _replay(
        self,
        source: str,
        received: Times,
        targets: Array,
        before: NDArray[np.intp] | None,
        recorded: Array | None,
    ) -> Replay:
        kept = np.ones(len(targets), dtype=bool)
        if before is not None:
            first = before < 0
            self._skip("target before the first joint state", int(first.sum()))
            late = ~first & too_old(self.track, before, received) if len(self.track) else ~first
            self._skip("target with a joint state older than 1 s", int(late.sum()))
            kept = ~first & ~late
        if not kept.any():
            reasons = "; ".join(f"{count} {reason}" for reason, count in sorted(self.skipped.items()))
            raise BagError(
                f"no target in {self.recording}, {source}: {reasons or 'it takes a pose or two joint states'}"
            )
        current = None if before is None else self.track.positions[before[kept]]
        return Replay(
            recording=self.recording,
            source=source,
            received=received[kept],
            targets=targets[kept],
            current=current,
            recorded=None if recorded is None else recorded[kept],
            states=self.states,
            joints=self.joints,
            messages=self.messages,
            skipped=self.skipped,
            notes=tuple(self.notes),
        )


def _shown(records: Iterator[_T], label: str, progress: bool) -> Iterator[_T]:
    # None: no bar where nobody watches.
    return iter(tqdm(records, desc=label, unit="message", leave=False, disable=None if progress else True))
