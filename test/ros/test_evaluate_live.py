"""`itnnr-ik evaluate --live`: the real node, over real topics, answers as a batch does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bag_writer import joint_state, pose, write_bag

from itnnr_ik.recording import Bag
from itnnr_ik.robot import load_robot

TIMEOUT = 120.0  # [s]
COUNT = 60


def recording(folder: Path, kinds: str) -> Path:
    """Joint states, poses, or both, of the two-link arm at 100 Hz."""
    arm = load_robot("two_link")
    phase = np.linspace(0.0, np.pi, 2 * COUNT)
    path = np.column_stack([0.4 * np.sin(phase), 0.8 + 0.3 * np.cos(phase)])
    topics: dict[str, list[tuple[int, Any]]] = {}
    for i, (q, tip) in enumerate(zip(path, arm.forward(path)[:, :3], strict=True)):
        stamp = 10**18 + i * 5 * 10**6
        if i % 2 == 0 and "joints" in kinds:
            message = joint_state(stamp, ("wheel", "joint_2", "joint_1"), (9.0, q[1], q[0]))
            topics.setdefault("/joint_states", []).append((stamp, message))
        if i % 2 and "poses" in kinds:
            topics.setdefault("/tracker", []).append((stamp, pose(stamp, tuple(tip))))
    if "bad" in kinds:
        topics["/joint_states"][7] = (
            topics["/joint_states"][7][0],
            joint_state(1, ("joint_1", "joint_2"), (np.nan, 0.1)),
        )
    return write_bag(folder, "mcap", topics)


def evaluate(bag: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "itnnr_ik.cli", "evaluate", str(bag), "--arm", "two_link", "--json"]
    ended = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=TIMEOUT)
    assert ended.returncode == 0, ended.stderr
    result: dict[str, Any] = json.loads(ended.stdout)
    return result


@pytest.mark.parametrize(
    "kinds",
    [
        "joints, poses",
        *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("bad joints", "joints", "poses")),
    ],
)
def test_live_and_offline_agree(tmp_path: Path, kinds: str) -> None:
    """The same targets, each solved from the same state, to the same joint positions."""
    bag = recording(tmp_path / "bag", kinds)
    offline = evaluate(bag, "--record", str(tmp_path / "offline"))
    live = evaluate(bag, "--live", "--record", str(tmp_path / "live"), "--storage", "sqlite3")
    assert (offline["mode"], live["mode"]) == ("offline", "live")
    for key in ("source", "messages", "targets", "reachable", "solved", "outcomes", "skipped"):
        assert live[key] == offline[key], key
    assert live["solved"] == live["targets"] >= COUNT - 3
    assert live["branch_changes"] == offline["branch_changes"] == 0
    assert live["round_trip"]["count"] == live["targets"]
    answers = {}
    for mode in ("offline", "live"):
        with Bag(tmp_path / mode) as reader:
            topics = {topic.name: topic.count for topic in reader.topics}
            solutions = list(reader.joint_states("/joint_solution"))
            answers[mode] = {s.stamp: s.positions for s in solutions}
    assert topics["/itnnr_ik/status"] == live["targets"] + ("bad" in kinds)
    assert answers["offline"].keys() == answers["live"].keys()
    assert not any("another joint state" in note for note in live["notes"]), live["notes"]
    for stamp, positions in answers["offline"].items():
        np.testing.assert_allclose(answers["live"][stamp], positions, atol=1e-5)
    told = [note for note in live["notes"] if "rejected" in note]
    assert told == (["the node rejected 1 joint states"] if "bad" in kinds else [])
