"""The parameters that choose a robot, its chain and its task, and the solver for them."""

from __future__ import annotations

from typing import Any

import numpy as np
from rclpy.node import Node

from itnnr_ik import IKSolver
from itnnr_ik.robot import PACKAGED, ForwardModel, KinematicChain
from itnnr_ik.robot.urdf import parse_urdf
from itnnr_ik.ros.setup.latched import latched_text
from itnnr_ik.ros.setup.parameters import (
    Choice,
    JointNames,
    Number,
    Numbers,
    Parameter,
    ParameterError,
    Text,
    check_topic,
)
from itnnr_ik.solver.model import Model, load_model
from itnnr_ik.task import Task
from itnnr_ik.task.task import KINDS

DEFAULT_MODEL = "two_link"

MODEL = Text(
    "model",
    "",
    f"Name of a packaged arm ({', '.join(PACKAGED)}), or the folder of a trained model; with a robot "
    f"description it must be of the same chain; empty: the description's chain, or else {DEFAULT_MODEL}",
)
ROBOT_DESCRIPTION = Text(
    "robot_description",
    "",
    "URDF text of the robot, whose chain from robot_base_link to end_effector_link is solved for; empty: the "
    "model's",
)
ROBOT_DESCRIPTION_TOPIC = Text(
    "robot_description_topic",
    "",
    "Latched topic (std_msgs/String) that URDF text is taken from where robot_description is empty, such as "
    "robot_description; empty: none",
)
ROBOT_DESCRIPTION_TIMEOUT = Number(
    "robot_description_timeout",
    10.0,
    "How long robot_description_topic is waited for while the node is configured, in [s]",
    minimum=0.0,
    maximum=3600.0,
)
ROBOT_BASE_LINK = Text(
    "robot_base_link",
    "",
    "Link of the robot that the chain begins at; it is the frame that targets are in or, with tf2_ros, are "
    "transformed to. A name that is no link of a model's robot is the robot's name for the model's base. "
    "Empty: the only link without a parent, or the model's base",
)
END_EFFECTOR_LINK = Text(
    "end_effector_link",
    "",
    "Link of the robot that the chain ends at, and that compute_ik is asked for. A name that is no link of a "
    "model's robot is the robot's name for the model's tip. Empty: the only link without a child, or the "
    "model's tip",
)
TASK = Choice(
    "task",
    "",
    "What of target_pose counts: its position, its position and the direction of its z axis (pointing), or "
    "all of it (pose); empty: the model's, or by the number of joints, 6 and more pose, 5 pointing, fewer "
    "position",
    choices=("", *KINDS),
)
TOOL_POSITION = Numbers(
    "tool_position",
    (),
    "Where the tool is, seen from end_effector_link, x, y, z in [m]; empty: there",
    size=3,
)
TOOL_ORIENTATION = Numbers(
    "tool_orientation",
    (),
    "How the tool is turned, seen from end_effector_link, as a quaternion x, y, z, w; empty: not at all",
    size=4,
)
JOINTS = JointNames()

#: What `solver_from_parameters` reads; `JOINTS` rename the joints of its arm.
ROBOT_PARAMETERS: tuple[Parameter, ...] = (
    MODEL,
    ROBOT_DESCRIPTION,
    ROBOT_DESCRIPTION_TOPIC,
    ROBOT_DESCRIPTION_TIMEOUT,
    ROBOT_BASE_LINK,
    END_EFFECTOR_LINK,
    TASK,
    TOOL_POSITION,
    TOOL_ORIENTATION,
)

#: Largest difference of joint limits [rad, m] and transforms between a model and its chain.
_TOLERANCE = 1e-6


def solver_from_parameters(
    node: Node, tolerance: float = 1e-6, orientation_tolerance: float = 1e-6
) -> IKSolver:
    """The solver for the arm and the task that the parameters of ``node`` choose.

    The arm is the chain of the robot description from `ROBOT_BASE_LINK` to `END_EFFECTOR_LINK`, or without a
    description the model's. Of a model that was trained for this arm and task the network is used.

    Args:
        node: Parameters that are missing are declared. It need not be spinning.
        tolerance: In [m].
        orientation_tolerance: In [rad].

    Raises:
        ValueError: A parameter's value cannot be used, there is no such chain, the model is of another one,
            or no description came on the topic in time; the message says which and why.
    """
    arm, model = _arm_from_parameters(node)
    task, twin = _task_from_parameters(node, arm, model)
    return IKSolver(
        arm,
        task,
        twin,
        tolerance=tolerance,
        orientation_tolerance=orientation_tolerance,
        metadata=None if model is None else model.metadata,
        coverage=None if model is None else model.coverage,
    )


def _arm_from_parameters(node: Node) -> tuple[ForwardModel, Model | None]:
    """The arm, and the model where there is one."""
    name, base, tip = (parameter.get(node) for parameter in (MODEL, ROBOT_BASE_LINK, END_EFFECTOR_LINK))
    description = _description(node)
    model = load_model(name or DEFAULT_MODEL) if name or not description else None
    if description:
        chain = _described_chain(description, base, tip)
        if model is not None:
            _check_model(chain, model.arm, name)
        return chain, model
    assert model is not None
    arm = model.arm
    if isinstance(arm, KinematicChain):
        links = parse_urdf(arm.urdf, arm.name).links
        ends = base if base in links else arm.base_link, tip if tip in links else arm.tip_link
        if ends != (arm.base_link, arm.tip_link):
            chain = KinematicChain.from_urdf(**{**arm.source, "base": ends[0], "tip": ends[1]})
            if model.twin is not None:
                _check_model(chain, arm, name or DEFAULT_MODEL)
            return chain, None
    return arm, model


def _described_chain(description: str, base: str, tip: str) -> KinematicChain:
    try:
        return KinematicChain.from_urdf(description, base or None, tip or None)
    except ValueError as error:
        names = f"base is {ROBOT_BASE_LINK.name} = {base!r}, tip is {END_EFFECTOR_LINK.name} = {tip!r}"
        raise ValueError(f"robot description: {error} ({names})") from error


def _check_model(chain: KinematicChain, arm: ForwardModel, model: str) -> None:
    """Raise a ValueError if a model is not of the chain: its network would be wrong for it."""
    ends = f"{chain.base_link!r} to {chain.tip_link!r}"
    text = f"model {model!r} is not of the chain from {ends} in {chain.name}"
    if not isinstance(arm, KinematicChain):
        raise ValueError(f"{text}: it was learned from a recording; leave robot_description empty")
    for what in ("joint_names", "joint_types"):
        expected, got = list(getattr(chain, what)), list(getattr(arm, what))
        if expected != got:
            raise ValueError(f"{text}: {what} of the chain are {expected}, the model's {got}")
    for what in ("lower", "upper"):
        limits, others = getattr(chain, what), getattr(arm, what)
        if not np.allclose(limits, others, rtol=0.0, atol=_TOLERANCE):
            raise ValueError(
                f"{text}: {what} limits of the chain are {limits.tolist()} rad or m, "
                f"the model's {others.tolist()}"
            )
    # By forward kinematics: equal joints may have other frames between them.
    for positions in (np.zeros(chain.n_joints), *chain.sample(8, np.random.default_rng(0))):
        apart = chain.transforms(positions) - arm.transforms(positions)
        distance = float(np.abs(apart).max())
        if distance > _TOLERANCE * max(1.0, chain.farthest):
            raise ValueError(
                f"{text}: at the joint positions {np.round(positions, 3).tolist()} the chain has its tip at "
                f"{np.round(chain.forward(positions), 6).tolist()}, the model at "
                f"{np.round(arm.forward(positions), 6).tolist()} (x, y, z [m], qx, qy, qz, qw)"
            )


def _task_from_parameters(node: Node, arm: ForwardModel, model: Model | None) -> tuple[Task, Any]:
    """The task, and the network if one was trained for it."""
    kind, position, turn = (parameter.get(node) for parameter in (TASK, TOOL_POSITION, TOOL_ORIENTATION))
    given_tool = bool(position or turn)
    if model is not None and kind in ("", model.task.kind) and not given_tool:
        return model.task, model.twin
    if not isinstance(arm, KinematicChain):
        if kind not in ("", "position"):
            raise ParameterError(TASK.name, "position or empty for an arm learned from a recording", kind)
        raise ParameterError(TOOL_POSITION.name, "empty for an arm learned from a recording", position)
    pose = (*(position or (0.0, 0.0, 0.0)), *(turn or (0.0, 0.0, 0.0, 1.0)))
    if not any(pose[3:]):
        raise ParameterError(TOOL_ORIENTATION.name, "a quaternion that is not zero", list(turn))
    task = Task.of_chain(arm, kind or None, np.array(pose) if given_tool else None)
    if model is None or model.twin is None:
        return task, None
    if task.kind == model.task.kind and np.allclose(task.tool, model.task.tool, rtol=0.0, atol=_TOLERANCE):
        return model.task, model.twin
    if MODEL.get(node) in (*PACKAGED, ""):
        return task, None  # the arm is known, and needs no network
    raise ParameterError(
        MODEL.name,
        f"trained for the task {task.kind!r} with the tool at {list(pose)} (x, y, z, qx, qy, qz, qw)",
        MODEL.get(node),
    )


def _description(node: Node) -> str:
    """URDF text from the parameter or the topic, empty if there is neither.

    Raises:
        ValueError: None came in time, or it is no URDF text.
    """
    text, topic, timeout = (
        parameter.get(node)
        for parameter in (ROBOT_DESCRIPTION, ROBOT_DESCRIPTION_TOPIC, ROBOT_DESCRIPTION_TIMEOUT)
    )
    source = f"parameter {ROBOT_DESCRIPTION.name!r}"
    if not text and topic:
        source = f"topic {topic!r}"
        check_topic(node, ROBOT_DESCRIPTION_TOPIC.name, topic)
        try:
            text = latched_text(node, topic, timeout)
        except TimeoutError as error:
            raise ValueError(
                f"{error}: expected the robot's URDF; publish it, as robot_state_publisher does, or give the "
                f"parameter {ROBOT_DESCRIPTION.name!r} or {MODEL.name!r} instead"
            ) from error
    if text and not text.lstrip("\ufeff \t\r\n").startswith("<"):
        raise ValueError(f"{source} must be URDF text, which begins with '<', got {text[:80]!r}")
    return str(text)
