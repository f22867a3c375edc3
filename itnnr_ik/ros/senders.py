"""Messages of one topic that come from more than one publisher at a time, and joint states that disagree."""

from __future__ import annotations

import math

import numpy as np

from itnnr_ik.ros.backlog import MessageInfo

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
        self._heard = {one: at for one, at in self._heard.items() if 0.0 <= now - at <= _ALIVE}
        if sender != self._last and sender in self._heard:
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
        self._velocity = velocity
        self._positions = np.full(len(velocity), np.nan)
        self._times = np.full(len(velocity), -math.inf)
        self._jumped = np.full((2, len(velocity)), -math.inf)
        self._broken_at = -math.inf

    def take(self, positions: np.ndarray, now: float, told: np.ndarray | None = None) -> None:
        """Count positions (n,) [rad, m] of a time [s].

        Args:
            positions: Of all joints.
            now: When they came.
            told: Which of them (n,) came then; None for all.
        """
        told = np.ones(len(positions), dtype=bool) if told is None else told
        known = told & ~np.isnan(self._positions) & (now >= self._times)
        change = np.where(known, positions - self._positions, 0.0)
        later = known & (now > self._times)
        possible = np.full(len(positions), _NOISE)
        possible[later] += _FASTEST * self._velocity[later] * (now - self._times[later])
        jumps = np.abs(change) > possible
        up, down = self._jumped
        up[jumps & (change > 0.0)] = down[jumps & (change < 0.0)] = now
        if (jumps & (np.minimum(up, down) >= now - _ALIVE)).any():
            self._broken_at = now
        self._positions[told], self._times[told] = positions[told], now

    def broken(self, now: float) -> bool:
        """Whether they disagreed in the last second before a time [s]."""
        return 0.0 <= now - self._broken_at <= _ALIVE
