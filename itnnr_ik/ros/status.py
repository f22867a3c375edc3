"""The status of each target and of each rejected message: a code and a text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue


class Code(str, Enum):
    """Outcome of one message, as in the ``code`` value of ``~/status``."""

    SOLVED = "solved"
    #: Out of reach, with the solution for the closest point, as requested.
    CLOSEST = "closest"
    PAUSED = "paused"
    NO_JOINT_STATE = "no_joint_state"
    STALE_JOINT_STATE = "stale_joint_state"
    STALE_TARGET = "stale_target"
    INVALID_TARGET = "invalid_target"
    WRONG_FRAME = "wrong_frame"
    OFF_PLANE = "off_plane"
    UNREACHABLE = "unreachable"
    #: Of a path: it cannot be followed as a whole.
    GAPS = "gaps"
    #: Of a path: another one is being solved.
    BUSY = "busy"
    #: Of a path: the node's state at its request is no longer valid.
    CANCELLED = "cancelled"
    #: Of an arm learned from a recording: the solution is far from all recorded configurations.
    OUTSIDE_DATA = "outside_data"
    STEP_TOO_LARGE = "step_too_large"
    #: They are inconsistent for one arm, or come from two publishers.
    CONFLICTING_JOINT_STATES = "conflicting_joint_states"
    INVALID_JOINT_STATE = "invalid_joint_state"
    #: The solver failed or answered outside the joint limits: a defect, not the sender's fault.
    SOLVER_ERROR = "solver_error"


#: The format of `stamp_text`.
_STAMP = re.compile(r"(-?[0-9]{1,10})\.([0-9]{9,10})")
_LEVELS = {Code.SOLVED: DiagnosticStatus.OK, Code.SOLVER_ERROR: DiagnosticStatus.ERROR}


class RejectedError(ValueError):
    """A message without a solution.

    Args:
        code: The reason, for programs.
        text: What was expected and what was received, for people.
    """

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code = code


def stamp_text(stamp: Time) -> str:
    """A timestamp as ``seconds.nanoseconds`` with all nine digits, so that it compares exactly."""
    return f"{stamp.sec}.{stamp.nanosec:09d}"


def stamp_from_text(text: str) -> int | None:
    """The timestamp in [ns] that `stamp_text` wrote; None for other text, as anybody may publish a status."""
    match = _STAMP.fullmatch(text)
    return None if match is None else int(match[1]) * 10**9 + int(match[2])


def values_of(status: DiagnosticStatus) -> dict[str, str]:
    """The values of a status by their keys."""
    return {pair.key: pair.value for pair in status.values}


def make_status(
    name: str, hardware_id: str, code: Code | None, text: str, values: Mapping[str, str | float]
) -> DiagnosticStatus:
    """A DiagnosticStatus whose values are ``code`` and then ``values``, numbers with all their digits.

    Without a code it is the status of the node, and not of a message: level OK.
    """
    pairs = {key: str(value) for key, value in values.items()}
    if code is not None:
        pairs = {"code": code.value, **pairs}
    return DiagnosticStatus(
        level=DiagnosticStatus.OK if code is None else _LEVELS.get(code, DiagnosticStatus.WARN),
        name=name,
        hardware_id=hardware_id,
        message=text,
        values=[KeyValue(key=key, value=value) for key, value in pairs.items()],
    )
