"""What rclpy says of a message beside its content, and messages that wait."""

from __future__ import annotations

import time

import pytest
from geometry_msgs.msg import PoseStamped
from probe import Probe
from processes import ANSWER_TIMEOUT
from rclpy.duration import Duration
from rclpy.subscription import Subscription

from itnnr_ik.ros.receiving import reception_age, take_pending, with_info


def test_a_callback_gets_none_where_rclpy_has_no_info(monkeypatch: pytest.MonkeyPatch) -> None:
    """Humble's rclpy calls with the message alone."""
    calls: list[tuple] = []
    monkeypatch.delattr(Subscription, "CallbackType")
    with_info(lambda message, info: calls.append((message, info)))("message")
    assert calls == [("message", None)]


@pytest.mark.parametrize("info", [None, {}, {"received_timestamp": 0}])
def test_without_a_time_of_reception_a_message_is_new(info: dict[str, int] | None) -> None:
    """Humble's rclpy and some middleware tell none."""
    assert reception_age(info) == 0.0


def test_the_age_counts_from_reception() -> None:
    """In seconds, and never negative, though system time may be set back."""
    before = time.time_ns()
    age = reception_age({"received_timestamp": before - 2 * 10**9})
    assert 2.0 <= age <= 2.0 + (time.time_ns() - before) * 1e-9
    assert reception_age({"received_timestamp": before + 3600 * 10**9}) == 0.0


def test_pending_messages_are_taken_oldest_first(probe: Probe) -> None:
    """At most as many as are asked for, with the time of their reception; none is left to the callback."""
    called: list[PoseStamped] = []
    subscription = probe.node.create_subscription(PoseStamped, "target_pose", called.append, 10)
    probe.repeat_until(
        lambda: probe.targets.publish(probe.target(0.0, 0.0)), lambda: bool(called), "the first message"
    )
    sent = [probe.target(float(i), 0.0) for i in range(4)]
    for message in sent:
        probe.targets.publish(message)
    assert probe.targets.wait_for_all_acked(Duration(seconds=ANSWER_TIMEOUT))
    first = list(take_pending(subscription, 3))
    rest = list(take_pending(subscription, 3))
    assert [message for message, _ in (*first, *rest)] == sent
    assert len(first) == 3
    assert all(reception_age(info) < ANSWER_TIMEOUT for _, info in first)
    called.clear()
    probe.spin_for(0.1)
    assert called == []
    probe.node.destroy_subscription(subscription)
