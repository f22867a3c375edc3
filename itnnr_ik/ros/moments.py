"""Times and durations as messages have them, and in nanoseconds."""

from __future__ import annotations

from builtin_interfaces.msg import Duration, Time


def nanoseconds_of(moment: Time | Duration) -> int:
    """A stamp, or a time from the start, in [ns]."""
    return int(moment.sec) * 10**9 + int(moment.nanosec)


def time_of(nanoseconds: int) -> Time:
    """A stamp of [ns]."""
    return Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def duration_of(nanoseconds: int) -> Duration:
    """A duration of [ns]."""
    return Duration(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)
