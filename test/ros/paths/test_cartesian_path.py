"""Straight lines from waypoint to waypoint, and the service compute_cartesian_path."""

from __future__ import annotations

import numpy as np
import pytest
from configurations import configured
from learned import elbow_up_solver
from lifecycle_msgs.msg import Transition
from probe import Probe
from processes import ANSWER_TIMEOUT, START_TIMEOUT
from std_msgs.msg import Header
from test_ik_node_lifecycle import change as change_state

from itnnr_ik import IKSolver
from itnnr_ik.robot import load_robot
from itnnr_ik.ros.paths.cartesian_path import Lines, follow_lines, solve_lines
from itnnr_ik.ros.paths.joint_path import Start


@pytest.fixture(scope="module")
def two_link() -> IKSolver:
    return IKSolver.load("two_link")


def off_the_lines(points: np.ndarray, corners: np.ndarray) -> float:
    """Largest distance [m] of points (m, 2) from the polyline through corners (k, 2)."""
    starts, ways = corners[:-1], np.diff(corners, axis=0)
    ahead = ((points[:, None] - starts) * ways).sum(axis=2) / (ways**2).sum(axis=1)
    nearest = starts + np.clip(ahead, 0.0, 1.0)[..., None] * ways
    return float(np.linalg.norm(points[:, None] - nearest, axis=2).min(axis=1).max())


@pytest.mark.parametrize("max_step", [0.1, 0.01])
def test_all_of_it_is_followed_from_the_state(two_link: IKSolver, max_step: float) -> None:
    """On the lines, in steps no longer than asked for, to the last waypoint, in the elbow's posture."""
    for side in (1.0, -1.0):
        state = np.array([0.2, 1.2 * side])
        corners = np.array([two_link.target_at(state), [1.6, 0.3], [1.5, -0.4]])
        found = follow_lines(two_link, state, corners[1:].tolist(), max_step)
        assert (found.fraction, found.text) == (1.0, "")
        np.testing.assert_array_equal(found.positions[0], state)
        points = two_link.target_at(found.positions)
        assert off_the_lines(points, corners) <= 2e-6
        assert np.linalg.norm(np.diff(points, axis=0), axis=1).max() <= max_step + 2e-6
        np.testing.assert_allclose(points[-1], corners[-1], atol=2e-6)
        assert (found.positions[:, 1] * side > 0.0).all()


def test_it_ends_where_the_arm_does(two_link: IKSolver) -> None:
    """At the reach, with the share of the waypoints up to there, and the reason."""
    state = np.array([0.0, 1.0])
    start = two_link.target_at(state)
    inside, beyond = start + np.array([0.0, -0.2]), start + np.array([1.0, -0.2])
    found = follow_lines(two_link, state, [inside.tolist(), beyond.tolist()], 0.01)
    reached = two_link.target_at(found.positions[-1])
    radius = float(two_link.arm.reach)
    assert np.linalg.norm(reached) <= radius
    assert np.hypot(reached[0] + 0.01, reached[1]) > radius
    assert found.fraction == pytest.approx(0.5 * (1.0 + (reached[0] - inside[0]) / 1.0), abs=1e-5)
    assert "out of reach" in found.text


def test_steps_of_a_joint_are_bounded(two_link: IKSolver) -> None:
    """By the threshold of a revolute joint: near the stretched posture they are long; 0 is none."""
    state = np.array([0.0, 1.0])
    radius = float(two_link.arm.reach) - 1e-4
    waypoint = [[radius, 0.0]]
    free = follow_lines(two_link, state, waypoint, 0.02)
    steps = np.abs(np.diff(free.positions, axis=0)).max(axis=1)
    assert free.fraction == 1.0
    allowed = 0.5 * (steps.max() + np.sort(steps)[-2])
    bounded = follow_lines(two_link, state, waypoint, 0.02, revolute=float(allowed))
    assert len(bounded.positions) == int(steps.argmax()) + 1
    assert 0.0 < bounded.fraction < 1.0
    assert "larger step than is allowed" in bounded.text
    assert follow_lines(two_link, state, waypoint, 0.02, prismatic=1e-6).fraction == 1.0


def test_short_steps_are_found_where_the_whole_path_has_a_long_one() -> None:
    """The plan of an arm with a joint to spare begins with a step that need not be."""
    solver = IKSolver.load("panda")
    state = np.array([0.3, -1.2, 1.5, -1.0, 1.2, 0.7, 0.4])
    away = [(0.05, 0.0, 0.0), (0.05, 0.05, 0.0), (0.0, 0.05, -0.05)]
    corners = (solver.target_at(state) + np.pad(away, ((0, 0), (0, 4)))).tolist()
    free = follow_lines(solver, state, corners, 0.01)
    assert np.abs(np.diff(free.positions, axis=0)).max() > 0.09
    bounded = follow_lines(solver, state, corners, 0.01, revolute=0.09)
    assert (bounded.fraction, bounded.text) == (1.0, "")
    assert np.abs(np.diff(bounded.positions, axis=0)).max() <= 0.09


def test_the_tool_stays_on_the_line_between_targets() -> None:
    """Where wrist joints would turn far from one target to the next, it ends, or takes smaller steps."""
    solver = IKSolver.load("ur5e")
    state = np.array([0.3, -1.2, 1.5, -1.0, 0.3, 0.7])
    waypoint = solver.target_at(state + np.array([0.1, 0.0, 0.0, 0.1, -0.6, 0.0]))

    def off(positions: np.ndarray) -> float:
        """Largest distance [m] from the line on the way of the joints."""
        corners = np.array([solver.target_at(state), waypoint])[:, :3]
        way = np.linspace(positions[:-1], positions[1:], 9).reshape(-1, 6)
        return off_the_lines(solver.target_at(way)[:, :3], corners)

    coarse = follow_lines(solver, state, [waypoint.tolist()], 0.01)
    assert 0.0 < coarse.fraction < 1.0
    assert "swing off the line" in coarse.text
    assert off(coarse.positions) <= 0.01
    fine = follow_lines(solver, state, [waypoint.tolist()], 0.001)
    assert (fine.fraction, fine.text) == (1.0, "")
    assert off(fine.positions) <= 0.001


@pytest.mark.parametrize("model", ["ur5e", "panda"])
def test_orientations_turn_evenly(model: str) -> None:
    """From one pose to another, within tolerances of the slerp between them, from the state itself."""
    solver = IKSolver.load(model)
    state = np.clip(np.array([0.3, -1.2, 1.5, -1.0, 1.2, 0.7, 0.4])[: solver.arm.n_joints], *(
        solver.arm.lower + 0.3, solver.arm.upper - 0.3
    ))  # fmt: skip
    rng = np.random.default_rng(3)
    waypoint = solver.target_at(state + 0.15 * rng.uniform(-1.0, 1.0, len(state)))
    found = follow_lines(solver, state, [waypoint.tolist()], 0.005)
    assert found.fraction == 1.0
    np.testing.assert_array_equal(found.positions[0], state)
    poses = solver.target_at(found.positions)
    turned = 2.0 * np.arccos(np.clip(np.abs((poses[:-1, 3:] * poses[1:, 3:]).sum(axis=1)), 0.0, 1.0))
    assert np.ptp(turned) <= 1e-5
    assert np.abs(np.diff(found.positions, axis=0)).max() < 0.1


def test_it_ends_where_the_data_do() -> None:
    """Of a learned arm: here before the elbow is stretched, though the arm could go on."""
    solver = elbow_up_solver()
    assert solver.coverage is not None
    state = np.array([0.0, 0.5])
    waypoint = solver.target_at(np.array([0.2, 0.02]))
    found = follow_lines(solver, state, [waypoint.tolist()], 0.01)
    assert 0.0 < found.fraction < 1.0
    assert found.text == "it leaves the data that learned was learned from"
    assert solver.coverage.covers(found.positions).all()


def test_a_useless_step_is_refused(two_link: IKSolver) -> None:
    state = np.array([0.0, 1.0])
    for step in (0.0, -1.0, np.nan, 1e-9):
        with pytest.raises(ValueError, match="expected a max_step"):
            follow_lines(two_link, state, [[1.0, 0.5]], step)


def test_the_trajectory_begins_when_it_is_sent() -> None:
    """Whenever it was asked for: its stamp is zero, which is now for a controller."""
    state = np.array([0.2, 1.2])
    header = Header(frame_id="base_link")
    header.stamp.sec = 1_700_000_000
    start = Start(configured("two_link"), state, np.zeros(2))
    _, found = solve_lines(Lines(start, [[1.6, 0.3]], header, 0.01, 0.0, 0.0))
    assert found.header == Header(frame_id="base_link")
    np.testing.assert_array_equal(found.points[0].positions, state)


def test_the_service(probe: Probe) -> None:
    """From the state in the request, with a trajectory of the joints; nothing else is published."""
    moveit = pytest.importorskip(
        "moveit_msgs.srv", reason="needs moveit_msgs, which comes with a ROS 2 installation only"
    )
    from geometry_msgs.msg import Pose
    from moveit_msgs.msg import MoveItErrorCodes

    arm = load_robot("two_link")
    probe.start_ik_node("-p", "end_effector_link:=tool0")

    def ask(state: tuple[float, ...], *points: tuple[float, float], step: float = 0.01):  # type: ignore[no-untyped-def]
        request = moveit.GetCartesianPath.Request(max_step=step, link_name="tool0")
        request.header.frame_id = "base_link"
        request.start_state.joint_state.name = list(arm.joint_names)
        request.start_state.joint_state.position = list(state)
        for x, y in points:
            pose = Pose()
            pose.position.x, pose.position.y = x, y
            request.waypoints.append(pose)
        return probe.call(moveit.GetCartesianPath, "compute_cartesian_path", request)

    whole = ask((0.2, 1.2), (1.6, 0.3), (1.5, -0.4))
    assert (whole.error_code.val, whole.fraction) == (MoveItErrorCodes.SUCCESS, 1.0)
    points = whole.solution.joint_trajectory.points
    np.testing.assert_allclose(points[0].positions, (0.2, 1.2), atol=1e-9)
    np.testing.assert_allclose(arm.forward(points[-1].positions)[:2], (1.5, -0.4), atol=2e-6)
    assert 0.0 < ask((0.2, 1.2), (3.0, 0.0)).fraction < 1.0
    assert ask((0.2, 1.2), (1.2, 0.4), step=0.0).error_code.val != MoveItErrorCodes.SUCCESS
    assert probe.solutions == []


def test_every_request_is_answered(probe: Probe) -> None:
    """One that comes while another is being solved at once, and that one when the node is deactivated."""
    moveit = pytest.importorskip(
        "moveit_msgs.srv", reason="needs moveit_msgs, which comes with a ROS 2 installation only"
    )
    from moveit_msgs.msg import MoveItErrorCodes

    solver = IKSolver.load("panda")
    probe.start_ik_node("-p", "model:=panda")
    request = moveit.GetCartesianPath.Request(max_step=1e-4)  # takes seconds
    request.header.frame_id = "panda_link0"
    positions = np.array([0.3, -1.2, 1.5, -1.0, 1.2, 0.7, 0.4])
    state = request.start_state.joint_state
    state.name, state.position = list(solver.arm.joint_names), positions.tolist()
    for i in range(9):
        away = 0.1 * np.array([i % 2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
        request.waypoints.append(probe.pose(solver.target_at(positions) + away).pose)
    client = probe.node.create_client(moveit.GetCartesianPath, "compute_cartesian_path")
    probe.spin_until(client.service_is_ready, START_TIMEOUT, "the service")
    first, second = client.call_async(request), client.call_async(request)
    probe.spin_until(second.done, ANSWER_TIMEOUT, "an answer")
    assert second.result().error_code.val == MoveItErrorCodes.FAILURE
    assert not first.done()
    assert change_state(probe, Transition.TRANSITION_DEACTIVATE)
    probe.spin_until(first.done, ANSWER_TIMEOUT, "an answer")
    assert first.result().error_code.val == MoveItErrorCodes.PREEMPTED
    probe.node.destroy_client(client)


@pytest.mark.parametrize("threshold", [-0.1, np.nan])
def test_a_threshold_that_is_no_length_is_refused(two_link: IKSolver, threshold: float) -> None:
    """It neither ends the path at once nor lets every jump pass."""
    with pytest.raises(ValueError, match="expected jump thresholds that are 0 or positive, got"):
        follow_lines(two_link, np.array([0.0, 1.0]), [[1.0, 0.3]], 0.1, revolute=threshold)
