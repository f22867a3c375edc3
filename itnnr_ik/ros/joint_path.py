"""From a path of poses to a trajectory of the joints. No node needed; nothing is sent to a controller."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from geometry_msgs.msg import PoseStamped
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from itnnr_ik.paths import Gap, keep_velocities
from itnnr_ik.ros.answer import Answerer, Values
from itnnr_ik.ros.configuration import Configuration
from itnnr_ik.ros.messages import joint_state_from_positions
from itnnr_ik.ros.moments import duration_of, nanoseconds_of
from itnnr_ik.ros.status import Code, RejectedError

#: Poses of a path, at most: the node answers nothing else while it solves one.
MOST_POSES = 1000
#: Least time [s] from one point of a trajectory to the next.
_SHORTEST = 1e-3
#: Gaps that a status tells of.
_MOST_GAPS = 10


def solve_poses(
    answerer: Answerer, header: Header, poses: Sequence[PoseStamped], now: float, values: Values
) -> JointTrajectory:
    """The trajectory that follows all of a path, from the joint state on.

    Points come at the poses' stamps, if these increase, or else as fast as the joints may move; later where
    the velocity limits need it. The first one is as far in time as it takes to get there.

    Args:
        answerer: Knows the joints, and other frames.
        header: Of the path; its frame counts for poses that name none.
        poses: At most `MOST_POSES`.
        now: Time on the node's clock, in [s].
        values: What is known of the answer goes in here, also where there is none.

    Raises:
        RejectedError: A pose is no target, or the path cannot be followed (``gaps``); see `Answerer.answer`.
    """
    if not 0 < len(poses) <= MOST_POSES:
        expected = f"expected a path of 1 to {MOST_POSES} poses, got {len(poses)}"
        raise RejectedError(Code.INVALID_TARGET, expected)
    targets = [_target(answerer, header, pose, index) for index, pose in enumerate(poses)]
    current = answerer.current(now)
    values["poses"] = str(len(poses))
    found = answerer.solve_path(targets, current, values)
    if found.gaps:
        values["gaps"] = tell_gaps(found.gaps)
        more = f", and {len(found.gaps) - 1} more" if len(found.gaps) > 1 else ""
        raise RejectedError(Code.GAPS, f"the path cannot be followed: {found.gaps[0]}{more}")
    header = Header(frame_id=header.frame_id)  # its stamp is zero: now, for a controller
    times, turns = _times(poses), answerer.turns
    return trajectory(answerer.configuration, found.positions, times, turns, current, header)


def trajectory(
    configuration: Configuration,
    path: np.ndarray,
    times: np.ndarray,
    turns: np.ndarray,
    current: np.ndarray | None,
    header: Header,
) -> JointTrajectory:
    """Joint positions of a path, at times (m,) [s] or as much later as the joints' velocity limits need.

    Args:
        configuration: Of what arm.
        path: Joint positions (m, n) [rad, m].
        times: When they are due; they increase.
        turns: What the robot counts more of its joints (n,) [rad].
        current: Where the joints are (n,) [rad, m]; None where that is not known.
        header: Of the trajectory.

    Raises:
        RejectedError: A position is outside the limits: a defect (``solver_error``).
    """
    limits = configuration.limits.velocity
    kept, _ = keep_velocities(path, times, limits)
    before = _SHORTEST
    if current is not None:
        before = max(before, float((np.abs(path[0] - current) / limits).max()))
    message = JointTrajectory(header=header, joint_names=list(configuration.joints))
    for positions, time in zip(path, kept - kept[0] + before, strict=True):
        state = joint_state_from_positions(
            positions + turns, configuration.solver.arm, configuration.joints, header
        )
        point = JointTrajectoryPoint(
            positions=state.position, time_from_start=duration_of(round(1e9 * float(time)))
        )
        message.points.append(point)
    return message


def tell_gaps(gaps: Sequence[Gap]) -> str:
    """The first gaps, each with its targets and its reason."""
    told = [str(gap) for gap in gaps[:_MOST_GAPS]]
    more = len(gaps) - _MOST_GAPS
    return "; ".join([*told, f"and {more} more"] if more > 0 else told)


def shortest_times(count: int) -> np.ndarray:
    """Times (m,) [s] that leave it to the velocity limits how fast a path is."""
    return _SHORTEST * np.arange(count)


def _target(answerer: Answerer, header: Header, pose: PoseStamped, index: int) -> list[float]:
    if not pose.header.frame_id:
        pose = PoseStamped(header=header, pose=pose.pose)
    try:
        return answerer.target(pose)
    except RejectedError as rejection:
        raise RejectedError(rejection.code, f"pose {index}: {rejection}") from rejection


def _times(poses: Sequence[PoseStamped]) -> np.ndarray:
    nanoseconds = np.array([nanoseconds_of(pose.header.stamp) for pose in poses], dtype=np.int64)
    if not (np.diff(nanoseconds) > 0).all():
        return shortest_times(len(poses))
    return np.asarray((nanoseconds - nanoseconds[0]) * 1e-9)
