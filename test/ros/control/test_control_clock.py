"""The offset of a controller's clock: real clocks, and a simulated one whose messages wait."""

from __future__ import annotations

import pytest

from itnnr_ik.ros.control.clock import MAX_OFFSET, ClockOffset, SimulatedTime


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
def test_simulated_time_is_never_behind_a_message(behind: float) -> None:
    """A node that was held up finds /clock waiting beside joint states with later stamps."""
    clock, time = ClockOffset(), SimulatedTime()
    for i in range(100):
        stamp = 100.0 + 0.01 * i
        clock.add(stamp, time.at(stamp, stamp))
    for i in range(10):
        stamp = 101.0 + behind + 0.01 * i
        assert time.at(101.0, stamp) == stamp
        assert time.at(101.0, stamp - 0.05) == stamp, "nor does an older one set it back"
        clock.add(stamp, time.at(101.0, stamp))
    assert clock.seconds == 0.0
    assert clock.timing == "anchored"
    assert time.at(101.05 + behind) == pytest.approx(101.09 + behind), "it stands until the clock comes up"
    assert time.at(102.0) == 102.0


def test_simulated_time_goes_by_its_clock_when_that_is_set_back() -> None:
    """Also once that has come near the time it was at before."""
    time = SimulatedTime()
    assert time.at(10.0, 10.1) == 10.1
    for clock in (2.0, 9.9, 10.05):
        assert time.at(clock) == clock


def test_stamps_of_another_clock_are_none_of_a_simulation() -> None:
    """Those of the machine's clock, beside simulated time of a few seconds."""
    clock, time = ClockOffset(), SimulatedTime()
    clock.add(1.7e9, time.at(3.0, 1.7e9))
    assert time.at(3.0) == 3.0
    assert clock.seconds is None
