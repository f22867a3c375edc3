"""How many messages a subscription of depth 1 never came to: overtaken by a newer one, or lost on the way.

The middleware writes the newer message over the older one and raises no event (message_lost stays silent),
but publishers number their messages, and a gap in the numbers of those taken is what was overtaken. Where
best effort loses a message on the way, that is a gap, too.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from rclpy.subscription import Subscription

#: Publishers remembered: one that starts again and again, as ``ros2 topic pub`` does, is a new one each time.
_MOST_PUBLISHERS = 64

#: rclpy's MessageInfo; Humble has none.
MessageInfo = Mapping[str, Any]


def with_info(callback: Callable[[Any, MessageInfo | None], None]) -> Callable[..., None]:
    """What to subscribe with, so that ``callback`` gets (message, info), or (message, None) on Humble."""
    if hasattr(Subscription, "CallbackType"):  # since Iron
        return callback
    return lambda message: callback(message, None)


class Backlog:
    """Counts the gaps in each publisher's numbers, over the messages that were taken.

    What came before a publisher's first message is not counted: it was sent before the two had found each
    other. Nor is what is overtaken at a publisher's end, where no later number tells of it.

    Attributes:
        dropped: Messages overtaken or lost so far; None while the middleware has told no numbers.
    """

    def __init__(self) -> None:
        self.dropped: int | None = None
        self._last: OrderedDict[bytes, int] = OrderedDict()

    def take(self, info: MessageInfo | None) -> None:
        """Count what was overtaken before a message that was just taken.

        Args:
            info: The message's. One without a number or a publisher, as older rclpy and some middleware
                give, is not counted: the numbers of two publishers would be taken for gaps.
        """
        info = info or {}
        number, publisher = info.get("publication_sequence_number"), info.get("publisher_gid")
        if number is None or publisher is None:
            return
        key = bytes(publisher["data"])
        last = self._last.pop(key, number - 1)
        # A number that does not rise is of a publisher that began anew.
        self.dropped = (self.dropped or 0) + max(0, number - last - 1)
        self._last[key] = number
        if len(self._last) > _MOST_PUBLISHERS:
            self._last.popitem(last=False)
