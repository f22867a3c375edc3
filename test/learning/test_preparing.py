"""Postures paired with tips, from recordings in which something is unusual."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bag_writer import joint_state, pose, write_bag

from itnnr_ik.learning.learn import prepare
from itnnr_ik.recording import Bag, BagError
from itnnr_ik.robot import load_robot

ARM = load_robot("two_link")
#: Of forty seconds, a hundred a second.
STAMPS = 10_000_000 * np.arange(1, 4001)  # [ns]


def recording(folder: Path, positions: np.ndarray, pose_stamps: np.ndarray, tips: np.ndarray) -> Path:
    """Joint positions (t, 2) at `STAMPS`, and tips (t, 3) [m] at other ones."""
    states = zip(STAMPS.tolist(), positions, strict=True)
    joints = [(stamp, joint_state(stamp, ARM.joint_names, q)) for stamp, q in states]
    poses = [(stamp, pose(stamp, tip)) for stamp, tip in zip(pose_stamps.tolist(), tips, strict=True)]
    return write_bag(folder / "bag", "mcap", {"/joints": joints, "/tip": poses})


def test_between_two_turns_postures_are_interpolated_the_short_way(tmp_path: Path) -> None:
    """A shoulder that turns on and on, recorded in ±π: no posture half a turn off where it crosses π."""

    def postures(times: np.ndarray) -> np.ndarray:
        return np.stack([0.9 * times, 1.0 + 0.8 * np.sin(times)], axis=1)

    wrapped = postures(1e-9 * STAMPS)
    wrapped[:, 0] = np.angle(np.exp(1j * wrapped[:, 0]))
    between = STAMPS + 5_000_000
    tips = ARM.forward(postures(1e-9 * between))[:, :3]
    with Bag(recording(tmp_path, wrapped, between, tips)) as opened:
        pairs = prepare(opened).pairs
    assert len(pairs.positions) > 3900
    np.testing.assert_allclose(ARM.forward(pairs.positions)[:, :2], pairs.tips, atol=1e-4)
    assert np.abs(pairs.positions[:, 0]).max() < 3.16


def swinging(folder: Path, unit: float = 1.0, share: float = 1.0) -> Path:
    """A swinging arm whose joints are in a unit [rad], and whose tip moves by a share of what it should."""
    times = 1e-9 * STAMPS
    postures = np.stack([1.5 * np.sin(0.9 * times), 1.0 + 0.8 * np.sin(times)], axis=1)
    return recording(folder, postures / unit, STAMPS, share * ARM.forward(postures)[:, :3])


def test_joints_that_may_be_in_degrees_are_named(tmp_path: Path) -> None:
    """A joint over more than two turns is named; the same in radians is not."""
    (tmp_path / "rad").mkdir()
    notes: list[str] = []
    with Bag(swinging(tmp_path / "rad")) as bag:
        prepare(bag, warn=notes.append)
    assert notes == []
    with Bag(swinging(tmp_path, unit=np.radians(1.0))) as bag:
        prepare(bag, warn=notes.append)
    assert notes == ["joint_1 moves over 172 rad: if these are degrees, --degrees reads them so"]


def test_a_tip_at_rest_is_refused(tmp_path: Path) -> None:
    """The message says how little the poses differ."""
    with (
        Bag(swinging(tmp_path, share=1e-9)) as bag,
        pytest.raises(BagError, match=r"got poses within .* m of"),
    ):
        prepare(bag)
