"""Which clock poses and joint states are matched by: sound header stamps, or times of receipt."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.recording.spread import Thinned

Times = NDArray[np.int64]

#: Offsets between the two clocks that are looked at.
_SAMPLES = 8192


class StampSurvey:
    """What the header stamps of a topic are like.

    Args:
        what: The messages, in words.

    Attributes:
        count: How many were looked at.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self.count = self._zero = self._back = 0
        self._last: int | None = None
        self._offsets = Thinned(_SAMPLES)

    def add(self, received: Times, stamps: Times) -> None:
        """Look at times of receipt and stamps (k,) in [ns]."""
        if not len(stamps):
            return
        self.count += len(stamps)
        self._zero += int((stamps == 0).sum())
        before = stamps[:1] if self._last is None else np.array([self._last], dtype=np.int64)
        self._back += int((np.diff(stamps, prepend=before) < 0).sum())
        self._last = int(stamps[-1])
        self._offsets.add(received - stamps)

    @property
    def problem(self) -> str:
        """Why the stamps cannot be used; empty if they can."""
        if self._zero:
            return f"{self._zero} of {self.count} {self._what} have a stamp of zero"
        return f"the stamps of {self._what} go back {self._back} times" if self._back else ""

    @property
    def offset(self) -> float:
        """How far the times of receipt are behind the stamps in [ns], in the median; NaN without any."""
        offsets = self._offsets.columns()
        return float(np.median(cast(Times, offsets[0]))) if offsets else np.nan

    @property
    def notes(self) -> list[str]:
        """A sentence where the stamps cannot be used, or nothing."""
        return [f"{self.problem}: times of receipt are used in their place"] if self.problem else []


def by_stamps(joints: StampSurvey, poses: StampSurvey, apart: float) -> tuple[bool, str]:
    """Whether joint states and poses can be matched by their stamps, and a sentence on it.

    Args:
        joints, poses: All of their stamps.
        apart: How far the offsets of the two from the times of receipt may be apart, in [s].
    """
    problem = joints.problem or poses.problem
    if not problem and not abs(joints.offset - poses.offset) <= apart * 1e9:
        problem = "the stamps of poses and of joint states are of different clocks"
    if problem:
        return False, f"matched by the times of receipt: {problem}"
    return True, "matched by header stamps"
