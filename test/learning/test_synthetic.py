"""Synthetic recordings: what is in them, and that they are what they say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from itnnr_ik.cli import main
from itnnr_ik.learning.synthetic import JOINT_TOPIC, POSE_TOPIC, Disturbances, record, smooth_motion
from itnnr_ik.learning.truth import TrueKinematics
from itnnr_ik.recording import Bag
from itnnr_ik.robot import PACKAGED, load_robot

STILL = Disturbances(pose_noise=0.0, joint_noise=0.0, drop=0.0, clock_offset=0.0, turn_noise=0.0)


@pytest.mark.parametrize("name", PACKAGED)
def test_motion_is_smooth_and_within_the_limits(name: str) -> None:
    """No step that a joint could not take, and rests in between."""
    arm = load_robot(name)
    positions = smooth_motion(arm, np.arange(15_000) / 50.0, np.random.default_rng(0))
    assert (positions >= arm.lower).all() and (positions <= arm.upper).all()
    steps = np.abs(np.diff(positions, axis=0)).max(axis=1)
    assert 0.01 < steps.max() < 0.1
    assert (steps == 0.0).any()


@pytest.mark.parametrize("name", ["yaw_pitch_pitch", "panda", "scara"])
def test_without_disturbances_poses_are_the_arms(tmp_path: Path, name: str) -> None:
    """Between the joint states before and after them, and nothing is lost."""
    arm = load_robot(name)
    truth = record(tmp_path / "bag", arm, minutes=0.1, disturbances=STILL)
    with Bag(tmp_path / "bag") as bag:
        states, poses = list(bag.joint_states(JOINT_TOPIC)), list(bag.poses(POSE_TOPIC))
    assert len(states) == len(poses) == 300
    assert states[0].names == arm.joint_names and poses[0].frame == arm.base_link
    positions = np.array([s.positions for s in states])
    between = positions[:-1] + 0.37 * np.diff(positions, axis=0)
    tips = np.array([[*p.position, *p.orientation] for p in poses])[:-1]
    np.testing.assert_allclose(truth.forward(between), tips[:, :3], atol=2e-3)
    turned = Rotation.from_quat(truth.poses(between)[:, 3:]).inv() * Rotation.from_quat(tips[:, 3:])
    assert turned.magnitude().max() < 5e-3


def test_messages_are_evenly_spaced(tmp_path: Path) -> None:
    """All there are in that time, with the stamps and times of receipt that they say, to the nanosecond."""
    record(tmp_path / "bag", load_robot("two_link"), minutes=0.29, disturbances=STILL)
    assert 0.29 * 60.0 * 50.0 < 870.0  # by a rounding error
    with Bag(tmp_path / "bag") as bag:
        states, poses = list(bag.joint_states(JOINT_TOPIC)), list(bag.poses(POSE_TOPIC))
    assert len(states) == len(poses) == 870
    start = states[0].stamp
    assert [state.stamp - start for state in states] == [i * 20_000_000 for i in range(870)]
    assert [pose.stamp - start for pose in poses] == [i * 20_000_000 + 7_400_000 for i in range(870)]
    assert {message.received - message.stamp for message in (*states, *poses)} == {1_000_000}


def test_disturbances_are_as_large_as_they_say(tmp_path: Path) -> None:
    """Of the pose's position and rotation, at poses that the truth knows."""
    arm, disturbances = load_robot("panda"), Disturbances(0.01, 0.0, 0.0, 0.0, 0.02)
    record(tmp_path / "still", arm, minutes=0.2, disturbances=STILL)
    record(tmp_path / "noisy", arm, minutes=0.2, disturbances=disturbances)
    poses = []
    for name in ("still", "noisy"):
        with Bag(tmp_path / name) as bag:
            poses.append(np.array([[*p.position, *p.orientation] for p in bag.poses()]))
    still, noisy = poses
    assert np.std(noisy[:, :3] - still[:, :3]) == pytest.approx(0.01 * arm.reach, rel=0.05)
    turns = (Rotation.from_quat(noisy[:, 3:]) * Rotation.from_quat(still[:, 3:]).inv()).as_rotvec()
    assert np.std(turns) == pytest.approx(0.02, rel=0.05)
    with pytest.raises(ValueError, match="noise must be finite and not negative"):
        Disturbances(turn_noise=-0.1)


def test_the_same_seed_gives_the_same_recording(tmp_path: Path) -> None:
    """The same seed gives the same recording, another seed another one."""
    tips = []
    for i, seed in enumerate((3, 3, 4)):
        record(tmp_path / str(i), load_robot("two_link"), minutes=0.05, seed=seed)
        with Bag(tmp_path / str(i)) as bag:
            tips.append([tuple(p.position) for p in bag.poses()])
    assert tips[0] == tips[1] != tips[2]


@pytest.mark.parametrize("name", PACKAGED)
def test_a_bent_arm_is_off_as_far_as_it_says(name: str) -> None:
    """Links differ by 5 %, revolute joints by 3°, the base by 1 cm."""
    arm = load_robot(name)
    truth = TrueKinematics.bent(arm, np.random.default_rng(0))
    offsets, bent = arm.elements[:, [3, 7, 11]], truth.arm.elements[:, [3, 7, 11]]
    lengths = np.linalg.norm(offsets, axis=1)
    if name in ("two_link", "three_link", "yaw_pitch_pitch"):
        there = lengths > 0.0
        scales = np.linalg.norm(bent, axis=1)[there] / lengths[there]
        np.testing.assert_allclose(np.abs(scales - 1.0), 0.05)
    # Elsewhere several fixed joints may follow each other, each scaled by itself.
    assert 0.01 * arm.reach < np.linalg.norm(bent - offsets, axis=1).max() <= 0.05 * arm.farthest
    np.testing.assert_array_equal(truth.arm.lower, arm.lower)
    turning = np.array([kind != "prismatic" for kind in arm.joint_types])
    np.testing.assert_allclose(np.abs(np.degrees(truth.joint_offsets)), np.where(turning, 3.0, 0.0))
    assert np.linalg.norm(truth.base_shift) == pytest.approx(0.01)
    positions = arm.sample(1, np.random.default_rng(1))[0]
    m = 2 if arm.is_planar else 3
    expected = truth.arm.forward(positions + truth.joint_offsets)
    expected[:m] += truth.base_shift
    np.testing.assert_array_equal(truth.poses(positions), expected)
    np.testing.assert_array_equal(truth.forward(positions), expected[:m])


def test_the_truth_lies_beside_it(two_minutes: tuple[Path, TrueKinematics]) -> None:
    """The truth is read back unchanged; invalid files are named."""
    folder, truth = two_minutes
    assert TrueKinematics.load(folder) == TrueKinematics.load(folder / "truth.json") == truth
    with pytest.raises(ValueError, match=r"metadata.yaml does not hold the truth"):
        TrueKinematics.load(folder / "metadata.yaml")


def test_the_urdf_of_a_truth_is_no_path(tmp_path: Path) -> None:
    """A truth names no other file to be read."""
    arm = load_robot("two_link")
    (tmp_path / "arm.urdf").write_text(arm.urdf, encoding="utf-8")
    data = {
        "arm": {**arm.source, "urdf": str(tmp_path / "arm.urdf")},
        "joint_offsets": [0.0, 0.0],
        "base_shift": [0.0, 0.0],
    }
    (tmp_path / "truth.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(ValueError, match="its urdf must be URDF text"):
        TrueKinematics.load(tmp_path)


def test_the_command_writes_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A recording is never written over another one."""
    command = [
        "demo",
        "--record",
        str(tmp_path / "bag"),
        "--arm",
        "three_link",
        "--minutes",
        "0.05",
        "--bent",
    ]
    assert main(command) == 0
    assert "0.05 minutes of three_link at 50 Hz" in capsys.readouterr().out
    assert main(command) == 1
    assert "exists already" in capsys.readouterr().err
    for options, message in (
        (["--minutes", "0"], "expected a positive length"),
        (["--drop", "1"], "0 ≤ drop < 1"),
        (["--bag", "x"], "--record goes with --arm"),
        (["--json"], "--json goes with a demo, not with --record"),
        (["--minutes", "1e9"], "expected a positive length and rate with 2 to 10000000 joint states"),
        (["--clock-offset", "inf"], "clock_offset must be from -1e+08 to 1e+08 s"),
        (["--pose-noise", "inf"], "noise must be finite and not negative"),
    ):
        assert main(["demo", "--record", str(tmp_path / "other"), *options]) == 1
        assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "change",
    [
        {"arm": None},
        {"arm": "/dev/zero"},
        {"joint_offsets": [0.0]},
        {"joint_offsets": [0.0, True]},
        {"base_shift": [0.0, 0.0, 0.0]},
        {"base_shift": [10**400, 0.0]},
    ],
)
def test_a_damaged_truth_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    """In one line that names the file; notes may be anything."""
    path = tmp_path / "truth.json"
    TrueKinematics.exact(load_robot("two_link")).save(tmp_path, {"note": [None]})
    assert TrueKinematics.load(tmp_path).arm == load_robot("two_link")
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}), encoding="utf-8")
    with pytest.raises(
        ValueError, match=f"^{path} does not hold the truth of a synthetic recording: "
    ) as error:
        TrueKinematics.load(path)
    assert len(str(error.value).splitlines()) == 1
