"""Synthetic recordings: what is in them, and that they are what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from itnnr_ik.arms import ARMS, get_arm
from itnnr_ik.bags import Bag
from itnnr_ik.bags.synthetic import JOINT_TOPIC, POSE_TOPIC, Disturbances, record, smooth_motion
from itnnr_ik.bags.truth import TrueKinematics
from itnnr_ik.cli import main

STILL = Disturbances(pose_noise=0.0, joint_noise=0.0, drop=0.0, clock_offset=0.0)


@pytest.mark.parametrize("name", ARMS)
def test_motion_is_smooth_and_within_the_limits(name: str) -> None:
    """No step that a joint could not take, and rests in between."""
    arm = get_arm(name)
    positions = smooth_motion(arm, np.arange(3000) / 50.0, np.random.default_rng(0))
    assert (positions >= arm.lower).all() and (positions <= arm.upper).all()
    steps = np.abs(np.diff(positions, axis=0)).max(axis=1)
    assert 0.01 < steps.max() < 0.1
    assert (steps == 0.0).any()


def test_without_disturbances_poses_are_the_arms(tmp_path: Path) -> None:
    """Between the joint states before and after them, and nothing is lost."""
    arm = get_arm("yaw_pitch_pitch")
    truth = record(tmp_path / "bag", arm, minutes=0.1, disturbances=STILL)
    with Bag(tmp_path / "bag") as bag:
        states, poses = list(bag.joint_states(JOINT_TOPIC)), list(bag.poses(POSE_TOPIC))
    assert len(states) == len(poses) == 300
    assert states[0].names == arm.joint_names and poses[0].frame == arm.base_link
    positions = np.array([s.positions for s in states])
    between = positions[:-1] + 0.37 * np.diff(positions, axis=0)
    tips = np.array([p.position for p in poses])[:-1]
    np.testing.assert_allclose(truth.forward(between), tips, atol=2e-3)


def test_the_same_seed_gives_the_same_recording(tmp_path: Path) -> None:
    """Another one gives another."""
    tips = []
    for i, seed in enumerate((3, 3, 4)):
        record(tmp_path / str(i), get_arm("two_link"), minutes=0.05, seed=seed)
        with Bag(tmp_path / str(i)) as bag:
            tips.append([tuple(p.position) for p in bag.poses()])
    assert tips[0] == tips[1] != tips[2]


def test_a_bent_arm_is_off_as_far_as_it_says() -> None:
    """Links by 5 %, joints by 3°, the base by 1 cm."""
    truth = TrueKinematics.bent(get_arm("three_link"), np.random.default_rng(0))
    np.testing.assert_allclose(np.abs(np.array(truth.arm.link_lengths) - 1.0), 0.05)
    np.testing.assert_allclose(np.abs(np.degrees(truth.joint_offsets)), 3.0)
    assert np.linalg.norm(truth.base_shift) == pytest.approx(0.01)
    positions = np.array([0.1, 0.2, 0.3])
    expected = truth.arm.forward(positions + truth.joint_offsets) + truth.base_shift
    np.testing.assert_array_equal(truth.forward(positions), expected)


def test_the_truth_lies_beside_it(two_minutes: tuple[Path, TrueKinematics]) -> None:
    """And comes back whole; what is no truth is named."""
    folder, truth = two_minutes
    assert TrueKinematics.load(folder) == TrueKinematics.load(folder / "truth.json") == truth
    with pytest.raises(ValueError, match=r"metadata.yaml does not hold the truth"):
        TrueKinematics.load(folder / "metadata.yaml")


def test_the_command_writes_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And never over another."""
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
    ):
        assert main(["demo", "--record", str(tmp_path / "other"), *options]) == 1
        assert message in capsys.readouterr().err
