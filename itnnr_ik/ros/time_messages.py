"""Conversion of time and duration messages to and from nanoseconds."""

from __future__ import annotations

from builtin_interfaces.msg import Duration, Time


def nanoseconds_of(message: Time | Duration) -> int:
    """A timestamp or a duration in [ns]."""
    return int(message.sec) * 10**9 + int(message.nanosec)


def time_of(nanoseconds: int) -> Time:
    """A timestamp of [ns]."""
    return Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def duration_of(nanoseconds: int) -> Duration:
    """A duration of [ns]."""
    return Duration(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)
