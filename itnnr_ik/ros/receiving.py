"""What rclpy says of a message beside its content, and messages that wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rclpy.subscription import Subscription

#: rclpy's MessageInfo; Humble has none.
MessageInfo = Mapping[str, Any]


def with_info(callback: Callable[[Any, MessageInfo | None], None]) -> Callable[..., None]:
    """A subscription callback that calls ``callback`` with (message, info), or (message, None) on Humble."""
    if hasattr(Subscription, "CallbackType"):  # since Iron
        return callback
    return lambda message: callback(message, None)


def reception_age(info: MessageInfo | None) -> float:
    """Time [s] since a message was received; 0 where the middleware does not say."""
    received = (info or {}).get("received_timestamp", 0)
    return max(0.0, (time.time_ns() - received) * 1e-9) if received else 0.0


def take_pending(subscription: Any, most: int) -> Iterator[tuple[Any, MessageInfo]]:
    """The pending messages, oldest first, at most ``most``: more may come all the time."""
    for _ in range(most):
        with subscription.handle:
            taken = subscription.handle.take_message(subscription.msg_type, False)
        if taken is None:
            return
        yield taken
