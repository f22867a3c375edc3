"""The last usable joint state, and when it came."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np
from sensor_msgs.msg import JointState

from itnnr_ik.ros.backlog import MessageInfo
from itnnr_ik.ros.messages import positions_by_name, quote_all, velocities_by_name
from itnnr_ik.ros.momentum import PAUSE, Moving
from itnnr_ik.ros.senders import Agreement, Senders
from itnnr_ik.ros.status import Code, RejectedError

#: Joints that are all slower [rad/s, m/s] rest: velocities are noisy.
_REST = 0.05


class JointMemory:
    """Positions of the robot's joints by name, with their age by the time of receipt.

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
        positions: The last usable ones (n,) [rad, m], however old; None before the first.
        turns: What the robot's own count has more (n,) [rad]: whole turns of the continuous joints.
        velocities: Those with them (n,) [rad/s, m/s]; 0 where the robot tells of none.
        received: When they came, in [s] by `time.monotonic`.
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
        self._senders = Senders()
        self._agreement = Agreement(np.full(len(joint_names), np.inf) if velocity is None else velocity)
        self._continuous = np.zeros(len(joint_names), dtype=bool) if continuous is None else continuous
        self._topic = topic
        self.timeout = timeout
        self.positions: np.ndarray | None = None
        self.turns = np.zeros(len(joint_names))
        self.velocities = np.zeros(len(joint_names))
        self.received = 0.0
        self._received_by_node = 0.0
        self._unusable_names: Sequence[str] | None = None

    def take(
        self, message: JointState, now: float, waited: float = 0.0, info: MessageInfo | None = None
    ) -> bool:
        """Remember the joints' positions; False for a message with none of the joints, another device's.

        Args:
            message: The joint state.
            now: Time in [s] on the clock that `current` is asked with.
            waited: How long ago in [s] the message was received.
            info: Who sent it.

        Raises:
            RejectedError: See `positions_by_name`. What was known before is kept.
        """
        self._unusable_names = message.name
        positions = positions_by_name(message, self._joint_names)
        if positions is None:
            return False
        self.positions, self.turns = self._unwound(positions)
        self._unusable_names = None
        self.velocities = velocities_by_name(message, self._joint_names)
        self._received_by_node, self.received = now - waited, time.monotonic() - waited
        self._senders.take(info, self.received)
        self._agreement.take(self.positions, self.received)
        return True

    def _unwound(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Positions (n,) at the turns nearest to those before, and what the robot's own have more (n,)."""
        unwound = positions.copy()
        for j in np.flatnonzero(self._continuous).tolist():
            before = 0.0 if self.positions is None else float(self.positions[j])
            # Of each alone: of a difference of huge numbers nothing would be left.
            change = math.remainder(float(positions[j]), math.tau) - math.remainder(before, math.tau)
            unwound[j] = before + math.remainder(change, math.tau)
        return unwound, positions - unwound

    def age(self, now: float, on_both_clocks: bool = False) -> float | None:
        """Seconds since the last usable joint state, None before the first; on both clocks the longer."""
        if self.positions is None:
            return None
        # A clock that was set back, as when a recording starts again: the count starts anew.
        self._received_by_node = min(self._received_by_node, now)
        age = now - self._received_by_node
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
        if self._senders.several(now):
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
            came = (
                "no message has come"
                if self._unusable_names is None
                else f"the last message named {quote_all(self._unusable_names)}"
            )
            raise RejectedError(
                Code.NO_JOINT_STATE,
                f"no joint state yet: expected joints {quote_all(self._joint_names)} "
                f"on {self._topic}, {came}",
            )
        return positions
