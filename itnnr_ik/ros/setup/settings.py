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
    "Largest speed of the set-point of every joint, or of each, in [rad/s] or [m/s], where 0.9 of the URDF's "
    "is not lower",
    minimum=1e-3,
    maximum=100.0,
    changeable=True,
)
MAX_JOINT_STEP = NumberPerJoint(
    "max_joint_step",
    0.3,
    "Where commands are sent: how far the solution of every joint, or of each, may be from the current joint "
    "positions and from the set-point, in [rad] or [m]",
    minimum=1e-4,
    maximum=1e3,
    changeable=True,
)
MAX_ACCELERATION = NumberPerJoint(
    "max_acceleration",
    10.0,
    "Largest acceleration of the set-point of every joint, or of each, in [rad/s²] or [m/s²]",
    minimum=1e-2,
    maximum=1e6,
    changeable=True,
)
MAX_JERK = NumberPerJoint(
    "max_jerk",
    500.0,
    "Largest jerk of the set-point of every joint, or of each, in [rad/s³] or [m/s³]",
    minimum=1e-1,
    maximum=1e8,
    changeable=True,
)
_REQUIRE_JOINT_STATES = Flag(
    "require_joint_states",
    True,
    "Publish no solution until the joints' positions are known; false: solve without them till then",
    changeable=True,
)
_FOLLOWING_TOLERANCE = Number(
    "following_tolerance",
    0.05,
    "How far joints that follow a controller's set-point may be from where they should be, in [rad] or [m], "
    "where the controller does not tell its state: so much may gravity make them sag",
    minimum=1e-3,
    maximum=1.0,
)
_STREAMING = Flag(
    "streaming",
    True,
    "Where targets come one after the other, the set-point moves on through the solution at the speed at "
    "which solutions move, and comes to rest on the last one; false: it slows down for each of them",
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
        "sent), in [rad] or [m], the next one is near that, and else near the joint state: so joints that "
        "sag or joint states that are noisy under a constant target do not make it creep",
        minimum=0.0,
        maximum=1.0,
        changeable=True,
    ),
    Number(
        "joint_state_timeout",
        0.5,
        "Age beyond which a joint state, or the oldest joint where several messages have some joints each, "
        "no longer counts as current, by the time of its receipt on the node's clock, and where commands are "
        "sent by the machine's clock too, in [s]; 0: never, refused where commands are sent",
        minimum=0.0,
        maximum=3600.0,
        changeable=True,
    ),
    Number(
        "target_timeout",
        1.0,
        "A target that has waited longer than this since its receipt is not acted on, in [s]; 0: never",
        minimum=0.0,
        maximum=3600.0,
        changeable=True,
    ),
    Number(
        "transform_timeout",
        1.0,
        "Age beyond which a transform on /tf that brings a target into robot_base_link no longer counts, by "
        "its receipt, on the same clocks as a joint state's, in [s]; 0: never",
        minimum=0.0,
        maximum=3600.0,
        changeable=True,
    ),
    Number(
        "plane_tolerance",
        -1.0,
        "How far off its plane a planar arm's target may be, in [m]: off z = 0, or off the height at which a "
        "learned arm was recorded; negative: z is not looked at",
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
        "Least time between two warnings of one kind, in [s]; 0: every one is logged",
        minimum=0.0,
        maximum=3600.0,
        changeable=True,
    ),
)
