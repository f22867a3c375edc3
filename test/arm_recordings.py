"""Recordings of the two-link arm on a smooth path, for tests of their evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from bag_writer import joint_state, pose, write_bag

from itnnr_ik.robot import load_robot

ARM = load_robot("two_link")
NAMES = ("wheel", "joint_2", "joint_1")
PERIOD = 10**7  # [ns]
START = 10**18  # [ns]

Messages = list[tuple[int, Any]]


def path(count: int, later: float = 0.0) -> np.ndarray:
    """Joint positions (count, 2) [rad], each ``later`` periods further on."""
    phase = np.pi * (np.arange(count) + later) / (count - 1 or 1)
    return np.column_stack([0.4 * np.sin(phase), 0.8 + 0.3 * np.cos(phase)])


def states(count: int = 60, names: tuple[str, ...] = NAMES) -> Messages:
    """Joint states on `path`, among another joint's, received a moment after their stamps."""
    rows = []
    for i, (first, second) in enumerate(path(count)):
        stamp = START + PERIOD * i
        rows.append((stamp + 1000, joint_state(stamp, names, (9.0, second, first))))
    return rows


def poses(count: int = 60, frame: str = "base_link") -> Messages:
    """The tip's poses on `path`, halfway in time between two joint states."""
    q = path(count, 0.5)
    rows = []
    for i, (x, y) in enumerate(ARM.forward(q)[:, :2]):
        stamp = START + PERIOD * i + PERIOD // 2
        rows.append((stamp + 1000, pose(stamp, (x, y, 0.0), frame)))
    return rows


def bag(folder: Path, storage: str = "mcap", **topics: Messages) -> Path:
    """A bag of topics named as the keywords."""
    return write_bag(folder, storage, {f"/{name}": rows for name, rows in topics.items() if rows})
