"""The service ``compute_cartesian_path``: straight lines from a state, as far as they can be followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory

from itnnr_ik import IKSolver
from itnnr_ik.robot import units_of
from itnnr_ik.ros.answering.answer import Answerer
from itnnr_ik.ros.answering.position_ik import check_links, set_error_code
from itnnr_ik.ros.paths.joint_path import MAX_POSES, Start, shortest_times, trajectory
from itnnr_ik.ros.status import Code, RejectedError
from itnnr_ik.targets import ROTATION_PER_METRE, straight_lines

#: A larger step [rad, m] from one target to the next is a jump, whatever the request allows.
_MAX_STEP = 0.5
#: A joint state may be beyond a joint limit by this [rad, m], due to noise.
_LIMIT_TOLERANCE = 0.01
#: A path that is planned as a whole begins at the state if the first step is at most this many times the
#: largest other one, plus this [rad, m].
_STEP_FACTOR, _STEP_MARGIN = 2.0, 1e-3


@dataclass(frozen=True)
class Followed:
    """A joint path along straight lines, or the first part of them.

    Attributes:
        positions: (c, n) [rad, m], from the initial state on.
        fraction: Share of the lines that is followed.
        text: Why it ends; empty at the last waypoint.
    """

    positions: np.ndarray
    fraction: float
    text: str


def follow_lines(
    solver: IKSolver,
    state: np.ndarray,
    waypoints: list[list[float]],
    max_step: float,
    revolute: float = 0.0,
    prismatic: float = 0.0,
) -> Followed:
    """Joint positions from a state along straight lines of the tool, until they cannot be followed.

    Args:
        solver: Of the arm.
        state: Joint positions (n,) [rad, m] within the limits.
        waypoints: (k, 2, 3 or 7), as the task has them.
        max_step: Largest distance between targets, and of the tool from the line between them, in [m].
        revolute, prismatic: Largest step of a joint of that kind [rad], [m]; 0 for any.

    Raises:
        ValueError: See `straight_lines`; or a largest step is negative or no number.
    """
    if not (revolute >= 0.0 and prismatic >= 0.0):
        raise ValueError(
            f"expected jump thresholds that are 0 or positive, got {revolute:g} rad and {prismatic:g} m"
        )
    targets, along = straight_lines(solver.target_at(state), waypoints, max_step, MAX_POSES)
    max_joint_step = np.where(np.array(units_of(solver.arm)) == "m", prismatic or np.inf, revolute or np.inf)
    limits = _StepLimits(solver, targets, max_step, max_joint_step)
    planned, text = _planned(solver, state, targets)
    positions, why = limits.allowed(planned)
    if len(positions) < len(targets):
        # Another path, whose steps may be short enough.
        stepped, why_stepped = limits.allowed(_solved_stepwise(solver, state, targets))
        if len(stepped) > len(positions):
            positions, why = stepped, why_stepped
    whole = len(positions) == len(targets)
    return Followed(positions, float(along[len(positions) - 1] / along[-1]), "" if whole else why or text)


@dataclass(frozen=True)
class _StepLimits:
    """Limits of a path from target to target.

    Attributes:
        solver: Of the arm.
        targets: (m, 2, 3 or 7).
        max_step: Largest distance [m] of the tool from the line between two of them.
        max_joint_step: Largest steps of the joints (n,) [rad, m].
    """

    solver: IKSolver
    targets: np.ndarray
    max_step: float
    max_joint_step: np.ndarray

    def allowed(self, positions: np.ndarray) -> tuple[np.ndarray, str]:
        """Positions (c, n) up to the first step that is not allowed, and the reason; or all, and no text."""
        if len(positions) < 2:
            return positions, ""
        steps = np.diff(positions, axis=0)
        distance, turn = self.solver.errors(
            positions[:-1] + 0.5 * steps, _halfway(self.targets[: len(positions)])
        )
        off_line = distance > self.max_step
        if turn is not None:
            off_line |= turn > ROTATION_PER_METRE * self.max_step
        too_large = (np.abs(steps) > self.max_joint_step).any(axis=1)
        refused = {
            "a joint would make a larger step than is allowed": too_large,
            "between two targets the tool would swing off the line: take a smaller max_step": off_line,
        }
        if self.solver.coverage is not None:
            outside = ~self.solver.coverage.covers(positions[1:])
            refused[f"it leaves the data that {self.solver.arm.name} was learned from"] = outside
        ends = {text: int(steps.argmax()) for text, steps in refused.items() if steps.any()}
        if not ends:
            return positions, ""
        text = min(ends, key=ends.__getitem__)
        return positions[: ends[text] + 1], text


def _halfway(targets: np.ndarray) -> np.ndarray:
    """Midpoints (m - 1, …) between consecutive targets (m, 2, 3 or 7), with quaternions of any length."""
    start, end = targets[:-1], targets[1:].copy()
    if targets.shape[1] == 7:
        end[(start[:, 3:] * end[:, 3:]).sum(axis=1) < 0.0, 3:] *= -1.0  # the same rotation
    return np.asarray(0.5 * (start + end))


def _planned(solver: IKSolver, state: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, str]:
    """Positions (c, n) of a path that is planned as a whole, up to its first gap, and that as text."""
    found = solver.solve_path(targets, state)
    first = min((gap.first for gap in found.gaps), default=len(targets))
    if found.gaps and found.converged[first]:
        first += 1  # a jump from there
    positions = np.vstack([state, found.positions[1:first]])
    steps = np.abs(np.diff(positions, axis=0)).max(axis=1, initial=0.0)
    text = str(found.gaps[0]) if found.gaps else "another posture at the start could follow all of it"
    begins = len(steps) == 0 or steps[0] <= _STEP_FACTOR * steps[1:].max(initial=0.0) + _STEP_MARGIN
    return (positions if begins else positions[:1]), text


def _solved_stepwise(solver: IKSolver, state: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Positions (c, n) of targets that are solved one after the other, up to the first without a solution."""
    positions = [state]
    velocity = np.zeros_like(state)
    for target in targets[1:]:
        found = solver.solve(target, positions[-1], velocity)
        if not found.converged or found.displacement is None or found.displacement > _MAX_STEP:
            break
        velocity = found.positions - positions[-1]
        positions.append(found.positions)
    return np.array(positions)


@dataclass(frozen=True)
class Lines:
    """The content of a GetCartesianPath request.

    Attributes:
        start: Configuration and initial state, which is within the limits.
        waypoints: As the task has them, in the base frame.
        header: Of the request.
        max_step, revolute, prismatic: See `follow_lines`.
    """

    start: Start
    waypoints: list[list[float]]
    header: Header
    max_step: float
    revolute: float
    prismatic: float


def read_lines(request: Any, answerer: Answerer, now: float) -> Lines:
    """Read a request, at a time ``now`` [s] on the node's clock.

    The path begins at the request's state or, where that has none of the joints, at the newest joint state.
    ``revolute_jump_threshold`` and ``prismatic_jump_threshold`` are the largest steps of such joints, if the
    message has them; ``jump_threshold`` replaces the first. Constraints, collisions and scaling factors are
    not checked.

    Raises:
        UnknownLinkError: It is about another link than the arm's tip.
        RejectedError: Something in it cannot be used.
    """
    configuration, header = answerer.configuration, request.header
    check_links([request.link_name], configuration.end_effector_link)
    if not request.waypoints:
        raise RejectedError(Code.INVALID_TARGET, "expected at least one waypoint, got none")
    waypoints = [answerer.target(PoseStamped(header=header, pose=pose)) for pose in request.waypoints]
    state, turns = answerer.state(request.start_state.joint_state, now)
    if state is None:
        raise RejectedError(Code.NO_JOINT_STATE, "expected a start_state, or a joint state before, got none")
    arm = configuration.solver.arm
    inside = np.clip(state, arm.lower, arm.upper)
    if np.abs(inside - state).max() > _LIMIT_TOLERANCE:
        text = f"expected a state within the joint limits, got {state.tolist()}"
        raise RejectedError(Code.INVALID_JOINT_STATE, text)
    revolute = getattr(request, "revolute_jump_threshold", 0.0) or request.jump_threshold
    prismatic = getattr(request, "prismatic_jump_threshold", 0.0)
    start = Start(configuration, inside, turns)
    return Lines(start, waypoints, header, request.max_step, revolute, prismatic)


def solve_lines(lines: Lines) -> tuple[Followed, JointTrajectory]:
    """The path along the lines, and its trajectory, which begins at the initial state.

    Raises:
        RejectedError: The steps cannot be used, or the solver fails.
    """
    start = lines.start
    assert start.current is not None, "read"
    steps = lines.max_step, lines.revolute, lines.prismatic
    try:
        followed = follow_lines(start.configuration.solver, start.current, lines.waypoints, *steps)
    except (ValueError, ArithmeticError) as error:
        raise RejectedError(Code.INVALID_TARGET, str(error)) from error
    times = shortest_times(len(followed.positions))
    # Without the request's timestamp: it is past, and a controller would begin in the middle of the path.
    header = Header(frame_id=lines.header.frame_id)
    return followed, trajectory(start, followed.positions, times, None, header)


def fill_response(response: Any, header: Header, followed: Followed, found: JointTrajectory) -> None:
    """Fill in the response to a request with this header."""
    response.start_state.joint_state = JointState(
        header=header, name=found.joint_names, position=found.points[0].positions
    )
    response.solution.joint_trajectory, response.fraction = found, followed.fraction
    set_error_code(response, "SUCCESS", followed.text)
