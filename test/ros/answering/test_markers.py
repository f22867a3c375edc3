"""What RViz and Foxglove are shown."""

from __future__ import annotations

import math

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from learned import learned_arm
from probe import Probe
from scipy.spatial.transform import Rotation
from visualization_msgs.msg import Marker, MarkerArray

from itnnr_ik import IKSolver
from itnnr_ik.robot import PACKAGED, load_robot
from itnnr_ik.ros.answering.markers import Scene
from itnnr_ik.task import Task


def named(array: MarkerArray, name: str) -> list[Marker]:
    return [marker for marker in array.markers if marker.ns == name]


def points_of(marker: Marker) -> np.ndarray:
    return np.array([(p.x, p.y, p.z) for p in marker.points])


@pytest.mark.parametrize("arm_name", PACKAGED)
def test_a_scene(arm_name: str) -> None:
    """The path, every proposal from base to tool, the solution that ends in the target, each once."""
    solver = IKSolver.load(arm_name)
    arm = solver.arm
    scene = Scene(solver, "pedestal")
    assert [marker.action for marker in scene.markers(Time()).markers] == [Marker.DELETEALL]
    start = 0.5 * (arm.lower + arm.upper)
    share = 0.1 * (arm.upper - arm.lower)
    for step in (0.0, 1e-5, 0.5, 1.0):
        scene.moved(start + step * share)
    target = solver.target_at(start + 1.5 * share)
    solution = solver.solve(target, start)
    scene.solved(target, solution.positions, start)
    array = scene.markers(Time(sec=3))
    (path,), (chosen,), (ball,) = (named(array, name) for name in ("path", "solution", "target"))
    np.testing.assert_allclose(
        points_of(path), solver.point_at(start + np.outer((0.0, 0.5, 1.0), share)), atol=1e-12
    )
    skeleton = arm.skeleton(solution.positions)
    np.testing.assert_allclose(points_of(chosen)[:-1], skeleton)
    np.testing.assert_allclose(points_of(chosen)[-1], solver.in_space(target), atol=1e-5)
    np.testing.assert_allclose(_position(ball), solver.in_space(target), atol=1e-12)
    proposals = named(array, "proposals")
    assert len(proposals) >= 8
    assert all(len(marker.points) == len(skeleton) + 1 for marker in proposals)
    assert all(marker.color.g > 0.0 or marker.color.r == 1.0 for marker in proposals)
    assert len({(marker.ns, marker.id) for marker in array.markers}) == len(array.markers)
    assert {marker.header.frame_id for marker in array.markers} == {"pedestal"}
    axes = {"position": 0, "pointing": 1, "pose": 3}[solver.task.kind]
    assert len(named(array, "target_axes")) == axes


def test_the_axes_that_count() -> None:
    """Of a pose all three, of a pointing task the tool's axis; they begin at the target, in its frame."""
    chain = load_robot("ur5e")
    tool = (0.1, 0.0, 0.2)
    target = np.array([0.3, 0.2, 0.4, *Rotation.from_euler("xyz", (0.3, -0.5, 2.0)).as_quat()])
    turn = Rotation.from_quat(target[3:])
    for task, expected in (
        (Task.of_chain(chain, "pose", tool), turn.as_matrix().T),
        (Task.of_chain(chain, "pointing", tool, (1.0, 0.0, 0.0)), [turn.apply([1.0, 0.0, 0.0])]),
    ):
        solver = IKSolver(chain, task)
        scene = Scene(solver, "base_link")
        positions = np.array([0.2, -1.0, 1.0, 0.1, 0.4, -0.3])
        scene.solved(target, positions, None)
        array = scene.markers(Time())
        lines = [points_of(marker) for marker in named(array, "target_axes")]
        assert len(lines) == len(expected)
        for line, axis in zip(lines, expected, strict=True):
            np.testing.assert_allclose(line[0], target[:3])
            np.testing.assert_allclose((line[1] - line[0]) / np.linalg.norm(line[1] - line[0]), axis)
        (chosen,) = named(array, "solution")
        tip, end = points_of(chosen)[-2:]
        assert np.linalg.norm(end - tip) == pytest.approx(math.hypot(*tool)), "the tool is drawn"
        np.testing.assert_allclose(end, solver.point_at(positions))


def test_a_plane_at_a_height() -> None:
    """Everything of a learned planar arm but its base is drawn where it moves."""
    arm = learned_arm(load_robot("two_link"), plane_height=0.4)
    solver = IKSolver(arm, IKSolver.load("two_link").task)
    scene = Scene(solver, "base_link")
    start = np.array([-0.2, 0.9])
    scene.moved(start)
    scene.moved(start + 0.1)
    scene.solved(arm.forward(start), start, start)
    array = scene.markers(Time())
    (ball,) = named(array, "target")
    drawn = [points_of(marker) for marker in array.markers if marker.points]
    assert len(drawn) > 4
    for points in drawn:
        assert set(points[1:, 2]) == {0.4}
    assert {_position(ball)[2], *points_of(named(array, "path")[0])[:, 2]} == {0.4}


def _position(marker: Marker) -> tuple[float, float, float]:
    p = marker.pose.position
    return p.x, p.y, p.z


def test_the_node_publishes_what_it_solved(probe: Probe) -> None:
    """While somebody listens: with the target of the last solution."""
    arrays: list[MarkerArray] = []
    probe.node.create_subscription(MarkerArray, "itnnr_ik/markers", arrays.append, 1)
    probe.start_ik_node()
    probe.send_first_joint_state(load_robot("two_link").joint_names, (-0.2, 0.9))
    assert probe.ask(probe.target(1.71, 0.48))[0]["code"] == "solved"
    probe.spin_until(
        lambda: any(_position(m)[:2] == (1.71, 0.48) for a in arrays for m in named(a, "target")),
        10.0,
        "a marker of the target",
    )
