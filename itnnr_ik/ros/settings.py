"""The parameters of ``ik_node``, declared and checked together."""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.node import Node

from itnnr_ik import IKSolver
from itnnr_ik.ros.commands import COMMAND_TYPES, NONE
from itnnr_ik.ros.parameters import (
    ParameterError,
    declare_choice,
    declare_flag,
    declare_joints,
    declare_number,
    declare_text,
)

REJECT, CLOSEST = "reject", "closest"


@dataclass(frozen=True)
class Settings:
    """What the node works with; units and meanings are those of the parameters of the same names."""

    solver: IKSolver
    joints: tuple[str, ...]
    robot_base_link: str
    require_joint_states: bool
    joint_state_timeout: float
    plane_tolerance: float
    unreachable: str
    command_out_type: str
    command_out_topic: str
    max_joint_step: float
    max_velocity: float
    warn_period: float


def declare_settings(node: Node) -> Settings:
    """Declare all parameters of ``node``, check their values and load the model.

    Raises:
        ValueError: A parameter's value cannot be used, or the model cannot.
    """
    model = declare_text(node, "model", "two_link", "Name of an arm, or the folder of a trained model")
    tolerance = declare_number(
        node, "tolerance", 1e-6, "Largest residual of a solution, in [m]", minimum=1e-9, maximum=0.1
    )
    solver = IKSolver.load(model, tolerance=tolerance)
    arm = solver.arm
    frame = declare_text(
        node,
        "robot_base_link",
        arm.base_link,
        "Frame that targets must be in: the arm's base link; empty: the model's",
    )
    command_type = declare_choice(
        node,
        "command_out_type",
        NONE,
        "Message that a controller is sent for every solution; none: joint_solution only",
        (NONE, *COMMAND_TYPES),
    )
    topic = declare_text(
        node,
        "command_out_topic",
        "",
        "Where commands are sent; empty: where the usual controller of command_out_type listens",
    )
    settings = Settings(
        solver=solver,
        joints=declare_joints(node, arm),
        robot_base_link=frame or arm.base_link,
        require_joint_states=declare_flag(
            node,
            "require_joint_states",
            True,
            "Publish no solution until the joints' positions are known; false: solve without them till then",
        ),
        joint_state_timeout=declare_number(
            node,
            "joint_state_timeout",
            1.0,
            "Age beyond which a joint state no longer counts as current, by the time of its receipt on the "
            "node's clock, in [s]; 0: never",
            minimum=0.0,
            maximum=3600.0,
        ),
        plane_tolerance=declare_number(
            node,
            "plane_tolerance",
            -1.0,
            "How far off the plane z = 0 a planar arm's target may be, in [m]; negative: z is not looked at",
            minimum=-1.0,
            maximum=1e6,
        ),
        unreachable=declare_choice(
            node,
            "unreachable",
            REJECT,
            "What a target out of reach gets: no solution, or the closest point that was found",
            (REJECT, CLOSEST),
        ),
        command_out_type=command_type,
        command_out_topic=topic or (COMMAND_TYPES[command_type][1] if command_type != NONE else ""),
        max_joint_step=declare_number(
            node,
            "max_joint_step",
            0.3,
            "Where commands are sent: how far a solution may be from the current joint positions, in [rad]",
            minimum=1e-4,
            maximum=1e3,
        ),
        max_velocity=declare_number(
            node,
            "max_velocity",
            2.0,
            "Largest speed of every joint, in [rad/s]: a trajectory takes as long as that needs",
            minimum=1e-3,
            maximum=100.0,
        ),
        warn_period=declare_number(
            node,
            "warn_period",
            1.0,
            "Least time between two warnings of one kind, in [s]; 0: every one is logged",
            minimum=0.0,
            maximum=3600.0,
        ),
    )
    if settings.command_out_type != NONE and not settings.require_joint_states:
        raise ParameterError("require_joint_states", "true where commands are sent", False)
    return settings
