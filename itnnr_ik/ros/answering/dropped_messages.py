"""Messages dropped by a subscription of depth 1: overwritten by a newer one, or lost in transport.

The middleware overwrites the older message without an event (not even message_lost), but publishers number
their messages, and a gap in the sequence numbers of those taken is the number of those dropped.
"""

from __future__ import annotations

from collections import OrderedDict

from itnnr_ik.ros.receiving import MessageInfo

#: Publishers remembered: one that starts again and again, as ``ros2 topic pub`` does, is a new one each time.
_MAX_PUBLISHERS = 64


class DropCounter:
    """Counts the gaps in each publisher's sequence numbers.

    Messages before the first one taken of a publisher are not counted: they were sent before discovery. Nor
    are messages dropped at a publisher's end, as no later number shows them.

    Attributes:
        dropped: Messages dropped so far; None while the middleware has given no sequence numbers.
    """

    def __init__(self) -> None:
        self.dropped: int | None = None
        self._last: OrderedDict[bytes, int] = OrderedDict()

    def take(self, info: MessageInfo | None) -> None:
        """Count the messages dropped before one that was just taken.

        Args:
            info: Of the message. Without a number or publisher, as of older rclpy and some middleware, it is
                not counted: the numbers of two publishers would look like gaps.
        """
        info = info or {}
        number, publisher = info.get("publication_sequence_number"), info.get("publisher_gid")
        if number is None or publisher is None:
            return
        key = bytes(publisher["data"])
        last = self._last.pop(key, number - 1)
        # A number that does not rise is of a publisher that was restarted.
        self.dropped = (self.dropped or 0) + max(0, number - last - 1)
        self._last[key] = number
        if len(self._last) > _MAX_PUBLISHERS:
            self._last.popitem(last=False)
