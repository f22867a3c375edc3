"""Messages of one topic that come from more than one publisher at a time, and joint states that disagree."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from itnnr_ik.ros.answering.backlog import MessageInfo

#: A publisher that was heard again so long [s] after another one was not its predecessor.
_ALIVE = 1.0
#: Joint states change by so much [rad, m], whatever their speed: by noise, or because some were delayed.
_NOISE = 0.05
#: Of what joints can move from one message to the next, as far as their interval is known.
_FASTEST = 2.0


def sender_of(info: MessageInfo | None) -> bytes | None:
    """Who published a message; None where rclpy does not say, as before Kilted."""
    publisher = (info or {}).get("publisher_gid")
    return None if publisher is None else bytes(publisher["data"])


class Senders:
    """Tells two publishers that take turns from one that was started again.

    Attributes:
        several_at: When two were last seen to take turns, in [s]; -inf for never.
    """

    def __init__(self) -> None:
        self.several_at = -math.inf
        self._heard: dict[bytes, float] = {}
        self._last: bytes | None = None

    def take(self, sender: bytes | None, now: float) -> None:
        """Count a message of a time [s]; without its sender it says nothing."""
        if sender is None:
            return
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
        self._fastest = [_FASTEST * min(bound, 1e300) for bound in velocity.tolist()]
        self._positions = [math.nan] * len(velocity)
        self._times = [0.0] * len(velocity)
        #: When each joint last jumped down, and up.
        self._jumped = [-math.inf] * len(velocity), [-math.inf] * len(velocity)
        self._broken_at = -math.inf

    def take(self, positions: Sequence[float], now: float, joints: Iterable[int] | None = None) -> None:
        """Count positions (n,) [rad, m] of a time [s].

        Args:
            positions: Of all joints.
            now: When they came.
            joints: Which of them came then; None for all. The others are as they were.
        """
        for joint in range(len(positions)) if joints is None else joints:
            change, since = positions[joint] - self._positions[joint], now - self._times[joint]
            # A comparison with a position that was never told before is false.
            if since >= 0.0 and abs(change) > self._fastest[joint] * since + _NOISE:
                self._jumped[int(change > 0.0)][joint] = now
                if min(jumped[joint] for jumped in self._jumped) >= now - _ALIVE:
                    self._broken_at = now
            self._positions[joint], self._times[joint] = positions[joint], now

    def broken(self, now: float) -> bool:
        """Whether they disagreed in the last second before a time [s]."""
        return 0.0 <= now - self._broken_at <= _ALIVE
