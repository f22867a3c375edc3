"""What RViz and Foxglove are shown."""

from __future__ import annotations

import math

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from learned import learned_arm
from probe import Probe
from visualization_msgs.msg import Marker, MarkerArray

from itnnr_ik import IKSolver
from itnnr_ik.arms import ARMS, get_arm
from itnnr_ik.ros.markers import Scene
from itnnr_ik.solver.model import load_model


def named(array: MarkerArray, name: str) -> list[Marker]:
    return [marker for marker in array.markers if marker.ns == name]


@pytest.mark.parametrize("arm_name", ARMS)
def test_a_scene(arm_name: str) -> None:
    """The path, every proposal from base to tip, the solution that ends in the target, each once."""
    solver = IKSolver.load(arm_name)
    arm = solver.arm
    scene = Scene(solver, "pedestal")
    assert [marker.action for marker in scene.markers(Time()).markers] == [Marker.DELETEALL]
    start = arm.limits.mean(axis=0) + 0.3
    for step in (0.0, 1e-4, 0.05, 0.1):
        scene.moved(start + step)
    target = arm.forward(start + 0.2)
    solution = solver.solve(target, start)
    scene.solved(target, solution.positions, start)
    array = scene.markers(Time(sec=3))
    (path,), (chosen,), (ball,) = (named(array, name) for name in ("path", "solution", "target"))
    assert len(path.points) == 3, "what hardly moves adds nothing"
    end = chosen.points[-1]
    np.testing.assert_allclose(np.array([end.x, end.y, end.z])[: arm.n_coordinates], target, atol=1e-5)
    assert math.dist((end.x, end.y, end.z), _position(ball)) < 1e-5
    proposals = named(array, "proposals")
    assert len(proposals) >= 16
    assert all(len(marker.points) == len(arm.link_lengths) + 1 for marker in proposals)
    assert all(marker.color.g > 0.0 or marker.color.r == 1.0 for marker in proposals)
    assert len({(marker.ns, marker.id) for marker in array.markers}) == len(array.markers)
    assert {marker.header.frame_id for marker in array.markers} == {"pedestal"}


def test_a_plane_at_a_height() -> None:
    """Everything of a learned planar arm is drawn where it moves."""
    arm = learned_arm(get_arm("two_link"), plane_height=0.4)
    solver = IKSolver(arm, load_model("two_link").inverse)
    scene = Scene(solver, "base_link")
    start = np.array([-0.2, 0.9])
    scene.moved(start)
    scene.moved(start + 0.1)
    scene.solved(arm.forward(start), start, start)
    array = scene.markers(Time())
    (ball,) = named(array, "target")
    heights = [point.z for marker in array.markers for point in marker.points]
    assert len(heights) > 4
    assert {*heights, _position(ball)[2]} == {0.4}


def _position(marker: Marker) -> tuple[float, float, float]:
    p = marker.pose.position
    return p.x, p.y, p.z


def test_the_node_publishes_what_it_solved(probe: Probe) -> None:
    """While somebody listens: with the target of the last solution."""
    arrays: list[MarkerArray] = []
    probe.node.create_subscription(MarkerArray, "itnnr_ik/markers", arrays.append, 1)
    probe.start_ik_node()
    probe.send_first_joint_state(get_arm("two_link").joint_names, (-0.2, 0.9))
    assert probe.ask(probe.target(1.71, 0.48))[0]["code"] == "solved"
    probe.spin_until(
        lambda: any(_position(m)[:2] == (1.71, 0.48) for a in arrays for m in named(a, "target")),
        10.0,
        "a marker of the target",
    )
