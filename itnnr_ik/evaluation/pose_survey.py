"""Selects the recorded poses that are targets: valid ones of one child frame in one frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from itnnr_ik.evaluation.pose_targets import rejection_reason
from itnnr_ik.forms import listed
from itnnr_ik.recording.clocks import StampSurvey
from itnnr_ik.recording.records import RecordedPose
from itnnr_ik.robot.frame_names import without_slash
from itnnr_ik.solver import IKSolver

#: A frame, and the child frame of poses in it.
Frames = tuple[str, str]


def choose_frames(counts: Mapping[Frames, int], frame: str | None) -> tuple[Frames, Callable[[Frames], str]]:
    """The frame of poses, a given one or else the commonest, and the commonest child frame of those in it.

    Returns:
        Both, empty where there is no pose, and a function that says why poses of others are left out.
    """
    totals: Counter[str] = Counter()
    for (name, _), count in counts.items():
        totals[name] += count
    chosen = max(totals, key=lambda name: totals[name], default="") if frame is None else without_slash(frame)
    children = {child: count for (name, child), count in counts.items() if name == chosen}
    child = max(children, key=lambda name: children[name], default="")
    others = listed(repr(name) for name in totals if name != chosen)
    other_children = listed(repr(name) for name in children if name != child)

    def left_out(frames: Frames) -> str:
        if frames[0] != chosen:
            return f"pose in another frame than {chosen!r}: {others}"
        return "" if frames[1] == child else f"pose of another frame than {child!r}: {other_children}"

    return (chosen, child), left_out


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
        self._chosen, self._left_out = choose_frames({}, frame)

    def survey(self, poses: Iterable[RecordedPose]) -> None:
        """Read all poses once, to choose the frames, see `choose_frames`."""
        surveys: dict[Frames, StampSurvey] = {}
        for pose in poses:
            if rejection_reason(self._solver, pose):
                continue
            survey = surveys.setdefault((pose.frame, pose.child), StampSurvey("poses"))
            survey.add(np.array([pose.received]), np.array([pose.stamp]))
        counts = {frames: survey.count for frames, survey in surveys.items()}
        self._chosen, self._left_out = choose_frames(counts, self._frame)
        self.stamps = surveys.get(self._chosen, self.stamps)

    def __call__(self, poses: Iterable[RecordedPose]) -> Iterator[RecordedPose]:
        """Pass the poses that can be targets, and count the others."""
        for pose in poses:
            self.messages += 1
            reason = rejection_reason(self._solver, pose) or self._left_out((pose.frame, pose.child))
            if reason:
                self.skipped[reason] += 1
            else:
                yield pose

    @property
    def notes(self) -> list[str]:
        """A sentence if the frame is not the arm's base."""
        base, frame = self._solver.arm.base_link, self._chosen[0]
        if frame == without_slash(base) or not self.stamps.count:
            return []
        return [f"the poses are in frame {frame!r}, which is taken for the arm's base link {base!r}"]
