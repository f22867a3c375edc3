"""Selects the recorded poses that are targets: valid ones of one child frame in one frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from itnnr_ik.evaluation.pose_targets import rejection_reason
from itnnr_ik.forms import listed
from itnnr_ik.recording.clocks import StampSurvey
from itnnr_ik.recording.records import RecordedPose
from itnnr_ik.robot.frame_names import without_slash
from itnnr_ik.solver import IKSolver


class FrameChoice:
    """Chooses the frame of poses, and the child frame of those in it: the first of the commonest ones.

    Args:
        frame: Frame that poses must be in; None for the commonest one.
    """

    def __init__(self, frame: str | None) -> None:
        self._frame = None if frame is None else without_slash(frame)
        self._children: dict[str, Counter[str]] = {}

    def add(self, pose: RecordedPose) -> None:
        """Count a pose."""
        self._children.setdefault(pose.frame, Counter())[pose.child] += 1

    @property
    def chosen(self) -> tuple[str, str]:
        """The frame and the child frame; an empty name where there is no pose."""
        frame = self._frame
        if frame is None:
            frame = max(self._children, key=lambda name: self._children[name].total(), default="")
        children = self._children.get(frame, Counter())
        return frame, max(children, key=lambda name: children[name], default="")

    def left_out(self) -> Callable[[str, str], str]:
        """Gives the reason why poses of a frame and a child frame are left out; empty for the chosen ones."""
        frame, child = self.chosen
        others = listed(repr(name) for name in self._children if name != frame)
        in_other_frame = f"pose in another frame than {frame!r}: {others}"
        others = listed(repr(name) for name in self._children.get(frame, ()) if name != child)
        of_other_child = f"pose of another frame than {child!r}: {others}"

        def reason(pose_frame: str, pose_child: str) -> str:
            if pose_frame != frame:
                return in_other_frame
            return "" if pose_child == child else of_other_child

        return reason


class PoseFilter:
    """Passes the poses that can be targets; `survey` first finds the commonest frames.

    Args:
        solver: Its task decides which parts of a pose must be valid.
        frame: See `FrameChoice`.

    Attributes:
        stamps: Survey of the stamps of the poses that pass.
        messages: Number of poses read.
        skipped: Number of poses that did not pass, by reason.
    """

    def __init__(self, solver: IKSolver, frame: str | None) -> None:
        self._solver, self._choice = solver, FrameChoice(frame)
        self.stamps = StampSurvey("poses")
        self.messages = 0
        self.skipped: Counter[str] = Counter()

    def survey(self, poses: Iterable[RecordedPose]) -> None:
        """Read all poses once, to choose the frames."""
        surveys: dict[tuple[str, str], StampSurvey] = {}
        for pose in poses:
            if rejection_reason(self._solver, pose):
                continue
            self._choice.add(pose)
            survey = surveys.setdefault((pose.frame, pose.child), StampSurvey("poses"))
            survey.add(np.array([pose.received]), np.array([pose.stamp]))
        self.stamps = surveys.get(self._choice.chosen, self.stamps)

    def __call__(self, poses: Iterable[RecordedPose]) -> Iterator[RecordedPose]:
        """Pass the poses that can be targets, and count the others."""
        left_out = self._choice.left_out()
        for pose in poses:
            self.messages += 1
            reason = rejection_reason(self._solver, pose) or left_out(pose.frame, pose.child)
            if reason:
                self.skipped[reason] += 1
            else:
                yield pose

    @property
    def notes(self) -> list[str]:
        """A sentence if the frame is not the arm's base."""
        base, (frame, _) = self._solver.arm.base_link, self._choice.chosen
        if frame == without_slash(base) or not self.stamps.count:
            return []
        return [f"the poses are in frame {frame!r}, which is taken for the arm's base link {base!r}"]
