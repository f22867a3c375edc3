"""Which of the recorded poses are targets: whole ones, in one frame and of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np

from itnnr_ik.evaluation.pose_targets import flaw_of
from itnnr_ik.forms import listed
from itnnr_ik.recording.clocks import StampSurvey
from itnnr_ik.recording.records import RecordedPose
from itnnr_ik.solver import IKSolver


class PoseFilter:
    """Passes poses that can be targets, after all of them were looked at.

    Args:
        solver: Whose task says what of a pose counts.
        frame: That poses must be in; None for that of most of them.

    Attributes:
        stamps: What the stamps of the poses that pass are like.
        messages: Number of poses that were read.
        skipped: Numbers of those that do not pass, by reason.
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
        """Look at all poses, to find out the frame of most of them, and whose pose most of those are."""
        surveys: dict[tuple[str, str], StampSurvey] = {}
        for pose in poses:
            if flaw_of(self._solver, pose):
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
        """Those that can be targets; the others are counted."""
        others = [repr(name) for name in self._frames if name != self._frame]
        elsewhere = f"pose in another frame than {self._frame!r}: {listed(others)}"
        children = self._children.get(self._frame or "", Counter())
        others = [repr(name) for name in children if name != self._child]
        of_another = f"pose of another frame than {self._child!r}: {listed(others)}"
        for pose in poses:
            self.messages += 1
            flaw = flaw_of(self._solver, pose)
            if not flaw and pose.frame != self._frame:
                flaw = elsewhere
            elif not flaw and pose.child != self._child:
                flaw = of_another
            if flaw:
                self.skipped[flaw] += 1
            else:
                yield pose

    @property
    def notes(self) -> list[str]:
        """A sentence where the frame is not the arm's base, or nothing."""
        base = self._solver.arm.base_link
        if self._frame == base or not self._frames[self._frame or ""]:
            return []
        return [f"the poses are in frame {self._frame!r}, which is taken for the arm's base link {base!r}"]
