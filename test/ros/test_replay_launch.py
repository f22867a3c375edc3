"""`replay.launch.py` by the real launch system; `ros2 bag play`, which no package brings, is stood in for."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bag_writer import joint_state, write_bag
from geometry_msgs.msg import PoseStamped
from probe import Probe
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from test_launch import LAUNCH, environment, expand, parameters_of

from itnnr_ik.recording import Bag
from itnnr_ik.robot import load_robot

__all__ = ["environment", "expand"]

pytest.importorskip(
    "launch_ros", reason="needs the packages launch and launch_ros, which come with a ROS 2 installation only"
)

TIMEOUT = 120.0  # [s]
COUNT = 50

#: Joint states of a bag, with a clock, as `ros2 bag play` does it: every topic unless some are named, each
#: under its own name unless that is remapped.
PLAYER = """#!{python}
import argparse, time
import rclpy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from itnnr_ik.recording import Bag
parser = argparse.ArgumentParser()
for name in ("bag", "play", "path"):
    parser.add_argument(name)
for option in ("--clock", "--delay", "--rate"):
    parser.add_argument(option, type=float, required=True)
for option in ("--topics", "--remap"):
    parser.add_argument(option, nargs="+", default=[])
args = parser.parse_args()
rclpy.init(args=["--ros-args", *(word for rule in args.remap for word in ("--remap", rule))])
node = rclpy.create_node("player")
clock = node.create_publisher(Clock, "/clock", 10)
with Bag(args.path) as bag:
    topics = [topic.name for topic in bag.topics if not args.topics or topic.name in args.topics]
    states = sorted((state.received, name, state) for name in topics for state in bag.joint_states(name))
publishers = {name: node.create_publisher(JointState, name, 10) for name in topics}
time.sleep(args.delay)
for received, name, state in states:
    now = Clock()
    now.clock.sec, now.clock.nanosec = divmod(received, 10**9)
    clock.publish(now)
    publishers[name].publish(JointState(name=list(state.names), position=state.positions.tolist()))
    time.sleep(0.01 / args.rate)
time.sleep(0.5)
rclpy.shutdown()
"""


def test_a_recording_is_played_and_measured(
    environment: dict[str, str], root: Path, tmp_path: Path, probe: Probe
) -> None:
    """Three processes: every target is answered, the report printed, the answers recorded.

    A robot in the same domain hears none of it: neither what was recorded nor what is made of it.
    """
    heard: list[object] = []
    robot = {JointState: ("/joint_states", "/arm/commands", "/joint_solution"), Clock: ("/clock",)}
    for kind, topics in {**robot, PoseStamped: ("/target_pose",)}.items():
        for topic in topics:
            probe.node.create_subscription(kind, topic, heard.append, 10)
    phase = np.linspace(0.0, np.pi, COUNT)
    path = np.column_stack([0.4 * np.sin(phase), 0.8 + 0.3 * np.cos(phase)])
    names = load_robot("two_link").joint_names
    rows = [(10**18 + 10**7 * i, joint_state(i, names, q)) for i, q in enumerate(path)]
    commands = [(received + 1, message) for received, message in rows]
    bag = write_bag(tmp_path / "bag", "mcap", {"/joint_states": rows, "/arm/commands": commands})
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ros2").write_text(PLAYER.replace("{python}", sys.executable))
    (tools / "ros2").chmod(0o755)
    new, log = tmp_path / "answers", tmp_path / "launch.txt"
    arguments = [f"bag:={bag}", "rate:=0.5", f"record:={new}", f"html:={tmp_path / 'report.html'}"]
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, "/robot", str(root / "launch" / "replay.launch.py"), *arguments],
            env={**environment, "PATH": f"{tools}:{environment['PATH']}"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    deadline = time.monotonic() + TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        probe.spin_for(0.2)
    process.kill()
    said = log.read_text()
    assert process.wait() == 0, said
    assert f"100 % of the reachable targets ({COUNT - 1})" in said, said
    assert "another joint state" not in said
    assert "Traceback" not in said
    assert heard == []
    with Bag(new) as reader:
        counts = {topic.name: topic.count for topic in reader.topics}
    assert counts == {"/joint_solution": COUNT - 1, "/itnnr_ik/status": COUNT - 1}
    assert "<svg" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_only_what_is_measured_is_played(expand: Callable[..., list[dict[str, Any]]]) -> None:
    """Two topics and a clock, each into the namespace of the nodes."""
    actions = expand("replay", "bag:=recording", "joint_topic:=/arm/joint_states")
    (command,) = (action["command"] for action in actions if "command" in action)
    assert command[:4] == ["ros2", "bag", "play", "recording"]
    remap = command.index("--remap")
    assert command[command.index("--topics") + 1 : remap] == ["/arm/joint_states", "/target_pose"]
    assert command[remap + 1 :] == [
        "/arm/joint_states:=/replay/recorded/joint_states",
        "/target_pose:=/replay/recorded/poses",
        "/clock:=/replay/clock",
    ]
    names = {action["name"] for action in actions if "name" in action}
    assert names == {"/replay/itnnr_ik", "/replay/evaluator"}


@pytest.mark.parametrize("section", ["itnnr_ik", "/itnnr_ik", "/robot/itnnr_ik", "/evaluator"])
def test_what_a_file_says_for_the_robots_node_counts(
    expand: Callable[..., list[dict[str, Any]]], tmp_path: Path, section: str
) -> None:
    """For both nodes, though they have other names: what is measured is what the robot's node would do."""
    mine = tmp_path / "mine.yaml"
    mine.write_text(f'{section}:\n  ros__parameters: {{model: "three_link", joints: ["1", "b", "c"]}}\n')
    actions = expand("replay", "bag:=recording", f"params_file:={mine}")
    for executable in ("ik_node", "evaluator"):
        parameters = parameters_of(actions, executable)
        assert (parameters["model"], parameters["joints"]) == ("three_link", ["1", "b", "c"])
