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
from itnnr_ik.ros.answering.answer import Values, clip_seed
from itnnr_ik.ros.answering.frames import Frames, to_base_frame
from itnnr_ik.ros.messages import joint_state_from_positions, target_from_pose
from itnnr_ik.ros.setup.configuration import Configuration
from itnnr_ik.ros.status import Code, RejectedError, stamp_text
from itnnr_ik.ros.time_messages import duration_of, nanoseconds_of

#: Poses of a path, at most.
MOST_POSES = 10_000
#: Least time [s] from one point of a trajectory to the next.
_SHORTEST = 1e-3
#: What a duration in a message can hold [s].
_LONGEST = 2.0**31
#: Takes 0.1 s, and not when the first path comes.
_TYPES: Any = get_typestore(Stores.ROS2_HUMBLE)
#: Gaps that a status tells of.
_MOST_GAPS = 10


@dataclass(frozen=True)
class Start:
    """What a path is solved with, as it was when it was asked for: the node goes on meanwhile.

    Attributes:
        configuration: Of the node.
        current: Where the joints were (n,) [rad, m]; None where that is not known, and need not be.
        turns: What the robot counts more of its joints (n,) [rad].
    """

    configuration: Configuration
    current: np.ndarray | None
    turns: np.ndarray


def stamp_of(data: bytes) -> str:
    """The stamp of a serialized nav_msgs/Path, which begins with it; empty where it is damaged."""
    with suppress(Exception):  # rosbags raises what comes
        return stamp_text(_TYPES.deserialize_cdr(data[:12], "builtin_interfaces/msg/Time"))
    return ""


def read_path(data: bytes) -> Any:
    """A serialized nav_msgs/Path, in rosbags' types: rclpy takes 0.4 s for 10 000 poses, and lets no other
    thread go on meanwhile.

    Raises:
        RejectedError: It is damaged (``invalid_target``).
    """
    try:
        return _TYPES.deserialize_cdr(data, "nav_msgs/msg/Path")
    except Exception as error:  # rosbags raises what comes
        text = f"expected a nav_msgs/Path, got {len(data)} bytes that are none"
        raise RejectedError(Code.INVALID_TARGET, text) from error


def solve_poses(
    start: Start, frames: Frames, header: Any, poses: Sequence[Any], values: Values
) -> JointTrajectory:
    """The trajectory that follows all of a path, from the joint state on.

    Points come at the poses' stamps, if these increase, or else as fast as the joints may move; later where
    the velocity limits need it. The first one is as far in time as it takes to get there.

    Args:
        start: What it is solved with.
        frames: Where other frames are now; each is looked up once.
        header: Of the path; its frame counts for poses that name none.
        poses: At most `MOST_POSES`, as geometry_msgs/PoseStamped.
        values: What is known of the answer goes in here, also where there is none.

    Raises:
        RejectedError: A pose is no target, or the path cannot be followed (``gaps``); the solver fails, or a
            posture is outside the data of a learned arm.
    """
    if not 0 < len(poses) <= MOST_POSES:
        expected = f"expected a path of 1 to {MOST_POSES} poses, got {len(poses)}"
        raise RejectedError(Code.INVALID_TARGET, expected)
    values["poses"] = str(len(poses))
    found = _solve(start, _targets(start.configuration, frames, header, poses), values)
    if found.gaps:
        values["gaps"] = gaps_text(found.gaps)
        more = f", and {len(found.gaps) - 1} more" if len(found.gaps) > 1 else ""
        raise RejectedError(Code.GAPS, f"the path cannot be followed: {found.gaps[0]}{more}")
    header = Header(frame_id=header.frame_id)  # its stamp is zero: now, for a controller
    return trajectory(start, found.positions, _times(poses), start.current, header)


def _targets(
    configuration: Configuration, frames: Frames, header: Any, poses: Sequence[Any]
) -> list[list[float]]:
    """Targets of poses, which see one moment of other frames."""
    targets, transforms = [], dict[str, Transform | None]()
    for index, pose in enumerate(poses):
        frame = pose.header.frame_id or header.frame_id
        try:
            if frame not in transforms:
                transforms[frame] = frames.transform(frame)
            place = to_base_frame(transforms[frame], pose.pose)
            targets.append(target_from_pose(place, configuration.solver, configuration.plane_tolerance))
        except RejectedError as rejection:
            raise RejectedError(rejection.code, f"pose {index}: {rejection}") from rejection
    return targets


def _solve(start: Start, targets: list[list[float]], values: Values) -> PathSolution:
    """Joint positions for all targets of a path."""
    solver, began = start.configuration.solver, time.perf_counter()
    try:
        found = solver.solve_path(targets, clip_seed(solver.arm, start.current))
    except (ValueError, ArithmeticError) as error:
        raise RejectedError(Code.SOLVER_ERROR, f"cannot solve the path: {error}") from error
    values["solve_time"] = time.perf_counter() - began
    values["residual"] = float(found.residual.max())
    if solver.coverage is not None and not found.gaps:
        outside = np.flatnonzero(~solver.coverage.covers(found.positions))
        if len(outside):
            raise RejectedError(
                Code.OUTSIDE_DATA,
                f"the path is outside the data that {solver.arm.name} was learned from at {len(outside)} "
                f"of its {len(targets)} poses, first at pose {outside[0]}",
            )
    return found


def trajectory(
    start: Start, path: np.ndarray, times: np.ndarray, current: np.ndarray | None, header: Header
) -> JointTrajectory:
    """Joint positions of a path, at times (m,) [s] or as much later as the joints' velocity limits need.

    Args:
        start: What it was solved with.
        path: Joint positions (m, n) [rad, m].
        times: When they are due; they increase.
        current: From where it takes time to get to the first (n,) [rad, m]; None for none.
        header: Of the trajectory.

    Raises:
        RejectedError: A position is outside the limits: a defect (``solver_error``); or the path takes longer
            than a message can say (``invalid_target``).
    """
    configuration, turns = start.configuration, start.turns
    limits = configuration.limits.velocity
    kept, _ = keep_velocities(path, times, limits)
    before = _SHORTEST
    if current is not None:
        before = max(before, float((np.abs(path[0] - current) / limits).max()))
    message = JointTrajectory(header=header, joint_names=list(configuration.joints))
    due_at = kept - kept[0] + before
    if not due_at[-1] < _LONGEST:
        raise RejectedError(
            Code.INVALID_TARGET,
            f"expected a path of less than {_LONGEST:.0f} s by its stamps, got {due_at[-1]:.0f} s",
        )
    for positions, due in zip(path, due_at, strict=True):
        state = joint_state_from_positions(
            positions + turns, configuration.solver.arm, configuration.joints, header
        )
        offset = duration_of(round(1e9 * float(due)))
        message.points.append(JointTrajectoryPoint(positions=state.position, time_from_start=offset))
    return message


def gaps_text(gaps: Sequence[Gap]) -> str:
    """The first gaps, each with its targets and its reason."""
    told = [str(gap) for gap in gaps[:_MOST_GAPS]]
    more = len(gaps) - _MOST_GAPS
    return "; ".join([*told, f"and {more} more"] if more > 0 else told)


def shortest_times(count: int) -> np.ndarray:
    """Times (m,) [s] that leave it to the velocity limits how fast a path is."""
    return _SHORTEST * np.arange(count)


def _times(poses: Sequence[Any]) -> np.ndarray:
    nanoseconds = np.array([nanoseconds_of(pose.header.stamp) for pose in poses], dtype=np.int64)
    if not (np.diff(nanoseconds) > 0).all():
        return shortest_times(len(poses))
    return np.asarray((nanoseconds - nanoseconds[0]) * 1e-9)
