"""Recordings that other people made, where the folder with them is there."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from rosbags.rosbag2 import Reader

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


def emptied(source: Path, target: Path) -> None:
    """The texts on the quality of service emptied."""
    shutil.copy(next(source.glob("*.mcap")), target)
    text = (source / "metadata.yaml").read_text()
    text = re.sub(r"offered_qos_profiles:(.|\n)*?(?=\n +type_desc)", 'offered_qos_profiles: ""', text)
    (target / "metadata.yaml").write_text(text)


def packed(source: Path, target: Path) -> None:
    """Compressed, which metadata.yaml does not say."""
    file = next(source.glob("*.mcap"))
    (target / file.name).write_bytes(zstd.compress(file.read_bytes()))
    shutil.copy(source / "metadata.yaml", target)


def killed(source: Path, target: Path) -> None:
    """As databases whose recorder was killed: half of the messages are in the write-ahead log alone."""
    with Reader(source) as reader:
        rows = [(time, data) for c, time, data in reader.messages() if c.topic == "/joint_states"]
    with closing(sqlite3.connect(target / "live", isolation_level=None)) as database:
        database.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;"
            "CREATE TABLE topics(id INTEGER PRIMARY KEY, name, type, serialization_format);"
            "CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id, timestamp INTEGER, data BLOB);"
            "INSERT INTO topics VALUES(1, '/joint_states', 'sensor_msgs/msg/JointState', 'cdr');"
        )
        insert = "INSERT INTO messages(topic_id, timestamp, data) VALUES(1, ?, ?)"
        database.executemany(insert, rows[:999])
        database.execute("PRAGMA wal_checkpoint(FULL)")
        database.executemany(insert, rows[999:])
        for end in ("", "-wal"):
            shutil.copy(target / f"live{end}", target / f"bag_0.db3{end}")


@pytest.mark.parametrize("change", [emptied, packed, killed])
def test_joint_states_of_a_recording_that_was_changed(
    bags: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Path, Path], None]
) -> None:
    """All of them, as in the recording as it was."""
    urdf = tmp_path / "planar_2r.urdf"
    urdf.write_text(PLANAR_2R)
    (tmp_path / "bag").mkdir()
    change(bags / "planar_2r_joint_states", tmp_path / "bag")
    result = report(capsys, str(tmp_path / "bag"), "--urdf", str(urdf))
    assert (result["messages"], result["targets"], result["solved"]) == (1866, 1865, 1865)


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
