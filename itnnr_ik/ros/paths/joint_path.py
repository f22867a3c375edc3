"""From a path of poses to a trajectory of the joints. No node needed; nothing is sent to a controller."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from geometry_msgs.msg import Transform
from rosbags.typesys import Stores, get_typestore
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from itnnr_ik.paths import Gap, PathSolution, keep_velocities
from itnnr_ik.robot.frame_names import without_slash
from itnnr_ik.ros.answering.answer import Values, clip_seed
from itnnr_ik.ros.answering.frames import Frames, to_base_frame
from itnnr_ik.ros.messages import joint_state_from_positions, target_from_pose
from itnnr_ik.ros.setup.configuration import Configuration
from itnnr_ik.ros.status import Code, RejectedError, stamp_text
from itnnr_ik.ros.time_messages import duration_of, nanoseconds_of

#: Largest number of poses of a path.
MAX_POSES = 10_000
#: Minimum time between two points of a trajectory [s].
_MIN_INTERVAL = 1e-3
#: Upper bound of a duration in a message [s].
_MAX_DURATION = 2.0**31
#: Made here as it takes 0.1 s, which should not delay the first path.
_TYPES: Any = get_typestore(Stores.ROS2_HUMBLE)
#: Largest number of gaps in a status.
_MAX_GAPS_REPORTED = 10


@dataclass(frozen=True)
class Start:
    """The state of the node at the request for a path, as that may change while the path is solved.

    Attributes:
        configuration: Of the node.
        current: Joint positions (n,) [rad, m]; None if they are not known and not required.
        turns: Whole turns (n,) [rad] that the robot counts more of its joints.
    """

    configuration: Configuration
    current: np.ndarray | None
    turns: np.ndarray


def stamp_of(data: bytes) -> str:
    """The stamp of a serialized nav_msgs/Path, which begins with it; empty where it is damaged."""
    with suppress(Exception):  # rosbags raises errors of any kind
        return stamp_text(_TYPES.deserialize_cdr(data[:12], "builtin_interfaces/msg/Time"))
    return ""


def read_path(data: bytes) -> Any:
    """A serialized nav_msgs/Path, in rosbags' types: rclpy takes 0.4 s for 10 000 poses, and blocks all other
    threads meanwhile.

    Raises:
        RejectedError: It is damaged (``invalid_target``).
    """
    try:
        return _TYPES.deserialize_cdr(data, "nav_msgs/msg/Path")
    except Exception as error:  # rosbags raises errors of any kind
        text = f"expected a nav_msgs/Path, got {len(data)} bytes that are none"
        raise RejectedError(Code.INVALID_TARGET, text) from error


def solve_poses(
    start: Start, frames: Frames, header: Any, poses: Sequence[Any], values: Values
) -> JointTrajectory:
    """The trajectory that follows all of a path, from the joint state on.

    Points are timed by the poses' timestamps, if these increase, or else as fast as the velocity limits
    allow; later where these require it. The first one allows for the motion from the joint state.

    Args:
        start: The state of the node at the request.
        frames: Present transforms of other frames; each is looked up once.
        header: Of the path; its frame is that of poses without one.
        poses: At most `MAX_POSES`, as geometry_msgs/PoseStamped.
        values: Receives the values of the status, also if there is no answer.

    Raises:
        RejectedError: A pose is no target, or the path cannot be followed (``gaps``); the solver fails, or a
            posture is outside the data of a learned arm.
    """
    if not 0 < len(poses) <= MAX_POSES:
        expected = f"expected a path of 1 to {MAX_POSES} poses, got {len(poses)}"
        raise RejectedError(Code.INVALID_TARGET, expected)
    values["poses"] = str(len(poses))
    solution = _solve(start, _targets(start.configuration, frames, header, poses), values)
    if solution.gaps:
        values["gaps"] = gaps_text(solution.gaps)
        more = f", and {len(solution.gaps) - 1} more" if len(solution.gaps) > 1 else ""
        raise RejectedError(Code.GAPS, f"the path cannot be followed: {solution.gaps[0]}{more}")
    header = Header(frame_id=header.frame_id)  # its stamp is zero: now, for a controller
    return trajectory(start, solution.positions, _times(poses), start.current, header)


def _targets(
    configuration: Configuration, frames: Frames, header: Any, poses: Sequence[Any]
) -> list[list[float]]:
    """Targets of poses, each frame transformed at one time for all of them."""
    targets, transforms = [], dict[str, Transform | None]()
    for index, pose in enumerate(poses):
        frame = without_slash(pose.header.frame_id or header.frame_id)
        try:
            if frame not in transforms:
                transforms[frame] = frames.transform(frame)
            values = to_base_frame(transforms[frame], pose.pose)
            targets.append(target_from_pose(values, configuration.solver, configuration.plane_tolerance))
        except RejectedError as rejection:
            raise RejectedError(rejection.code, f"pose {index}: {rejection}") from rejection
    return targets


def _solve(start: Start, targets: list[list[float]], values: Values) -> PathSolution:
    """Joint positions for all targets of a path."""
    solver, began = start.configuration.solver, time.perf_counter()
    try:
        solution = solver.solve_path(targets, clip_seed(solver.arm, start.current))
    except (ValueError, ArithmeticError) as error:
        raise RejectedError(Code.SOLVER_ERROR, f"cannot solve the path: {error}") from error
    values["solve_time"] = time.perf_counter() - began
    values["residual"] = float(solution.residual.max())
    if solver.coverage is not None and not solution.gaps:
        outside = np.flatnonzero(~solver.coverage.covers(solution.positions))
        if len(outside):
            raise RejectedError(
                Code.OUTSIDE_DATA,
                f"the path is outside the data that {solver.arm.name} was learned from at {len(outside)} "
                f"of its {len(targets)} poses, first at pose {outside[0]}",
            )
    return solution


def trajectory(
    start: Start, path: np.ndarray, times: np.ndarray, current: np.ndarray | None, header: Header
) -> JointTrajectory:
    """The trajectory of a path, at times (m,) [s] or as much later as the joints' velocity limits require.

    Args:
        start: The state of the node at the request.
        path: Joint positions (m, n) [rad, m].
        times: Of the positions, increasing.
        current: Joint positions (n,) [rad, m] before the first of the path; None if they are the first.
        header: Of the trajectory.

    Raises:
        RejectedError: A position is outside the limits: a defect (``solver_error``); or the path takes longer
            than a message can hold (``invalid_target``).
    """
    configuration, turns = start.configuration, start.turns
    limits = configuration.limits.velocity
    kept, _ = keep_velocities(path, times, limits)
    before = _MIN_INTERVAL
    if current is not None:
        before = max(before, float((np.abs(path[0] - current) / limits).max()))
    message = JointTrajectory(header=header, joint_names=list(configuration.joints))
    due_at = kept - kept[0] + before
    if not due_at[-1] < _MAX_DURATION:
        raise RejectedError(
            Code.INVALID_TARGET,
            f"expected a path of less than {_MAX_DURATION:.0f} s by its stamps, got {due_at[-1]:.0f} s",
        )
    for positions, due in zip(path, due_at, strict=True):
        state = joint_state_from_positions(
            positions + turns, configuration.solver.arm, configuration.joints, header
        )
        offset = duration_of(round(1e9 * float(due)))
        message.points.append(JointTrajectoryPoint(positions=state.position, time_from_start=offset))
    return message


def gaps_text(gaps: Sequence[Gap]) -> str:
    """The first gaps as text, each with its targets and its reason."""
    texts = [str(gap) for gap in gaps[:_MAX_GAPS_REPORTED]]
    more = len(gaps) - _MAX_GAPS_REPORTED
    return "; ".join([*texts, f"and {more} more"] if more > 0 else texts)


def shortest_times(count: int) -> np.ndarray:
    """Times (m,) [s] so short that the velocity limits determine the speed of a path."""
    return _MIN_INTERVAL * np.arange(count)


def _times(poses: Sequence[Any]) -> np.ndarray:
    nanoseconds = np.array([nanoseconds_of(pose.header.stamp) for pose in poses], dtype=np.int64)
    if not (np.diff(nanoseconds) > 0).all():
        return shortest_times(len(poses))
    return np.asarray((nanoseconds - nanoseconds[0]) * 1e-9)
