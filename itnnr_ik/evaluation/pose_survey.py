"""Selects the recorded poses that are targets: valid ones of one child frame in one frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np

from itnnr_ik.evaluation.pose_targets import rejection_reason
from itnnr_ik.forms import listed
from itnnr_ik.recording.clocks import StampSurvey
from itnnr_ik.recording.records import RecordedPose
from itnnr_ik.solver import IKSolver


class PoseFilter:
    """Passes the poses that can be targets; `survey` first finds the commonest frames.

    Args:
        solver: Its task decides which parts of a pose must be valid.
        frame: Frame that poses must be in; None for the commonest one.

    Attributes:
        stamps: Survey of the stamps of the poses that pass.
        messages: Number of poses read.
        skipped: Number of poses that did not pass, by reason.
    """

    def __init__(self, solver: IKSolver, frame: str | None) -> None:
        self._solver, self._frame = solver, frame
        self.stamps = StampSurvey("poses")
        self.messages = 0
        self.skipped: Counter[str] = Counter()
        self._frames: Counter[str] = Counter()
        self._children: dict[str, Counter[str]] = {}
        self._child = ""

    def survey(self, poses: Iterable[RecordedPose]) -> None:
        """Read all poses once, to find the commonest frame, and the commonest child frame in it."""
        surveys: dict[tuple[str, str], StampSurvey] = {}
        for pose in poses:
            if rejection_reason(self._solver, pose):
                continue
            self._frames[pose.frame] += 1
            self._children.setdefault(pose.frame, Counter())[pose.child] += 1
            survey = surveys.setdefault((pose.frame, pose.child), StampSurvey("poses"))
            survey.add(np.array([pose.received]), np.array([pose.stamp]))
        if self._frame is None and self._frames:
            self._frame = self._frames.most_common(1)[0][0]
        frame = self._frame or ""
        if frame in self._children:
            self._child = self._children[frame].most_common(1)[0][0]
        self.stamps = surveys.get((frame, self._child), self.stamps)

    def __call__(self, poses: Iterable[RecordedPose]) -> Iterator[RecordedPose]:
        """Pass the poses that can be targets, and count the others."""
        others = [repr(name) for name in self._frames if name != self._frame]
        in_other_frame = f"pose in another frame than {self._frame!r}: {listed(others)}"
        children = self._children.get(self._frame or "", Counter())
        others = [repr(name) for name in children if name != self._child]
        of_other_child = f"pose of another frame than {self._child!r}: {listed(others)}"
        for pose in poses:
            self.messages += 1
            reason = rejection_reason(self._solver, pose)
            if not reason and pose.frame != self._frame:
                reason = in_other_frame
            elif not reason and pose.child != self._child:
                reason = of_other_child
            if reason:
                self.skipped[reason] += 1
            else:
                yield pose

    @property
    def notes(self) -> list[str]:
        """A sentence if the frame is not the arm's base."""
        base = self._solver.arm.base_link
        if self._frame == base or not self._frames[self._frame or ""]:
            return []
        return [f"the poses are in frame {self._frame!r}, which is taken for the arm's base link {base!r}"]
