"""Postures paired with tips, from recordings in which something is unusual."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bag_writer import joint_state, pose, write_bag

from itnnr_ik.learning.learn import prepare
from itnnr_ik.recording import Bag, BagError
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


def recorded(folder: Path, unit: float = 1.0, moves: float = 1.0) -> Path:
    """Forty seconds of the two-link arm, its joints in another unit than rad and its tip moved by a share."""
    arm, stamps = load_robot("two_link"), 10 * MS * np.arange(1, 4001)
    times = 1e-9 * stamps
    postures = np.stack([1.5 * np.sin(0.9 * times), 1.0 + 0.8 * np.sin(times)], axis=1)
    tips = moves * arm.forward(postures)[:, :3]
    joints = [
        (t, joint_state(t, arm.joint_names, q / unit)) for t, q in zip(stamps.tolist(), postures, strict=True)
    ]
    poses = [(t, pose(t, tip)) for t, tip in zip(stamps.tolist(), tips, strict=True)]
    return write_bag(folder / "bag", "mcap", {"/joints": joints, "/tip": poses})


def test_joints_that_may_be_in_degrees_are_told(tmp_path: Path) -> None:
    """A joint over more than two turns is named; the same in radians is not."""
    (tmp_path / "rad").mkdir()
    notes: list[str] = []
    with Bag(recorded(tmp_path / "rad")) as bag:
        prepare(bag, warn=notes.append)
    assert notes == []
    with Bag(recorded(tmp_path, unit=np.radians(1.0))) as bag:
        prepare(bag, warn=notes.append)
    assert notes == ["joint_1 moves over 172 rad: if these are degrees, --degrees reads them so"]


def test_a_tip_at_rest_is_refused(tmp_path: Path) -> None:
    """The message says how little the poses differ."""
    with (
        Bag(recorded(tmp_path, moves=1e-9)) as bag,
        pytest.raises(BagError, match=r"got poses within .* m of"),
    ):
        prepare(bag)
