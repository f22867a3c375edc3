"""What ``itnnr-ik evaluate --json`` prints of several recordings, without what differs from run to run."""

from __future__ import annotations

import json
from typing import Any

TIMES = {"solve_time", "round_trip", "read_seconds", "solve_seconds", "messages_per_second"}


def lines(text: str) -> list[dict[str, Any]]:
    """JSON, a line each, without times."""
    return [without_times(json.loads(line)) for line in text.splitlines()]


def without_times(row: dict[str, Any]) -> dict[str, Any]:
    """An object without times."""
    return {key: value for key, value in row.items() if key not in TIMES}
