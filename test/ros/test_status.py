"""Building the status message."""

from __future__ import annotations

import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus

from itnnr_ik.ros.status import Code, make_status, stamp_from_text, stamp_text


def test_values_start_with_the_code_and_keep_all_digits() -> None:
    """A number read back from the text is the number that went in."""
    status = make_status(
        "itnnr_ik", "two_link", Code.SOLVED, "solved", {"residual": 1 / 3, "anchor": "current"}
    )
    assert (status.level, status.name, status.hardware_id) == (DiagnosticStatus.OK, "itnnr_ik", "two_link")
    assert [pair.key for pair in status.values] == ["code", "residual", "anchor"]
    assert status.values[0].value == "solved"
    assert float(status.values[1].value) == 1 / 3


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.SOLVED])
def test_everything_but_a_solution_is_a_warning_or_worse(code: Code) -> None:
    """A defect of the solver is an error, what a sender did wrong is a warning."""
    level = make_status("itnnr_ik", "two_link", code, "text", {}).level
    assert level == (DiagnosticStatus.ERROR if code is Code.SOLVER_ERROR else DiagnosticStatus.WARN)


def test_stamp_keeps_its_nine_digits() -> None:
    """5 ns and 500 ms must not read the same."""
    assert stamp_text(Time(sec=3, nanosec=5)) == "3.000000005"
    assert stamp_text(Time(sec=-3, nanosec=500_000_000)) == "-3.500000000"
    assert stamp_from_text("3.000000005") == 3_000_000_005
    assert stamp_from_text("-3.500000000") == -2_500_000_000


@pytest.mark.parametrize("text", ["", "soon", "3", "3.5", "³.000000005", "9" * 5000 + ".000000000"])
def test_what_is_no_stamp_is_none(text: str) -> None:
    """Anybody may publish a status; who listens goes on."""
    assert stamp_from_text(text) is None
