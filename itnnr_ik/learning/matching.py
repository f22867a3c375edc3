"""Reads joint states and measured poses of a recording, and brings them to a common time axis."""

from __future__ import annotations

import warnings
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from itnnr_ik.evaluation.pose_survey import Frames, choose_frames
from itnnr_ik.evaluation.pose_targets import is_plausible
from itnnr_ik.evaluation.replay import Selection
from itnnr_ik.evaluation.replay_sources import describe_joint_topic, joint_topic_of, recorded_poses
from itnnr_ik.learning.series import Series, unwrapped
from itnnr_ik.recording.joint_reading import JointReading
from itnnr_ik.recording.pairing import Array, JointTrack, Times
from itnnr_ik.recording.reader import Bag
from itnnr_ik.recording.records import BagError, RecordedJoints, RecordedPose
from itnnr_ik.recording.statistics import Decimator

#: A joint that moves less than this [rad] in the whole recording is not taken for one of the arm.
_MIN_RANGE = 0.05
#: Largest number of positions by which the range of a joint is found, and how many are added at a time.
_RANGE_SAMPLES, _RANGE_BATCH = 100_000, 1024
#: Largest number of joints: more have more harmonics than a recording can identify.
MAX_JOINTS = 6
#: Stamps are usable if at least this share of them increases, and comparable if they overlap by this share.
_MIN_INCREASING_SHARE, _MIN_OVERLAP = 0.9, 0.5
#: A time is an outlier if it differs from the running median over a window of messages by more than the
#: duration of that window and more than a minimum [s].
_MEDIAN_WINDOW, _MIN_OUTLIER_TIME = 51, 1.0


@dataclass(frozen=True)
class Recording:
    """The usable data that was recorded of an arm.

    Attributes:
        joint_names: The arm's joints, in the order of the columns of ``joints``.
        frame: Frame of the poses.
        joints: Joint positions (k, n) [rad], continuous across turns (see `unwrapped`).
        turn_starts: Lower end (n,) [rad] of the recorded turn, -inf for a joint that crosses no end.
        poses: Positions of the tip (l, 3) [m], on their own clock.
        clock: ``stamp`` or ``receipt``: the source of the times.
        skipped: How many messages were left out, by reason.
    """

    joint_names: tuple[str, ...]
    frame: str
    joints: Series
    turn_starts: Array
    poses: Series
    clock: str
    skipped: Counter[str] = field(default_factory=Counter)


def read_recording(bag: Bag, selection: Selection, warn: Callable[[str], None] = warnings.warn) -> Recording:
    """Joint states and poses of an open bag; unusable messages are counted.

    Args:
        bag: The recording.
        selection: Topics, frame, joints (those that move, in recorded order, where not named) and units.
        warn: Called with a sentence on each peculiarity.

    Raises:
        BagError: A topic is missing, or has no usable messages.
    """
    topic = joint_topic_of(bag, selection)
    names = _choose_joints(bag.joint_states(topic), selection.joints)
    reading = JointReading(None, names, selection.joints is not None, selection.degrees)
    reading.survey(lambda: bag.joint_states(topic), describe_joint_topic(bag, topic))
    batches = list(reading.batches(bag.joint_states(topic)))
    track, skipped = JointTrack.joined(batches, len(names)), reading.reasons
    for note in reading.notes:
        warn(note)
    frame, poses = _poses_of_one_frame(recorded_poses(bag, selection, warn), selection.frame, skipped)
    for label, count in (("joint states with the arm's joints", len(track)), ("finite poses", len(poses))):
        if count < 2:
            others = "".join(f"; {n} {reason}" for reason, n in sorted(skipped.items()))
            raise BagError(f"expected at least two {label} in {bag.path}, got {count}{others}")
    joint_times, pose_times, clock = _comparable_times(track, poses)
    joint_rows = _increasing_rows(joint_times, "joint states", skipped)
    pose_rows = _increasing_rows(pose_times, "poses", skipped)
    for label, rows in (("joint states", joint_rows), ("poses", pose_rows)):
        if rows.sum() < 2:
            raise BagError(f"expected at least two {label} whose times rise in {bag.path}, got {rows.sum()}")
    start = joint_times[joint_rows][0]
    positions, turn_starts = unwrapped(track.positions[joint_rows])
    return Recording(
        names,
        frame,
        Series(1e-9 * (joint_times - start)[joint_rows], positions),
        turn_starts,
        Series(1e-9 * (pose_times - start)[pose_rows], poses.positions[pose_rows]),
        clock,
        skipped,
    )


def _comparable_times(track: JointTrack, poses: _Poses) -> tuple[Times, Times, str]:
    """Times of joint states and poses [ns], and their source as in `Recording`: stamps if they are usable."""
    usable = _is_clock(track.stamps) and _is_clock(poses.stamps)
    if usable and _overlap(track.stamps, poses.stamps) >= _MIN_OVERLAP:
        return track.stamps, poses.stamps, "stamp"
    return track.received, poses.received, "receipt"


def _choose_joints(states: Iterable[RecordedJoints], joints: Sequence[str] | None) -> tuple[str, ...]:
    names = tuple(joints or _moving_joints(states))
    if len(names) > MAX_JOINTS:
        raise BagError(
            f"expected at most {MAX_JOINTS} joints, got {len(names)}: name the arm's with --joints out of "
            f"{', '.join(names)}"
        )
    return names


def _moving_joints(states: Iterable[RecordedJoints]) -> tuple[str, ...]:
    """The largest, then commonest, set of moving joints in a message; all of them if each comes alone."""
    positions_of: dict[str, Decimator] = {}
    message_counts: Counter[tuple[str, ...]] = Counter()
    batches: dict[tuple[str, ...], list[Array]] = {}

    def flush(names: tuple[str, ...]) -> None:
        for name, column in zip(names, np.array(batches.pop(names)).T, strict=True):
            positions_of[name].add(column)

    for state in states:
        names = state.names
        message_counts[names] += 1
        for name in names:
            if name not in positions_of:
                positions_of[name] = Decimator(_RANGE_SAMPLES)
        if names and len(state.positions) == len(names):
            batches.setdefault(names, []).append(state.positions)
            if len(batches[names]) == _RANGE_BATCH:
                flush(names)
    for names in list(batches):
        flush(names)
    if not message_counts:
        raise BagError("there is no joint state in the recording")
    if not positions_of:
        raise BagError("the joint states have no names: name the arm's joints, base to tip, with --joints")
    moving = [name for name, positions in positions_of.items() if _range(positions) > _MIN_RANGE]
    if not moving:
        raise BagError(f"no joint moves by more than {_MIN_RANGE} rad; recorded: {', '.join(positions_of)}")
    moving_sets: Counter[tuple[str, ...]] = Counter()
    for names, number in message_counts.items():
        moving_sets[tuple(name for name in names if name in moving)] += number
    best = max(moving_sets, key=lambda names: (len(names), moving_sets[names]))
    return tuple(moving) if len(best) == 1 else best


def _range(positions: Decimator) -> float:
    """Range of a joint [rad] without rare outliers; a joint at rest may jump between π and -π."""
    columns = positions.columns()
    values = np.asarray(columns[0], dtype=float) if columns else np.empty(0)
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0
    centred = (finite - finite[0] + np.pi) % (2.0 * np.pi)
    low, high = np.quantile([finite, centred], [0.01, 0.99], axis=1)
    return float((high - low).min())


@dataclass(frozen=True)
class _Poses:
    """Poses of one frame: times of receipt and stamps (l,) in [ns], positions (l, 3) in [m]."""

    received: Times
    stamps: Times
    positions: Array

    def __len__(self) -> int:
        return len(self.received)


def _poses_of_one_frame(
    poses: Iterable[RecordedPose], frame: str | None, skipped: Counter[str]
) -> tuple[str, _Poses]:
    """The frame, see `choose_frames`, and the finite poses in it of its commonest child frame."""
    times: dict[Frames, array[int]] = {}
    points: dict[Frames, array[float]] = {}
    for pose in poses:
        if not is_plausible(pose.position):
            skipped["poses that are not finite or beyond all reach"] += 1
            continue
        key = pose.frame, pose.child
        if key not in times:
            times[key], points[key] = array("q"), array("d")
        times[key].extend((pose.received, pose.stamp))
        points[key].extend(pose.position.tolist())
    counts = {frames: len(rows) // 2 for frames, rows in times.items()}
    chosen, left_out = choose_frames(counts, frame)
    for frames, count in counts.items():
        if reason := left_out(frames):
            skipped[reason] += count
    stamps_of = np.array(times.get(chosen, ()), dtype=np.int64).reshape(-1, 2)
    found = np.array(points.get(chosen, ()), dtype=float).reshape(-1, 3)
    return chosen[0], _Poses(stamps_of[:, 0], stamps_of[:, 1], found)


def _is_clock(stamps: Times) -> bool:
    return bool((stamps > 0).all() and _longest_increasing(stamps).mean() >= _MIN_INCREASING_SHARE)


def _longest_increasing(times: Times) -> NDArray[np.bool_]:
    """A longest strictly increasing subsequence of times (k,), as a mask (k,)."""
    last_times: list[int] = []  # smallest last time of a subsequence of each length, and its index
    indices: list[int] = []
    previous = np.full(len(times), -1)
    for i, time in enumerate(times.tolist()):
        length = bisect_left(last_times, time)
        last_times[length : length + 1], indices[length : length + 1] = [time], [i]
        previous[i] = indices[length - 1] if length else -1
    mask = np.zeros(len(times), dtype=bool)
    i = indices[-1]
    while i >= 0:
        mask[i], i = True, int(previous[i])
    return mask


def _overlap(a: Times, b: Times) -> float:
    """Overlap of two ranges of times, as a share of the shorter one."""
    overlap = min(a.max(), b.max()) - max(a.min(), b.min())
    return float(overlap / max(1, min(np.ptp(a), np.ptp(b))))


def _increasing_rows(times: Times, label: str, skipped: Counter[str]) -> NDArray[np.bool_]:
    """The largest subset (k,) of messages with strictly increasing times [ns], without outliers."""
    since = times - times[0]
    bound = max(_MIN_OUTLIER_TIME * 1e9, _MEDIAN_WINDOW * float(np.median(np.abs(np.diff(since)))))
    outlier = np.abs(since - median_filter(since, _MEDIAN_WINDOW, mode="mirror")) > bound
    increasing: NDArray[np.bool_] = ~outlier
    increasing[increasing] = _longest_increasing(since[increasing])
    for reason, left_out in (("is far from the others'", outlier), ("does not rise", ~increasing & ~outlier)):
        if left_out.any():
            skipped[f"{label} whose time {reason}"] += int(left_out.sum())
    return increasing
