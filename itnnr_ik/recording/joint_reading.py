"""Joint positions of an arm from recorded joint states: selected by name, by position, or merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.recording.clocks import StampSurvey
from itnnr_ik.recording.joint_merging import JointMerger
from itnnr_ik.recording.joint_units import JointUnits
from itnnr_ik.recording.pairing import (
    MAX_STATE_AGE,
    NOT_FINITE,
    NUMBERS_DIFFER,
    OTHER_JOINTS,
    SOME_JOINTS,
    UNNAMED,
    Array,
    JointTrack,
    check_recorded,
    joint_columns,
)
from itnnr_ik.recording.records import BagError, RecordedJoints
from itnnr_ik.recording.statistics import RunningStatistics
from itnnr_ik.robot import ForwardModel

#: Largest number of joint states that are processed at once.
BATCH = 4096
_WRONG_NUMBER = "joint state without names and with another number of positions"
_INCOMPLETE = f"joint state before all joints were known, or with one older than {MAX_STATE_AGE:g} s"


class UnitsError(BagError):
    """Joint positions seem to be in degrees although radians are expected."""


class _Layout(NamedTuple):
    """Where the arm's joints are in joint states with the same names.

    Attributes:
        columns: Indices (n,) of the joints; None if such states cannot be used.
        unusable: Why they cannot.
        size: Number of positions that they must have.
        wrong_size: Why one with another number cannot be used.
    """

    columns: NDArray[np.intp] | None
    unusable: str
    size: int
    wrong_size: str


class JointReading:
    """Converts joint states to joint positions of an arm; `survey` first decides how, from all of them.

    Args:
        arm: The arm; None where it is not known.
        joints: Recorded names of its joints, base to tip.
        by_position: Whether joint states without names have just these joints, in this order.
        degrees: Whether positions are in degrees.

    Attributes:
        messages: Number of joint states read.
        reasons: Number of unusable joint states by reason.
        stamps: Survey of the stamps of all usable joint states.
    """

    def __init__(
        self,
        arm: ForwardModel | None,
        joints: Sequence[str],
        by_position: bool = False,
        degrees: bool = False,
    ) -> None:
        self._arm, self._joints, self._degrees = arm, tuple(joints), degrees
        self._by_position, self._merge = by_position, False
        self.stamps = StampSurvey("joint states")
        self._reset_counts()

    def _reset_counts(self) -> None:
        self.messages = self._usable = self._name_changes = 0
        self.reasons: Counter[str] = Counter()
        self.units = JointUnits(self._arm, self._joints, self._degrees)
        self._max_ages = RunningStatistics()

    def survey(self, states: Callable[[], Iterable[RecordedJoints]], where: str = "the recording") -> None:
        """Read all joint states once, to decide how the joints are found in them.

        Args:
            states: Returns the joint states from the first one on.
            where: Names their source in errors.

        Raises:
            BagError: The joints were not recorded; the message lists those that were.
            UnitsError: The positions seem to be in degrees.
        """
        names: dict[str, None] = {}
        by_position, self._by_position = self._by_position, False
        for track in self._complete_states(states(), names):
            self._observe(track)
        if self.reasons[SOME_JOINTS] > self._usable:
            # Most have only some of the joints: they are merged, as the node does.
            self._reset_counts()
            self.stamps = StampSurvey("joint states")
        if not self._usable:
            check_recorded(self._joints, names, where)
            self._by_position = by_position and not any(names)
            self._merge = all(joint in names for joint in self._joints)
            if self._by_position or self._merge:
                for track in self._tracks(states()):
                    self._observe(track)
        if self.units.problem:
            raise UnitsError(self.units.problem)
        self._reset_counts()

    def _observe(self, track: JointTrack) -> None:
        self.units.observe(track.positions)
        self.stamps.add(track.received, track.stamps)

    def batches(self, states: Iterable[RecordedJoints]) -> Iterator[JointTrack]:
        """Usable joint positions in the order of receipt, up to `BATCH` at a time."""
        for track in self._tracks(states):
            yield JointTrack(track.received, track.stamps, self.units(track.positions), track.messages)

    @property
    def notes(self) -> list[str]:
        """A sentence on each peculiarity of the joint states read so far."""
        notes = []
        if self._by_position and self._usable:
            notes.append(
                f"{self._usable} joint states have no names: their positions are taken for "
                f"{', '.join(self._joints)}"
            )
        ages = self._max_ages.result()
        if self._merge and ages is not None:
            notes.append(
                "the joints come in several messages, which are merged by name: the oldest position is "
                f"{ages.median:.2g} s old (median), at most {ages.max:.2g} s"
            )
        if self._name_changes:
            notes.append(
                f"the joint names change {self._name_changes} times on the way: joints are picked by name"
            )
        return notes + self.units.notes(self._usable)

    def converted(self, states: Sequence[RecordedJoints]) -> Sequence[RecordedJoints]:
        """Joint states of the arm's joints by name in [rad]; unchanged where they were recorded like that."""
        if not (self._degrees or self._by_position or self.units.turned):
            return states
        reading = copy(self)
        reading._reset_counts()
        return [
            RecordedJoints(received, stamp, self._joints, positions)
            for track in reading.batches(states)
            for received, stamp, positions in zip(
                track.received.tolist(), track.stamps.tolist(), track.positions, strict=True
            )
        ]

    def _tracks(self, states: Iterable[RecordedJoints]) -> Iterator[JointTrack]:
        return self._merged_states(states) if self._merge else self._complete_states(states, None)

    def _complete_states(
        self, states: Iterable[RecordedJoints], all_names: dict[str, None] | None
    ) -> Iterator[JointTrack]:
        """States that have all joints, in recorded units; adds the recorded names to ``all_names``."""
        layouts: dict[tuple[str, ...], _Layout] = {}
        rows: list[tuple[int, int, int]] = []
        found: list[Array] = []
        names: tuple[str, ...] | None = None
        last_used: tuple[str, ...] | None = None
        layout = self._layout_of(())
        for number, state in enumerate(states):
            if state.names is not names:
                names = state.names
                if names not in layouts:
                    if all_names is not None:
                        all_names.update(dict.fromkeys(names))
                    if len(layouts) > BATCH:
                        layouts.clear()
                    layouts[names] = self._layout_of(names)
                layout = layouts[names]
            self.messages += 1
            positions = state.positions
            if len(positions) != layout.size or layout.columns is None:
                self.reasons[layout.unusable if len(positions) == layout.size else layout.wrong_size] += 1
                continue
            if last_used is not names:
                self._name_changes += last_used is not None and last_used != names
                last_used = names
            rows.append((state.received, state.stamp, number))
            found.append(positions[layout.columns])
            if len(rows) == BATCH:
                yield self._finite_track(rows, found)
                rows, found = [], []
        if rows:
            yield self._finite_track(rows, found)

    def _layout_of(self, names: tuple[str, ...]) -> _Layout:
        if any(names):
            return _Layout(*joint_columns(names, self._joints), len(names), NUMBERS_DIFFER)
        if self._by_position:
            return _Layout(np.arange(len(self._joints)), "", len(self._joints), _WRONG_NUMBER)
        return _Layout(None, UNNAMED, 0, UNNAMED)

    def _merged_states(self, states: Iterable[RecordedJoints]) -> Iterator[JointTrack]:
        """The latest positions of all joints, at each message with one of them."""
        merger = JointMerger(self._joints, MAX_STATE_AGE)
        rows: list[tuple[int, int, int]] = []
        found: list[Array] = []
        ages: list[float] = []
        for number, state in enumerate(states):
            self.messages += 1
            if not merger.add(state.names, state.positions, state.received):
                differ = len(state.names) != len(state.positions)
                self.reasons[NUMBERS_DIFFER if differ else OTHER_JOINTS] += 1
                continue
            merged = merger.state()
            if merged is None:
                self.reasons[_INCOMPLETE] += 1
                continue
            rows.append((state.received, state.stamp, number))
            found.append(merged.positions)
            ages.append(merged.max_age)
            if len(rows) == BATCH:
                self._max_ages.add(np.array(ages))
                yield self._finite_track(rows, found)
                rows, found, ages = [], [], []
        if rows:
            self._max_ages.add(np.array(ages))
            yield self._finite_track(rows, found)

    def _finite_track(self, rows: list[tuple[int, int, int]], found: list[Array]) -> JointTrack:
        table = np.array(rows, dtype=np.int64)
        positions = np.concatenate(found).reshape(len(rows), -1)
        finite = np.isfinite(positions).all(axis=1)
        if not finite.all():
            self.reasons[NOT_FINITE] += int((~finite).sum())
            table, positions = table[finite], positions[finite]
        self._usable += len(positions)
        return JointTrack(table[:, 0], table[:, 1], positions, table[:, 2].astype(np.intp))
