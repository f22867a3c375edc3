"""`replay.launch.py` by the real launch system; `ros2 bag play`, which no package brings, is stood in for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bag_writer import joint_state, write_bag
from test_launch import LAUNCH, environment

from itnnr_ik.arms import ARMS
from itnnr_ik.bags import Bag

__all__ = ["environment"]

pytest.importorskip(
    "launch_ros", reason="needs the packages launch and launch_ros, which come with a ROS 2 installation only"
)

TIMEOUT = 120.0  # [s]
COUNT = 50

#: Joint states of a bag on their remapped topic, with a clock, as `ros2 bag play` does it.
PLAYER = """#!{python}
import argparse, time
import rclpy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from itnnr_ik.bags import Bag
parser = argparse.ArgumentParser()
for name in ("bag", "play", "path"):
    parser.add_argument(name)
for option in ("--clock", "--delay", "--rate"):
    parser.add_argument(option, type=float, required=True)
parser.add_argument("--remap", nargs="+")
args = parser.parse_args()
remapped = dict(pair.split(":=") for pair in args.remap)
rclpy.init(args=[])
node = rclpy.create_node("player")
clock = node.create_publisher(Clock, "/clock", 10)
states = node.create_publisher(JointState, remapped["/joint_states"], 10)
time.sleep(args.delay)
with Bag(args.path) as bag:
    for state in bag.joint_states("/joint_states"):
        now = Clock()
        now.clock.sec, now.clock.nanosec = divmod(state.received, 10**9)
        clock.publish(now)
        states.publish(JointState(name=list(state.names), position=state.positions.tolist()))
        time.sleep(0.01 / args.rate)
time.sleep(0.5)
rclpy.shutdown()
"""


def test_a_recording_is_played_and_measured(environment: dict[str, str], root: Path, tmp_path: Path) -> None:
    """Three processes: every target is answered, the report printed, the answers recorded."""
    phase = np.linspace(0.0, np.pi, COUNT)
    path = np.column_stack([0.4 * np.sin(phase), 0.8 + 0.3 * np.cos(phase)])
    rows = [(10**18 + 10**7 * i, joint_state(i, ARMS["two_link"].joint_names, q)) for i, q in enumerate(path)]
    bag = write_bag(tmp_path / "bag", "mcap", {"/joint_states": rows})
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ros2").write_text(PLAYER.replace("{python}", sys.executable))
    (tools / "ros2").chmod(0o755)
    new = tmp_path / "answers"
    arguments = [f"bag:={bag}", "rate:=0.5", f"record:={new}", f"html:={tmp_path / 'report.html'}"]
    ended = subprocess.run(
        [sys.executable, "-c", LAUNCH, "/", str(root / "launch" / "replay.launch.py"), *arguments],
        env={**environment, "PATH": f"{tools}:{environment['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT,
    )
    assert ended.returncode == 0, ended.stdout
    assert f"100 % of the reachable targets ({COUNT - 1})" in ended.stdout, ended.stdout
    assert "another joint state" not in ended.stdout
    assert "Traceback" not in ended.stdout
    with Bag(new) as reader:
        counts = {topic.name: topic.count for topic in reader.topics}
    assert counts == {"/joint_solution": COUNT - 1, "/itnnr_ik/status": COUNT - 1}
    assert "<svg" in (tmp_path / "report.html").read_text(encoding="utf-8")
