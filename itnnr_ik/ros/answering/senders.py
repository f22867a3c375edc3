"""Messages of one topic that come from more than one publisher at a time, and joint states that disagree."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from itnnr_ik.ros.answering.backlog import MessageInfo

#: A publisher that was heard again so long [s] after another one was not its predecessor.
_ALIVE = 1.0
#: Joint states change by so much [rad, m], whatever their speed: by noise, or because some were delayed.
_NOISE = 0.05
#: Of what joints can move from one message to the next, as far as their interval is known.
_FASTEST = 2.0


class Senders:
    """Tells two publishers that take turns from one that was started again.

    Attributes:
        several_at: When two were last seen to take turns, in [s]; -inf for never.
    """

    def __init__(self) -> None:
        self.several_at = -math.inf
        self._heard: dict[bytes, float] = {}
        self._last: bytes | None = None

    def take(self, info: MessageInfo | None, now: float) -> None:
        """Count a message of a time [s]; without its publisher, as before Kilted, it says nothing."""
        publisher = (info or {}).get("publisher_gid")
        if publisher is None:
            return
        sender = bytes(publisher["data"])
        if sender == self._last:
            self._heard[sender] = now
            return
        self._heard = {one: at for one, at in self._heard.items() if 0.0 <= now - at <= _ALIVE}
        if sender in self._heard:
            self.several_at = now
        self._heard[sender], self._last = now, sender

    def several(self, now: float) -> bool:
        """Whether there were two in the last second before a time [s]."""
        return 0.0 <= now - self.several_at <= _ALIVE


class Agreement:
    """Tells joint states that cannot all be those of one arm: they go there and back faster than it can.

    Args:
        velocity: Of the joints (n,), at most [rad/s, m/s].
    """

    def __init__(self, velocity: np.ndarray) -> None:
        # Beyond what counts, and times no interval it is still a number.
        self._velocity = np.minimum(velocity, 1e300)
        self._positions = np.full(len(velocity), np.nan)
        self._times = np.zeros(len(velocity))
        self._jumped = np.full((2, len(velocity)), -math.inf)
        self._broken_at = -math.inf

    def take(self, positions: np.ndarray, now: float, joints: Sequence[int] | None = None) -> None:
        """Count positions (n,) [rad, m] of a time [s].

        Args:
            positions: Of all joints.
            now: When they came.
            joints: Which of them came then; None for all. The others are as they were.
        """
        since = now - self._times
        # A comparison with a position that was never told before is false.
        jumps = np.abs(positions - self._positions) > _FASTEST * self._velocity * since + _NOISE
        if jumps.any():
            self._count(jumps & (since >= 0.0), positions - self._positions, now)
        self._positions = positions
        self._times[slice(None) if joints is None else joints] = now

    def _count(self, jumps: np.ndarray, change: np.ndarray, now: float) -> None:
        up, down = self._jumped
        up[jumps & (change > 0.0)] = down[jumps & (change < 0.0)] = now
        if (jumps & (np.minimum(up, down) >= now - _ALIVE)).any():
            self._broken_at = now

    def broken(self, now: float) -> bool:
        """Whether they disagreed in the last second before a time [s]."""
        return 0.0 <= now - self._broken_at <= _ALIVE
