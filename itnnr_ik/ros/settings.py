"""The parameters of ``ik_node``, and what it works with: checked together, changed together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from rclpy.exceptions import InvalidTopicNameException
from rclpy.expand_topic_name import expand_topic_name
from rclpy.node import Node

from itnnr_ik import IKSolver
from itnnr_ik.ros.commands import COMMAND_TYPES, JOINT_STATE, NONE, TRAJECTORY_STARTS
from itnnr_ik.ros.parameters import (
    Choice,
    Flag,
    JointNames,
    Number,
    Parameter,
    ParameterError,
    Text,
)

#: With less [rad/s²] a motion would take hours.
_LEAST_ACCELERATION = 1e-3

REJECT, CLOSEST = "reject", "closest"

AUTOSTART = Flag(
    "autostart",
    True,
    "Configure and activate at start; false: wait for a lifecycle manager's transitions. It counts at the "
    "process's start only, and a cleanup does not change that",
)
MODEL = Text("model", "two_link", "Name of an arm, or the folder of a trained model")
JOINTS = JointNames()
ROBOT_BASE_LINK = Text(
    "robot_base_link",
    "",
    "Frame that targets are in or, with tf2_ros, are transformed to: the arm's base link; empty: the model's",
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
MAX_VELOCITY = Number(
    "max_velocity",
    2.0,
    "Largest speed of every joint, in [rad/s]: a trajectory takes as long as that needs, and positions "
    "without times are refused where they come faster",
    minimum=1e-3,
    maximum=100.0,
    changeable=True,
)
_REQUIRE_JOINT_STATES = Flag(
    "require_joint_states",
    True,
    "Publish no solution until the joints' positions are known; false: solve without them till then",
    changeable=True,
)
_STREAMING = Flag(
    "streaming",
    False,
    "Trajectories that move on through the solution at the joints' present speed, and come to rest on it "
    "where no further target follows; false: every trajectory ends at rest",
    changeable=True,
)

#: All parameters but `AUTOSTART`, in the order in which they are told of.
PARAMETERS: tuple[Parameter, ...] = (
    MODEL,
    JOINTS,
    ROBOT_BASE_LINK,
    Text(
        "end_effector_link",
        "",
        "Name of the arm's tip, for who asks compute_ik by it; empty: the model's",
    ),
    Number(
        "tolerance",
        1e-6,
        "Largest residual of a solution, in [m]",
        minimum=1e-9,
        maximum=0.1,
        changeable=True,
    ),
    _REQUIRE_JOINT_STATES,
    Number(
        "joint_state_timeout",
        0.5,
        "Age beyond which a joint state no longer counts as current, by the time of its receipt on the "
        "node's clock, and where commands are sent by the machine's clock too, in [s]; 0: never, but not "
        "where commands are sent",
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
    Choice(
        "trajectory_start",
        JOINT_STATE,
        "Where the controller begins a new trajectory: joint_state, as a joint_trajectory_controller does "
        "unless told otherwise, or set_point, with its parameter interpolate_from_desired_state (on Humble "
        "open_loop_control), which streams need",
        choices=TRAJECTORY_STARTS,
    ),
    _STREAMING,
    Number(
        "max_joint_step",
        0.3,
        "Where commands are sent: how far a solution may be from the current joint positions, in [rad]",
        minimum=1e-4,
        maximum=1e3,
        changeable=True,
    ),
    MAX_VELOCITY,
    Number(
        "max_acceleration",
        0.0,
        "Largest acceleration of every joint along a trajectory, in [rad/s²]; only a joint limit comes "
        "first, and positions without times have none; 0: not limited",
        minimum=0.0,
        maximum=1e6,
        changeable=True,
    ),
    Number(
        "warn_period",
        1.0,
        "Least time between two warnings of one kind, in [s]; 0: every one is logged",
        minimum=0.0,
        maximum=3600.0,
        changeable=True,
    ),
)
#: A name that is as near to a parameter's, and not shorter, is meant to be it.
_MISSPELT, _SHORTEST = 0.88, 7
_BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


@dataclass(frozen=True)
class Settings:
    """What the node works with; units and meanings are those of the parameters of the same names.

    ``model`` is the folder or name that ``solver`` was loaded from.
    """

    solver: IKSolver
    model: str
    joints: tuple[str, ...]
    robot_base_link: str
    end_effector_link: str
    require_joint_states: bool
    joint_state_timeout: float
    target_timeout: float
    transform_timeout: float
    plane_tolerance: float
    unreachable: str
    command_out_type: str
    command_out_topic: str
    trajectory_start: str
    streaming: bool
    max_joint_step: float
    max_velocity: float
    max_acceleration: float
    warn_period: float

    def __post_init__(self) -> None:
        if self.command_out_type != NONE and not self.require_joint_states:
            raise ParameterError("require_joint_states", "true where commands are sent", False)
        if self.command_out_type != NONE and self.joint_state_timeout == 0.0:
            raise ParameterError("joint_state_timeout", "above 0 where commands are sent", 0.0)
        if 0.0 < self.max_acceleration < _LEAST_ACCELERATION:
            raise ParameterError(
                "max_acceleration", f"0 or at least {_LEAST_ACCELERATION:g}", self.max_acceleration
            )
        if self.streaming and self.command_out_type == "std_msgs/Float64MultiArray":
            raise ParameterError("streaming", f"false with {self.command_out_type}, which has no times", True)

    def changed(self, changes: Mapping[str, Any]) -> Settings:
        """These settings with other values of changeable parameters: all of them, or an error.

        Raises:
            ParameterError: A value cannot be used, or its parameter cannot change while the node is
                configured.
        """
        values = {}
        for name, value in changes.items():
            parameter = _BY_NAME[name]
            if not parameter.changeable:
                raise ParameterError(name, "left alone until the node is cleaned up", value)
            values[name] = parameter.check(value)
        solver = self.solver
        if "tolerance" in values:
            solver = solver.with_tolerance(values.pop("tolerance"))
        return replace(self, solver=solver, **values)


def declare_settings(node: Node) -> None:
    """Declare the parameters on ``node``, whatever their values; `read_settings` checks them."""
    for parameter in PARAMETERS:
        parameter.declare(node, read_only=False)


def read_settings(node: Node) -> Settings:
    """The parameters' values, checked, and the model, loaded.

    Raises:
        ValueError: A parameter's value cannot be used, or the model cannot.
    """
    values = {parameter.name: parameter.get(node) for parameter in PARAMETERS}
    _check_names(node)
    solver = IKSolver.load(values[MODEL.name], tolerance=values.pop("tolerance"))
    values["joints"] = JOINTS.of(solver.arm, values["joints"])
    values["robot_base_link"] = values["robot_base_link"] or solver.arm.base_link
    values["end_effector_link"] = values["end_effector_link"] or solver.arm.tip_name
    if values["command_out_type"] != NONE:
        _, topic = COMMAND_TYPES[values["command_out_type"]]
        topic = values["command_out_topic"] or topic
        values["command_out_topic"] = topic
        try:
            expand_topic_name(topic, node.get_name(), node.get_namespace())
        except (ValueError, InvalidTopicNameException) as error:
            what = "the name of a topic"
            raise ParameterError("command_out_topic", what, topic) from error
    return Settings(solver=solver, **values)


def _check_names(node: Node) -> None:
    """Refuse a misspelt parameter, which ROS passes by: a robot would move by the default.

    Other names may be another node's, which the same file is for.
    """
    # rclpy tells of given values that were not declared nowhere else.
    known = {*_BY_NAME, AUTOSTART.name}
    for name in node._parameter_overrides.keys() - known:
        for meant in get_close_matches(name, known, 1, _MISSPELT) if len(name) >= _SHORTEST else ():
            raise ParameterError(name, f"spelt {meant!r}", node._parameter_overrides[name].value)


def check_changes(settings: Settings | None, changes: Mapping[str, Any]) -> Settings | None:
    """What a change of parameters leads to: of ``settings`` where there are some, else only the values count.

    Names that are not in `PARAMETERS` are rclpy's own.

    Raises:
        ParameterError: See `Settings.changed`.
    """
    own = {name: value for name, value in changes.items() if name in _BY_NAME}
    if settings is not None:
        return settings.changed(own) if own else settings
    for name, value in own.items():
        _BY_NAME[name].check(value)
    return None
