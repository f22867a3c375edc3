"""The last usable joint state, in one message or in several of some joints each, and when it came."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np
from sensor_msgs.msg import JointState

from itnnr_ik.recording.joint_merging import JointMerger
from itnnr_ik.ros.answering.backlog import MessageInfo
from itnnr_ik.ros.answering.momentum import PAUSE, Moving
from itnnr_ik.ros.answering.senders import Agreement, Senders, sender_of
from itnnr_ik.ros.messages import positions_of_some, quote_all, velocities_by_name
from itnnr_ik.ros.status import Code, RejectedError

#: Joints that are all slower [rad/s, m/s] rest: velocities are noisy.
_REST = 0.05


class JointMemory:
    """Positions of the robot's joints by name, with the age of the oldest by the time of receipt.

    That is on the node's clock, which may be simulated. A robot goes on moving when that stands still, so
    that where commands are sent the age on a clock of the machine counts too.

    Stamps are not looked at here: those of a recording are old, some drivers send none, and a sender's clock
    may be wrong.

    A joint without limits may be told of at any multiple of a whole turn, and jump by one on the way. Here
    its position goes on from one joint state to the next without a jump.

    Args:
        joint_names: The robot's names for the arm's joints, base to tip.
        topic: Where joint states come from, for texts.
        timeout: Age in [s] beyond which positions no longer count as current; 0: never. It may change.
        continuous: Which joints (n,) turn on without limits; None for none.
        velocity: Of the joints (n,), at most [rad/s, m/s]; None for any.

    Attributes:
        positions: The last usable ones (n,) [rad, m], however old; None before all joints were told.
        turns: What the robot's own count has more (n,) [rad]: whole turns of the continuous joints.
        velocities: Those with them (n,) [rad/s, m/s]; 0 where the robot tells of none.
        received: When the oldest of them came, in [s] by `time.monotonic`.
        lag: How long before the newest of them that was, in [s].
    """

    def __init__(
        self,
        joint_names: Sequence[str],
        topic: str,
        timeout: float,
        continuous: np.ndarray | None = None,
        velocity: np.ndarray | None = None,
    ) -> None:
        self._joint_names = joint_names
        n = len(joint_names)
        self._senders = [Senders() for _ in joint_names]
        self._agreement = Agreement(np.full(n, np.inf) if velocity is None else velocity)
        self._continuous = np.zeros(n, dtype=bool) if continuous is None else continuous
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
        self, message: JointState, now: float, waited: float = 0.0, info: MessageInfo | None = None
    ) -> bool:
        """Remember the positions of the joints that a message has; those of others stay, and grow older.

        Args:
            message: The joint state; with none of the joints, another device's.
            now: Time in [s] on the clock that `current` is asked with.
            waited: How long ago in [s] the message was received.
            info: Who sent it.

        Returns:
            Whether each of the joints was told since this was last so.

        Raises:
            RejectedError: See `positions_of_some`. What was known before is kept.
        """
        self._unusable_names = message.name
        found = positions_of_some(message, self._joint_names)
        if not found:
            return False
        self._unusable_names = None
        joints = [i for i, name in enumerate(self._joint_names) if name in found]
        received = time.monotonic() - waited
        self._merger.add(list(found), self._unwound(list(found.values()), joints), round(1e9 * received))
        self.velocities[joints] = velocities_by_name(message, list(found))
        sender = sender_of(info)
        for joint in joints:
            self._received_by_node[joint] = now - waited
            self._senders[joint].take(sender, received)
        self._renewed.update(joints)
        return self._complete(received, joints)

    def _complete(self, received: float, joints: Sequence[int]) -> bool:
        """Take over what is merged, if all joints are known; whether all were told since this was last so."""
        merged = self._merger.state()
        if merged is None:
            return False
        self.positions, self.lag = merged
        self.received = 1e-9 * self._merger.newest - self.lag
        self._agreement.take(self._merger.positions, received, joints)
        if len(self._renewed) < len(self._joint_names):
            return False
        self._renewed.clear()
        return True

    def _unwound(self, positions: Sequence[float], joints: Sequence[int]) -> list[float]:
        """Positions (k,) of ``joints``, at the turns nearest to those before."""
        unwound = list(positions)
        turns = self.turns.copy()
        for i, (joint, position) in enumerate(zip(joints, positions, strict=True)):
            if self._continuous[joint]:
                before = self._merger.positions[joint]
                before = 0.0 if math.isnan(before) else before
                # Of each alone: of a difference of huge numbers nothing would be left.
                change = math.remainder(position, math.tau) - math.remainder(before, math.tau)
                unwound[i] = before + math.remainder(change, math.tau)
                turns[joint] = position - unwound[i]
        self.turns = turns
        return unwound

    def age(self, now: float, on_both_clocks: bool = False) -> float | None:
        """Seconds since the oldest joint was told, None before all were; on both clocks the longer."""
        if self.positions is None:
            return None
        # A clock that was set back, as when a recording starts again: the count starts anew.
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

    def moving(self, now: float) -> Moving | None:
        """How the joints move, as the robot tells; None where it does not, or they rest.

        Many drivers tell of zeros, and others of noise at rest.
        """
        age = self.age(now)
        told = age is not None and age <= PAUSE and np.abs(self.velocities).max() > _REST
        return Moving(self.velocities) if told else None

    def check_agreement(self) -> None:
        """Refuse joint states of which it is not known which are the robot's.

        Raises:
            RejectedError: They come from two publishers, or disagree (``conflicting_joint_states``).
        """
        now = time.monotonic()
        why = ""
        if any(senders.several(now) for senders in self._senders):
            why = "come from two publishers, expected one that sends these joints"
        elif self._agreement.broken(now):
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
