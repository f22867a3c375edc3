"""The table and the JSON say what was measured."""

from __future__ import annotations

import json
from dataclasses import replace

from itnnr_ik.demo.recording import Row
from itnnr_ik.demo.table import format_table, to_json

ROW = Row(
    arm="two_link",
    targets="lemniscate",
    sent=1000,
    solved=997,
    rejected={"unreachable": 2, "unanswered": 1},
    residual_median=1.2e-10,
    residual_max=9.9e-8,
    orientation_error_median=None,
    orientation_error_max=None,
    largest_step=0.01234,
    round_trip_median=1.234e-3,
    round_trip_p99=4.567e-3,
    displacement=None,
    failures=(),
)
NOTHING = replace(
    ROW, arm="yaw_pitch_pitch", targets="mocap_poses", solved=0, rejected={}, residual_median=float("nan")
)


def test_a_line_holds_the_numbers_under_their_headings() -> None:
    """Each value ends or starts where its heading does."""
    top, second, rule, first, _ = format_table([ROW, NOTHING]).splitlines()
    assert "1 unanswered, 2 unreachable" in first
    for heading, value in (("arm", "two_link"), ("targets", "lemniscate")):
        assert first[top.index(heading) :].startswith(value)
    for heading, value in (("sent", "1000"), ("solved", "997")):
        end = top.index(heading) + len(heading)
        assert first[:end].endswith(value)
    medians = [i + len("median") for i in range(len(second)) if second.startswith("median", i)]
    assert [first[:end].split()[-1] for end in medians] == ["1.2e-10", "1.23"]
    assert len(rule) >= len(first)


def test_what_was_not_measured_is_a_dash() -> None:
    """NaN never reaches the reader."""
    text = format_table([ROW, NOTHING])
    last = text.splitlines()[-1]
    assert "nan" not in last
    assert last.split()[5] == "-"


def test_orientation_columns_come_with_a_row_that_has_them() -> None:
    """After those of the position; other rows have a dash there."""
    assert "orientation" not in format_table([ROW])
    pose = replace(ROW, orientation_error_median=1.5e-9, orientation_error_max=2.5e-7)
    top, second, _, first, last = format_table([ROW, pose]).splitlines()
    assert top.index("position [m]") < top.index("orientation [rad]") < top.index("step [rad]")
    start, end = top.index("orientation [rad]"), top.index("step [rad]")
    assert second[start:end].split() == ["median", "max"]
    assert first[start:end].split() == ["-", "-"]
    assert last[start:end].split() == ["1.5e-09", "2.5e-07"]


def test_displacement_columns_come_with_a_row_that_has_them() -> None:
    """Other runs do not carry empty columns."""
    assert "from recorded joints" not in format_table([ROW])
    text = format_table([ROW, replace(ROW, displacement=(1e-5, 2e-4, 3e-3))])
    assert "from recorded joints [rad]" in text
    assert text.splitlines()[-1].split()[-3:] == ["1.0e-05", "2.0e-04", "3.0e-03"]


def test_json_is_valid_and_in_si_units() -> None:
    """Everything a program wants, with null for what was not measured."""
    data = json.loads(json.dumps(to_json(replace(NOTHING, displacement=(1e-5, 2e-4, 3e-3)))))
    assert data["residual_median"] is None
    assert data["round_trip_p99"] == 4.567e-3
    assert data["displacement_p99"] == 2e-4
    assert data["failures"] == []
    assert data["orientation_error_max"] is None
