"""Joint states as robots send them: without names, in parts, in degrees, whole turns away, at the limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from arm_recordings import ARM, PERIOD, START, Messages, bag, path, poses
from bag_writer import joint_state, pose
from reads import reads

from itnnr_ik import IKSolver
from itnnr_ik.cli import main
from itnnr_ik.evaluation.replay import Selection
from itnnr_ik.evaluation.replay_sources import read_replay

NAMES = ARM.joint_names
SECOND = 10**9


def states(positions: np.ndarray, names: tuple[str, ...] = NAMES) -> Messages:
    """Joint states of these positions (k, n) at 100 Hz."""
    return [
        (START + PERIOD * i, joint_state(START + PERIOD * i, names, row)) for i, row in enumerate(positions)
    ]


def report(capsys: pytest.CaptureFixture[str], folder: Path, *options: str) -> dict[str, Any]:
    assert main(["evaluate", str(folder), "--arm", "two_link", "--json", *options]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def refusal(capsys: pytest.CaptureFixture[str], folder: Path, *options: str) -> str:
    assert main(["evaluate", str(folder), "--arm", "two_link", *options]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    return line


def found_again(result: dict[str, Any], targets: int = 59) -> None:
    """Each target is solved, and the recorded joints come out."""
    assert result["solved"] == result["reachable"] == result["targets"] == targets
    assert result["displacement"]["all"]["max"] < 1e-5


@reads("joint states", "without names", "refused; `--joints` names them by position, if the number fits")
def test_states_without_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--joints` assigns names by position, with a note."""
    folder = bag(tmp_path / "bag", joint_states=states(path(60), ()))
    assert refusal(capsys, folder).endswith(
        "60 joint state without joint names; --joints A,B names them by position, if each has as many"
    )
    result = report(capsys, folder, "--joints", "joint_1,joint_2")
    found_again(result)
    assert result["notes"] == [
        "60 joint states have no names: their positions are taken for joint_1, joint_2"
    ]


def test_states_without_names_and_with_more_positions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three positions without names cannot be assigned to two joints."""
    folder = bag(tmp_path / "bag", joint_states=states(np.hstack([path(60), path(60)[:, :1]]), ()))
    line = refusal(capsys, folder, "--joints", "joint_1,joint_2")
    assert "60 joint state without names and with another number of positions" in line


@reads(
    "joint states",
    "in several messages, each of some joints",
    "merged by name; the age of the oldest is reported",
)
def test_states_in_parts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Messages of one joint each are merged by name, and the age of the older one is noted."""
    rows = []
    for i, (first, second) in enumerate(path(60)):
        at = START + PERIOD * i
        rows.append((at, joint_state(at, ("wheel", "joint_1"), (9.0, first))))
        rows.append((at + PERIOD // 4, joint_state(at, ("joint_2",), (second,))))
    result = report(capsys, bag(tmp_path / "bag", joint_states=rows))
    assert (result["messages"], result["targets"]) == (120, 118)
    assert result["solved"] == 118
    assert result["skipped"] == {
        "joint state before all joints were known, or with one older than 1 s": 1,
        "target before the first joint state": 1,
    }
    assert result["notes"] == [
        "the joints come in several messages, which are merged by name: the oldest position is 0.0025 s old "
        "(median), at most 0.0075 s"
    ]


def test_states_in_parts_after_a_whole_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Partial messages are merged although a single one, as of a simulator's start, has all joints."""
    start, *rest = path(60)
    rows = [(START, joint_state(START, ("joint_1", "joint_2"), start))]
    rows += [(START + 1, joint_state(START + 1, names, ())) for names in (("joint_2",), ("joint_1", "wheel"))]
    for i, (first, second) in enumerate(rest, 1):
        at = START + PERIOD * i
        rows.append((at, joint_state(at, ("joint_1",), (first,))))
        rows.append((at + PERIOD // 4, joint_state(at + PERIOD // 4, ("joint_2",), (second,))))
    result = report(capsys, bag(tmp_path / "bag", joint_states=rows))
    assert (result["messages"], result["targets"]) == (121, 118)
    assert result["skipped"] == {
        "joint names and positions differ in number": 2,
        "target before the first joint state": 1,
    }
    (note,) = result["notes"]
    assert note.startswith("the joints come in several messages, which are merged by name")


def test_a_part_that_stays_away(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A joint without a message for a second has no position."""
    rows = [(START, joint_state(START, ("joint_2",), (0.8,)))]
    rows += [(START + SECOND // 10 * i, joint_state(0, ("joint_1",), (0.1,))) for i in range(1, 31)]
    result = report(capsys, bag(tmp_path / "bag", joint_states=rows))
    assert result["targets"] == 9  # ten within a second, of which one is the first
    assert result["skipped"]["joint state before all joints were known, or with one older than 1 s"] == 21


@reads("joint states", "whole turns outside the limits", "the turns are taken off, and it is reported")
@pytest.mark.parametrize("turns", [(1, 0), (-1, 1), (2, -1)])
def test_states_whole_turns_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], turns: tuple[int, int]
) -> None:
    """Whole turns are removed, with a note."""
    rows = states(path(60) + 2.0 * np.pi * np.array(turns))
    result = report(capsys, bag(tmp_path / "bag", joint_states=rows))
    found_again(result)
    assert result["notes"] == [
        "60 of 60 recorded joint states are whole turns outside the model's joint limits: the turns are "
        "taken off"
    ]


def test_states_that_are_no_angles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Huge numbers, as of uninitialised memory, are not wrapped, because their digits do not suffice."""
    rows = states(path(60))
    rows[30][1].position[:] = 1e300
    result = report(capsys, bag(tmp_path / "bag", joint_states=rows))
    (note,) = result["notes"]
    assert note.startswith(
        "1 of 60 recorded joint states are outside the model's joint limits, by at most 1e+300"
    )


def test_states_that_jump_by_a_turn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Positions of an encoder from 0 to 2π are wrapped into the limits."""
    positions = path(60)
    positions[:, 0] -= 0.2  # through zero
    assert (positions < 0.0).any() and (positions > 0.0).any()
    result = report(capsys, bag(tmp_path / "bag", joint_states=states(positions % (2.0 * np.pi))))
    found_again(result)


@reads("joint states", "in degrees, by the limits", "refused until `--degrees` says so")
def test_states_in_degrees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Degrees are detected by the limits, and refused without --degrees."""
    folder = bag(tmp_path / "bag", joint_states=states(np.degrees(path(60))))
    assert refusal(capsys, folder) == (
        "itnnr-ik evaluate: the joint positions look like degrees: as radians 60 of 60 joint states are "
        "more than a turn outside the limits, as degrees 60 are within; --degrees reads them so"
    )
    result = report(capsys, folder, "--degrees")
    found_again(result)
    assert result["notes"] == ["the joint positions are in degrees"]
    # What is sent to a node is in radians.
    replay = read_replay(folder, IKSolver.load("two_link"), Selection(degrees=True))
    assert {state.names for state in replay.states} == {NAMES}
    np.testing.assert_allclose([state.positions for state in replay.states], path(60))


@reads("joint states", "in degrees, by forward kinematics and the poses", "refused until `--degrees` says so")
@pytest.mark.parametrize("late", [0, 4200])
def test_small_angles_in_degrees_beside_poses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], late: int
) -> None:
    """Whole turns would explain them by the limits, but forward kinematics of degrees leads to the poses.

    However many poses come before the first joint state.
    """
    positions = 0.02 * path(60)
    rows = states(np.degrees(positions))
    tips = poses()
    for (_, message), (x, y) in zip(tips, ARM.forward(positions)[:, :2], strict=True):
        message.pose.position.x, message.pose.position.y = x, y
    early = [
        (START - i * PERIOD, pose(START - i * PERIOD, (1.0, 1.0, 0.0), "base_link"))
        for i in range(late, 0, -1)
    ]
    folder = bag(tmp_path / "bag", joint_states=rows, tracker=[*early, *tips])
    line = refusal(capsys, folder)
    assert "look like degrees: as radians the model's tip is" in line
    assert line.endswith("--degrees reads them so")
    assert report(capsys, folder, "--degrees")["solved"] == 60


def test_an_arm_that_moves_in_radians_is_not_taken_for_degrees(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Radians are not taken for degrees, however small the motion."""
    for scale in (1.0, 0.1, 0.001):
        folder = bag(tmp_path / f"bag_{scale}", joint_states=states(scale * path(60)))
        assert report(capsys, folder)["notes"] == []


def test_limits_that_are_too_narrow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Radians outside the model's limits are evaluated with a note, and not taken for degrees."""
    result = report(capsys, bag(tmp_path / "bag", joint_states=states(2.5 * path(60))))
    (note,) = result["notes"]
    assert "recorded joint states are outside the model's joint limits, by at most 1.2 rad (joint_2)" in note
    assert 0 < result["solved"] < result["targets"] == 59


@reads("joint states", "a few mrad outside the limits", "reported with how far; each target has its distance")
def test_states_at_rest_outside_the_limits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The violation of limits is noted, and every target that is unreachable for it has a distance."""
    positions = path(60)
    positions[20:30, 1] = ARM.upper[1] + 0.003
    # Links of 1 m: the arm cannot be bent that far, and the nearest point is straight above.
    distance = 2.0 * (np.cos(0.5 * ARM.upper[1]) - np.cos(0.5 * ARM.upper[1] + 0.0015))
    result = report(capsys, bag(tmp_path / "bag", joint_states=states(positions)))
    assert result["notes"] == [
        "10 of 60 recorded joint states are outside the model's joint limits, by at most 0.003 rad (joint_2)"
    ]
    assert (result["targets"], result["reachable"], result["solved"]) == (59, 49, 49)
    missed = [row for row in result["worst"] if row["outcome"] == "unreachable"]
    assert len(missed) == 10
    for row in missed:
        assert row["residual"] == pytest.approx(distance, rel=1e-3)
    assert result["distance"]["count"] == 10
    assert result["distance"]["max"] == pytest.approx(distance, rel=1e-3)


CONTINUOUS = """<robot name="continuous">
  <link name="base_link"/> <link name="upper"/> <link name="lower"/> <link name="tip"/>
  <joint name="joint_1" type="continuous">
    <parent link="base_link"/> <child link="upper"/> <axis xyz="0 0 1"/> <limit velocity="2" effort="1"/>
  </joint>
  <joint name="joint_2" type="continuous">
    <parent link="upper"/> <child link="lower"/> <origin xyz="1 0 0"/> <axis xyz="0 0 1"/>
    <limit velocity="2" effort="1"/>
  </joint>
  <joint name="end" type="fixed"> <parent link="lower"/> <child link="tip"/> <origin xyz="1 0 0"/> </joint>
</robot>"""


@reads("joint states", "of a joint without limits, wrapped to ±π", "whole turns of it do not count")
@pytest.mark.parametrize("with_poses", [False, True])
def test_a_joint_that_turns_on_and_is_wrapped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], with_poses: bool
) -> None:
    """A continuous joint is interpolated across ±π: recorded joints, steps and the tip are near."""
    urdf = tmp_path / "arm.urdf"
    urdf.write_text(CONTINUOUS)
    later = 0.5 * np.arange(2)[:, None]  # periods
    turned = 0.05 * (np.arange(200) + later) + 1.0
    bent = 0.8 + 0.3 * np.cos(0.02 * (np.arange(200) + later))
    wrapped = np.remainder(turned[0] + np.pi, 2.0 * np.pi) - np.pi
    topics = {"joint_states": states(np.column_stack([wrapped, bent[0]]))}
    if with_poses:
        tips = [
            np.cos(turned[1]) + np.cos(turned[1] + bent[1]),
            np.sin(turned[1]) + np.sin(turned[1] + bent[1]),
        ]
        topics["tracker"] = [
            (stamp, pose(stamp, (x, y, 0.0)))
            for stamp, x, y in zip(
                range(START + PERIOD // 2, START + 200 * PERIOD, PERIOD), *tips, strict=True
            )
        ]
    folder = bag(tmp_path / "bag", **topics)
    assert main(["evaluate", str(folder), "--urdf", str(urdf), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["solved"] == result["targets"] == 199 + with_poses
    assert result["displacement"]["all"]["max"] < 1e-3
    assert result["step"]["max"] < 0.06
    told = [note for note in result["notes"] if "away from the recorded poses" in note]
    assert len(told) == with_poses
    for note in told:
        assert float(note.split(" at most ")[1].split()[0]) < 1e-3
