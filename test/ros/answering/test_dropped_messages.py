"""What a subscription of depth 1 never came to is counted by the publishers' numbers."""

from __future__ import annotations

import pytest
from geometry_msgs.msg import PoseStamped
from probe import SILENCE, Probe
from processes import ANSWER_TIMEOUT
from rclpy.duration import Duration

from itnnr_ik.ros.answering.dropped_messages import DropCounter
from itnnr_ik.ros.receiving import MessageInfo, with_info


def info(number: int | None, publisher: bytes | None = b"a") -> MessageInfo:
    gid = None if publisher is None else {"implementation_identifier": "any", "data": publisher}
    return {"publication_sequence_number": number, "publisher_gid": gid}


def test_gaps_of_each_publisher_are_counted() -> None:
    """The first message starts a publisher's count; two publishers do not disturb each other."""
    counter = DropCounter()
    for number, publisher, dropped in (
        *((7, b"a", 0), (8, b"a", 0), (11, b"a", 2)),
        *((100, b"b", 2), (12, b"a", 2), (102, b"b", 3), (14, b"a", 4)),
    ):
        counter.take(info(number, publisher))
        assert counter.dropped == dropped


def test_numbers_that_begin_anew_are_no_gap() -> None:
    """A number that does not rise drops nothing, and the count goes on from it."""
    counter = DropCounter()
    for number in (5, 6, 1, 2, 4):
        counter.take(info(number))
    assert counter.dropped == 1


@pytest.mark.parametrize("unknown", [None, {}, info(None), info(3, None)])
def test_without_numbers_nothing_is_said(unknown: MessageInfo | None) -> None:
    """An older rclpy and some middleware tell no number or no publisher: that is not a count of 0."""
    counter = DropCounter()
    for _ in range(3):
        counter.take(unknown)
    assert counter.dropped is None


def test_publishers_that_come_and_go_do_not_fill_the_memory() -> None:
    """The one that was silent longest is forgotten, and starts anew."""
    counter = DropCounter()
    counter.take(info(1, b"first"))
    for i in range(1000):
        counter.take(info(1, str(i).encode()))
    counter.take(info(9, b"first"))
    assert counter.dropped == 0
    assert len(counter._last) <= 64


def test_a_real_subscription_of_depth_1(probe: Probe) -> None:
    """Of three messages that wait together the last is taken, and two are counted; one by one, none."""
    counter, taken = DropCounter(), []

    def take(message: PoseStamped, info: MessageInfo | None) -> None:
        counter.take(info)
        taken.append(message.header.stamp.nanosec)

    subscription = probe.node.create_subscription(PoseStamped, "target_pose", with_info(take), 1)
    probe.spin_until(lambda: probe.targets.get_subscription_count() > 0, ANSWER_TIMEOUT, "the subscription")
    probe.repeat_until(
        lambda: probe.targets.publish(probe.target(0.0, 0.0)), lambda: bool(taken), "a message"
    )
    probe.spin_for(SILENCE)
    if counter.dropped is None:
        pytest.skip("this middleware numbers no messages")
    before = counter.dropped
    for i in range(3):
        count = len(taken)
        probe.targets.publish(probe.target(0.0, 0.0))
        probe.spin_until(lambda n=count: len(taken) > n, ANSWER_TIMEOUT, f"message {i}")
    assert counter.dropped == before

    for _ in range(3):
        sent = probe.target(0.0, 0.0)
        probe.targets.publish(sent)
    assert probe.targets.wait_for_all_acked(Duration(seconds=ANSWER_TIMEOUT))
    probe.spin_until(lambda: taken[-1] == sent.header.stamp.nanosec, ANSWER_TIMEOUT, "the last message")
    assert counter.dropped == before + 2
    probe.node.destroy_subscription(subscription)
