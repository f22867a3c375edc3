"""From one target to its answer: a joint solution and, where one is wanted, a command. No node needed."""

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
from itnnr_ik.ros.answering.momentum import Momentum, Moving
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

#: How far beyond its limits a joint state may be that counts as it is [rad, m].
_BEYOND = 100.0


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
    """Answers targets from the newest joint state, with everything that may be published checked.

    Args:
        configuration: May be replaced by a `Configuration.changed` one at any time.
        joints: The newest joint state.
        frames: Where other frames are.
        motion: What leads a controller to the solutions, None where no commands are sent.

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
        self._orientation_told = False
        self._last: np.ndarray | None = None
        self._momentum = Momentum()
        solver = configuration.solver
        self._redundant = solver.arm.n_joints > solver.task.n_rows

    def answer(
        self, message: PoseStamped, now: float, waited: float, values: Values, moment: float | None = None
    ) -> Answer:
        """The answer to a target.

        Args:
            message: The target.
            now: Time on the node's clock, in [s].
            waited: How long ago the target was received, in [s].
            values: What is known of the answer goes in here, also where there is none.
            moment: Time in [s] on the clock that the motion goes by, which does not jump; None for ``now``.

        Raises:
            RejectedError: Nothing is to be published but a status.
        """
        configuration = self.configuration
        if 0.0 < configuration.target_timeout < waited:
            raise RejectedError(
                Code.STALE_TARGET,
                f"the target has waited for {waited:.3g} s since it was received, "
                f"expected at most target_timeout = {configuration.target_timeout:g} s",
            )
        ignored = not configuration.solver.task.has_orientation
        if ignored and has_orientation(message) and not self._orientation_told:
            self._orientation_told = True
            values["note"] = "orientations are ignored: this arm is solved for positions (said once)"
        target = self.target(message)
        current = self.current(now)
        moment = now if moment is None else moment
        seed = self._seed(current)
        moving = self._moving(seed is not None and seed is self._last, now, moment)
        solution = self._solve(target, seed, current, values, moving)
        answer = self._joint_state(solution, message, self._joints.turns)
        if self._motion is not None:
            self._motion.set_goal(solution.positions, moment, configuration.streaming)
        self._last = solution.positions
        self._momentum.add(solution.positions, moment)
        return Answer(Code.SOLVED if solution.converged else Code.CLOSEST, target, current, answer)

    def current(self, now: float) -> np.ndarray | None:
        """Where the joints are (n,) [rad, m]; None where that is not known, and need not be.

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
        """Whole turns (n,) [rad] that the robot counts more of its joints."""
        return self._joints.turns

    def _seed(self, current: np.ndarray | None) -> np.ndarray | None:
        """Where the solver starts from (n,): the last solution, while the joints are near it, or they.

        Joints that sag, and noise of the joint state, would else be taken for a posture to stay in, and make
        the answer to a constant target creep.
        """
        if current is None or self._last is None:
            return current
        near = np.abs(self._last - current) <= self.configuration.seed_tolerance
        return self._last if near.all() else current

    def _moving(self, from_last: bool, now: float, moment: float) -> Moving | None:
        """How the joints move where the solver starts: from the last solution, or from the joint state.

        The solutions' motion belongs to the one, the robot's to the other; either stands in where one is not
        known.
        """
        if self._redundant:  # on which it does not help: their singular postures can be gone round
            return None
        solutions, robot = self._momentum.at(moment), self._joints.moving(now)
        return (solutions or robot) if from_last else (robot or solutions)

    def start_anew(self) -> None:
        """The next solution is the one nearest to the joint state."""
        self._last = None
        self._momentum.forget()
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
                Code.UNREACHABLE, f"out of reach by {_off(solution)}, whatever else is allowed"
            )
        return self._joint_state(solution, message, turns)

    def state(self, state: JointState, now: float) -> tuple[np.ndarray | None, np.ndarray]:
        """Joint positions (n,) [rad, m] of a message, or else the newest; and turns they are counted from.

        Raises:
            RejectedError: See `positions_by_name` and `JointMemory.current`.
        """
        positions = positions_by_name(state, self.configuration.joints)
        if positions is not None:
            return positions, np.zeros(len(positions))
        return self._joints.current(now), self._joints.turns

    def _nearest(self, target: list[float], seed: np.ndarray | None, moving: Moving | None) -> Solution:
        """The solution for ``target`` that is nearest to ``seed`` (n,), or goes on from there as it moves."""
        solver = self.configuration.solver
        if seed is not None and moving is not None:
            solution = solver.solve(target, seed, moving.velocity)
            if solution.displacement is not None and solution.displacement <= moving.reach:
                return solution
        return solver.solve(target, seed)

    def target(self, message: PoseStamped) -> list[float]:
        """The target (2, 3 or 7) of a pose, as the task has it, in the base frame.

        Raises:
            RejectedError: There is none, or it is not known where its frame is.
        """
        configuration = self.configuration
        pose = self.frames.pose(message)
        return target_from_pose(pose, configuration.solver, configuration.plane_tolerance)

    def _joint_state(self, solution: Solution, message: PoseStamped, turns: np.ndarray) -> JointState:
        """A solution as a message, with joints by ``turns`` [rad] from where they are counted here."""
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
        moving: Moving | None = None,
    ) -> Solution:
        """A solution for ``target`` from ``seed`` (n,), as far as it may be used.

        Args:
            target: As the task has it (2, 3 or 7).
            seed: Joint positions (n,) [rad, m] that it is to be near to; None for any.
            current: Those that its displacement is told from.
            values: What is known of the answer goes in here.
            moving: How the joints move at the seed; None for not at all.

        Raises:
            RejectedError: It may not be used.
        """
        configuration = self.configuration
        start = time.perf_counter()
        try:
            solution = self._nearest(target, within_reason(configuration.solver.arm, seed), moving)
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
        """Refuse a solution that is not of the target, or not covered by what was learned.

        Raises:
            RejectedError: See `_solve`.
        """
        configuration = self.configuration
        coverage = configuration.solver.coverage
        if not solution.converged and configuration.unreachable != CLOSEST:
            within = "" if coverage is None else " within the recorded joint range"
            raise RejectedError(
                Code.UNREACHABLE,
                f"target {target} is out of reach{within}: the closest point found is {_off(solution)} away, "
                f"expected at most {_tolerances(configuration)}",
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


def within_reason(arm: ForwardModel, seed: np.ndarray | None) -> np.ndarray | None:
    """The seed (n,), not farther beyond the limits than a robot can be.

    From farther away the differences between solutions drown in rounding.
    """
    return None if seed is None else seed.clip(arm.lower - _BEYOND, arm.upper + _BEYOND)


def _off(solution: Solution) -> str:
    """How far off a solution is."""
    turned = "" if solution.orientation_error is None else f" and {solution.orientation_error:.6g} rad"
    return f"{solution.residual:.6g} m{turned}"


def _tolerances(configuration: Configuration) -> str:
    """How far off a solution may be."""
    solver = configuration.solver
    turned = f" and {solver.orientation_tolerance:g} rad" if solver.task.has_orientation else ""
    return f"{solver.tolerance:g} m{turned}"
