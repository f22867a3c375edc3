"""What counts as the current joint positions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sensor_msgs.msg import JointState

from itnnr_ik.ros.answering.joint_memory import JointMemory
from itnnr_ik.ros.status import Code, RejectedError

NAMES = ("shoulder", "elbow")


def _state(*positions: float, names: tuple[str, ...] = NAMES) -> JointState:
    return JointState(name=list(names), position=list(positions))


@pytest.fixture
def memory() -> JointMemory:
    return JointMemory(NAMES, "/joint_states", timeout=0.5)


def test_nothing_is_known_before_the_first(memory: JointMemory) -> None:
    """None, or a refusal that says what came instead."""
    assert memory.current(10.0) is None
    assert memory.age(10.0) is None
    memory.take(_state(1.0, names=("gripper",)), 10.0)
    with pytest.raises(
        RejectedError, match=r"no joint state yet: .* the last message named \['gripper'\]"
    ) as caught:
        memory.known(10.0)
    assert caught.value.code is Code.NO_JOINT_STATE


def test_age_counts_from_receipt(memory: JointMemory) -> None:
    """Stamps are not looked at; beyond the timeout the positions are stale."""
    memory.take(_state(0.1, 0.2), 10.0)
    assert memory.known(10.5).tolist() == [0.1, 0.2]
    assert memory.age(10.25) == 0.25
    with pytest.raises(
        RejectedError, match=r"came 0\.6\d* s ago, expected at most joint_state_timeout = 0\.5 s"
    ) as caught:
        memory.known(10.6)
    assert caught.value.code is Code.STALE_JOINT_STATE
    with pytest.raises(RejectedError):
        memory.current(10.6)
    memory.take(_state(0.3, 0.4), 10.6)
    assert memory.known(10.6).tolist() == [0.3, 0.4]


def test_other_devices_and_damage_do_not_keep_it_fresh(memory: JointMemory) -> None:
    """Only a usable joint state of the arm does."""
    memory.take(_state(0.1, 0.2), 10.0)
    memory.take(_state(9.0, names=("gripper",)), 10.5)
    with pytest.raises(RejectedError, match="got \\[nan\\]"):
        memory.take(_state(math.nan, names=("elbow",)), 10.5)
    with pytest.raises(RejectedError) as caught:
        memory.known(10.7)
    assert caught.value.code is Code.STALE_JOINT_STATE


def test_joints_in_several_messages_are_merged(memory: JointMemory) -> None:
    """By name; they are as old as the oldest of them."""
    assert not memory.take(_state(0.2, 7.0, names=("elbow", "wheel")), 10.0)
    with pytest.raises(RejectedError, match=r"only \['shoulder'\] have not come") as caught:
        memory.known(10.0)
    assert caught.value.code is Code.NO_JOINT_STATE
    assert memory.age(10.0) is None
    assert memory.take(_state(0.1, names=("shoulder",)), 10.2)
    assert memory.known(10.2).tolist() == [0.1, 0.2]
    assert memory.age(10.3) == pytest.approx(0.3)
    assert not memory.take(_state(0.3, names=("shoulder",)), 10.4)
    assert memory.known(10.5).tolist() == [0.3, 0.2]
    with pytest.raises(RejectedError, match=r"came 0\.6\d* s ago") as caught:
        memory.known(10.6)
    assert caught.value.code is Code.STALE_JOINT_STATE
    assert memory.take(_state(0.4, names=("elbow",)), 10.6)
    assert memory.known(10.6).tolist() == [0.3, 0.4]


def test_how_far_parts_are_apart_is_told(memory: JointMemory) -> None:
    """Also on the clock of the machine: positions are those of the time of the oldest."""
    memory.take(_state(0.2, names=("elbow",)), 10.0, age=0.4)
    memory.take(_state(0.1, names=("shoulder",)), 10.0)
    assert memory.lag == pytest.approx(0.4, abs=0.05)
    assert memory.age(10.0, on_both_clocks=True) == pytest.approx(0.4, abs=0.05)
    memory.take(_state(0.1, 0.2), 10.1)
    assert memory.lag == 0.0


def test_a_message_that_is_older_than_the_one_before_has_no_lag_within_itself(memory: JointMemory) -> None:
    """Ages by stamps may differ from message to message; both joints are of the same time."""
    memory.take(_state(0.1, 0.2), 10.0)
    memory.take(_state(0.3, 0.4), 10.1, age=0.2)
    assert memory.lag == pytest.approx(0.0, abs=1e-6)
    assert memory.age(10.1) == pytest.approx(0.2)


def _sender(name: str) -> dict[str, Any]:
    return {"publisher_gid": {"data": name.encode()}}


def test_a_publisher_for_each_part_is_no_conflict(memory: JointMemory) -> None:
    """Two that tell the same joint are."""
    for _ in range(5):
        memory.take(_state(0.2, names=("elbow",)), 10.0, info=_sender("forearm"))
        memory.take(_state(0.1, names=("shoulder",)), 10.0, info=_sender("base"))
    memory.check_agreement()
    for _ in range(2):
        memory.take(_state(0.1, names=("shoulder",)), 10.0, info=_sender("another"))
        memory.take(_state(0.1, names=("shoulder",)), 10.0, info=_sender("base"))
    with pytest.raises(RejectedError, match="come from two publishers") as caught:
        memory.check_agreement()
    assert caught.value.code is Code.CONFLICTING_JOINT_STATES


def test_parts_that_move_as_fast_as_they_can_agree() -> None:
    """The speed of a joint counts from when it was told itself, not from another part's message."""
    for speed, agree in ((1.0, True), (10.0, False)):
        memory = JointMemory(NAMES, "/joint_states", timeout=0.5, velocity=np.full(2, 2.0))
        for i in range(20):
            ago = 2.0 - 0.1 * i
            swing = speed * 0.1 * math.sin(2.0 * math.pi * i / 10.0) / math.sin(2.0 * math.pi / 10.0)
            memory.take(_state(swing, names=("shoulder",)), 10.0, age=ago)
            memory.take(_state(0.2, names=("elbow",)), 10.0, age=ago - 0.001)
        if agree:
            memory.check_agreement()
        else:
            with pytest.raises(RejectedError, match="go there and back"):
                memory.check_agreement()


def test_a_clock_set_back_starts_the_count_anew(memory: JointMemory) -> None:
    """As when a recording starts again: not stale at once, and not fresh for ever."""
    memory.take(_state(0.1, 0.2), 100.0)
    assert memory.known(3.0).tolist() == [0.1, 0.2]
    with pytest.raises(RejectedError):
        memory.known(3.6)


def test_without_a_timeout_nothing_grows_stale() -> None:
    """0 means never."""
    memory = JointMemory(NAMES, "/joint_states", timeout=0.0)
    memory.take(_state(0.1, 0.2), 0.0)
    assert memory.known(1e9).tolist() == [0.1, 0.2]


def test_age_counts_from_receipt_and_not_from_when_it_is_taken(memory: JointMemory) -> None:
    """A message may have age in a queue."""
    memory.take(_state(0.1, 0.2), 10.0, age=0.4)
    assert memory.age(10.0) == pytest.approx(0.4)
    with pytest.raises(RejectedError):
        memory.known(10.2)


def test_a_joint_without_limits_goes_on_without_a_jump() -> None:
    """Its position is told at any whole turn, and jumps by one where the robot wraps it."""
    memory = JointMemory(NAMES, "/joint_states", 0.5, continuous=np.array([True, False]))
    expected = 3.0
    for told in (3.0 + 6.0 * math.tau, 3.1, 3.1 + 0.1 - math.tau, 3.3, 3.4 - 100.0 * math.tau, 1e300, 0.1):
        memory.take(_state(told, told), 0.0)
        positions = memory.known(0.0)
        assert positions[1] == told
        assert memory.turns[1] == 0.0
        assert positions[0] + memory.turns[0] == pytest.approx(told)
        assert abs(math.remainder(positions[0] - math.remainder(told, math.tau), math.tau)) < 1e-9
        assert abs(positions[0] - expected) <= math.pi
        expected = positions[0]
    assert abs(expected) < 20.0


def test_a_clock_that_stands_still_keeps_nothing_fresh_for_commands(memory: JointMemory) -> None:
    """For them the age by the machine's clock counts too."""
    memory.take(_state(0.1, 0.2), 10.0, age=0.6)
    memory._received_by_node = [10.0, 10.0]
    assert memory.known(10.0).tolist() == [0.1, 0.2]
    with pytest.raises(RejectedError, match=r"came 0\.6\d* s ago"):
        memory.known(10.0, on_both_clocks=True)
