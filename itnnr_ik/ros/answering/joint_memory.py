"""The last usable joint state, from one message or several of some joints each, and its reception time."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np
from sensor_msgs.msg import JointState

from itnnr_ik.recording.joint_merging import JointMerger
from itnnr_ik.ros.answering.senders import ConsistencyCheck, Senders, sender_of
from itnnr_ik.ros.answering.velocity_estimator import MAX_INTERVAL, VelocityEstimate
from itnnr_ik.ros.messages import positions_of_some, quote_all, velocities_by_name
from itnnr_ik.ros.receiving import MessageInfo
from itnnr_ik.ros.status import Code, RejectedError

#: Joints that are all slower are at rest [rad/s, m/s]: velocities are noisy.
_MIN_SPEED = 0.05


class JointMemory:
    """Positions of the robot's joints by name, with the age of the oldest by its reception time.

    That is on the node's clock, which may be simulated. A robot goes on moving when that stands still, so
    that where commands are sent the age on the steady clock counts, too.

    Timestamps are not used here: those of a recording are old, some drivers send none, and a sender's clock
    may be wrong.

    Positions of continuous joints are unwrapped: they have no jumps by a whole turn between joint states.

    Args:
        joint_names: The robot's names for the arm's joints, base to tip.
        topic: Where joint states come from, for error texts.
        timeout: Age in [s] beyond which positions no longer count as current; 0: never. It may change.
        continuous: Which joints (n,) are continuous; None for none.
        velocity: Velocity limits (n,) [rad/s, m/s]; None for none.
        near: Positions (n,) [rad, m] that the first ones are unwrapped to be nearest to; None for zeros.

    Attributes:
        positions: The last usable ones (n,) [rad, m], however old; None before all joints were received.
        turns: Whole turns (n,) [rad] of continuous joints that the robot counts more.
        velocities: Of the last messages (n,) [rad/s, m/s]; 0 for a robot that sends none.
        received: Reception time of the oldest position, in [s] by `time.monotonic`.
        lag: From that to the reception of the last message, in [s].
    """

    def __init__(
        self,
        joint_names: Sequence[str],
        topic: str,
        timeout: float,
        continuous: np.ndarray | None = None,
        velocity: np.ndarray | None = None,
        near: np.ndarray | None = None,
    ) -> None:
        self._joint_names = joint_names
        n = len(joint_names)
        self._senders = [Senders() for _ in joint_names]
        self._consistency = ConsistencyCheck(np.full(n, np.inf) if velocity is None else velocity)
        self._continuous = np.zeros(n, dtype=bool) if continuous is None else continuous
        self._near = np.zeros(n) if near is None else near
        self._topic = topic
        self.timeout = timeout
        self._merger = JointMerger(joint_names, timeout=0.0)
        self.positions: np.ndarray | None = None
        self.turns = np.zeros(n)
        self.velocities = np.zeros(n)
        self.received = self.lag = 0.0
        self._received_by_node = [0.0] * n
        self._renewed: set[int] = set()
        self._unusable_names: Sequence[str] | None = None

    def take(
        self, message: JointState, now: float, age: float = 0.0, info: MessageInfo | None = None
    ) -> bool:
        """Store the positions of the joints that a message has; those of others stay, and grow older.

        Args:
            message: The joint state; with none of the joints, it is another device's.
            now: Time in [s] on the node's clock, as for `current`.
            age: Since the message was received, in [s].
            info: Who sent it.

        Returns:
            Whether it completes a joint state: every joint has come since the last one that did.

        Raises:
            RejectedError: See `positions_of_some`. The previous positions are kept.
        """
        self._unusable_names = message.name
        found = positions_of_some(message, self._joint_names)
        if not found:
            return False
        self._unusable_names = None
        joints = [i for i, name in enumerate(self._joint_names) if name in found]
        received = time.monotonic() - age
        self._merger.add(list(found), self._unwrapped(list(found.values()), joints), round(1e9 * received))
        self.velocities[joints] = velocities_by_name(message, list(found))
        sender = sender_of(info)
        for joint in joints:
            self._received_by_node[joint] = now - age
            self._senders[joint].take(sender, received)
        self._renewed.update(joints)
        return self._take_over(received, joints)

    def _take_over(self, received: float, joints: Sequence[int]) -> bool:
        """Take over the merged state, if all joints are known; see `take` for the result."""
        merged = self._merger.state()
        if merged is None:
            return False
        self.positions = merged.positions
        self.received = 1e-9 * self._merger.newest - merged.max_age
        self.lag = max(0.0, received - self.received)  # the message itself may be older than others
        self._consistency.take(self._merger.positions, received, joints)
        if len(self._renewed) < len(self._joint_names):
            return False
        self._renewed.clear()
        return True

    def _unwrapped(self, positions: Sequence[float], joints: Sequence[int]) -> list[float]:
        """Positions (k,) of ``joints``, unwrapped to be nearest to the previous ones."""
        unwrapped = list(positions)
        turns = self.turns.copy()
        for i, (joint, position) in enumerate(zip(joints, positions, strict=True)):
            if self._continuous[joint]:
                before = self._merger.positions[joint]
                before = float(self._near[joint]) if math.isnan(before) else before
                # Each is reduced before the subtraction, in which huge numbers would cancel.
                change = math.remainder(position, math.tau) - math.remainder(before, math.tau)
                unwrapped[i] = before + math.remainder(change, math.tau)
                turns[joint] = position - unwrapped[i]
        self.turns = turns
        return unwrapped

    def age(self, now: float, on_both_clocks: bool = False) -> float | None:
        """Age [s] of the oldest position, None before all joints were received; on both clocks the larger."""
        if self.positions is None:
            return None
        # Against a clock that was set back, as when a recording starts again.
        self._received_by_node = [min(received, now) for received in self._received_by_node]
        age = now - min(self._received_by_node)
        return max(age, time.monotonic() - self.received) if on_both_clocks else age

    def current(self, now: float, on_both_clocks: bool = False) -> np.ndarray | None:
        """The joint positions (n,) [rad, m], None before the first joint state.

        Raises:
            RejectedError: They are older than the timeout (``stale_joint_state``).
        """
        age = self.age(now, on_both_clocks)
        if age is not None and 0.0 < self.timeout < age:
            raise RejectedError(
                Code.STALE_JOINT_STATE,
                f"the last joint state on {self._topic} came {age:.3g} s ago, "
                f"expected at most joint_state_timeout = {self.timeout:g} s",
            )
        return self.positions

    def velocity_estimate(self, now: float) -> VelocityEstimate | None:
        """The joint velocities that the robot sends; None at rest, and without recent ones.

        Many drivers send zeros, and others noise at rest.
        """
        age = self.age(now)
        known = age is not None and age <= MAX_INTERVAL and np.abs(self.velocities).max() > _MIN_SPEED
        return VelocityEstimate(self.velocities) if known else None

    def check_agreement(self) -> None:
        """Refuse joint states of more than one robot.

        Raises:
            RejectedError: They come from two publishers, or disagree (``conflicting_joint_states``).
        """
        now = time.monotonic()
        why = ""
        if any(senders.several(now) for senders in self._senders):
            why = "come from two publishers, expected one that sends these joints"
        elif self._consistency.violated(now):
            why = "go there and back by more than the joints can move, expected those of one arm"
        if why:
            raise RejectedError(
                Code.CONFLICTING_JOINT_STATES,
                f"joint states on {self._topic} {why}; nothing is sent until 1 s after the last of them",
            )

    def known(self, now: float, on_both_clocks: bool = False) -> np.ndarray:
        """The joint positions (n,) [rad, m].

        Raises:
            RejectedError: There are none yet (``no_joint_state``), or they are too old.
        """
        positions = self.current(now, on_both_clocks)
        if positions is None:
            missing = self._merger.missing
            if len(missing) < len(self._joint_names):
                came = f"only {quote_all(missing)} have not come"
            elif self._unusable_names is None:
                came = "no message has come"
            else:
                came = f"the last message named {quote_all(self._unusable_names)}"
            raise RejectedError(
                Code.NO_JOINT_STATE,
                f"no joint state yet: expected joints {quote_all(self._joint_names)} "
                f"on {self._topic}, {came}",
            )
        return positions
