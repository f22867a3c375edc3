"""Common parts of the launch files: the arguments that choose a robot, and the start and end of nodes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from itnnr_ik import IKSolver
from itnnr_ik.robot import PACKAGED, KinematicChain
from itnnr_ik.robot.urdf import parse_urdf, read_urdf
from itnnr_ik.task.task import KINDS

#: Gives a launch argument's value by its name.
Argument = Callable[[str], str]

_PACKAGE = "itnnr_ik"
#: Parameters that give a robot's description.
_DESCRIPTIONS = ("robot_description", "robot_description_topic")
#: The parameters that launch arguments set.
_PARAMETERS = {"base": "robot_base_link", "tip": "end_effector_link", "task": "task", "model": "model"}
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
    given = {parameter: argument(name) for name, parameter in _PARAMETERS.items() if argument(name)}
    params_file = existing_file(argument("params_file")) if argument("params_file") else None
    defaults, files = {}, [*filter(None, [params_file]), *own]
    if argument("urdf"):
        given["robot_description"] = read_urdf(argument("urdf"))[0]
    elif params_file is None or not describes_robot(params_file):
        defaults["model"] = argument("arm")
        files[:0] = filter(None, [config_file(context, f"{argument('arm')}.yaml")])
    parameters: list[Any] = [temporary_file(context, first_sections(params_file, defaults)), *files]
    if given:
        # As text, whatever its type in YAML would be.
        parameters.append({name: ParameterValue(text, value_type=str) for name, text in given.items()})
    return parameters


def first_sections(params_file: str | None, defaults: dict[str, Any]) -> dict[str, Any]:
    """Content of the file that comes before all others, so that a node's own section counts more than others.

    Sections of one name are merged where the first of them stands, and later ones take precedence. So a
    section for all nodes must not come after the first one of the node's own, in which launch_ros puts what
    a launch file gives it: commands of a simulation would go to the robot's controller.

    Args:
        params_file: The user's file; None for none.
        defaults: Parameters of all nodes, which every other file overrides.
    """
    names = [name for name, _ in sections_of_file(params_file) if "*" in name] if params_file else []
    return {name: {"ros__parameters": defaults if name == "/**" else {}} for name in ("/**", *names)}


def describes_robot(file: str) -> bool:
    """Whether a file of parameters gives a description of the robot, or the topic of one."""
    return any(own.get(name) for _, own in sections_of_file(file) for name in _DESCRIPTIONS)


def sections_of_file(file: str) -> list[tuple[str, dict[str, Any]]]:
    """For each section of a file, its full name and its parameters; none where it cannot be read.

    Later ones take precedence, with `first_sections`: those of more than one node are the first.
    """
    import yaml

    try:
        sections = list(_sections("", yaml.safe_load(Path(file).read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return []  # launch reports it itself
    return sorted(sections, key=lambda section: (section[0] != "/**", "*" not in section[0]))


def _sections(name: str, section: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """Full names of nodes with their parameters in a part of a file, at any depth of namespaces.

    Args:
        name: The full name of the part.
        section: Its content.
    """
    if isinstance(section, dict):
        for below, content in section.items():
            if below != "ros__parameters":
                yield from _sections(f"{name}/{str(below).strip('/')}", content)
            elif isinstance(content, dict):
                yield name, content


def _chosen(argument: Argument) -> dict[str, str]:
    """The arguments that choose the robot, by name; ik_node's parameter in params_file where one is empty."""
    own: dict[str, Any] = {"model": argument("arm")}
    file = argument("params_file")
    for name, parameters in sections_of_file(file) if file else ():
        if name.rpartition("/")[2] in ("**", "*", _PACKAGE):
            own.update({key: value for key, value in parameters.items() if value})
    names = {"urdf": "robot_description", **_PARAMETERS}
    return {name: argument(name) or str(own.get(parameter, "")) for name, parameter in names.items()}


def arguments_of(context: Any) -> Argument:
    """Values of launch arguments by their names."""
    from launch.substitutions import LaunchConfiguration

    return lambda name: str(LaunchConfiguration(name).perform(context))


def solver_of(argument: Argument) -> IKSolver:
    """The solver for the robot, without a tool, that `robot_arguments` and params_file choose.

    Raises:
        ValueError: There is no such robot, chain or model.
    """
    urdf, base, tip, task, model = (name or None for name in _chosen(argument).values())
    if urdf is not None:
        return IKSolver.from_urdf(urdf, base, tip, task)
    solver = IKSolver.load(str(model))
    arm = solver.arm
    if not isinstance(arm, KinematicChain) or not (base or tip or task):
        return solver
    # A name that is no link is the robot's name for the model's.
    links = parse_urdf(arm.urdf, arm.name).links
    ends = base if base in links else arm.base_link, tip if tip in links else arm.tip_link
    return IKSolver.from_urdf(arm.urdf, *ends, task)


def frame_of(argument: Argument) -> str:
    """The frame of ik_node's targets; raises as `solver_of`."""
    return _chosen(argument)["base"] or solver_of(argument).arm.base_link


def urdf_text(argument: Argument) -> str:
    """URDF text of the robot that `robot_arguments` and params_file choose.

    Raises:
        ValueError: A file cannot be read, or the model was learned and has no URDF.
    """
    chosen = _chosen(argument)
    if chosen["urdf"]:
        return read_urdf(chosen["urdf"])[0]
    arm = IKSolver.load(chosen["model"]).arm
    if not isinstance(arm, KinematicChain):
        raise ValueError(
            f"expected a model with a URDF, got {chosen['model']!r}, which was learned from a recording"
        )
    return arm.urdf


def config_file(context: Any, name: str) -> str | None:
    """Path of an installed file of the folder config, None where there is none of that name."""
    from launch_ros.substitutions import FindPackageShare

    path = Path(FindPackageShare(_PACKAGE).perform(context)) / "config" / name
    return str(path) if path.is_file() else None


def controllers(joints: Sequence[str]) -> dict[str, Any]:
    """Parameters of a controller manager with a trajectory controller of these joints."""
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
        "allow_trajectory_replacement": False,  # 6.8 and later; True rules out anchored trajectories
    }
    return {
        "controller_manager": {"ros__parameters": manager},
        "joint_trajectory_controller": {"ros__parameters": controller},
    }


def temporary_file(context: Any, content: dict[str, Any]) -> str:
    """Path of a new file of parameters, which is removed when the launch of ``context`` shuts down.

    Args:
        context: Of the launch.
        content: Sections by name, which are kept in order.
    """
    import yaml
    from launch.event_handlers import OnShutdown

    with tempfile.NamedTemporaryFile("w", prefix=_PACKAGE, suffix=".yaml", delete=False) as file:
        yaml.safe_dump(content, file, sort_keys=False)
    remove = OnShutdown(on_shutdown=lambda event, context: Path(file.name).unlink(missing_ok=True))
    context.register_event_handler(remove)
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


def start_after(part: str, actions: list[Any]) -> Callable[[Any, Any], list[Any] | None]:
    """``on_exit`` of a part that prepares for others: they start, or all ends where it has failed."""
    from launch.actions import Shutdown

    def start(event: Any, context: Any) -> list[Any] | None:
        if context.is_shutdown:
            return None
        return [Shutdown(reason=f"{part} has failed")] if event.returncode else actions

    return start
