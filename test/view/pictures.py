"""Takes the pictures of docs/view.md anew, in a real Chromium without a screen: `make pictures`."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "test"), str(ROOT / "test" / "ros")]

from browser import Browser  # noqa: E402
from view_thread import ViewThread  # noqa: E402

from itnnr_ik import IKSolver  # noqa: E402
from itnnr_ik.cli import view as command  # noqa: E402
from itnnr_ik.ros.running.processes import isolated_environment  # noqa: E402
from itnnr_ik.targets import rest_positions  # noqa: E402
from itnnr_ik.view.posing import initial_posture  # noqa: E402

_SIZE = (1160, 680)
Prepare = Callable[[ViewThread, Browser], None]


def take(name: str, words: list[str], prepare: Prepare) -> None:
    """A picture of `itnnr-ik view` with these words, once ``prepare`` has done to it what is to be seen."""
    parser = ArgumentParser()
    command.add_arguments(parser)
    with ExitStack() as stack:
        args = parser.parse_args([*words, "--port", "0"])
        thread = stack.enter_context(ViewThread(command.open_view(args, stack)))
        page = Browser(thread.url, _SIZE)
        stack.callback(page.close)
        page.picture()  # it has been drawn once
        page.clean()
        prepare(thread, page)
        page.point_at((5, 5))  # and at nothing that explains itself
        page.picture()
        path = ROOT / "docs" / f"{name}.png"
        page.picture().save(path, optimize=True)
        print(f"{path.name}: {path.stat().st_size / 1024:.0f} KiB")


def branches(thread: ViewThread, page: Browser) -> None:
    """The ur5e and panda with all other branches."""
    thread.wait(lambda: len(thread.view.postures) > 2, "ghosts")


def overlays(thread: ViewThread, page: Browser) -> None:
    """The reach, without ghosts that would hide it."""
    page.tick_box("other branches")
    page.tick_box("reach")
    thread.wait(lambda: "reach" in thread.view.stage.shown(), "the reach")
    for client in thread.view.server.get_clients().values():
        camera = client.camera
        camera.position = camera.look_at + 1.5 * (camera.position - camera.look_at)


def uncertainty(thread: ViewThread, page: Browser) -> None:
    """Uncertainty and proposals of a trained arm."""
    page.tick_box("uncertainty")
    page.tick_box("proposals")
    thread.wait(lambda: {"uncertainty", "proposals"} <= thread.view.stage.shown(), "the clouds")


def recording(folder: Path) -> Path:
    """The ur5e along an eight, with a first joint that is off by 0.2 rad."""
    from bag_writer import joint_state, pose, write_bag

    solver = IKSolver.load("ur5e")
    now, poses, states = initial_posture(solver), [], []
    center = solver.forward(now)
    for i, turn in enumerate(np.linspace(0.0, 2.0 * np.pi, 400)):
        stamp, target = 10**18 + 20_000_000 * i, center.copy()
        target[1:3] += 0.25 * np.sin(turn), 0.13 * np.sin(2.0 * turn)
        now = solver.solve(target, now).positions
        recorded = now + 0.2 * np.eye(6)[0]
        states.append((stamp, joint_state(stamp, solver.arm.joint_names, recorded)))
        poses.append((stamp + 1, pose(stamp, tuple(target[:3]), solver.arm.base_link, target[3:])))
    return write_bag(folder / "ur5e_eight", "mcap", {"/joint_states": states, "/pose": poses})


def played(thread: ViewThread, page: Browser) -> None:
    """A moment in the middle."""
    thread.view.seek(2.6)
    thread.wait(lambda: thread.view._shown == 2.6, "the moment")


def live(folder: Path) -> None:
    """A node beside joints that stand still, and a target that is sent from the page."""
    import rclpy
    from probe import Probe
    from sensor_msgs.msg import JointState

    rclpy.init()
    probe = Probe(folder)
    solver = IKSolver.load("panda")
    state = JointState(name=list(solver.arm.joint_names), position=rest_positions(solver).tolist())
    tool = solver.forward(state.position)

    def send(thread: ViewThread, page: Browser) -> None:
        view: Any = thread.view
        thread.wait(lambda: view._link.snapshot.joints is not None, "joint states")
        page.tick_box("publish targets")
        thread.wait(lambda: np.allclose(view.stage.target.position, tool[:3]), "the control")
        goal = tool + np.array([0.05, 0.2, -0.15, 0.0, 0.0, 0.0, 0.0])
        view.stage.show_target(goal)
        view._on_drag(goal)
        thread.wait(lambda: view._link.snapshot.status.get("code") == "solved", "an answer")

    stop = threading.Event()
    beat = threading.Thread(target=lambda: _repeat(stop, lambda: probe.states.publish(state)))
    try:
        probe.start_ik_node("-p", "model:=panda")
        probe.node.destroy_publisher(probe.targets)
        beat.start()
        take("view_live", ["panda", "--live", "--namespace", probe.namespace], send)
    finally:
        stop.set()
        beat.join()
        probe.close()
        rclpy.try_shutdown()


def _repeat(stop: threading.Event, do: Callable[[], None]) -> None:
    """Every tenth of a second until told to stop."""
    while not stop.wait(0.1):
        do()


def main() -> None:
    """All pictures, or those that are named."""
    chosen = sys.argv[1:] or ["view", "view_reach", "view_uncertainty", "view_recording", "view_live"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ.update(isolated_environment(folder))
        takes: dict[str, Callable[[], None]] = {
            "view": lambda: take("view", ["panda"], branches),
            "view_reach": lambda: take("view_reach", ["ur5e"], overlays),
            "view_uncertainty": lambda: take("view_uncertainty", ["three_link"], uncertainty),
            "view_recording": lambda: take(
                "view_recording", ["ur5e", "--recording", str(recording(folder))], played
            ),
            "view_live": lambda: live(folder),
        }
        for picture in chosen:
            takes[picture]()


if __name__ == "__main__":
    main()
