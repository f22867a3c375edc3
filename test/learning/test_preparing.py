"""Postures paired with tips, from recordings in which something is unusual."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from bag_writer import joint_state, pose, write_bag

from itnnr_ik.learning.learn import prepare
from itnnr_ik.recording import Bag
from itnnr_ik.robot import load_robot

MS = 1_000_000


def test_between_two_turns_postures_are_interpolated_the_short_way(tmp_path: Path) -> None:
    """A shoulder that turns on and on, recorded in ±π: no posture half a turn off where it crosses π."""
    arm = load_robot("two_link")

    def postures(times: np.ndarray) -> np.ndarray:
        return np.stack([0.9 * times, 1.0 + 0.8 * np.sin(times)], axis=1)

    stamps = 10 * MS * np.arange(1, 4001)
    recorded = postures(1e-9 * stamps)
    recorded[:, 0] = np.angle(np.exp(1j * recorded[:, 0]))
    between = stamps + 5 * MS
    tips = arm.forward(postures(1e-9 * between))[:, :3]
    joints = [(t, joint_state(t, arm.joint_names, q)) for t, q in zip(stamps.tolist(), recorded, strict=True)]
    poses = [(t, pose(t, tip)) for t, tip in zip(between.tolist(), tips, strict=True)]
    bag = write_bag(tmp_path / "bag", "mcap", {"/joints": joints, "/tip": poses})
    with Bag(bag) as opened:
        pairs = prepare(opened).pairs
    assert len(pairs.positions) > 3900
    np.testing.assert_allclose(arm.forward(pairs.positions)[:, :2], pairs.tips, atol=1e-4)
    assert np.abs(pairs.positions[:, 0]).max() < 3.16
