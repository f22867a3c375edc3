"""Joint states as they are recorded, as joint positions of an arm: by name, by position, or merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.recording.clocks import StampSurvey
from itnnr_ik.recording.joint_merging import JointMerger
from itnnr_ik.recording.joint_units import JointUnits
from itnnr_ik.recording.pairing import (
    NOT_FINITE,
    NUMBERS_DIFFER,
    OLDEST_STATE,
    OTHER_JOINTS,
    SOME_JOINTS,
    UNNAMED,
    Array,
    JointTrack,
    check_recorded,
    picker_of,
)
from itnnr_ik.recording.records import BagError, RecordedJoints
from itnnr_ik.recording.spread import SpreadOf
from itnnr_ik.robot import ForwardModel

#: Joint states that are looked at together.
BATCH = 4096
_OTHER_NUMBER = "joint state without names and with another number of positions"
_PARTLY = f"joint state before all joints were known, or with one older than {OLDEST_STATE:g} s"


class UnitsError(BagError):
    """Joint positions seem to be in degrees, though nobody said so."""


class JointReading:
    """Makes joint positions of an arm out of joint states, after all of them were looked at.

    Args:
        arm: The arm; None where it is not known.
        joints: Recorded names of its joints, base to tip.
        by_position: Whether joint states without names have just these joints, in this order.
        degrees: Whether positions are in degrees.

    Attributes:
        messages: Number of joint states that were read.
        reasons: Numbers of those that cannot be used, by reason.
        stamps: What the stamps of all usable ones are like, once they were looked at.
    """

    def __init__(
        self,
        arm: ForwardModel | None,
        joints: Sequence[str],
        by_position: bool = False,
        degrees: bool = False,
    ) -> None:
        self._arm, self._joints, self._degrees = arm, tuple(joints), degrees
        self._by_position, self._merged = by_position, False
        self.stamps = StampSurvey("joint states")
        self._begin()

    def _begin(self) -> None:
        self.messages = self._usable = self._changes = 0
        self.reasons: Counter[str] = Counter()
        self.units = JointUnits(self._arm, self._joints, self._degrees)
        self._ages = SpreadOf()

    def survey(self, states: Callable[[], Iterable[RecordedJoints]], where: str = "the recording") -> None:
        """Look at all joint states, to find out how their joints are to be told.

        Args:
            states: Gives them.
            where: They are, in words.

        Raises:
            BagError: They do not have the joints; the message lists those recorded.
            UnitsError: They seem to be in degrees.
        """
        names: dict[str, None] = {}
        by_position, self._by_position = self._by_position, False
        for track in self._named(states(), names):
            self._look_at(track)
        if self.reasons[SOME_JOINTS] > self._usable:
            # A few with all joints are not the recording: those in parts are merged, as the node does.
            self._begin()
            self.stamps = StampSurvey("joint states")
        if not self._usable:
            check_recorded(self._joints, names, where)
            self._by_position = by_position and not any(names)
            self._merged = all(joint in names for joint in self._joints)
            if self._by_position or self._merged:
                for track in self._rows(states()):
                    self._look_at(track)
        if self.units.problem:
            raise UnitsError(self.units.problem)
        self._begin()

    def _look_at(self, track: JointTrack) -> None:
        self.units.look_at(track.positions)
        self.stamps.add(track.received, track.stamps)

    def batches(self, states: Iterable[RecordedJoints]) -> Iterator[JointTrack]:
        """Usable joint positions in the order of receipt, up to `BATCH` at a time."""
        for track in self._rows(states):
            yield JointTrack(track.received, track.stamps, self.units(track.positions), track.messages)

    @property
    def notes(self) -> list[str]:
        """A sentence on each thing that is unusual, of what was read so far."""
        notes = []
        if self._by_position and self._usable:
            notes.append(
                f"{self._usable} joint states have no names: their positions are taken for "
                f"{', '.join(self._joints)}"
            )
        ages = self._ages.result()
        if self._merged and ages is not None:
            notes.append(
                "the joints come in several messages, which are merged by name: the oldest position is "
                f"{ages.median:.2g} s old (median), at most {ages.max:.2g} s"
            )
        if self._changes:
            notes.append(
                f"the joint names change {self._changes} times on the way: joints are picked by name"
            )
        return notes + self.units.notes(self._usable)

    def converted(self, states: Sequence[RecordedJoints]) -> Sequence[RecordedJoints]:
        """Joint states as messages of the arm's joints in [rad], where they were not recorded so."""
        if not (self._degrees or self._by_position or self.units.turned):
            return states
        reading = copy(self)
        reading._begin()
        return [
            RecordedJoints(received, stamp, self._joints, positions)
            for track in reading.batches(states)
            for received, stamp, positions in zip(
                track.received.tolist(), track.stamps.tolist(), track.positions, strict=True
            )
        ]

    def _rows(self, states: Iterable[RecordedJoints]) -> Iterator[JointTrack]:
        return self._merge(states) if self._merged else self._named(states, None)

    def _named(
        self, states: Iterable[RecordedJoints], names_seen: dict[str, None] | None
    ) -> Iterator[JointTrack]:
        """Those with all joints, as recorded; gathers the names where they are asked for."""
        pickers: dict[tuple[str, ...], tuple[NDArray[np.intp] | None, str]] = {}
        rows: list[tuple[int, int, int]] = []
        found: list[Array] = []
        names: tuple[str, ...] | None = None
        last_used: tuple[str, ...] | None = None
        picker, reason, count = None, "", 0
        for number, state in enumerate(states):
            if state.names is not names:
                names = state.names
                if names not in pickers and names_seen is not None:
                    names_seen.update(dict.fromkeys(names))
                if len(pickers) > BATCH:
                    pickers.clear()
                picker, reason = pickers.setdefault(names, self._picker(names))
                count = len(names) if any(names) else len(self._joints)
            self.messages += 1
            positions = state.positions
            if len(positions) != count and (any(state.names) or picker is not None):
                self.reasons[NUMBERS_DIFFER if any(state.names) else _OTHER_NUMBER] += 1
                continue
            if picker is None:
                self.reasons[reason] += 1
                continue
            if last_used is not names:
                self._changes += last_used is not None and last_used != names
                last_used = names
            rows.append((state.received, state.stamp, number))
            found.append(positions[picker])
            if len(rows) == BATCH:
                yield self._track(rows, found)
                rows, found = [], []
        if rows:
            yield self._track(rows, found)

    def _picker(self, names: tuple[str, ...]) -> tuple[NDArray[np.intp] | None, str]:
        picker, reason = picker_of(names, self._joints)
        if reason == UNNAMED and self._by_position:
            return np.arange(len(self._joints)), ""
        return picker, reason

    def _merge(self, states: Iterable[RecordedJoints]) -> Iterator[JointTrack]:
        """The latest positions of all joints at each message that has one of them."""
        merger = JointMerger(self._joints, OLDEST_STATE)
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
                self.reasons[_PARTLY] += 1
                continue
            rows.append((state.received, state.stamp, number))
            found.append(merged.positions)
            ages.append(merged.oldest)
            if len(rows) == BATCH:
                self._ages.add(np.array(ages))
                yield self._track(rows, found)
                rows, found, ages = [], [], []
        if rows:
            self._ages.add(np.array(ages))
            yield self._track(rows, found)

    def _track(self, rows: list[tuple[int, int, int]], found: list[Array]) -> JointTrack:
        columns = np.array(rows, dtype=np.int64)
        positions = np.concatenate(found).reshape(len(rows), -1)
        finite = np.isfinite(positions).all(axis=1)
        if not finite.all():
            self.reasons[NOT_FINITE] += int((~finite).sum())
            columns, positions = columns[finite], positions[finite]
        self._usable += len(positions)
        return JointTrack(columns[:, 0], columns[:, 1], positions, columns[:, 2].astype(np.intp))
