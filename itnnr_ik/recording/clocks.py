"""Decides whether poses and joint states are matched by header stamps or by times of receipt."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.recording.statistics import Decimator

Times = NDArray[np.int64]

#: Largest number of offsets between times of receipt and stamps that are kept, evenly over the recording.
_MAX_OFFSETS = 8192


class StampSurvey:
    """Checks the header stamps of a topic.

    Args:
        label: What the messages are called in a note.

    Attributes:
        count: Number of messages so far.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self.count = self._n_zero = self._n_decreasing = 0
        self._last: int | None = None
        self._offsets = Decimator(_MAX_OFFSETS)

    def add(self, received: Times, stamps: Times) -> None:
        """Take times of receipt and stamps (k,) in [ns]."""
        if not len(stamps):
            return
        self.count += len(stamps)
        self._n_zero += int((stamps == 0).sum())
        before = stamps[:1] if self._last is None else np.array([self._last], dtype=np.int64)
        self._n_decreasing += int((np.diff(stamps, prepend=before) < 0).sum())
        self._last = int(stamps[-1])
        self._offsets.add(received - stamps)

    @property
    def problem(self) -> str:
        """Why the stamps cannot be used; empty if they can."""
        if self._n_zero:
            return f"{self._n_zero} of {self.count} {self._label} have a stamp of zero"
        return f"the stamps of {self._label} go back {self._n_decreasing} times" if self._n_decreasing else ""

    @property
    def offset(self) -> float:
        """Median delay of the times of receipt after the stamps [ns]; NaN without any."""
        offsets = self._offsets.columns()
        return float(np.median(cast(Times, offsets[0]))) if offsets else np.nan

    @property
    def notes(self) -> list[str]:
        """A sentence where the stamps cannot be used, or nothing."""
        return [f"{self.problem}: times of receipt are used in their place"] if self.problem else []


def match_by_stamps(joints: StampSurvey, poses: StampSurvey, max_difference: float) -> tuple[bool, str]:
    """Whether joint states and poses can be matched by their stamps, and a phrase that says so.

    Args:
        joints, poses: Surveys of all their stamps.
        max_difference: Largest difference between the median delays of the two, in [s].
    """
    problem = joints.problem or poses.problem
    if not problem and not abs(joints.offset - poses.offset) <= max_difference * 1e9:
        problem = "the stamps of poses and of joint states are of different clocks"
    if problem:
        return False, f"matched by the times of receipt: {problem}"
    return True, "matched by header stamps"
