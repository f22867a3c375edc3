"""From one target to its answer: a joint solution and, if enabled, a goal for the motion. No node needed."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import JointState

from itnnr_ik import Solution
from itnnr_ik.robot import ForwardModel
from itnnr_ik.ros.answering.frames import Frames
from itnnr_ik.ros.answering.joint_memory import JointMemory
from itnnr_ik.ros.answering.velocity_estimator import VelocityEstimate, VelocityEstimator
from itnnr_ik.ros.control import Motion
from itnnr_ik.ros.messages import (
    has_orientation,
    joint_state_from_positions,
    positions_by_name,
    target_from_pose,
)
from itnnr_ik.ros.setup.configuration import Configuration
from itnnr_ik.ros.setup.settings import CLOSEST
from itnnr_ik.ros.status import Code, RejectedError

Values = dict[str, str | float]

#: A seed is clipped to this distance beyond the joint limits [rad, m].
_MAX_OVERSHOOT = 100.0


@dataclass(frozen=True)
class Answer:
    """What is published for a target.

    Attributes:
        code: ``solved``, or ``closest`` for the closest point to one out of reach.
        target: As the task has it (2, 3 or 7), in the base frame.
        current: The joint state (n,) [rad, m], None where it is not known.
        solution: The joint solution, with the target's header.
    """

    code: Code
    target: list[float]
    current: np.ndarray | None
    solution: JointState


class Answerer:
    """Answers targets from the newest joint state, and checks everything that may be published.

    Args:
        configuration: May be replaced by a `Configuration.changed` one at any time.
        joints: The newest joint state.
        frames: Transforms of other frames.
        motion: Makes commands towards the solutions; None if no commands are sent.

    Attributes:
        configuration, frames: As given.
    """

    def __init__(
        self,
        configuration: Configuration,
        joints: JointMemory,
        frames: Frames,
        motion: Motion | None = None,
    ) -> None:
        self.configuration = configuration
        self._joints = joints
        self.frames = frames
        self._motion = motion
        self._orientation_note_given = False
        self._last: np.ndarray | None = None
        self._estimator = VelocityEstimator()
        solver = configuration.solver
        self._redundant = solver.arm.n_joints > solver.task.n_rows

    def answer(
        self, message: PoseStamped, now: float, age: float, values: Values, motion_time: float | None = None
    ) -> Answer:
        """The answer to a target.

        Args:
            message: The target.
            now: Time on the node's clock, in [s].
            age: Since the target was received, in [s].
            values: Receives the values of the status, also if there is no answer.
            motion_time: Time in [s] on the motion's clock, which does not jump; None for ``now``.

        Raises:
            RejectedError: Only a status is to be published.
        """
        configuration = self.configuration
        if 0.0 < configuration.target_timeout < age:
            raise RejectedError(
                Code.STALE_TARGET,
                f"the target has waited for {age:.3g} s since it was received, "
                f"expected at most target_timeout = {configuration.target_timeout:g} s",
            )
        ignored = not configuration.solver.task.has_orientation
        if ignored and has_orientation(message) and not self._orientation_note_given:
            self._orientation_note_given = True
            values["note"] = "orientations are ignored: this arm is solved for positions (said once)"
        target = self.target(message)
        current = self.current(now)
        motion_time = now if motion_time is None else motion_time
        seed = self._seed(current)
        estimate = self._velocity_estimate(seed is not None and seed is self._last, now, motion_time)
        solution = self._solve(target, seed, current, values, estimate)
        answer = self._joint_state(solution, message, self._joints.turns)
        if self._motion is not None:
            self._motion.set_goal(solution.positions, motion_time, configuration.streaming)
        self._last = solution.positions
        self._estimator.add(solution.positions, motion_time)
        return Answer(Code.SOLVED if solution.converged else Code.CLOSEST, target, current, answer)

    def current(self, now: float) -> np.ndarray | None:
        """The current joint positions (n,) [rad, m]; None if they are not known and not required.

        Raises:
            RejectedError: See `JointMemory.known` and `JointMemory.check_agreement`.
        """
        known = self._joints.known if self.configuration.require_joint_states else self._joints.current
        current = known(now, on_both_clocks=self._motion is not None)
        if self._motion is not None:
            self._joints.check_agreement()
        return current

    @property
    def turns(self) -> np.ndarray:
        """Whole turns (n,) [rad] that the robot counts more of its joints than this node."""
        return self._joints.turns

    def _seed(self, current: np.ndarray | None) -> np.ndarray | None:
        """The solver's seed (n,): the last solution while the joints are near it, or else the joint state.

        With the joint state alone, sag and noise would make the answer to a constant target creep.
        """
        if current is None or self._last is None:
            return current
        near = np.abs(self._last - current) <= self.configuration.seed_tolerance
        return self._last if near.all() else current

    def _velocity_estimate(self, from_last: bool, now: float, motion_time: float) -> VelocityEstimate | None:
        """The joint velocities at the seed, which is the last solution or the joint state.

        The solutions' velocity belongs to the one, the robot's to the other; each replaces the other if that
        is not known.
        """
        if self._redundant:  # it does not help: such an arm can avoid singular configurations
            return None
        solutions, robot = self._estimator.at(motion_time), self._joints.velocity_estimate(now)
        return (solutions or robot) if from_last else (robot or solutions)

    def reset(self) -> None:
        """Forget the last solution: the next one is seeded by the joint state."""
        self._last = None
        self._estimator.reset()
        if self._motion is not None:
            self._motion.stop()

    def query(self, message: PoseStamped, state: JointState, now: float) -> JointState:
        """The solution of a pose that is nearest to ``state``, or else to the newest joint state.

        Args:
            message: The pose.
            state: Joint positions by name; may have none.
            now: Time on the node's clock, in [s].

        Raises:
            RejectedError: There is none.
        """
        current, turns = self.state(state, now)
        solution = self._solve(self.target(message), current, current, {})
        if not solution.converged:
            # The service's response has no place for a residual.
            raise RejectedError(
                Code.UNREACHABLE, f"out of reach by {_errors(solution)}, whatever else is allowed"
            )
        return self._joint_state(solution, message, turns)

    def state(self, state: JointState, now: float) -> tuple[np.ndarray | None, np.ndarray]:
        """Joint positions (n,) [rad, m] of a message, or else the newest; and the turns to add to answers.

        Raises:
            RejectedError: See `positions_by_name` and `JointMemory.current`.
        """
        positions = positions_by_name(state, self.configuration.joints)
        if positions is not None:
            return positions, np.zeros(len(positions))
        return self._joints.current(now), self._joints.turns

    def _nearest(
        self, target: list[float], seed: np.ndarray | None, estimate: VelocityEstimate | None
    ) -> Solution:
        """The solution for ``target`` nearest to ``seed`` (n,), or one that continues its motion."""
        solver = self.configuration.solver
        if seed is not None and estimate is not None:
            solution = solver.solve(target, seed, estimate.velocity)
            if solution.displacement is not None and solution.displacement <= estimate.max_displacement:
                return solution
        return solver.solve(target, seed)

    def target(self, message: PoseStamped) -> list[float]:
        """The target (2, 3 or 7) of a pose, as the task has it, in the base frame.

        Raises:
            RejectedError: The pose is not usable, or its frame cannot be transformed.
        """
        configuration = self.configuration
        pose = self.frames.pose(message)
        return target_from_pose(pose, configuration.solver, configuration.plane_tolerance)

    def _joint_state(self, solution: Solution, message: PoseStamped, turns: np.ndarray) -> JointState:
        """A solution as a message, with ``turns`` (n,) [rad] added to its positions."""
        configuration = self.configuration
        return joint_state_from_positions(
            solution.positions + turns, configuration.solver.arm, configuration.joints, message.header
        )

    def _solve(
        self,
        target: list[float],
        seed: np.ndarray | None,
        current: np.ndarray | None,
        values: Values,
        estimate: VelocityEstimate | None = None,
    ) -> Solution:
        """A usable solution for ``target``.

        Args:
            target: As the task has it (2, 3 or 7).
            seed: Joint positions (n,) [rad, m] that it is to be near to; None for any.
            current: Joint positions (n,) that its displacement is measured from.
            values: Receives the values of the status.
            estimate: Joint velocities at the seed; None for rest.

        Raises:
            RejectedError: There is none.
        """
        configuration = self.configuration
        start = time.perf_counter()
        try:
            solution = self._nearest(target, clip_seed(configuration.solver.arm, seed), estimate)
        except (ValueError, ArithmeticError) as error:
            raise RejectedError(Code.SOLVER_ERROR, f"cannot solve for {target}: {error}") from error
        values["solve_time"] = time.perf_counter() - start
        values["residual"] = solution.residual
        if solution.orientation_error is not None:
            values["orientation_error"] = solution.orientation_error
        self._check_usable(target, solution, values)
        if current is not None:
            values["displacement"] = float(np.abs(solution.positions - current).max())
        values["anchor"] = solution.anchor
        return solution

    def _check_usable(self, target: list[float], solution: Solution, values: Values) -> None:
        """Refuse a solution that is off the target, or outside the data of a learned arm.

        Raises:
            RejectedError: See `_solve`.
        """
        configuration = self.configuration
        coverage = configuration.solver.coverage
        if not solution.converged and configuration.unreachable != CLOSEST:
            within = "" if coverage is None else " within the recorded joint range"
            raise RejectedError(
                Code.UNREACHABLE,
                f"target {target} is out of reach{within}: the closest point found is {_errors(solution)} "
                f"away, expected at most {_max_errors(configuration)}",
            )
        if coverage is not None and solution.covered is False:
            distance = float(coverage.distance(solution.positions))
            values["distance_from_data"] = distance
            raise RejectedError(
                Code.OUTSIDE_DATA,
                f"target {target} is outside the data that {configuration.solver.arm.name} was learned "
                f"from: its solution is {distance:.3g} rad from the nearest recorded posture, expected at "
                f"most {coverage.within:.3g} rad",
            )


def clip_seed(arm: ForwardModel, seed: np.ndarray | None) -> np.ndarray | None:
    """The seed (n,), clipped near the joint limits: rounding would hide the differences between solutions."""
    return None if seed is None else seed.clip(arm.lower - _MAX_OVERSHOOT, arm.upper + _MAX_OVERSHOOT)


def _errors(solution: Solution) -> str:
    """The position and orientation error of a solution, as text."""
    orientation = "" if solution.orientation_error is None else f" and {solution.orientation_error:.6g} rad"
    return f"{solution.residual:.6g} m{orientation}"


def _max_errors(configuration: Configuration) -> str:
    """The largest errors of a solution, as text."""
    solver = configuration.solver
    orientation = f" and {solver.orientation_tolerance:g} rad" if solver.task.has_orientation else ""
    return f"{solver.tolerance:g} m{orientation}"
