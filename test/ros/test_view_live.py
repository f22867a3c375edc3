"""The live view in a real Chromium, beside a real node and simulator over DDS."""

from __future__ import annotations

import importlib.util
from argparse import ArgumentParser
from contextlib import ExitStack

import numpy as np
import pytest
from browser import Browser
from probe import Probe

from itnnr_ik import IKSolver

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("viser") is None, reason="needs viser"),
]
SIZE = (900, 560)
GOAL = (1.2, 0.9)


def test_the_page_shows_the_node_and_may_send_it_targets(probe: Probe) -> None:
    """Joints and answers as the node has them; a drag is sent once that is switched on, and not before."""
    from view_thread import ViewThread

    from itnnr_ik.cli import view as command

    probe.start_simulator("-p", "model:=two_link")
    probe.start_ik_node("-p", "model:=two_link")
    parser = ArgumentParser()
    command.add_arguments(parser)
    words = ["two_link", "--live", "--namespace", probe.namespace, "--port", "0"]
    with ExitStack() as stack:
        thread = stack.enter_context(ViewThread(command.open_view(parser.parse_args(words), stack)))
        view, page = thread.view, Browser(thread.url, SIZE)
        stack.callback(page.close)
        probe.repeat_until(
            lambda: probe.targets.publish(probe.target(*GOAL)), lambda: "Solved" in page.text, "the status"
        )
        solver = IKSolver.load("two_link")
        link = view._link
        probe.repeat_until(
            lambda: probe.targets.publish(probe.target(*GOAL)),
            lambda: bool(np.allclose(solver.forward(link.snapshot.joints)[:2], GOAL, atol=1e-3)),
            "the simulated arm at the target",
        )
        assert np.allclose(view.stage.goal.position, [*GOAL, 0.0])
        assert probe.node.count_publishers("target_pose") == 1
        wish = np.array([1.0, 1.1, 0.0, 0.0, 0.0, 0.0, 1.0])
        view._on_drag(wish)
        probe.spin_for(0.5)
        assert np.allclose(link.snapshot.target[:2], GOAL)
        page.clean()
        page.tick_box("publish targets")
        probe.spin_until(lambda: probe.node.count_publishers("target_pose") == 2, 30.0, "a publisher")
        probe.repeat_until(
            lambda: view._on_drag(wish),
            lambda: bool(np.allclose(solver.forward(link.snapshot.joints)[:2], wish[:2], atol=1e-3)),
            "the simulated arm at the dragged target",
        )
