"""Joint states and measured poses of a recording on one time axis, whatever their clocks say."""

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

from itnnr_ik.evaluation.pose_targets import is_somewhere
from itnnr_ik.evaluation.replay import Selection
from itnnr_ik.evaluation.replay_sources import joint_topic_of, place_of, recorded_poses
from itnnr_ik.learning.series import Series, unwrapped
from itnnr_ik.recording.joint_reading import JointReading
from itnnr_ik.recording.pairing import Array, JointTrack, Times
from itnnr_ik.recording.reader import Bag
from itnnr_ik.recording.records import BagError, RecordedJoints, RecordedPose
from itnnr_ik.recording.statistics import Decimator

#: A joint that moves less than this [rad] in the whole recording is not one of the arm's.
_MOVES = 0.05
#: Positions of a joint that this is told by, at most, and how many are taken at a time.
_RANGE_SAMPLES, _RANGE_BATCH = 100_000, 1024
#: More joints than this have more harmonics than a recording can tell apart.
MAX_JOINTS = 6
#: Stamps count as a clock if so many of them rise, and two as one clock if they share so much of their time.
_RISING, _SHARED = 0.9, 0.5
#: A time is a stray one if it is farther than so many periods, and so many [s], from the median of as many
#: messages around it.
_AROUND, _STRAY = 51, 1.0


@dataclass(frozen=True)
class Recording:
    """What was recorded of an arm.

    Attributes:
        joint_names: The arm's joints, in the order of the columns of ``joints``.
        frame: Frame of the poses.
        joints: Joint positions (k, n) [rad], counted on from turn to turn (see `unwrapped`).
        begins: Where the turn begins (n,) [rad] that a joint is recorded in, -inf where it crosses no end.
        poses: Positions of the tip (l, 3) [m], by their own clock.
        clock: ``stamp`` or ``receipt``: where the times are from.
        skipped: How many messages were left out, by reason.
    """

    joint_names: tuple[str, ...]
    frame: str
    joints: Series
    begins: Array
    poses: Series
    clock: str
    skipped: Counter[str] = field(default_factory=Counter)


def read_recording(bag: Bag, selection: Selection, warn: Callable[[str], None] = warnings.warn) -> Recording:
    """Joint states and poses of an open bag; messages that cannot be used are counted.

    Args:
        bag: The recording.
        selection: Topics, joints (those that move, in recorded order, where they are not named) and units.
        warn: Called with a sentence on what is unusual.

    Raises:
        BagError: There are no two topics, or nothing usable in one of them.
    """
    topic = joint_topic_of(bag, selection)
    names = _choose_joints(bag.joint_states(topic), selection.joints)
    reading = JointReading(None, names, selection.joints is not None, selection.degrees)
    reading.survey(lambda: bag.joint_states(topic), place_of(bag, topic))
    batches = list(reading.batches(bag.joint_states(topic)))
    track, skipped = JointTrack.joined(batches, len(names)), reading.reasons
    for note in reading.notes:
        warn(note)
    frame, poses = _in_one_frame(recorded_poses(bag, selection, warn), skipped)
    for label, count in (("joint states with the arm's joints", len(track)), ("finite poses", len(poses))):
        if count < 2:
            raise BagError(f"expected at least two {label} in {bag.path}, got {count}")
    joint_times, pose_times = track.stamps, poses.stamps
    by_stamp = _is_clock(joint_times) and _is_clock(pose_times)
    by_stamp = by_stamp and _shared(joint_times, pose_times) >= _SHARED
    if not by_stamp:
        joint_times, pose_times = track.received, poses.received
    joint_rows = _in_order(joint_times, "joint states", skipped)
    pose_rows = _in_order(pose_times, "poses", skipped)
    for label, rows in (("joint states", joint_rows), ("poses", pose_rows)):
        if rows.sum() < 2:
            raise BagError(f"expected at least two {label} whose times rise in {bag.path}, got {rows.sum()}")
    start = joint_times[joint_rows][0]
    positions, begins = unwrapped(track.positions[joint_rows])
    return Recording(
        names,
        frame,
        Series(1e-9 * (joint_times - start)[joint_rows], positions),
        begins,
        Series(1e-9 * (pose_times - start)[pose_rows], poses.positions[pose_rows]),
        "stamp" if by_stamp else "receipt",
        skipped,
    )


def _choose_joints(states: Iterable[RecordedJoints], joints: Sequence[str] | None) -> tuple[str, ...]:
    names = tuple(joints or _moving_joints(states))
    if len(names) > MAX_JOINTS:
        raise BagError(
            f"expected at most {MAX_JOINTS} joints, got {len(names)}: name the arm's with --joints out of "
            f"{', '.join(names)}"
        )
    return names


def _moving_joints(states: Iterable[RecordedJoints]) -> tuple[str, ...]:
    """Those that come in one message, the most of them, and then the commonest; or each by itself."""
    recorded: dict[str, Decimator] = {}
    together: Counter[tuple[str, ...]] = Counter()
    waiting: dict[tuple[str, ...], list[Array]] = {}

    def take(names: tuple[str, ...]) -> None:
        for name, column in zip(names, np.array(waiting.pop(names)).T, strict=True):
            recorded[name].add(column)

    for state in states:
        names = state.names
        together[names] += 1
        for name in names:
            if name not in recorded:
                recorded[name] = Decimator(_RANGE_SAMPLES)
        if names and len(state.positions) == len(names):
            waiting.setdefault(names, []).append(state.positions)
            if len(waiting[names]) == _RANGE_BATCH:
                take(names)
    for names in list(waiting):
        take(names)
    if not together:
        raise BagError("there is no joint state in the recording")
    if not recorded:
        raise BagError("the joint states have no names: name the arm's joints, base to tip, with --joints")
    moving = [name for name, positions in recorded.items() if _range(positions) > _MOVES]
    if not moving:
        raise BagError(f"no joint moves by more than {_MOVES} rad; recorded: {', '.join(recorded)}")
    sets: Counter[tuple[str, ...]] = Counter()
    for names, number in together.items():
        sets[tuple(name for name in names if name in moving)] += number
    best = max(sets, key=lambda names: (len(names), sets[names]))
    return tuple(moving) if len(best) == 1 else best


def _range(positions: Decimator) -> float:
    """How far a joint moves [rad], but for rare outliers and whole turns: one at rest may be π, then -π."""
    columns = positions.columns()
    values = np.asarray(columns[0], dtype=float) if columns else np.empty(0)
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0
    around = (finite - finite[0] + np.pi) % (2.0 * np.pi)
    low, high = np.quantile([finite, around], [0.01, 0.99], axis=1)
    return float((high - low).min())


@dataclass(frozen=True)
class _Poses:
    """Poses of one frame: times of receipt and stamps (l,) in [ns], positions (l, 3) in [m]."""

    received: Times
    stamps: Times
    positions: Array

    def __len__(self) -> int:
        return len(self.received)


def _in_one_frame(poses: Iterable[RecordedPose], skipped: Counter[str]) -> tuple[str, _Poses]:
    """The commonest frame, and the finite poses in it of the frame that most are of."""
    times: dict[tuple[str, str], array[int]] = {}
    places: dict[tuple[str, str], array[float]] = {}
    for pose in poses:
        if not is_somewhere(pose.position):
            skipped["poses that are not finite or beyond all reach"] += 1
            continue
        key = pose.frame, pose.child
        if key not in times:
            times[key], places[key] = array("q"), array("d")
        times[key].extend((pose.received, pose.stamp))
        places[key].extend(pose.position.tolist())
    chosen = max(times, key=lambda key: len(times[key]), default=("", ""))
    others = sum(len(rows) for key, rows in times.items() if key != chosen) // 2
    if others:
        skipped["poses in other frames"] += others
    both = np.array(times.get(chosen, ()), dtype=np.int64).reshape(-1, 2)
    found = np.array(places.get(chosen, ()), dtype=float).reshape(-1, 3)
    return chosen[0], _Poses(both[:, 0], both[:, 1], found)


def _is_clock(stamps: Times) -> bool:
    return bool((stamps > 0).all() and _longest_rising(stamps).mean() >= _RISING)


def _longest_rising(times: Times) -> NDArray[np.bool_]:
    """A longest strictly rising subsequence of times (k,), as a mask (k,)."""
    ends: list[int] = []  # least last time of a subsequence of each length, and where it is
    where: list[int] = []
    before = np.full(len(times), -1)
    for i, time in enumerate(times.tolist()):
        length = bisect_left(ends, time)
        ends[length : length + 1], where[length : length + 1] = [time], [i]
        before[i] = where[length - 1] if length else -1
    mask = np.zeros(len(times), dtype=bool)
    i = where[-1]
    while i >= 0:
        mask[i], i = True, int(before[i])
    return mask


def _shared(a: Times, b: Times) -> float:
    """Share of the shorter one's time that both cover."""
    overlap = min(a.max(), b.max()) - max(a.min(), b.min())
    return float(overlap / max(1, min(np.ptp(a), np.ptp(b))))


def _in_order(times: Times, what: str, skipped: Counter[str]) -> NDArray[np.bool_]:
    """As many messages (k,) as possible with strictly rising times [ns], without strays at either end."""
    since = times - times[0]
    bound = max(_STRAY * 1e9, _AROUND * float(np.median(np.abs(np.diff(since)))))
    stray = np.abs(since - median_filter(since, _AROUND, mode="mirror")) > bound
    rising: NDArray[np.bool_] = ~stray
    rising[rising] = _longest_rising(since[rising])
    for reason, left_out in (("is far from the others'", stray), ("does not rise", ~rising & ~stray)):
        if left_out.any():
            skipped[f"{what} whose time {reason}"] += int(left_out.sum())
    return rising
