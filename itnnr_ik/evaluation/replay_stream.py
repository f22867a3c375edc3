"""Makes targets from messages piece by piece: memory holds one piece, however long the recording is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.evaluation.model_error import ModelError
from itnnr_ik.evaluation.pose_survey import PoseFilter
from itnnr_ik.evaluation.pose_targets import target_of
from itnnr_ik.evaluation.replay import Replay, Selection
from itnnr_ik.recording.clocks import match_by_stamps
from itnnr_ik.recording.joint_reading import BATCH, JointReading, UnitsError
from itnnr_ik.recording.pairing import (
    MAX_STATE_AGE,
    UNNAMED,
    Array,
    JointTrack,
    Times,
    interpolate_positions,
    is_stale,
    last_before,
)
from itnnr_ik.recording.records import BagError, RecordedJoints, RecordedPose
from itnnr_ik.recording.statistics import RunningStatistics
from itnnr_ik.solver import IKSolver

JOINT_TOPIC = "/joint_states"
#: Joint states are kept for this time [s] before and after the poses of a batch.
_WINDOW_MARGIN = 3.0 * MAX_STATE_AGE
_STALE = f"target with a joint state older than {MAX_STATE_AGE:g} s"
#: Poses beyond this multiple of the arm's reach are in other units or another frame.
_MAX_DISTANCE = 50.0

_T = TypeVar("_T")


class ReplayStream:
    """The targets of a recording, to be iterated over once; its counts and notes are complete at the end.

    Args:
        recording: Its name.
        solver: A solver with the arm and task of the messages.
        selection: With the topics of the messages. Without poses targets are made from joints.
        states, poses: Return all messages in the order of receipt, at every call.
        joints_required: Whether it is an error if the arm's joints were not recorded.
        count_undecodable: Returns the number of undecodable messages so far, by reason.
        where: Names the source of the joint states in errors.

    Attributes:
        source: Describes the source of the targets.
        joints: The recorded names of the arm's joints, base to tip.

    Raises:
        BagError: The joint states are not the arm's.
    """

    def __init__(
        self,
        recording: str,
        solver: IKSolver,
        selection: Selection,
        states: Callable[[], Iterable[RecordedJoints]],
        poses: Callable[[], Iterable[RecordedPose]] | None,
        joints_required: bool = True,
        count_undecodable: Callable[[], Counter[str]] = Counter,
        where: str = "the recording",
    ) -> None:
        arm = solver.arm
        self.joints = tuple(selection.joints or arm.joint_names)
        if len(self.joints) != arm.n_joints:
            raise BagError(
                f"{arm.name} has {arm.n_joints} joints, {len(self.joints)} are named: "
                f"{', '.join(self.joints)}"
            )
        self._recording, self._solver, self._selection = recording, solver, selection
        self._states, self._poses, self._count_undecodable = states, poses, count_undecodable
        self._notes: list[str] = []
        self._skipped: Counter[str] = Counter()
        self._reading = JointReading(arm, self.joints, selection.joints is not None, selection.degrees)
        self._filter: PoseFilter | None = None
        self._distance = RunningStatistics()
        self._survey_joints(joints_required, where)
        joint_topic = selection.joint_topic or JOINT_TOPIC
        self.source = f"forward kinematics of {joint_topic}"
        if poses is not None:
            self.source = f"poses of {selection.pose_topic}"
            self._filter = PoseFilter(solver, selection.frame)
            self._filter.survey(poses())

    def _survey_joints(self, required: bool, where: str) -> None:
        """Survey the joint states; they are left out if they are not the arm's and not ``required``."""
        selection = self._selection
        try:
            self._reading.survey(self._states, where)
        except UnitsError:
            raise
        except BagError as error:
            if required:
                hint = "" if selection.joints else "; name the arm's joints, base to tip, with --joints"
                raise BagError(f"{error}{hint}") from None
            self._notes.append(f"{selection.joint_topic} is left out: {error}")
            self._states = tuple

    def __iter__(self) -> Iterator[Replay]:
        count = 0
        for piece in self._from_joints() if self._poses is None else self._from_poses():
            count += len(piece)
            yield piece
        if not count:
            reasons = "; ".join(f"{n} {reason}" for reason, n in sorted(self.skipped.items()))
            hint = ""
            if self.skipped[UNNAMED] and self._selection.joints is None:
                hint = "; --joints A,B names them by position, if each has as many"
            raise BagError(
                f"no target in {self._recording}, {self.source}: "
                f"{reasons or 'it takes a pose or two joint states'}{hint}"
            )

    def converted(self, states: Sequence[RecordedJoints]) -> Sequence[RecordedJoints]:
        """See `JointReading.converted`."""
        return self._reading.converted(states)

    @property
    def messages(self) -> int:
        """Number of messages read so far."""
        read = self._reading.messages + (self._filter.messages if self._filter else 0)
        return read + sum(self._count_undecodable().values())

    @property
    def skipped(self) -> Counter[str]:
        """Number of messages that gave no target so far, by reason."""
        rejected = self._filter.skipped if self._filter else Counter()
        return self._reading.reasons + self._skipped + rejected + self._count_undecodable()

    @property
    def notes(self) -> list[str]:
        """Remarks for the report on what was read so far, a sentence each."""
        return [*self._reading.notes, *self._notes]

    def _from_joints(self) -> Iterator[Replay]:
        """Targets at the usable joint states; each is solved from the state before."""
        self._notes += self._reading.stamps.notes
        before: JointTrack | None = None
        for batch in self._reading.batches(self._states()):
            track = batch if before is None else JointTrack.joined([before, batch], len(self.joints))
            first = np.arange(len(track)) == 0 if before is None else np.zeros(0, dtype=bool)
            self._skip("target before the first joint state", int(first.sum()))
            before = track.since(len(track) - 1)
            rows = np.arange(1, len(track))
            if not len(rows):
                continue
            received = track.received[rows]
            stale = is_stale(track, rows - 1, received)
            self._skip(_STALE, int(stale.sum()))
            rows = rows[~stale]
            if len(rows):
                yield self._piece(
                    track.received[rows],
                    self._solver.target_at(track.positions[rows]),
                    track.positions[rows - 1],
                    track.positions[rows],
                )

    def _from_poses(self) -> Iterator[Replay]:
        """Targets at the poses; each is solved from the last state before it, or from the last answer."""
        assert self._poses is not None and self._filter is not None
        pose_filter = self._filter
        self._notes += pose_filter.notes
        if not self._reading.stamps.count:
            yield from self._from_poses_alone(pose_filter)
            return
        stamped, clock = match_by_stamps(self._reading.stamps, pose_filter.stamps, MAX_STATE_AGE)
        self._notes.append(f"poses and joint states are {clock}")
        model_error = ModelError(self._solver, self._selection.degrees)
        window = _Window(self._reading.batches(self._states()), len(self.joints))
        for poses in _batched(pose_filter(self._poses()), BATCH):
            received = _received(poses)
            track = window.around(int(received[0]), int(received[-1]))
            at = np.array([pose.stamp for pose in poses], dtype=np.int64) if stamped else received
            times = track.stamps if stamped else track.received
            recorded = interpolate_positions(times, track.positions, at, np.isinf(self._solver.arm.lower))
            targets = self._targets(poses)
            model_error.add(recorded, targets)
            rows, before = self._with_fresh_state(track, received)
            if len(rows):
                yield self._piece(received[rows], targets[rows], track.positions[before], recorded[rows])
        for _ in window.rest():
            pass
        self._notes += model_error.notes
        self._note_distance()

    def _with_fresh_state(
        self, track: JointTrack, received: Times
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Which targets have a state before them that is not old, and which state; the others are skipped."""
        before = last_before(track, received)
        first = before < 0
        self._skip("target before the first joint state", int(first.sum()))
        stale = ~first & is_stale(track, before, received) if len(track) else ~first
        self._skip(_STALE, int(stale.sum()))
        rows = np.flatnonzero(~first & ~stale)
        return rows, before[rows]

    def _from_poses_alone(self, pose_filter: PoseFilter) -> Iterator[Replay]:
        assert self._poses is not None
        self._notes.append("no joint states: each target is solved from the solver's own last answer")
        self._notes += pose_filter.stamps.notes
        # Reading them counts the joint states that cannot be used.
        for _ in self._reading.batches(self._states()):
            pass
        for poses in _batched(pose_filter(self._poses()), BATCH):
            yield self._piece(_received(poses), self._targets(poses), None, None)
        self._note_distance()

    def _targets(self, poses: Sequence[RecordedPose]) -> Array:
        size = self._solver.task.n_coordinates
        targets = np.array([target_of(self._solver, pose) for pose in poses]).reshape(-1, size)
        self._distance.add(np.linalg.norm(targets[:, :3], axis=1))
        return targets

    def _note_distance(self) -> None:
        distance, reach = self._distance.result(), self._solver.arm.reach
        if distance is not None and distance.median > _MAX_DISTANCE * reach:
            self._notes.append(
                f"the poses are {distance.median:.3g} m (median) from the base, "
                f"{distance.median / reach:.0f} times the arm's reach: metres are expected, in its base frame"
            )

    def _skip(self, reason: str, count: int) -> None:
        if count:
            self._skipped[reason] += count

    def _piece(
        self, received: Times, targets: Array, current: Array | None, recorded: Array | None
    ) -> Replay:
        return Replay(self._recording, self.source, received, targets, current, recorded, self.joints)


class _Window:
    """A sliding window of joint states, from a stream that is read as far as needed."""

    def __init__(self, batches: Iterator[JointTrack], joints: int) -> None:
        self._batches, self._joints = batches, joints
        self._track = JointTrack.joined([], joints)
        self._ended = False

    def around(self, first: int, last: int) -> JointTrack:
        """States from a margin before ``first`` to a margin after ``last`` [ns]; these must not decrease."""
        parts = [self._track]
        end = self._track.received[-1] if len(self._track) else None
        while not self._ended and (end is None or end <= last + _WINDOW_MARGIN * 1e9):
            batch = next(self._batches, None)
            if batch is None:
                self._ended = True
            elif len(batch):
                parts.append(batch)
                end = batch.received[-1]
        track = JointTrack.joined(parts, self._joints) if len(parts) > 1 else self._track
        # One state before the margin is kept: an old state is another case than none.
        begin = int(np.searchsorted(track.received, first - int(_WINDOW_MARGIN * 1e9))) - 1
        self._track = track.since(max(0, begin))
        return self._track

    def rest(self) -> Iterator[JointTrack]:
        """The batches that were not read yet."""
        return self._batches


def _batched(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    batch: list[_T] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _received(poses: Sequence[RecordedPose]) -> NDArray[np.int64]:
    return np.array([pose.received for pose in poses], dtype=np.int64)
