"""Opens a recording for replay: selects its topics, and reads them as a stream or all at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from itnnr_ik.evaluation.replay import JOINTS, POSES, Replay, Selection
from itnnr_ik.evaluation.replay_stream import JOINT_TOPIC, ReplayStream
from itnnr_ik.recording.pose_messages import POSE_TYPES
from itnnr_ik.recording.reader import Bag
from itnnr_ik.recording.records import JOINT_STATE, POSE_STAMPED, BagError, RecordedJoints, RecordedPose
from itnnr_ik.recording.transforms import TF_TOPICS, transform_poses
from itnnr_ik.solver import IKSolver

_T = TypeVar("_T")


class OpenReplay:
    """A recording that is being replayed, see `open_replay`.

    Attributes:
        stream: Its targets.
        expected: Largest number of targets to expect.
        states: Joint states read so far, if they are kept.
    """

    def __init__(
        self,
        bag: Bag,
        solver: IKSolver,
        selection: Selection,
        notes: list[str],
        progress: bool,
        keep_states: bool,
    ) -> None:
        self._bag, self._selection, self._notes = bag, selection, notes
        self._progress, self._keep_states = progress, keep_states
        pose_topic, joint_topic = _topics(bag, selection)
        self._pose_topic, self._joint_topic = pose_topic, joint_topic
        if pose_topic is None and selection.frame is not None:
            self._add_note("--frame has no effect: targets are made from joint states, not from poses")
        self.states: list[RecordedJoints] = []
        self._surveying = True  # reading all messages once before they are replayed
        self.stream = ReplayStream(
            bag.path.resolve().name,
            solver,
            replace(selection, pose_topic=_label(pose_topic, selection), joint_topic=joint_topic),
            self._read_states,
            None if pose_topic is None else self._read_poses,
            joints_required=pose_topic is None or bool(selection.joints or selection.joint_topic),
            count_undecodable=self._count_undecodable,
            where=describe_joint_topic(bag, joint_topic or JOINT_TOPIC),
        )
        self._surveying = False
        counts = {topic.name: topic.count for topic in bag.topics}
        # The first joint state is the initial state of the arm and no target.
        self.expected = counts.get(pose_topic or joint_topic or "", 0) - (pose_topic is None)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader of a report should know, a sentence each."""
        return (*self._notes, *self.stream.notes)

    def _read_states(self) -> Iterator[RecordedJoints]:
        if self._joint_topic is None:
            return
        surveying = self._surveying
        if not surveying:
            self.states.clear()
        states = self._bag.joint_states(self._joint_topic)
        for state in _with_progress(states, "joint states", self._progress and surveying):
            if self._keep_states and not surveying:
                self.states.append(state)
            yield state

    def _read_poses(self) -> Iterator[RecordedPose]:
        found = recorded_poses(
            self._bag, replace(self._selection, pose_topic=self._pose_topic), self._add_note
        )
        yield from _with_progress(found, "poses", self._progress and self._surveying)

    def _add_note(self, note: str) -> None:
        if note not in self._notes:  # poses are read twice
            self._notes.append(note)

    def _count_undecodable(self) -> Counter[str]:
        counts = self._bag.undecodable
        return Counter({f"message of {topic} that cannot be decoded": n for topic, n in counts.items()})


@contextmanager
def open_replay(
    path: str | Path,
    solver: IKSolver,
    selection: Selection,
    progress: bool = False,
    keep_states: bool = False,
) -> Iterator[OpenReplay]:
    """Open a recording of a solver's arm.

    Args:
        path: The recording.
        solver: A solver of its arm.
        selection: The parts of it that are replayed.
        progress: Show a progress bar during the survey.
        keep_states: Keep all joint states in memory.

    Raises:
        BagError: The recording or a topic cannot be used; the recorded topics are listed.
    """
    notes: list[str] = []
    with Bag(path, warn=notes.append) as bag:
        if not any(topic.count for topic in bag.topics):
            raise BagError(": ".join([f"{bag.path} holds no messages", *notes[:1]]))
        yield OpenReplay(bag, solver, selection, notes, progress, keep_states)


def read_replay(path: str | Path, solver: IKSolver, selection: Selection, progress: bool = False) -> Replay:
    """Read a recording of a solver's arm all at once.

    Raises:
        BagError: The recording or a topic cannot be used, or holds no target.
    """
    with open_replay(path, solver, selection, progress, keep_states=True) as opened:
        replay = concatenated(list(_with_progress(iter(opened.stream), "targets", progress)))
        return replace(
            replay,
            states=opened.stream.converted(opened.states),
            messages=opened.stream.messages,
            skipped=opened.stream.skipped,
            notes=opened.notes,
        )


def make_replay(
    recording: str,
    solver: IKSolver,
    selection: Selection,
    states: Sequence[RecordedJoints],
    poses: Sequence[RecordedPose],
) -> Replay:
    """Make a replay of messages that are in memory.

    Args:
        recording: What to call the messages.
        solver: A solver with their arm and task.
        selection: With the topics of the messages. Without a pose topic targets are made from joints.
        states, poses: In the order of receipt.

    Raises:
        BagError: There is no target.
    """
    with_poses = selection.pose_topic is not None
    stream = ReplayStream(
        recording, solver, selection, lambda: states, (lambda: poses) if with_poses else None
    )
    replay = concatenated(list(stream))
    return replace(
        replay,
        states=states,
        messages=stream.messages,
        skipped=stream.skipped,
        notes=tuple(stream.notes),
    )


def recorded_poses(bag: Bag, selection: Selection, warn: Callable[[str], None]) -> Iterator[RecordedPose]:
    """The poses of an open recording that are selected, from a topic or from transforms.

    Raises:
        BagError: There are none, or several topics of them.
    """
    if selection.pose_from:
        return transform_poses(bag, *selection.pose_from, warn=warn)
    return bag.poses(_pose_topic(bag, selection), selection.pose_index)


def concatenated(pieces: Sequence[Replay]) -> Replay:
    """Join the pieces of a recording, at least one, to one replay."""
    first = pieces[0]

    def all_of(name: str) -> np.ndarray:
        return np.concatenate([getattr(piece, name) for piece in pieces])

    return replace(
        first,
        received=all_of("received"),
        targets=all_of("targets"),
        current=None if first.current is None else all_of("current"),
        recorded=None if first.recorded is None else all_of("recorded"),
    )


def _topics(bag: Bag, selection: Selection) -> tuple[str | None, str | None]:
    """Names of the topics of poses and joint states; None for one that is not read."""
    counts = Counter(dict.fromkeys((POSE_STAMPED, JOINT_STATE), 0))
    for topic in bag.topics:
        counts[topic.msgtype] += topic.count
    pose_topic = joint_topic = None
    asked = selection.targets if selection.pose_index is None else POSES
    named = selection.pose_topic or selection.pose_from
    wanted = asked or (POSES if named or counts[POSE_STAMPED] else JOINTS)
    if wanted == JOINTS and not asked and not counts[JOINT_STATE]:
        wanted = POSES
    if wanted == POSES and selection.pose_from:
        pose_topic = _transform_topics(bag)
    elif wanted == POSES:
        if not asked and selection.pose_topic is None:
            _check_has_targets(bag)
        pose_topic = _pose_topic(bag, selection)
    if selection.joint_topic or counts[JOINT_STATE] or wanted == JOINTS:
        joint_topic = joint_topic_of(bag, selection)
    return pose_topic, joint_topic


def joint_topic_of(bag: Bag, selection: Selection) -> str:
    """The topic of joint states: the selected one, ``/joint_states``, or the only one.

    Raises:
        BagError: There is none, or there are several.
    """
    if selection.joint_topic is None and JOINT_TOPIC in joint_topics(bag):
        return JOINT_TOPIC
    return bag.find_topic([JOINT_STATE], selection.joint_topic).name


def describe_joint_topic(bag: Bag, joint_topic: str) -> str:
    """The topic of joint states, and how to choose another one, for an error message."""
    others = [name for name in joint_topics(bag) if name != joint_topic]
    return f"{joint_topic} (--joint-topic takes {' or '.join(others)})" if others else joint_topic


def joint_topics(bag: Bag) -> list[str]:
    """The topics with joint states."""
    return [topic.name for topic in bag.topics if topic.msgtype == JOINT_STATE and topic.count]


def _label(pose_topic: str | None, selection: Selection) -> str | None:
    """The name of the poses in a report."""
    if pose_topic is None or not selection.pose_from:
        return pose_topic
    base, tool = selection.pose_from
    return f"{pose_topic}, {tool} in {base}"


def _pose_topic(bag: Bag, selection: Selection) -> str:
    return bag.find_topic(list(POSE_TYPES), selection.pose_topic).name


def _check_has_targets(bag: Bag) -> None:
    """Raise BagError, which lists what there is and tells of transforms, unless there are targets."""
    if any(topic.count for topic in bag.topics if topic.msgtype in POSE_TYPES):
        return
    hint = ""
    if any(topic.name in TF_TOPICS and topic.count for topic in bag.topics):
        hint = "; --pose-from BASE:TOOL takes poses from transforms"
    try:
        bag.find_topic([POSE_STAMPED, JOINT_STATE])
    except BagError as error:
        raise BagError(f"{error}{hint}") from None


def _transform_topics(bag: Bag) -> str:
    listed = {topic.name: topic for topic in bag.topics}
    if not any(topic in listed and listed[topic].count for topic in TF_TOPICS):
        raise BagError(f"no message on {' or '.join(TF_TOPICS)} in {bag.path}; recorded: {', '.join(listed)}")
    return TF_TOPICS[0]


def _with_progress(records: Iterator[_T], label: str, progress: bool) -> Iterator[_T]:
    if not progress:
        return records
    # disable=None: no bar unless stderr is a terminal.
    return iter(tqdm(records, desc=f"reading {label}", unit="message", leave=False, disable=None))
