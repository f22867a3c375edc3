"""Common parts of the launch files: the arguments that choose a robot, and the start and end of nodes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from itnnr_ik import IKSolver
from itnnr_ik.robot import PACKAGED, KinematicChain, load_robot
from itnnr_ik.robot.urdf import read_urdf
from itnnr_ik.task.task import KINDS

#: Gives a launch argument's value by its name.
Argument = Callable[[str], str]

_PACKAGE = "itnnr_ik"
#: Parameters that give a robot's description.
_DESCRIPTIONS = ("robot_description", "robot_description_topic")
_DEFAULT_ARM = "two_link"


def robot_arguments() -> list[Any]:
    """The launch arguments that choose the robot; see `robot_parameters`."""
    from launch.actions import DeclareLaunchArgument

    return [
        DeclareLaunchArgument(
            "arm",
            default_value=_DEFAULT_ARM,
            choices=list(PACKAGED),
            description="Packaged arm that is used where neither urdf nor params_file name a robot",
        ),
        DeclareLaunchArgument(
            "urdf", default_value="", description="URDF file of a robot of your own; empty: the arm"
        ),
        DeclareLaunchArgument(
            "base",
            default_value="",
            description="Link that the arm begins at (robot_base_link); empty: as params_file says, or the "
            "URDF's only link without a parent",
        ),
        DeclareLaunchArgument(
            "tip",
            default_value="",
            description="Link that the arm ends at (end_effector_link); empty: as params_file says, or the "
            "URDF's only link without a child",
        ),
        DeclareLaunchArgument(
            "task",
            default_value="",
            choices=["", *KINDS],
            description="What of a target counts: its position, also the direction of its z axis (pointing), "
            "or all of it (pose); empty: as params_file says, or by the number of joints",
        ),
        DeclareLaunchArgument(
            "model",
            default_value="",
            description="Folder of a trained or learned model, or name of a packaged arm; empty: as "
            "params_file says, or else the arm's; with a urdf it must be of the same chain",
        ),
        DeclareLaunchArgument(
            "params_file",
            default_value="",
            description="Parameters of all nodes, such as config/two_link.yaml; given arguments win; empty: "
            "the arm's, if it has one",
        ),
    ]


def robot_parameters(context: Any, own: Sequence[str] = ()) -> list[Any]:
    """Files of parameters and parameters of every node by `robot_arguments`; later ones take precedence.

    The user's file overrides the arm's, which is not used with a URDF, nor if the user's file gives the
    robot's description.

    Args:
        context: Of the launch.
        own: Files that override params_file, and are overridden by given arguments.

    Raises:
        ValueError: A file cannot be read; the message says which.
    """
    from launch_ros.parameter_descriptions import ParameterValue

    argument = arguments_of(context)
    parameters: list[Any] = []
    given = {}
    params_file = existing_file(argument("params_file")) if argument("params_file") else None
    if argument("urdf"):
        given["robot_description"] = read_urdf(argument("urdf"))[0]
    elif params_file is None or not describes_robot(params_file):
        file = config_file(context, f"{argument('arm')}.yaml")
        parameters.append(file or {"model": argument("arm")})
    if params_file is not None:
        parameters.append(params_file)
    parameters += own
    for name, parameter in (
        ("base", "robot_base_link"),
        ("tip", "end_effector_link"),
        ("task", "task"),
        ("model", "model"),
    ):
        if argument(name):
            given[parameter] = argument(name)
    if given:
        # As text, whatever its type in YAML would be.
        parameters.append({name: ParameterValue(text, value_type=str) for name, text in given.items()})
    return parameters


def describes_robot(file: str) -> bool:
    """Whether a file of parameters gives a description of the robot, or the topic of one."""
    import yaml

    try:
        content = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return False  # launch reports it itself
    return _has_description(content)


def _has_description(section: object) -> bool:
    """Whether a section of a file of parameters, or one below it, has a description."""
    if not isinstance(section, dict):
        return False
    own = section.get("ros__parameters")
    if isinstance(own, dict) and any(own.get(name) for name in _DESCRIPTIONS):
        return True
    return any(_has_description(below) for name, below in section.items() if name != "ros__parameters")


def arguments_of(context: Any) -> Argument:
    """Values of launch arguments by their names."""
    from launch.substitutions import LaunchConfiguration

    return lambda name: str(LaunchConfiguration(name).perform(context))


def solver_of(argument: Argument) -> IKSolver:
    """The solver for the robot that `robot_arguments` choose; a file of parameters is not looked at.

    Raises:
        ValueError: There is no such robot, chain or model.
    """
    urdf, base, tip, task = (argument(name) or None for name in ("urdf", "base", "tip", "task"))
    if urdf is None and not (base or tip or task):
        return IKSolver.load(argument("model") or argument("arm"))
    return IKSolver.from_urdf(urdf or urdf_text(argument), base, tip, task)


def urdf_text(argument: Argument) -> str:
    """URDF text of the robot that `robot_arguments` choose.

    Raises:
        ValueError: A file cannot be read, or the model was learned and has no URDF.
    """
    if argument("urdf"):
        return read_urdf(argument("urdf"))[0]
    model = argument("model")
    if not model or model in PACKAGED:
        return load_robot(model or argument("arm")).urdf
    arm = IKSolver.load(model).arm
    if not isinstance(arm, KinematicChain):
        raise ValueError(f"expected a model with a URDF, got {model!r}, which was learned from a recording")
    return arm.urdf


def config_file(context: Any, name: str) -> str | None:
    """Path of an installed file of the folder config, None where there is none of that name."""
    from launch_ros.substitutions import FindPackageShare

    path = Path(FindPackageShare(_PACKAGE).perform(context)) / "config" / name
    return str(path) if path.is_file() else None


def controllers_file(joints: tuple[str, ...]) -> str:
    """Path of a new file of parameters: a controller manager with a trajectory controller of these joints."""
    manager = {
        "update_rate": 500,
        "joint_state_broadcaster": {"type": "joint_state_broadcaster/JointStateBroadcaster"},
        "joint_trajectory_controller": {"type": "joint_trajectory_controller/JointTrajectoryController"},
    }
    controller = {
        "joints": list(joints),
        "command_interfaces": ["position"],
        "state_interfaces": ["position", "velocity"],
        "interpolate_from_desired_state": True,
    }
    content = {
        "controller_manager": {"ros__parameters": manager},
        "joint_trajectory_controller": {"ros__parameters": controller},
    }
    with tempfile.NamedTemporaryFile("w", prefix=_PACKAGE, suffix=".yaml", delete=False) as file:
        json.dump(content, file)  # which is YAML, too
    return file.name


def existing_file(path: str) -> str:
    """The path of a file of parameters; launch itself would only warn, and start with defaults.

    Raises:
        ValueError: There is no such file.
    """
    if not Path(path).is_file():
        raise ValueError(f"expected a file of parameters as params_file, got {path!r}: there is no such file")
    return path


def autostart_argument() -> Any:
    """The launch argument ``autostart``; see `given_autostart`."""
    from launch.actions import DeclareLaunchArgument

    return DeclareLaunchArgument(
        "autostart",
        default_value="",
        choices=["", "true", "false"],
        description="Configure and activate ik_node at start; false where a lifecycle manager does; "
        "empty: as params_file says, or else true",
    )


def given_autostart(text: str) -> dict[str, bool]:
    """ik_node's parameter ``autostart`` by the argument's text; none where that is empty."""
    return {"autostart": text == "true"} if text else {}


def end_of(part: str) -> Callable[[Any, Any], list[Any] | None]:
    """``on_exit`` of a part without which the others would run and do nothing."""
    from launch.actions import Shutdown

    def end(event: Any, context: Any) -> list[Any] | None:
        return None if context.is_shutdown else [Shutdown(reason=f"{part} has ended")]

    return end
