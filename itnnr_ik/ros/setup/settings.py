"""The parameters of ``ik_node``, but for those that choose the robot, which other nodes have too."""

from __future__ import annotations

from itnnr_ik.ros.interfaces import COMMAND_TYPES, NONE
from itnnr_ik.ros.setup.parameters import Choice, Flag, Number, NumberPerJoint, Parameter, Text
from itnnr_ik.ros.setup.robot import JOINTS, ROBOT_PARAMETERS

REJECT, CLOSEST = "reject", "closest"

AUTOSTART = Flag(
    "autostart",
    True,
    "Configure and activate at start; false: wait for a lifecycle manager's transitions. It counts at the "
    "process's start only, and a cleanup does not change that",
)
TOLERANCE = Number(
    "tolerance",
    1e-6,
    "Largest position error of a solution, in [m]",
    minimum=1e-9,
    maximum=0.1,
    changeable=True,
)
ORIENTATION_TOLERANCE = Number(
    "orientation_tolerance",
    1e-6,
    "Largest orientation error of a solution, in [rad], where the task has an orientation",
    minimum=1e-9,
    maximum=1.0,
    changeable=True,
)
COMMAND_OUT_TYPE = Choice(
    "command_out_type",
    NONE,
    "Message that a controller is sent for every solution; none: only joint_solution is published",
    choices=(NONE, *COMMAND_TYPES),
)
COMMAND_OUT_TOPIC = Text(
    "command_out_topic",
    "",
    "Where commands are sent; empty: where the usual controller of command_out_type listens",
)
COMMAND_RATE = Number(
    "command_rate",
    100.0,
    "How often commands are sent while the joints move, at most, in [Hz]; for positions without times as "
    "often as the controller has cycles",
    minimum=1.0,
    maximum=1000.0,
)
MAX_VELOCITY = NumberPerJoint(
    "max_velocity",
    2.0,
    "Largest speed of the set-point, one for all joints or one for each, in [rad/s] or [m/s]; 0.9 of the "
    "URDF's velocity limit where that is lower",
    minimum=1e-3,
    maximum=100.0,
    changeable=True,
)
MAX_JOINT_STEP = NumberPerJoint(
    "max_joint_step",
    0.3,
    "Where commands are sent: how far a solution may be from the current joint positions and from the "
    "set-point, one for all joints or one for each, in [rad] or [m]",
    minimum=1e-4,
    maximum=1e3,
    changeable=True,
)
MAX_ACCELERATION = NumberPerJoint(
    "max_acceleration",
    10.0,
    "Largest acceleration of the set-point, one for all joints or one for each, in [rad/s²] or [m/s²]",
    minimum=1e-2,
    maximum=1e6,
    changeable=True,
)
MAX_JERK = NumberPerJoint(
    "max_jerk",
    500.0,
    "Largest jerk of the set-point, one for all joints or one for each, in [rad/s³] or [m/s³]",
    minimum=1e-1,
    maximum=1e8,
    changeable=True,
)
_REQUIRE_JOINT_STATES = Flag(
    "require_joint_states",
    True,
    "Publish no solution until the joint positions are known; false: solve without a seed until then",
    changeable=True,
)
_FOLLOWING_TOLERANCE = Number(
    "following_tolerance",
    0.05,
    "Where the controller does not publish its state: how far joints may be from where they should be, as "
    "by sagging under gravity, and still count as following its set-point, in [rad] or [m]",
    minimum=1e-3,
    maximum=1.0,
)
_STREAMING = Flag(
    "streaming",
    True,
    "While targets keep coming, the set-point passes through the solutions at the speed at which they move, "
    "and comes to rest on the last one; false: it slows down for each of them",
    changeable=True,
)

#: All parameters but `AUTOSTART`, in the order in which they are told of.
PARAMETERS: tuple[Parameter, ...] = (
    *ROBOT_PARAMETERS,
    JOINTS,
    TOLERANCE,
    ORIENTATION_TOLERANCE,
    _REQUIRE_JOINT_STATES,
    Number(
        "seed_tolerance",
        0.05,
        "While every joint is within this of the last solution commanded (published, where no commands are "
        "sent), in [rad] or [m], that solution is the seed of the next, and else the joint state: so joints "
        "that sag or noisy joint states do not make the arm creep under a constant target",
        minimum=0.0,
        maximum=1.0,
        changeable=True,
    ),
    Number(
        "joint_state_timeout",
        0.5,
        "Age from which a joint state is too old to be used, in [s]; where several messages have some of the "
        "joints each, the age of the oldest. It counts from receipt on the node's clock and, where commands "
        "are sent, on the machine's clock too. 0: never, refused where commands are sent",
        minimum=0.0,
        maximum=3600.0,
        changeable=True,
    ),
    Number(
        "target_timeout",
        1.0,
        "A target that has waited longer than this since its receipt is not solved, in [s]; 0: no limit",
        minimum=0.0,
        maximum=3600.0,
        changeable=True,
    ),
    Number(
        "transform_timeout",
        1.0,
        "Age from which a transform on /tf is too old to bring a target into robot_base_link, in [s], on the "
        "same clocks as a joint state's; 0: never",
        minimum=0.0,
        maximum=3600.0,
        changeable=True,
    ),
    Number(
        "plane_tolerance",
        -1.0,
        "How far a planar arm's target may be from its plane, in [m]: from z = 0, or from the height at "
        "which a learned arm was recorded; negative: z is ignored",
        minimum=-1.0,
        maximum=1e6,
        changeable=True,
    ),
    Choice(
        "unreachable",
        REJECT,
        "What a target out of reach gets: no solution, or the closest point that was found",
        choices=(REJECT, CLOSEST),
        changeable=True,
    ),
    COMMAND_OUT_TYPE,
    COMMAND_OUT_TOPIC,
    COMMAND_RATE,
    _FOLLOWING_TOLERANCE,
    _STREAMING,
    MAX_JOINT_STEP,
    MAX_VELOCITY,
    MAX_ACCELERATION,
    MAX_JERK,
    Number(
        "warn_period",
        1.0,
        "Shortest time between two warnings of one kind in the log, in [s]; 0: every one is logged",
        minimum=0.0,
        maximum=3600.0,
        changeable=True,
    ),
)
