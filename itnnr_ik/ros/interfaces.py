"""Topics and services of ``ik_node``: name, type and quality of service of each, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rclpy.duration import Duration
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import SetBool
from trajectory_msgs.msg import JointTrajectory
from visualization_msgs.msg import MarkerArray

try:
    from moveit_msgs.srv import GetCartesianPath, GetPositionIK
except ImportError:
    GetCartesianPath = GetPositionIK = None
try:
    from nav_msgs.msg import Path
except ImportError:
    Path = None
try:
    from control_msgs.msg import JointTrajectoryControllerState
except ImportError:
    JointTrajectoryControllerState = None

NONE = "none"
TRAJECTORY = "trajectory_msgs/JointTrajectory"
#: Message of each ``command_out_type``, and the topic where its controller listens by default.
COMMAND_TYPES: dict[str, tuple[Any, str]] = {
    TRAJECTORY: (JointTrajectory, "joint_trajectory_controller/joint_trajectory"),
    "std_msgs/Float64MultiArray": (Float64MultiArray, "forward_position_controller/commands"),
}

SUBSCRIBED, PUBLISHED, SERVICE = "in", "out", "service"


def _keep(depth: int, reliability: ReliabilityPolicy = ReliabilityPolicy.RELIABLE, **more: Any) -> QoSProfile:
    return QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=reliability, **more)


#: Of commands: after a network stall an old one would count as present.
COMMAND_QOS = _keep(1, lifespan=Duration(seconds=0.2))


@dataclass(frozen=True)
class Interface:
    """A topic or a service.

    Args:
        name: Relative to the node's namespace, or with ``~`` to its name.
        kind: `SUBSCRIBED`, `PUBLISHED` or `SERVICE`.
        type: Class of the message or service; None where its package is not installed.
        type_name: Such as ``geometry_msgs/PoseStamped``.
        description: A line for docs/ros_interface.md.
        qos: Quality of service of a topic.
    """

    name: str
    kind: str
    type: Any
    type_name: str
    description: str
    qos: Any = None


def _topic(name: str, kind: str, message: Any, qos: QoSProfile, description: str) -> Interface:
    return Interface(name, kind, message, _name_of(message), description, qos)


def _name_of(kind: Any) -> str:
    return f"{kind.__module__.partition('.')[0]}/{kind.__name__}"


TARGET_POSE = _topic(
    # Best effort matches every publisher, reliable or not, and visual servoing and teleoperation often are
    # not. Nor is a lost target worth sending again: the next one is newer.
    name="target_pose",
    kind=SUBSCRIBED,
    message=PoseStamped,
    qos=_keep(1, ReliabilityPolicy.BEST_EFFORT),
    description="targets for the tool: best effort, only the newest one counts; orientation counts as "
    "`task` says; of a planar arm's position task x and y count",
)
JOINT_STATES = _topic(
    # Best effort, too. More than one is kept because several devices may publish here, one right after the
    # other: the gripper's message must not take the place of the arm's.
    name="joint_states",
    kind=SUBSCRIBED,
    message=JointState,
    qos=_keep(10, ReliabilityPolicy.BEST_EFFORT),
    description="where the joints are: best effort, by name, in any order, among any others",
)
CONTROLLER_STATE = Interface(
    name="joint_trajectory_controller/controller_state",
    kind=SUBSCRIBED,
    type=JointTrajectoryControllerState,
    type_name="control_msgs/JointTrajectoryControllerState",
    qos=_keep(10, ReliabilityPolicy.BEST_EFFORT),
    description="set-points of the controller that trajectories are sent to; the topic is beside "
    "`command_out_topic`; only where control_msgs is installed",
)
JOINT_SOLUTION = _topic(
    name="joint_solution",
    kind=PUBLISHED,
    message=JointState,
    qos=_keep(10),
    description="the answer to a target, with its stamp and frame and the robot's joint names",
)
STATUS = _topic(
    name="~/status",
    kind=PUBLISHED,
    message=DiagnosticStatus,
    qos=_keep(10),
    description="one for every target taken and every joint state rejected: text, `code`, and what applies "
    "of `stamp`, `residual` [m] (of the position), `orientation_error` [rad], `displacement` [rad], "
    "`anchor`, `solve_time` [s], `distance_from_data` [rad], `controller`, `timing`, `note`",
)
DIAGNOSTICS = _topic(
    name="/diagnostics",
    kind=PUBLISHED,
    message=DiagnosticArray,
    qos=_keep(10),
    description="once a second: outcomes of the targets, how many a second and how many were `dropped` "
    "because a newer one overtook them or they were lost on the way, percentiles of the time to an answer "
    "[s], of the residual [m] and of the orientation error [rad], ages of the last joint state and target "
    "[s]",
)
MARKERS = _topic(
    name="~/markers",
    kind=PUBLISHED,
    message=MarkerArray,
    qos=_keep(1),
    description="for RViz and Foxglove, at 10 Hz while somebody subscribes: what the anchors propose, "
    "coloured by residual, the solution, the target (with its axes, where they count) and the tool's path",
)
SOLVE_PATH = Interface(
    # Reliable: a path is sent once, and is useless if a part of it is lost. One right after another is
    # refused, and not lost.
    name="~/solve_path",
    kind=SUBSCRIBED,
    type=Path,
    type_name="nav_msgs/Path",
    qos=_keep(10),
    description="a path of poses to be solved as a whole, from the joint state on, one at a time: frames "
    "and orientations as those of `target_pose`; only where nav_msgs is installed",
)
PATH_SOLUTION = Interface(
    name="~/path_solution",
    kind=PUBLISHED,
    type=Path and JointTrajectory,
    type_name=TRAJECTORY,
    qos=_keep(1),
    description="the joint path for a path that can be followed as a whole; published only, sent to no "
    "controller",
)
PATH_STATUS = Interface(
    name="~/path_status",
    kind=PUBLISHED,
    type=Path and DiagnosticStatus,
    type_name="diagnostic_msgs/DiagnosticStatus",
    qos=_keep(10),
    description="one for every path: text, `code`, and what applies of `stamp`, `poses`, `residual` [m] "
    "(the largest), `gaps` (targets from 0 on, reason, amount), `solve_time` [s]",
)
PAUSE = Interface(
    name="~/pause",
    kind=SERVICE,
    type=SetBool,
    type_name=_name_of(SetBool),
    description="while paused, every target is answered with the status `paused`; after that it goes on "
    "from the present joint state",
)
COMPUTE_IK = Interface(
    name="compute_ik",
    kind=SERVICE,
    type=GetPositionIK,
    type_name="moveit_msgs/GetPositionIK",
    description="one solve on request, sent nowhere; only where moveit_msgs is installed",
)
COMPUTE_CARTESIAN_PATH = Interface(
    name="compute_cartesian_path",
    kind=SERVICE,
    type=GetCartesianPath,
    type_name="moveit_msgs/GetCartesianPath",
    description="straight lines through waypoints as far as they can be followed, sent nowhere; only where "
    "moveit_msgs is installed",
)

INTERFACES = (
    TARGET_POSE,
    JOINT_STATES,
    CONTROLLER_STATE,
    JOINT_SOLUTION,
    STATUS,
    SOLVE_PATH,
    PATH_SOLUTION,
    PATH_STATUS,
    DIAGNOSTICS,
    MARKERS,
    PAUSE,
    COMPUTE_IK,
    COMPUTE_CARTESIAN_PATH,
)


def controller_state_topic(command_out_topic: str) -> str | None:
    """The state topic of the controller that trajectories go to; None if it cannot be read."""
    return None if CONTROLLER_STATE.type is None else beside(command_out_topic, "controller_state")


def beside(command_out_topic: str, name: str) -> str:
    """The full name of another topic or a service of the controller that commands go to."""
    name_space, slash, _ = command_out_topic.rpartition("/")
    return f"{name_space}{slash}{name}"
