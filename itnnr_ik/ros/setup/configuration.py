"""The configuration of ``ik_node``: its parameters, checked and changed together, and the solver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import numpy as np
from rclpy.node import Node

from itnnr_ik import IKSolver
from itnnr_ik.robot import units_of
from itnnr_ik.ros.control import Limits, Motion, PositionOutput, SetPoints, TrajectoryOutput
from itnnr_ik.ros.interfaces import COMMAND_TYPES, NONE, TRAJECTORY
from itnnr_ik.ros.setup.parameters import ParameterError, check_topic
from itnnr_ik.ros.setup.robot import (
    END_EFFECTOR_LINK,
    JOINTS,
    MODEL,
    ROBOT_BASE_LINK,
    ROBOT_PARAMETERS,
    solver_from_parameters,
)
from itnnr_ik.ros.setup.settings import (
    AUTOSTART,
    COMMAND_OUT_TOPIC,
    MAX_ACCELERATION,
    MAX_JERK,
    MAX_JOINT_STEP,
    MAX_VELOCITY,
    PARAMETERS,
)

#: Number of targets that are solved while the node is configured, before the first real one.
_WARM_UP_TARGETS = 20
#: Share of the URDF's velocity limits that is used: ros2_control clips commands beyond them, and warns.
_URDF_VELOCITY_SHARE = 0.9
#: A name at least as similar to a parameter's, by difflib, and as long, is a misspelling of it.
_MIN_SIMILARITY, _MIN_LENGTH = 0.88, 7
_BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


@dataclass(frozen=True)
class Configuration:
    """The checked parameters; units and meanings are those of the parameters of the same names.

    ``model`` is the folder or name that was given, and may be empty.
    """

    solver: IKSolver
    model: str
    joints: tuple[str, ...]
    robot_base_link: str
    end_effector_link: str
    require_joint_states: bool
    seed_tolerance: float
    joint_state_timeout: float
    target_timeout: float
    transform_timeout: float
    plane_tolerance: float
    unreachable: str
    command_out_type: str
    command_out_topic: str
    command_rate: float
    following_tolerance: float
    streaming: bool
    max_joint_step: tuple[float, ...]
    max_velocity: tuple[float, ...]
    max_acceleration: tuple[float, ...]
    max_jerk: tuple[float, ...]
    warn_period: float

    def __post_init__(self) -> None:
        if self.command_out_type != NONE and not self.require_joint_states:
            raise ParameterError("require_joint_states", "true where commands are sent", False)
        if self.command_out_type != NONE and self.joint_state_timeout == 0.0:
            raise ParameterError("joint_state_timeout", "above 0 where commands are sent", 0.0)
        _ = self.limits  # refuses lists of a wrong length now

    @cached_property
    def limits(self) -> Limits:
        """The limits of each joint.

        Raises:
            ParameterError: A list's length is not the arm's number of joints.
        """
        arm = self.solver.arm
        return Limits(
            lower=arm.lower,
            upper=arm.upper,
            velocity=np.minimum(_URDF_VELOCITY_SHARE * arm.velocity, MAX_VELOCITY.of(arm, self.max_velocity)),
            acceleration=MAX_ACCELERATION.of(arm, self.max_acceleration),
            jerk=MAX_JERK.of(arm, self.max_jerk),
            step=MAX_JOINT_STEP.of(arm, self.max_joint_step),
        )

    def changed(self, changes: Mapping[str, Any]) -> Configuration:
        """This configuration with other values of changeable parameters: all of them or, by an error, none.

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
        tolerance = values.pop("tolerance", solver.tolerance)
        orientation = values.pop("orientation_tolerance", solver.orientation_tolerance)
        if (tolerance, orientation) != (solver.tolerance, solver.orientation_tolerance):
            solver = solver.with_tolerance(tolerance, orientation)
        return replace(self, solver=solver, **values)


def motion_of(configuration: Configuration) -> Motion:
    """The motion of a configuration that sends commands."""
    limits, start = configuration.limits, np.zeros(len(configuration.joints))
    SetPoints(start, 0.0, limits).set_goal(start + 1.0, 0.0, limits)  # compiled now, not beside a robot
    period = 1.0 / configuration.command_rate
    trajectories = configuration.command_out_type == TRAJECTORY
    return Motion(
        TrajectoryOutput(configuration.joints, period) if trajectories else PositionOutput(period),
        configuration.joints,
        units_of(configuration.solver.arm),
        limits,
        configuration.following_tolerance,
    )


def declare_parameters(node: Node) -> None:
    """Declare the parameters on ``node``, whatever their values; `read_configuration` checks them."""
    for parameter in PARAMETERS:
        parameter.declare(node, read_only=False)


def read_configuration(node: Node) -> Configuration:
    """The parameters' values, checked, and the solver for the robot, compiled.

    Raises:
        ValueError: A parameter's value cannot be used, or the robot or the model cannot.
    """
    values = {parameter.name: parameter.get(node) for parameter in PARAMETERS}
    _check_names(node)
    solver = solver_from_parameters(node, values.pop("tolerance"), values.pop("orientation_tolerance"))
    for parameter in ROBOT_PARAMETERS:
        if parameter not in (MODEL, ROBOT_BASE_LINK, END_EFFECTOR_LINK):
            del values[parameter.name]
    values["joints"] = JOINTS.of(solver.arm, values["joints"])
    values["robot_base_link"] = values["robot_base_link"] or solver.arm.base_link
    values["end_effector_link"] = values["end_effector_link"] or solver.arm.tip_link
    if values["command_out_type"] != NONE:
        _, topic = COMMAND_TYPES[values["command_out_type"]]
        values["command_out_topic"] = values["command_out_topic"] or topic
        check_topic(node, COMMAND_OUT_TOPIC.name, values["command_out_topic"])
    configuration = Configuration(solver=solver, **values)
    _warm_up(solver)
    return configuration


def _warm_up(solver: IKSolver) -> None:
    """Compile and cache all that answers a target before the first one."""
    positions = solver.arm.sample(_WARM_UP_TARGETS, np.random.default_rng(0))
    for current, target in zip(positions, solver.target_at(positions[::-1]), strict=True):
        solver.solve(target)
        solver.solve(target, current)
        solver.solve(target, current, current)
    solver.solve_path([target, target], current)
    solver.proposals(target, current)
    solver.point_at(current)


def _check_names(node: Node) -> None:
    """Refuse a misspelt parameter, which ROS ignores: a robot would move by the default.

    Other names may be of another node with the same file.
    """
    # The only place where rclpy keeps given values that were not declared.
    known = {*_BY_NAME, AUTOSTART.name}
    for name in node._parameter_overrides.keys() - known:
        for meant in get_close_matches(name, known, 1, _MIN_SIMILARITY) if len(name) >= _MIN_LENGTH else ():
            raise ParameterError(name, f"spelt {meant!r}", node._parameter_overrides[name].value)


def check_changes(configuration: Configuration | None, changes: Mapping[str, Any]) -> Configuration | None:
    """``configuration`` with changed parameters; if it is None, their values are only checked.

    Names that are not in `PARAMETERS` are rclpy's own.

    Raises:
        ParameterError: See `Configuration.changed`.
    """
    own = {name: value for name, value in changes.items() if name in _BY_NAME}
    if configuration is not None:
        return configuration.changed(own) if own else configuration
    for name, value in own.items():
        _BY_NAME[name].check(value)
    return None
