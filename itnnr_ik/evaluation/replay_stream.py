"""Targets out of messages, piece by piece: memory holds a piece, however long the recording is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.evaluation.pose_survey import PoseFilter
from itnnr_ik.evaluation.pose_targets import target_of
from itnnr_ik.evaluation.replay import Replay, Selection
from itnnr_ik.recording.clocks import match_by_stamps
from itnnr_ik.recording.joint_reading import BATCH, JointReading, UnitsError
from itnnr_ik.recording.joint_units import DEGREE, angular_joints
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
#: Joint states are looked at so long [s] before and after poses that they may belong to.
_MARGIN = 3.0 * MAX_STATE_AGE
_STALE = f"target with a joint state older than {MAX_STATE_AGE:g} s"
#: Positions are in degrees if the tip is so much nearer to the poses then, and otherwise farther away than
#: this share of the workspace.
_NEARER, _FAR = 0.1, 0.1
#: Poses that are so many times the arm's reach away are in other units, or another frame.
_OTHER_UNITS = 50.0

_T = TypeVar("_T")


class ReplayStream:
    """The targets of a recording, to be iterated over once; what it says of itself is whole at the end.

    Args:
        recording: Its name.
        solver: Of whose arm and task the messages are.
        selection: With the topics of the messages. Without poses targets are made from joints.
        states, poses: Give all messages in the order of receipt, each time that they are called.
        joints_required: Whether joint states of other joints only are an error, or left out.
        left_out: Says how many messages it did not give so far, by reason.
        where: The joint states are, in words.

    Attributes:
        source: Where the targets come from, in words.
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
        left_out: Callable[[], Counter[str]] = Counter,
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
        self._states, self._poses, self._left_out = states, poses, left_out
        self._notes: list[str] = []
        self._skipped: Counter[str] = Counter()
        self._reading = JointReading(arm, self.joints, selection.joints is not None, selection.degrees)
        self._filter: PoseFilter | None = None
        self._distance = RunningStatistics()
        try:
            self._reading.survey(states, where)
        except UnitsError:
            raise
        except BagError as error:
            if joints_required:
                hint = "" if selection.joints else "; name the arm's joints, base to tip, with --joints"
                raise BagError(f"{error}{hint}") from None
            self._notes.append(f"{selection.joint_topic} is left out: {error}")
            self._states = tuple
        joint_topic = selection.joint_topic or JOINT_TOPIC
        self.source = f"forward kinematics of {joint_topic}"
        if poses is not None:
            self.source = f"poses of {selection.pose_topic}"
            self._filter = PoseFilter(solver, selection.frame)
            self._filter.survey(poses())

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
        given = self._reading.messages + (self._filter.messages if self._filter else 0)
        return given + sum(self._left_out().values())

    @property
    def skipped(self) -> Counter[str]:
        """Numbers of messages that gave no target so far, by reason."""
        unfit = self._filter.skipped if self._filter else Counter()
        return self._reading.reasons + self._skipped + unfit + self._left_out()

    @property
    def notes(self) -> list[str]:
        """What the reader of a report should know of what was read so far, a sentence each."""
        return [*self._reading.notes, *self._notes]

    def _from_joints(self) -> Iterator[Replay]:
        """Each usable state gives a target; the one before it is where the arm stood."""
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
            late = is_stale(track, rows - 1, received)
            self._skip(_STALE, int(late.sum()))
            rows = rows[~late]
            if len(rows):
                yield self._piece(
                    track.received[rows],
                    self._solver.target_at(track.positions[rows]),
                    track.positions[rows - 1],
                    track.positions[rows],
                )

    def _from_poses(self) -> Iterator[Replay]:
        """Each pose is a target; the state before it is where the arm stood, or else the last answer."""
        assert self._poses is not None and self._filter is not None
        chosen = self._filter
        self._notes += chosen.notes
        if not self._reading.stamps.count:
            yield from self._from_poses_alone(chosen)
            return
        stamped, clock = match_by_stamps(self._reading.stamps, chosen.stamps, MAX_STATE_AGE)
        self._notes.append(f"poses and joint states are {clock}")
        away, turned, extent = RunningStatistics(), RunningStatistics(), _extent(self._solver)
        window = _Window(self._reading.batches(self._states()), len(self.joints))
        for poses in _in_lists(chosen(self._poses()), BATCH):
            received = _received(poses)
            track = window.around(int(received[0]), int(received[-1]))
            at = np.array([pose.stamp for pose in poses], dtype=np.int64) if stamped else received
            times = track.stamps if stamped else track.received
            recorded = interpolate_positions(times, track.positions, at, np.isinf(self._solver.arm.lower))
            targets = self._targets(poses)
            known = np.isfinite(recorded).all(axis=1)
            if known.any():
                distance, angle = self._solver.errors(recorded[known], targets[known])
                self._check_units(recorded[known], targets[known], float(np.median(distance)), extent)
                away.add(distance)
                if angle is not None:
                    turned.add(angle)
            before = last_before(track, received)
            first = before < 0
            self._skip("target before the first joint state", int(first.sum()))
            late = ~first & is_stale(track, before, received) if len(track) else ~first
            self._skip(_STALE, int(late.sum()))
            kept = ~first & ~late
            if kept.any():
                current = track.positions[before[kept]]
                yield self._piece(received[kept], targets[kept], current, recorded[kept])
        for _ in window.rest():
            pass
        self._tell_distance(away, turned)
        self._tell_units()

    def _from_poses_alone(self, chosen: PoseFilter) -> Iterator[Replay]:
        assert self._poses is not None
        self._notes.append("no joint states: each target is solved from the solver's own last answer")
        self._notes += chosen.stamps.notes
        # Joint states that cannot be used are counted.
        for _ in self._reading.batches(self._states()):
            pass
        for poses in _in_lists(chosen(self._poses()), BATCH):
            yield self._piece(_received(poses), self._targets(poses), None, None)
        self._tell_units()

    def _targets(self, poses: Sequence[RecordedPose]) -> Array:
        size = self._solver.task.n_coordinates
        targets = np.array([target_of(self._solver, pose) for pose in poses]).reshape(-1, size)
        self._distance.add(np.linalg.norm(targets[:, :3], axis=1))
        return targets

    def _check_units(self, recorded: Array, targets: Array, as_read: float, extent: float) -> None:
        """Refuse joint positions that bring the tip to the poses if they are taken for degrees.

        Args:
            recorded, targets: (b, n) and (b, …).
            as_read: How far apart they are as they were read [m], the median.
            extent: Of the arm [m].

        Raises:
            UnitsError: They do.
        """
        if self._selection.degrees or as_read <= _FAR * extent:
            return
        factors = np.where(angular_joints(self._solver.arm), DEGREE, 1.0)
        in_degrees = float(np.median(self._solver.errors(recorded * factors, targets)[0]))
        if in_degrees < _NEARER * as_read:
            raise UnitsError(
                f"the joint positions look like degrees: as radians the model's tip is {as_read:.2g} m away "
                f"from the recorded poses, as degrees {in_degrees:.2g} m; --degrees reads them so"
            )

    def _tell_distance(self, away: RunningStatistics, turned: RunningStatistics) -> None:
        distance, angle = away.result(), turned.result()
        if distance is None:
            return
        angles = "" if angle is None else f", turned by {angle.median:.2g} and at most {angle.max:.2g} rad"
        self._notes.append(
            f"the model's tip at the recorded joints is {distance.median:.2g} m (median) and at most "
            f"{distance.max:.2g} m away from the recorded poses{angles}"
        )

    def _tell_units(self) -> None:
        distance, reach = self._distance.result(), self._solver.arm.reach
        if distance is not None and distance.median > _OTHER_UNITS * reach:
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
    """Joint states around some time, out of a stream of them that is read as far as needed."""

    def __init__(self, batches: Iterator[JointTrack], joints: int) -> None:
        self._batches, self._joints = batches, joints
        self._track = JointTrack.joined([], joints)
        self._ended = False

    def around(self, first: int, last: int) -> JointTrack:
        """States received from a while before ``first`` to a while after ``last`` [ns], which never fall."""
        parts = [self._track]
        end = self._track.received[-1] if len(self._track) else None
        while not self._ended and (end is None or end <= last + _MARGIN * 1e9):
            batch = next(self._batches, None)
            if batch is None:
                self._ended = True
            elif len(batch):
                parts.append(batch)
                end = batch.received[-1]
        track = JointTrack.joined(parts, self._joints) if len(parts) > 1 else self._track
        # One state more than the margin: there was one, however old.
        begin = int(np.searchsorted(track.received, first - int(_MARGIN * 1e9))) - 1
        self._track = track.since(max(0, begin))
        return self._track

    def rest(self) -> Iterator[JointTrack]:
        """What was not asked for."""
        return self._batches


def _in_lists(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    part: list[_T] = []
    for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def _received(poses: Sequence[RecordedPose]) -> NDArray[np.int64]:
    return np.array([pose.received for pose in poses], dtype=np.int64)


def _extent(solver: IKSolver) -> float:
    """How far the arm's tip gets about [m]."""
    tips = solver.point_at(solver.arm.sample(256, np.random.default_rng(0)))
    return float(np.linalg.norm(np.ptp(tips, axis=0)))
