"""Recordings that other people made, where the folder with them is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from itnnr_ik.cli import main

PLANAR_2R = """<robot name="planar_2r">
  <link name="base_link"/> <link name="link_1"/> <link name="link_2"/> <link name="tip"/>
  <joint name="arm_1_link_joint" type="revolute">
    <parent link="base_link"/> <child link="link_1"/> <axis xyz="0 0 1"/>
    <limit lower="-1.9" upper="0.1" velocity="2" effort="100"/>
  </joint>
  <joint name="arm_2_link_joint" type="revolute">
    <parent link="link_1"/> <child link="link_2"/> <origin xyz="0.65 0 0"/> <axis xyz="0 0 1"/>
    <limit lower="-1.9" upper="0.1" velocity="2" effort="100"/>
  </joint>
  <joint name="end" type="fixed">
    <parent link="link_2"/> <child link="tip"/> <origin xyz="1.45 0 0"/>
  </joint>
</robot>"""


@pytest.fixture(scope="module")
def bags(root: Path) -> Path:
    folder = root.parent / "shared" / "bags"
    if not folder.is_dir():
        pytest.skip("needs the recordings beside the repository")
    return folder


def report(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["evaluate", *arguments, "--json"]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_joint_states_of_a_planar_arm(bags: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two of ten joints, picked by the names in the URDF; the recorded joints come out."""
    urdf = tmp_path / "planar_2r.urdf"
    urdf.write_text(PLANAR_2R)
    result = report(capsys, str(bags / "planar_2r_joint_states"), "--urdf", str(urdf))
    assert (result["messages"], result["targets"]) == (1866, 1865)
    assert result["solved"] == result["reachable"] == 1865
    assert result["branch_changes"] == result["outside_limits"] == 0
    assert {name: spread["count"] for name, spread in result["displacement"].items()} == {
        "all": 1865,
        "moving": 275,
        "standstill": 411,
        "singular": 1179,
    }
    # Of the stretched arm, the joints may be off by the root of the tolerance.
    assert result["displacement"]["moving"]["max"] < 1e-5
    assert result["displacement"]["all"]["max"] < 2e-3


@pytest.mark.parametrize(
    ("name", "reachable"), [("two_link", 40), ("three_link", 607), ("yaw_pitch_pitch", 40)]
)
def test_poses_of_a_motion_capture_system(
    bags: Path, capsys: pytest.CaptureFixture[str], name: str, reachable: int
) -> None:
    """What is in reach of each arm is solved, smoothly."""
    result = report(capsys, str(bags / "mocap_poses"), "--arm", name)
    assert (result["targets"], result["reachable"], result["solved"]) == (607, reachable, reachable)
    assert result["residual"]["max"] <= 1e-6
    assert result["step"]["max"] < 0.05
    assert result["branch_changes"] == 0
