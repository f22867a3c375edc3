"""Answers to targets, from what is known of the joints: where the solver starts, and turns of the joints."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from configurations import configured
from probe import Probe
from sensor_msgs.msg import JointState

from itnnr_ik import IKSolver
from itnnr_ik.robot import KinematicChain, load_robot
from itnnr_ik.ros.answering.answer import Answer, Answerer
from itnnr_ik.ros.answering.frames import Frames
from itnnr_ik.ros.answering.joint_memory import JointMemory
from itnnr_ik.ros.interfaces import COMMAND_TYPES, NONE
from itnnr_ik.ros.setup.configuration import Configuration, motion_of
from itnnr_ik.ros.status import Code, RejectedError
from itnnr_ik.task import Task

TRAJECTORY, ARRAY = COMMAND_TYPES
PERIOD = 0.02  # [s]
TURN = math.tau


class Exchange:
    """An answerer that is asked every 20 ms, on a clock of its own, each time after a joint state."""

    def __init__(self, probe: Probe, configuration: Configuration) -> None:
        self.configuration, self._probe, self._now = configuration, probe, 0.0
        arm = configuration.solver.arm
        self._memory = JointMemory(arm.joint_names, "/joint_states", 0.5, np.isinf(arm.lower))
        self._frames = Frames(probe.node, arm.base_link, 1.0, on_both_clocks=False)
        self.sent = False
        self.motion = None if configuration.command_out_type == NONE else motion_of(configuration)
        self.answerer = Answerer(configuration, self._memory, self._frames, self.motion)
        self.values: dict[str, str | float] = {}

    def ask(
        self,
        target: np.ndarray,
        state: np.ndarray,
        velocity: np.ndarray | None = None,
        period: float = PERIOD,
    ) -> Answer:
        """The answer to a target of the solver's kind with the joints at ``state`` (n,), moving so."""
        self._now += period
        arm = self.configuration.solver.arm
        message = JointState(name=list(arm.joint_names), position=state.tolist())
        if velocity is not None:
            message.velocity = velocity.tolist()
        self._memory.take(message, self._now)
        if self.motion is not None and self._memory.positions is not None:
            self.motion.take_joints(self._memory.positions, self._now)
        message = self._probe.pose(target, frame=arm.base_link)
        self.values = {}
        return self.answerer.answer(message, self._now, 0.0, self.values)

    def commanded(self, target: np.ndarray, state: np.ndarray) -> np.ndarray:
        """Where the controller is (n,) after an answer; ``state``, before there is a command."""
        self.ask(target, state)
        self.sent |= self.command() is not None
        assert self.motion is not None
        set_point = self.motion.set_point(self._now)
        return state if set_point is None else set_point

    def command(self) -> Any:
        """What is sent now, None for nothing."""
        assert self.motion is not None
        return self.motion.message(self._now, self._now, self._memory.turns)


def sagging(commanded: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return commanded - 0.01


def noisy(commanded: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return commanded + rng.uniform(-0.01, 0.01, len(commanded))


def idle(solver: IKSolver, positions: np.ndarray) -> np.ndarray:
    """Joint changes (n,), the largest 1, that do not move the tool; always to the same side."""
    change = np.linalg.svd(solver.jacobian(positions))[2][-1]
    largest = change[np.abs(change).argmax()]
    result: np.ndarray = change / largest
    return result


def start_of(solver: IKSolver) -> np.ndarray:
    """A posture (n,) off the middle, from which a little way in each direction is within the limits."""
    return solver.arm.lower + 0.6 * (solver.arm.upper - solver.arm.lower)


@pytest.mark.parametrize("joints", [sagging, noisy])
@pytest.mark.parametrize("model", ["three_link", "panda"])
@pytest.mark.parametrize("command_type", COMMAND_TYPES)
def test_a_constant_target_keeps_the_joints_where_they_were_sent(
    probe: Probe,
    model: str,
    command_type: str,
    joints: Callable[[np.ndarray, np.random.Generator], np.ndarray],
) -> None:
    """For a minute, whatever sags and wherever noise shows them; and an arm that was moved is seen."""
    configuration = replace(configured(model), command_out_type=command_type)
    exchange, rng, solver = Exchange(probe, configuration), np.random.default_rng(0), configuration.solver
    start = start_of(solver)
    target = solver.target_at(start + 0.05)
    last = start
    for _ in range(round(5.0 / PERIOD)):  # on the way there
        last = exchange.commanded(target, joints(last, rng))
    assert exchange.sent
    first = last
    np.testing.assert_allclose(solver.target_at(first), target, atol=1e-5)
    for _ in range(round(60.0 / PERIOD)):
        last = exchange.commanded(target, joints(last, rng))
        assert np.abs(last - first).max() <= 0.002
    assert exchange.values["anchor"] == "current"

    # Long after the last command, so that where it brought the joints does not count.
    exchange._now += 10.0
    moved = first + 0.2 * idle(solver, first)
    seen = exchange.ask(target, moved)
    np.testing.assert_array_equal(seen.solution.position, solver.solve(target, moved).positions)
    assert np.abs(np.array(seen.solution.position) - first).max() > 0.1


def test_without_a_seed_it_would_creep(probe: Probe) -> None:
    """What the parameter is for: at 0 the joint state counts alone."""
    configuration = configured("three_link")
    exchange = Exchange(probe, replace(configuration, seed_tolerance=0.0))
    solver = configuration.solver
    target = solver.target_at(start_of(solver))
    first = last = np.array(exchange.ask(target, start_of(solver)).solution.position)
    for _ in range(50):
        state = last - 0.01 * idle(solver, last)
        last = np.array(exchange.ask(target, state).solution.position)
    assert np.abs(last - first).max() > 0.05


def test_what_was_published_counts_where_nothing_is_commanded(probe: Probe) -> None:
    """Its displacement is told from the joint state still, and after a pause the joint state counts alone."""
    configuration = configured("three_link")
    exchange, solver = Exchange(probe, configuration), configuration.solver
    start = start_of(solver)
    target = solver.target_at(start)
    first = np.array(exchange.ask(target, start).solution.position)
    state = first - np.array([0.03, -0.02, 0.01])
    second = np.array(exchange.ask(target, state).solution.position)
    np.testing.assert_array_equal(second, first)
    assert exchange.values["displacement"] == np.abs(second - state).max()
    exchange.answerer.reset()
    third = np.array(exchange.ask(target, state).solution.position)
    np.testing.assert_array_equal(third, solver.solve(target, state).positions)
    assert np.abs(third - first).max() > 1e-3


@pytest.mark.parametrize("beyond", [0, 1, 2])
def test_one_joint_far_from_the_last_solution_is_enough(probe: Probe, beyond: int) -> None:
    """Every joint has to be near it."""
    configuration = configured("three_link")
    exchange, solver = Exchange(probe, configuration), configuration.solver
    start = start_of(solver)
    target = solver.target_at(start)
    first = np.array(exchange.ask(target, start).solution.position)
    state = first.copy()
    state[beyond] += 0.051
    found = np.array(exchange.ask(target, state).solution.position)
    np.testing.assert_array_equal(found, solver.solve(target, state).positions)


def continuous_arm() -> IKSolver:
    """The three-link arm with joints that turn on and on."""
    chain = KinematicChain.from_urdf(load_robot("three_link").urdf.replace('"revolute"', '"continuous"'))
    assert np.isinf(chain.lower).all()
    return IKSolver(chain, Task.of_chain(chain))


@pytest.mark.parametrize("command_type", [*COMMAND_TYPES, "none"])
@pytest.mark.parametrize("turns", [(0.0, 0.0, 0.0), (5.0, -3.0, 1000.0)])
def test_joints_that_turn_on_go_the_short_way(
    probe: Probe, command_type: str, turns: tuple[float, ...]
) -> None:
    """The first joint goes round twice; the robot wraps its joint states, from whatever turn it counts."""
    solver = continuous_arm()
    configuration = replace(configured("three_link"), solver=solver, command_out_type=command_type)
    exchange = Exchange(probe, configuration)
    joints, sent = np.array([3.0, 0.6, 0.7]), 0
    while joints[0] < 3.0 + 1.9 * TURN:
        wrapped = joints.copy()
        wrapped[0] = math.remainder(joints[0], TURN)
        state = wrapped + TURN * np.array(turns)
        goal = joints + np.array([0.1, 0.0, 0.0])
        answer = exchange.ask(solver.target_at(goal), state)
        published = np.array(answer.solution.position)
        assert np.abs(published - state).max() < 0.3, "near the turn that the robot counts"
        if command_type == "none":
            joints = published - state + joints
            continue
        command = exchange.command()
        if command is not None:
            points = command.points if command_type == TRAJECTORY else []
            ends = [point.positions for point in points] or [command.data]
            assert max(np.abs(np.subtract(end, state)).max() for end in ends) < 2.0
            sent += 1
            assert sent < 5000, "it goes on"
        assert exchange.motion is not None
        set_point = exchange.motion.set_point(exchange._now)
        if set_point is not None:
            joints = joints + np.array([math.remainder(d, TURN) for d in set_point - joints])
    assert command_type == "none" or sent > 50


def test_a_request_is_answered_from_its_own_state_or_the_robots(probe: Probe) -> None:
    """As compute_ik asks: near the state in it, at the turn that it has; a pose out of reach is refused."""
    solver = continuous_arm()
    exchange = Exchange(probe, replace(configured("three_link"), solver=solver, unreachable="closest"))
    joints, names = np.array([0.3, 0.6, 0.7]), list(solver.arm.joint_names)
    target = solver.target_at(joints)
    exchange.ask(target, joints + TURN)
    message = probe.pose(target, frame=solver.arm.base_link)
    asked = JointState(name=names, position=(joints - 2.0 * TURN).tolist())
    for state, turned in ((JointState(), TURN), (asked, -2.0 * TURN)):
        found = exchange.answerer.query(message, state, exchange._now)
        np.testing.assert_allclose(found.position, joints + turned, atol=1e-6)
    far = probe.pose((50.0, 0.0), frame=solver.arm.base_link)
    with pytest.raises(RejectedError, match="out of reach by 47 m") as rejection:
        exchange.answerer.query(far, JointState(), exchange._now)
    assert rejection.value.code is Code.UNREACHABLE


def through_the_stretched_posture(count: int = 60) -> np.ndarray:
    """Joint positions (count, 2) of the two-link arm, from one elbow to the other at 1 rad/s."""
    elbow = 0.2 - PERIOD * np.arange(count) + 0.3 * PERIOD
    return np.stack([0.3 - 0.3 * elbow, elbow], axis=1)


def answers_to(exchange: Exchange, path: np.ndarray, **asked: Any) -> np.ndarray:
    """Solutions (m, n) for the targets of a path, the robot always at the last one."""
    state, found = path[0], []
    for target in exchange.configuration.solver.target_at(path):
        state = np.array(exchange.ask(target, state, **asked).solution.position)
        found.append(state)
    return np.array(found)


def test_an_arm_goes_on_through_a_singular_posture(probe: Probe) -> None:
    """As its last solutions moved; where they are too far apart in time it bounces off."""
    path = through_the_stretched_posture()
    found = answers_to(Exchange(probe, configured("two_link")), path)
    np.testing.assert_allclose(found, path, atol=1e-3)
    slow = answers_to(Exchange(probe, configured("two_link")), path, period=0.6)
    assert (slow[:, 1] > -1e-6).all()


def test_the_robot_tells_how_it_moves(probe: Probe) -> None:
    """For the first target, of which no solution tells; rest and its noise tell nothing."""
    solver = configured("two_link").solver
    state, following = np.array([0.3, 0.004]), np.array([0.32, -0.02])
    for rate, side in ((50.0, -1.0), (0.0, 1.0), (1.0, 1.0)):
        exchange = Exchange(probe, configured("two_link"))
        answer = exchange.ask(solver.target_at(following), state, (following - state) * rate)
        assert answer.solution.position[1] * side > 0.01


def test_a_target_that_leaps_is_solved_from_where_it_is(probe: Probe) -> None:
    """The last small steps say nothing of it: the nearest solution counts."""
    exchange, solver = Exchange(probe, configured("two_link")), configured("two_link").solver
    path = np.array([[0.3, 0.08], [0.301, 0.078], [0.302, 0.076]])
    last = answers_to(exchange, path)[-1]
    target = solver.target_at([0.42, -0.2])
    moving = solver.solve(target, last, path[-1] - path[-2])
    found = np.array(exchange.ask(target, last).solution.position)
    np.testing.assert_array_equal(found, solver.solve(target, last).positions)
    assert moving.positions[1] < 0.0 < found[1]
