"""A service that may answer after its callback has returned."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from rclpy.node import Node


def offer_late_service(
    node: Node, kind: Any, name: str, callback: Callable[[Any, Any, Callable[[Any], None]], None]
) -> Any:
    """Offer a service whose requests are answered at any time before it is destroyed.

    A coroutine would do in rclpy, but one that is pending when the service is destroyed would end the node.

    Args:
        node: Offers it.
        kind: Class of the service.
        name: Of the service.
        callback: Called with the request, an empty response, and a function to call once with that.

    Returns:
        rclpy's service.
    """

    # An executor gives what the callback returned to send_response, together with whose request it was.
    def take(request: Any, response: Any) -> Any:
        return request, response

    service: Any = node.create_service(kind, name, take)
    send = service.send_response

    def begin(taken: tuple[Any, Any], header: Any) -> None:
        callback(*taken, partial(send, header=header))

    service.send_response = begin
    return service
