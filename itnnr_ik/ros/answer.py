"""From one target to its answer: a joint solution and, where one is wanted, a command. No node needed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import JointState

from itnnr_ik import Solution
from itnnr_ik.ros.commands import NONE, CommandMaker
from itnnr_ik.ros.frames import Frames
from itnnr_ik.ros.joint_memory import JointMemory
from itnnr_ik.ros.messages import (
    has_orientation,
    joint_state_from_positions,
    positions_by_name,
    target_from_position,
)
from itnnr_ik.ros.settings import CLOSEST, Settings
from itnnr_ik.ros.status import Code, RejectedError

Values = dict[str, str | float]


@dataclass(frozen=True)
class Answer:
    """What is published for a target.

    Attributes:
        code: ``solved``, or ``closest`` for the closest point to one out of reach.
        target: Tip coordinates (m) in [m] in the base frame.
        current: The joint positions (n,) in [rad] that it was solved from, None where they are not known.
        solution: The joint solution, with the target's header.
        command: What a controller is sent, if commands are.
    """

    code: Code
    target: list[float]
    current: np.ndarray | None
    solution: JointState
    command: Any = None


class Answerer:
    """Answers targets from the newest joint state, with everything that may be published checked.

    Args:
        settings: May be replaced by `Settings.changed` ones at any time.
        joints: The newest joint state.
        frames: Where other frames are.
    """

    def __init__(self, settings: Settings, joints: JointMemory, frames: Frames) -> None:
        self.settings = settings
        self._joints = joints
        self._frames = frames
        self._orientation_told = False
        self._commands: CommandMaker | None = None
        if settings.command_out_type != NONE:
            limits = settings.solver.arm.limits
            self._commands = CommandMaker(
                settings.command_out_type, settings.joints, limits, settings.trajectory_start
            )

    def answer(
        self, message: PoseStamped, now: float, waited: float, values: Values, simulated: bool = False
    ) -> Answer:
        """The answer to a target.

        Args:
            message: The target.
            now: Time on the node's clock, in [s].
            waited: How long ago the target was received, in [s].
            values: What is known of the answer goes in here, also where there is none.
            simulated: The node's clock is that of a simulation.

        Raises:
            RejectedError: Nothing is to be published but a status.
        """
        settings = self.settings
        if 0.0 < settings.target_timeout < waited:
            raise RejectedError(
                Code.STALE_TARGET,
                f"the target has waited for {waited:.3g} s since it was received, "
                f"expected at most target_timeout = {settings.target_timeout:g} s",
            )
        if has_orientation(message) and not self._orientation_told:
            self._orientation_told = True
            values["note"] = "orientations are ignored: this arm is solved for positions (said once)"
        target = self._target(message)
        known = self._joints.known if settings.require_joint_states else self._joints.current
        current = known(now, on_both_clocks=self._commands is not None)
        solution = self._solve(target, current, values)
        answer = self._joint_state(solution, message)
        code = Code.SOLVED if solution.converged else Code.CLOSEST
        if self._commands is None or current is None:
            return Answer(code, target, current, answer)
        # A controller goes by the node's clock; that of the machine jumps, where it is not simulated.
        age, moment = self._joints.age(now) or 0.0, now
        if not simulated:
            moment = time.monotonic()
            age = moment - self._joints.received
        command = self._commands.make(
            solution.positions,
            current,
            self._joints.velocities,
            age,
            moment,
            settings.max_joint_step,
            settings.max_velocity,
            settings.max_acceleration,
            settings.streaming,
        )
        return Answer(code, target, current, answer, command)

    def interrupt(self) -> None:
        """A target was not answered: the next solution does not go on with a motion."""
        if self._commands is not None:
            self._commands.interrupt()

    def unheard(self) -> None:
        """Nobody listened to the last command."""
        if self._commands is not None:
            self._commands.forget()

    def query(self, message: PoseStamped, state: JointState, now: float) -> JointState:
        """The solution of a pose that is nearest to ``state``, or else to the newest joint state.

        Raises:
            RejectedError: There is none.
        """
        current = positions_by_name(state, self.settings.joints)
        if current is None:
            current = self._joints.current(now)
        solution = self._solve(self._target(message), current, {})
        if not solution.converged:
            # The service's response has no place for a residual.
            raise RejectedError(
                Code.UNREACHABLE, f"out of reach by {solution.residual:.6g} m, whatever else is allowed"
            )
        return self._joint_state(solution, message)

    def _target(self, message: PoseStamped) -> list[float]:
        settings = self.settings
        position = self._frames.position(message)
        return target_from_position(position, settings.solver.arm, settings.plane_tolerance)

    def _joint_state(self, solution: Solution, message: PoseStamped) -> JointState:
        settings = self.settings
        return joint_state_from_positions(
            solution.positions, settings.solver.arm, settings.joints, message.header
        )

    def _solve(self, target: list[float], current: np.ndarray | None, values: Values) -> Solution:
        """A solution for ``target`` (m) [m] from ``current`` (n,) [rad], as far as it may be used."""
        settings = self.settings
        start = time.perf_counter()
        try:
            solution = settings.solver.solve(target, current)
        except (ValueError, ArithmeticError) as error:
            raise RejectedError(Code.SOLVER_ERROR, f"cannot solve for {target} m: {error}") from error
        values["solve_time"] = time.perf_counter() - start
        values["residual"] = solution.residual
        coverage = settings.solver.coverage
        if not solution.converged and settings.unreachable != CLOSEST:
            within = "" if coverage is None else " within the recorded joint range"
            raise RejectedError(
                Code.UNREACHABLE,
                f"target {target} m is out of reach{within}: the closest point found is "
                f"{solution.residual:.6g} m away, expected at most {settings.solver.tolerance:g} m",
            )
        if coverage is not None and solution.covered is False:
            distance = float(coverage.distance(solution.positions))
            values["distance_from_data"] = distance
            raise RejectedError(
                Code.OUTSIDE_DATA,
                f"target {target} m is outside the data that {settings.solver.arm.name} was learned "
                f"from: its solution is {distance:.3g} rad from the nearest recorded posture, expected at "
                f"most {coverage.within:.3g} rad",
            )
        if solution.displacement is not None:
            values["displacement"] = solution.displacement
        values["anchor"] = solution.anchor
        return solution
