"""`itnnr-ik demo` from end to end: real nodes in processes of their own, over real DDS."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from bag_writer import joint_state, write_bag

from itnnr_ik.robot import load_robot
from itnnr_ik.ros.running.processes import ChildDiedError, Children

TIMEOUT = 120.0  # [s]


def demo(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "itnnr_ik.cli", "demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def nodes_of(parent: int) -> list[int]:
    """Processes that ``parent`` started and that still run."""
    children = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            children.append(int(status.parent.name))
    return children


def test_an_arm_is_solved_live_and_measured(tmp_path: Path) -> None:
    """The two-link arm follows a curve and random points; table, picture and exit status say so."""
    picture = tmp_path / "demo.png"
    process = demo("--arm", "two_link", "--seconds", "2", "--output", str(picture))
    output, log = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0, output + log
    lines = output.splitlines()
    (curve,) = (line.split() for line in lines if line.startswith("two_link") and "lemniscate" in line)
    (points,) = (line.split() for line in lines if line.startswith("two_link") and "random" in line)
    assert curve[2] == "200"
    assert points[2] == "100"
    assert lines[-1].startswith("all held: every target solved")
    assert f"picture: {picture}" in lines
    assert picture.stat().st_size > 20_000


@pytest.mark.slow
def test_poses_are_solved_live_and_measured(tmp_path: Path) -> None:
    """The panda by position and orientation, both errors in the measurements."""
    process = demo("--arm", "panda", "--seconds", "2", "--output", str(tmp_path / "demo.png"), "--json")
    output, log = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0, output + log
    runs = json.loads(output)["runs"]
    assert [(run["targets"], run["sent"]) for run in runs] == [("lemniscate", 200), ("random", 100)]
    for run in runs:
        assert run["failures"] == []
        assert 0.0 < run["residual_max"] <= 1e-6
        assert 0.0 < run["orientation_error_max"] <= 1e-6


@pytest.mark.slow
def test_physics_and_an_animation(tmp_path: Path) -> None:
    """The arm has mass, the answers are the same, and its motion is drawn."""
    pytest.importorskip("mujoco", reason="simulates and draws with MuJoCo")
    from itnnr_ik.demo.animation import check_animation

    animation = tmp_path / "demo.gif"
    try:
        check_animation(animation)
    except RuntimeError as error:
        pytest.skip(str(error))
    arguments = ["--arm", "yaw_pitch_pitch", "--seconds", "1.5", "--output", str(tmp_path / "demo.png")]
    process = demo(*arguments, "--simulator", "mujoco", "--animation", str(animation))
    output, log = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0, output + log
    assert f"animation: {animation}" in output
    assert animation.read_bytes().startswith(b"GIF")


@pytest.mark.slow
def test_recorded_joints_are_replayed_against_the_model(tmp_path: Path) -> None:
    """The displacement from the recorded joints is measured, and is next to nothing."""
    angles = np.linspace(0.0, np.pi, 100)
    states = np.column_stack([np.zeros(100), 0.4 * np.sin(angles), 0.8 + 0.3 * np.cos(angles)])
    messages = [
        (10**9 + 10**7 * i, joint_state(i, ("wheel", "shoulder", "elbow"), state))
        for i, state in enumerate(states)
    ]
    bag = write_bag(tmp_path / "arm", "mcap", {"/joint_states": messages})
    arguments = ["--bag", str(bag), "--model", "two_link", "--joints", "shoulder,elbow", "--json"]
    process = demo(*arguments, "--output", str(tmp_path / "demo.png"))
    output, log = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0, output + log
    (run,) = json.loads(output)["runs"]
    assert (run["sent"], run["targets"], run["failures"]) == (99, "arm", [])
    assert run["displacement_max"] < 1e-5
    assert run["largest_step"] < 0.1


def test_recorded_joints_without_a_model_say_what_to_train(tmp_path: Path) -> None:
    """One line, and nothing is trained or started."""
    bag = write_bag(tmp_path / "bag", "mcap", {"/joint_states": [(1, joint_state(1, ("a", "b"), (0, 1)))]})
    process = demo("--bag", str(bag))
    output, log = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, output) == (1, "")
    (line,) = log.strip().splitlines()
    assert "itnnr-ik train" in line
    assert "--model DIR" in line


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_an_interrupted_demo_leaves_no_process_behind(tmp_path: Path, number: signal.Signals) -> None:
    """Its nodes end with it."""
    process = demo("--arm", "two_link", "--output", str(tmp_path / "demo.png"))
    deadline = time.monotonic() + TIMEOUT
    while len(nodes := nodes_of(process.pid)) < 3:
        assert time.monotonic() < deadline, "the demo started no nodes"
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    process.send_signal(number)
    output, log = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130, output + log
    assert "Traceback" not in log
    for node in nodes:
        with pytest.raises(ProcessLookupError):
            os.kill(node, 0)


def test_a_node_that_dies_is_reported_with_its_last_words(tmp_path: Path) -> None:
    """The error holds the line that the node ended with."""
    with Children(tmp_path, "/arm") as children:
        children.start("simulator", "itnnr_ik.ros.simulator", {"rate": -5.0})
        deadline = time.monotonic() + TIMEOUT
        with pytest.raises(
            ChildDiedError, match=r"(?s)simulator ended with status 1: .*'rate' must be"
        ) as caught:
            while time.monotonic() < deadline:
                children.check()
                time.sleep(0.1)
    assert "got -5.0" in str(caught.value)


def test_parameters_reach_a_node_as_they_are(tmp_path: Path) -> None:
    """Text that looks like a number, lists and floats survive the command line."""
    model = tmp_path / "1.0"
    with Children(tmp_path, "/arm") as children:
        children.start(
            "node",
            "itnnr_ik.ros.simulator",
            {"model": str(model), "joints": list(load_robot("two_link").joint_names)},
        )
        deadline = time.monotonic() + TIMEOUT
        with pytest.raises(ChildDiedError, match=r"1\.0"):
            while time.monotonic() < deadline:
                children.check()
                time.sleep(0.1)
