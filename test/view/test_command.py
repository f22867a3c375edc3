"""`itnnr-ik view` from outside: what it serves, to whom, and what it refuses in one line."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from learned import elbow_up_solver
from view_thread import ViewThread

from itnnr_ik import IKSolver
from itnnr_ik.cli import main
from itnnr_ik.cli.arms import named_solver
from itnnr_ik.robot import PACKAGED, load_robot

OpenView = Callable[..., ViewThread]


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line that the command fails with."""
    assert main(["view", *words]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0].removeprefix("itnnr-ik view: ")


def test_an_unknown_arm_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The message lists the known arms."""
    said = refused(capsys, "nobody")
    assert said == f"no arm 'nobody': expected one of {', '.join(PACKAGED)}, a model folder or a URDF file"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("panda", "--tip", "panda_link7"), "--tip goes with a URDF, got the model panda"),
        (("panda", "--port", "70000"), "--port must be from 0 to 65535, got 70000"),
        (("panda", "--joints", "a,b"), "--joints goes with --live or --recording"),
        (("panda", "--recording", "bag", "--joints", "a,b"), "--joints must name 7 joints, got a,b"),
    ],
)
def test_options_that_do_not_go_are_refused(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    """Incompatible options are refused before the server starts."""
    assert refused(capsys, *words) == said


def test_a_port_that_is_taken_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """No other port is chosen silently."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"cannot serve on port {port}: " in refused(capsys, "two_link", "--port", str(port))


def test_what_is_shown_may_be_a_name_a_folder_or_a_urdf(tmp_path: Path) -> None:
    """A name, a model folder and a URDF each give the arm, the first two with its trained network."""
    IKSolver.load("three_link").save(tmp_path / "model")
    (tmp_path / "arm.urdf").write_text(load_robot("ur5e").urdf)
    named, folder, urdf = (
        named_solver(arm, None, None, None)
        for arm in ("three_link", str(tmp_path / "model"), str(tmp_path / "arm.urdf"))
    )
    assert named.arm == folder.arm
    assert named.twin is not None
    assert folder.twin is not None
    assert (urdf.arm.name, urdf.task.kind, urdf.twin) == ("ur5e", "pose", None)
    assert named_solver("panda", None, None, "pointing").task.kind == "pointing"


def test_only_this_machine_can_open_it(open_view: OpenView) -> None:
    """It listens on the loopback interface alone."""
    view = open_view("two_link")
    assert view.url.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(view.url) as answer:
        assert b"<html" in answer.read()
    port = int(view.url.rpartition(":")[2])
    listening = {
        line.split()[1]
        for table in ("tcp", "tcp6")
        if (path := Path(f"/proc/net/{table}")).exists()
        for line in path.read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{port:04X}")
    }
    assert listening == {f"0100007F:{port:04X}"}


def test_drags_and_slides_to_nowhere_are_ignored(open_view: OpenView) -> None:
    """Numbers that are not finite, and a quaternion of zeros, neither end the view nor move the arm."""
    thread = open_view("ur5e")
    view, before = thread.view, thread.view.posing.target.copy()
    for position, wxyz in (((np.nan, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0)), ((0.4, 0.1, 0.3), (0.0,) * 4)):
        target = SimpleNamespace(position=np.array(position), wxyz=np.array(wxyz))
        view.stage._on_target(SimpleNamespace(client=object(), target=target))
    slid = SimpleNamespace(client=object(), target=SimpleNamespace(value=np.nan))
    view.sliders._on_update(0, view._on_slide, slid)
    view._on_slide(2, 0.5)
    thread.wait(lambda: view.posing.positions[2] == pytest.approx(0.5), "the joint")
    assert np.isfinite(view.posing.target).all()
    assert not np.array_equal(view.posing.target, before)


def test_the_command_says_where_it_is_and_ends_with_ctrl_c() -> None:
    """One line with the address, and status 130."""
    command = [sys.executable, "-m", "itnnr_ik.cli", "view", "two_link", "--port", "0"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("two_link: http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        assert process.wait(180) == 130


def test_what_people_do_waits_for_the_next_tick(open_view: OpenView) -> None:
    """A drag, a click on a ghost and a slider move the arm at the next tick; sliders and ghosts follow."""
    thread = open_view("ur5e")
    view = thread.view
    thread.wait(lambda: len(view.postures) > 2, "ghosts")
    pose = view.posing.pose
    view._on_drag(pose + np.array([0.0, 0.05, 0.0, 0.0, 0.0, 0.0, 0.0]))
    thread.wait(lambda: view.posing.target[1] == pytest.approx(pose[1] + 0.05), "the drag")
    thread.wait(lambda: np.allclose(view.sliders.values(view.posing.positions), values(view)), "the sliders")

    def is_new() -> bool:
        return bool(np.allclose(view.posing.solver.forward(view.postures[0])[:3], view.posing.target[:3]))

    thread.wait(is_new, "ghosts of the new target")
    ghost = view.postures[0]
    view._events.put(lambda: view._go_to_ghost(0))
    thread.wait(lambda: np.allclose(view.posing.positions, ghost, atol=1e-5), "the branch")
    view._on_slide(2, 0.5)
    thread.wait(lambda: view.posing.positions[2] == pytest.approx(0.5), "the joint")
    thread.wait(lambda: np.allclose(view.stage.target.position, view.posing.pose[:3]), "the target")


@pytest.mark.parametrize("arm", ["three_link", "scara", "panda"])
def test_every_overlay_can_be_switched_on(open_view: OpenView, arm: str) -> None:
    """Each overlay can be switched on and off, with its clouds and lines."""
    thread = open_view(arm)
    view = thread.view
    boxes = {"reach": view.overlays.reach, "proposals": view.overlays.proposals}
    if view.overlays.uncertainty is not None:
        boxes["uncertainty"] = view.overlays.uncertainty
    assert ("uncertainty" in boxes) == (arm == "three_link")
    shown = view.stage.shown
    for on in (True, False):
        for box in boxes.values():
            box.value = on
        view._on_drag(view.posing.pose)
        thread.wait(lambda on=on: (set(boxes) <= shown()) if on else not shown(), "the overlays")


def values(view: object) -> list[float]:
    return [slider.value for slider in view.sliders.handles]  # type: ignore[attr-defined]


def test_a_learned_arm_is_a_rod_to_its_tip(open_view: OpenView, tmp_path: Path) -> None:
    """A learned arm can be dragged, and the panel says where it has no data."""
    elbow_up_solver().save(tmp_path / "model")
    thread = open_view(str(tmp_path / "model"))
    view = thread.view
    assert view.overlays.uncertainty is not None
    for angles, covered in (([0.3, 0.8], True), ([0.3, 0.05], False)):
        tip = view.posing.solver.point_at(angles)
        view._on_drag(np.array([*tip, 0.0, 0.0, 0.0, 1.0]))
        thread.wait(lambda tip=tip: np.allclose(view.posing.pose[:3], tip), "the target")
        thread.wait(lambda tip=tip: np.allclose(view.stage.arm.tip, tip, atol=1e-5), "the tip")
        assert view.posing.solution.covered is covered
    thread.wait(lambda: "Outside the data" in view._text.content, "the words")


def test_a_recording_is_played(open_view: OpenView, tmp_path: Path) -> None:
    """Time and arm advance while the recording plays."""
    from bag_writer import pose, write_bag

    solver = IKSolver.load("two_link")
    angles = np.linspace(0.0, 1.0, 200)
    tips = solver.forward(np.column_stack([angles, 0.5 + angles]))
    rows = [
        (10**18 + 10**7 * i, pose(10**18 + 10**7 * i, (*tip[:2], 0.0), "base_link"))
        for i, tip in enumerate(tips)
    ]
    bag = write_bag(tmp_path / "bag", "mcap", {"/pose": rows})
    thread = open_view("two_link", "--recording", str(bag))
    view = thread.view
    assert view.time == 0.0
    view._toggle()
    thread.wait(lambda: view.time > 0.3, "time")
    assert view.slider.value > 0.0
    view._toggle()
    stopped = view.time
    time.sleep(0.1)
    assert view.time <= stopped + 0.05
