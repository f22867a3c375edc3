"""The offset of a controller's clock: real clocks, and a simulated one whose messages wait."""

from __future__ import annotations

import pytest

from itnnr_ik.ros.control.clock import MAX_OFFSET, ClockOffset


def test_the_shortest_transport_delay_gives_the_offset() -> None:
    """Of a clock 30 ms ahead, and messages that are 1 to 5 ms on their way."""
    clock = ClockOffset()
    for i in range(50):
        clock.add(100.0 + 0.01 * i + 0.03, 100.0 + 0.01 * i + 0.001 * (1 + i % 5))
    assert clock.seconds == pytest.approx(0.029)


def test_a_clock_that_differs_too_much_has_no_offset() -> None:
    """Nor has one without stamps."""
    clock = ClockOffset()
    clock.add(0.0, 100.0)
    assert clock.seconds is None
    clock.add(100.0 + 2.0 * MAX_OFFSET, 100.0)
    assert clock.seconds is None
    assert "more than" in clock.timing


@pytest.mark.parametrize("behind", [0.02, 0.04, 0.14])
def test_a_simulated_clock_that_is_behind_for_a_moment_shifts_nothing(behind: float) -> None:
    """A node that was held up finds /clock waiting beside joint states with later stamps."""
    clock = ClockOffset()
    for i in range(100):
        clock.add(100.0 + 0.01 * i, 100.0 + 0.01 * i, simulated=True)
    for i in range(10):
        clock.add(101.0 + behind + 0.01 * i, 101.0, simulated=True)
    assert clock.seconds == 0.0
    assert clock.timing == "anchored"


def test_stamps_of_another_clock_are_none_of_a_simulation() -> None:
    """Those of the machine's clock, beside simulated time of a few seconds."""
    clock = ClockOffset()
    clock.add(1.7e9, 3.0, simulated=True)
    assert clock.seconds is None
