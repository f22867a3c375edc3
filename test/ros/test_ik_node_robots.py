"""The node with arms of six and more joints, over DDS: poses, both errors, limits of each joint."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from probe import Probe, values_of
from processes import START_TIMEOUT
from rclpy.qos import DurabilityPolicy, QoSProfile
from rules import acceptance_problems
from std_msgs.msg import Float64MultiArray, String
from test_ik_node_changes import change
from traffic_loop import COMMANDING, TrafficLoop, bent

from itnnr_ik import IKSolver
from itnnr_ik.robot import KinematicChain, load_robot

SOLVER = IKSolver.load("panda")
ARM = SOLVER.arm
assert isinstance(ARM, KinematicChain)
FRAME = ARM.base_link
START = np.array([0.1, -0.4, 0.2, -1.9, 0.1, 1.7, 0.6])
TOPIC = "joint_trajectory_controller/joint_trajectory"


@pytest.fixture(scope="module")
def panda(shared_probe: Probe) -> Probe:
    """A probe with a node for the arm, which knows where the joints are."""
    shared_probe.start_ik_node("-p", "model:=panda", "-p", "warn_period:=0")
    shared_probe.send_first_joint_state(ARM.joint_names, START.tolist(), FRAME)
    return shared_probe


def test_a_pose_is_solved_with_both_errors_in_the_status(panda: Probe) -> None:
    """Small ones, that forward kinematics confirms; a pose out of reach has both, too."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        goal = START + rng.uniform(-0.3, 0.3, 7)
        panda.send_joint_state(ARM.joint_names, START.tolist(), settle=0.03)
        target = SOLVER.target_at(goal)
        values, _, solution = panda.ask(panda.pose(target, FRAME))
        assert values["code"] == "solved"
        assert solution is not None
        position, angle = SOLVER.errors([solution.position], [target])
        assert angle is not None
        assert float(values["residual"]) == pytest.approx(float(position[0]), abs=1e-12)
        assert float(values["orientation_error"]) == pytest.approx(float(angle[0]), abs=1e-12)
        assert position[0] <= 1e-6
        assert angle[0] <= 1e-6
    far = panda.pose([2.0, 0.0, 0.5, 1.0, 0.0, 0.0, 0.0], FRAME)
    values, status, solution = panda.ask(far)
    assert (values["code"], solution) == ("unreachable", None)
    assert float(values["residual"]) > 1.0
    assert "rad away, expected at most 1e-06 m and 1e-06 rad" in status.message


def test_orientation_counts(panda: Probe) -> None:
    """Two poses at one place have two answers."""
    panda.send_joint_state(ARM.joint_names, START.tolist())
    target = SOLVER.target_at(START)
    turned = [*target[:3], *(-target[6:2:-1])]  # some other unit quaternion
    answers = []
    for pose in (target, turned):
        values, _, solution = panda.ask(panda.pose(pose, FRAME))
        if solution is not None:
            answers.append(solution.position)
            assert SOLVER.errors([solution.position], [pose])[1] <= 1e-6
        assert "note" not in values
    assert len(answers) >= 1
    if len(answers) == 2:
        assert np.abs(np.subtract(*answers)).max() > 0.1


@pytest.mark.parametrize("quaternion", [(0.0, 0.0, 0.0, 0.0), (math.nan, 0.0, 0.0, 1.0)])
def test_a_pose_without_an_orientation_is_refused(panda: Probe, quaternion: tuple[float, ...]) -> None:
    """With the code of an invalid target, and a text that says what was expected."""
    values, status, solution = panda.ask(panda.pose([*SOLVER.target_at(START)[:3], *quaternion], FRAME))
    assert (values["code"], solution) == ("invalid_target", None)
    assert "expected a target orientation, which counts in a pose task" in status.message


def test_diagnostics_have_both_errors(panda: Probe) -> None:
    """Percentiles of each, and what is solved for."""
    reports: list[DiagnosticArray] = []
    subscription = panda.node.create_subscription(DiagnosticArray, "/diagnostics", reports.append, 10)
    panda.send_joint_state(ARM.joint_names, START.tolist())
    assert panda.ask(panda.pose(SOLVER.target_at(START), FRAME))[0]["code"] == "solved"
    reports.clear()
    panda.spin_until(lambda: bool(reports), 10.0, "a report on /diagnostics")
    values = values_of(reports[-1].status[0])
    assert (values["model"], values["task"], values["robot_base_link"]) == ("panda", "pose", FRAME)
    for name in ("residual", "orientation_error"):
        assert 0.0 <= float(values[f"{name}_median"]) <= float(values[f"{name}_max"])
    panda.node.destroy_subscription(subscription)


def test_the_orientation_tolerance_changes_while_it_runs(panda: Probe) -> None:
    """A pose that is out of reach by a little angle is solved where that does."""
    urdf_limit = float(ARM.upper[6])
    panda.send_joint_state(ARM.joint_names, [*START[:6].tolist(), urdf_limit])
    at_limit = np.array([*START[:6], urdf_limit])
    target = SOLVER.target_at(at_limit)
    off = 0.05
    # About the tool's own axis, as the last joint turns it.
    turn = np.array([0.0, 0.0, math.sin(off / 2), math.cos(off / 2)])
    (x, y, z, w), (_, _, c, d) = target[3:], turn
    beyond = [*target[:3], x * d + y * c, y * d - x * c, z * d + w * c, w * d - z * c]
    assert change(panda, orientation_tolerance=0.2, tolerance=1e-6) == ""
    values, _, solution = panda.ask(panda.pose(beyond, FRAME))
    assert values["code"] == "solved"
    assert solution is not None
    assert 0.0 <= float(values["orientation_error"]) <= 0.2
    assert change(panda, orientation_tolerance=1e-6) == ""
    values, _, _ = panda.ask(panda.pose(SOLVER.target_at(START), FRAME))
    assert float(values["orientation_error"]) <= 1e-6


def _solve_times(folder: Path) -> list[float]:
    """How long a fresh node says that each of a hundred targets took, in [s]."""
    folder.mkdir()
    probe = Probe(folder)
    try:
        probe.start_ik_node("-p", "model:=panda", fresh=True)
        # Nothing is solved for a damaged joint state, but it is told of.
        probe.repeat_until(
            lambda: probe.send_joint_state(ARM.joint_names, [math.nan] * 7),
            lambda: "invalid_joint_state" in [values_of(status)["code"] for status in probe.statuses],
            "joint states at the node",
        )
        probe.send_joint_state(ARM.joint_names, START.tolist())
        rng = np.random.default_rng(1)
        times = []
        for _ in range(100):
            target = SOLVER.target_at(START + rng.uniform(-0.2, 0.2, 7))
            values, _, _ = probe.ask(probe.pose(target, FRAME))
            assert values["code"] == "solved"
            times.append(float(values["solve_time"]))
        return times
    finally:
        probe.close()


def test_the_first_target_takes_no_longer_than_the_hundredth(tmp_path: Path) -> None:
    """By the node's own times: everything is compiled and warm when it is configured.

    One of four nodes has to show it: a busy machine may interrupt any one solve, but a compilation takes
    thousands of times as long in all of them.
    """
    ratios = []
    for i in range(4):
        times = _solve_times(tmp_path / str(i))
        ratios.append(times[0] / float(np.median(times[-20:])))
        if ratios[-1] <= 3.0:
            return
    raise AssertionError(f"the first solve took {ratios} times the median of the last ones")


def test_limits_of_each_joint_hold(probe: Probe) -> None:
    """Of its speed, by max_velocity and its URDF whichever is lower, and of its step."""
    most = [2.5, 2.5, 2.5, 2.5, 2.5, 0.4, 2.5]
    steps = [0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.05]
    rng, middle = np.random.default_rng(2), bent(ARM)
    goals: list[np.ndarray] = [middle]

    def path(_: float) -> np.ndarray:
        last = np.array(loop.states[-1][1]) if loop.states else middle
        goals.append(np.clip(last + rng.uniform(-1.1, 1.1, 7) * np.array(steps), ARM.lower, ARM.upper))
        return SOLVER.target_at(goals[-1])

    loop = TrafficLoop(probe, SOLVER, 4.0, path)
    probe.start_ik_node(
        *("-p", "model:=panda", *COMMANDING),
        *("-p", f"max_velocity:={most}", "-p", f"max_joint_step:={steps}"),
    )
    assert loop.run(START_TIMEOUT, lambda: loop.count()["solved"] > 20), loop.count()
    assert loop.count()["step_too_large"] > 0
    speeds = np.minimum(0.9 * ARM.velocity, most)
    states = np.array([positions for _, positions in loop.states])
    assert ((ARM.lower <= states) & (states <= ARM.upper)).all()
    times = np.array([at for at, _ in loop.states])
    moved = np.abs(np.diff(states, axis=0))
    late = max(command.late for command in loop.commands)
    assert (moved <= speeds * (np.diff(times)[:, None] + 0.05 + late)).all()
    fastest = np.zeros(7)
    for command in loop.commands:
        assert acceptance_problems(command.message, ARM.joint_names) == []
        assert ((ARM.lower <= command.positions) & (command.positions <= ARM.upper)).all()
        sent = np.array([point.velocities for point in command.message.points])
        assert (np.abs(sent) <= speeds * (1.0 + 1e-6)).all()
        fastest = np.maximum(fastest, np.abs(sent).max(axis=0))
    assert (fastest > 0.9 * speeds).any(), "some joint goes nearly as fast as it may"


def test_a_wrong_pair_of_robot_and_model_is_refused(probe: Probe) -> None:
    """One line says what differs, and the process ends."""
    urdf = load_robot("panda").urdf.replace('lower="-2.8973"', 'lower="-2.5"')
    file = probe._folder / "parameters.yaml"
    text = urdf.replace("\n", " ").replace("'", "''")
    file.write_text(f"/**:\n  ros__parameters:\n    robot_description: '{text}'\n    model: panda\n")
    process = probe.start("ik_node", "--params-file", str(file))
    assert process.wait() == 1
    assert "model 'panda' is not of the chain from 'panda_link0' to 'panda_link8'" in process.output
    assert "lower limits of the chain are [-2.5, " in process.output
    assert len(process.output.splitlines()) == 1


def test_a_description_is_waited_for(probe: Probe) -> None:
    """On its latched topic: without one the node stays unconfigured and says so; later it is configured."""
    process = probe.start(
        "ik_node",
        *("-p", "autostart:=false", "-p", "robot_description_topic:=robot_description"),
        *("-p", "robot_description_timeout:=0.5", "-p", "end_effector_link:=panda_link7"),
        *("-p", "joint_state_timeout:=60"),
    )

    def configure() -> bool:
        request = ChangeState.Request(transition=Transition(id=Transition.TRANSITION_CONFIGURE))
        return bool(probe.call(ChangeState, "itnnr_ik/change_state", request).success)

    assert not configure()
    expected = f"came on {probe.namespace}/robot_description within 0.5 s"
    probe.spin_until(lambda: expected in process.output, START_TIMEOUT, "a line in the log")
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    publisher = probe.node.create_publisher(String, "robot_description", latched)
    publisher.publish(String(data=load_robot("panda").urdf))
    probe.repeat_until(lambda: None, configure, "a configured node")
    request = ChangeState.Request(transition=Transition(id=Transition.TRANSITION_ACTIVATE))
    assert probe.call(ChangeState, "itnnr_ik/change_state", request).success
    probe.wait_for_ik_node()
    part = IKSolver.from_urdf(load_robot("panda").urdf, tip="panda_link7")
    probe.send_first_joint_state(ARM.joint_names, START.tolist(), FRAME)
    target = part.target_at(START + 0.05)
    _, status, solution = probe.ask(probe.pose(target, FRAME))
    assert solution is not None, status.message
    np.testing.assert_allclose(part.errors([solution.position], [target])[0], 0.0, atol=1e-6)
    probe.node.destroy_publisher(publisher)


def test_a_pointing_task_leaves_the_roll_free(probe: Probe) -> None:
    """An arm of five joints: the tool's axis points where the target's does."""
    solver = IKSolver.load("so101")
    arm = solver.arm
    probe.start_ik_node("-p", "model:=so101")
    start = 0.5 * (arm.lower + arm.upper)
    probe.send_first_joint_state(arm.joint_names, start.tolist(), arm.base_link)
    target = solver.target_at(start + 0.1)
    values, _, solution = probe.ask(probe.pose(target, arm.base_link))
    assert values["code"] == "solved"
    assert solution is not None
    position, angle = solver.errors([solution.position], [target])
    assert angle is not None
    assert (position[0], angle[0]) <= (1e-6, 1e-6)


def test_joints_without_limits_stay_near_the_turn_they_are_at(probe: Probe) -> None:
    """Joint states at any multiple of a whole turn: the solution and the command are near it."""
    urdf = load_robot("two_link").urdf.replace('"revolute"', '"continuous"')
    chain = KinematicChain.from_urdf(urdf)
    commands: list[Float64MultiArray] = []
    probe.node.create_subscription(Float64MultiArray, "arm/positions", commands.append, 100)
    file = probe._folder / "parameters.yaml"
    text = urdf.replace("\n", " ").replace("'", "''")
    file.write_text(f"/**:\n  ros__parameters:\n    robot_description: '{text}'\n")
    probe.start_ik_node(
        *("--params-file", str(file), "-p", "command_out_type:=std_msgs/Float64MultiArray"),
        *("-p", "command_out_topic:=arm/positions"),
    )
    probe.send_first_joint_state(chain.joint_names, (0.3, 0.9))
    for turns, by in ((0, 0.1), (1, -0.1), (-3, 0.1), (50, -0.1)):
        joints = np.array([3.1, 0.9]) + 2.0 * math.pi * np.array([turns, -turns])
        probe.spin_for(0.5)  # what was sent is over
        commands.clear()
        probe.send_joint_state(chain.joint_names, joints.tolist())
        target = chain.forward(joints + by)[:2]
        values, _, solution = probe.ask(probe.target(*target.tolist()))
        assert values["code"] == "solved"
        assert solution is not None
        assert float(values["displacement"]) == pytest.approx(0.1, abs=1e-5)
        np.testing.assert_allclose(solution.position, joints + by, atol=1e-5)
        probe.spin_until(lambda: bool(commands), 5.0, "a command")
        np.testing.assert_allclose(commands[-1].data, joints, atol=0.11)
