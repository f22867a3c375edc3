"""An arm solved live: ik_node, a simulator, a source of targets and, where wanted, RViz."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, PythonExpression
from launch_ros.actions import LifecycleNode, Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from itnnr_ik.ros.running.launching import (
    arguments_of,
    autostart_argument,
    end_of,
    frame_of,
    given_autostart,
    robot_arguments,
    robot_parameters,
    urdf_text,
)

PACKAGE = "itnnr_ik"
CURVES = ["circle", "line", "lemniscate"]
SIMULATED_TOPIC = "simulated/commands"


def _text(text):
    """As text, whatever YAML would make of it."""
    return ParameterValue(text, value_type=str)


def _nodes(context):
    """The nodes, once the arguments are known: what they do not say is left to the files of parameters."""
    argument = arguments_of(context)
    simulator, targets = argument("simulator"), argument("targets")
    physics = simulator == "mujoco"
    timed = [{"use_sim_time": True}] if physics else []
    common = robot_parameters(context)
    commands = {}
    if argument("command_out_type"):
        commands["command_out_type"] = argument("command_out_type")
    if simulator != "none":
        # The controller of a robot in reach must not be sent what follows from simulated joint states.
        commands["command_out_topic"] = SIMULATED_TOPIC
    commanded = [*common, commands] if commands else common
    started = given_autostart(argument("autostart"))
    nodes = [
        LifecycleNode(
            package=PACKAGE,
            executable="ik_node",
            name="itnnr_ik",
            namespace="",
            parameters=[*commanded, *timed, *([started] if started else [])],
            output="screen",
            on_exit=end_of("ik_node"),
        )
    ]
    if simulator != "none":
        start = {"start_at": targets if targets in CURVES else "rest"}
        nodes.append(
            Node(
                package=PACKAGE,
                executable="simulator",
                name="simulator",
                namespace="",
                parameters=[*commanded, start, {"engine": simulator, "publish_clock": physics}],
                output="screen",
                on_exit=end_of("the simulator"),
            )
        )
    if targets == "marker":
        nodes.append(
            Node(
                package=PACKAGE,
                executable="target_marker",
                name="target_marker",
                namespace="",
                parameters=[*common, *timed],
                output="screen",
                on_exit=end_of("target_marker"),
            )
        )
    elif targets != "none":
        # Recorded joint states stand in for a robot's only where nothing can move by them.
        alone = simulator == "none" and argument("command_out_type") == "none"
        source = {"pattern": targets, "bag": _text(argument("bag")), "publish_joint_states": alone}
        nodes.append(
            Node(
                package=PACKAGE,
                executable="target_source",
                name="target_source",
                namespace="",
                parameters=[*common, *timed, source],
                output="screen",
            )
        )
    if argument("rviz") == "true":
        layout = PathJoinSubstitution([FindPackageShare(PACKAGE), "rviz", "ik.rviz"])
        nodes.append(
            Node(
                package="rviz2",
                executable="rviz2",
                arguments=["-d", layout, "-f", frame_of(argument)],
                parameters=timed,
            )
        )
    # A robot has its own: two of them would fight about /tf and /robot_description.
    if argument("rviz") == "true" and simulator != "none":
        nodes.append(
            Node(
                package="robot_state_publisher",
                executable="robot_state_publisher",
                parameters=[{"robot_description": _text(urdf_text(argument))}, *timed],
            )
        )
    return nodes


def generate_launch_description():
    simulator, targets = LaunchConfiguration("simulator"), LaunchConfiguration("targets")
    trajectories = ["'trajectory_msgs/JointTrajectory' if '", simulator, "' == 'mujoco'"]
    return LaunchDescription(
        [
            *robot_arguments(),
            autostart_argument(),
            DeclareLaunchArgument(
                "simulator",
                default_value="kinematic",
                choices=["kinematic", "mujoco", "none"],
                description="What moves the joints: kinematic, without mass; mujoco, with mass, gravity and "
                "servos, on simulated time (needs the Python package mujoco); none: a robot, which publishes "
                "joint_states",
            ),
            DeclareLaunchArgument(
                "targets",
                # Where there is no simulator there may be a robot, and it is not to move unasked.
                default_value=PythonExpression(["'none' if '", simulator, "' == 'none' else 'circle'"]),
                choices=[*CURVES, "random", "bag", "marker", "none"],
                description="Pattern of the targets; marker: dragged in RViz (needs interactive_markers); "
                "none where something else publishes target_pose; default: circle, but none for "
                "simulator:=none",
            ),
            DeclareLaunchArgument(
                "command_out_type",
                # Random targets are farther apart than a controller may be sent to, and a recording's first
                # one is anywhere.
                default_value=PythonExpression(
                    [*trajectories, " and '", targets, "' not in ('random', 'bag') else ''"]
                ),
                choices=["", "none", "trajectory_msgs/JointTrajectory", "std_msgs/Float64MultiArray"],
                description="Commands that ik_node sends and the simulator follows, with a simulator on "
                f"{SIMULATED_TOPIC} and never to a robot's controller; empty: as params_file says; default: "
                "empty, but trajectories for simulator:=mujoco unless targets are random or from a bag",
            ),
            DeclareLaunchArgument(
                "bag",
                default_value="",
                description="Recording that targets:=bag replays: a folder or a file; with simulator:=none "
                "and command_out_type:=none its joint states are published too, unless a robot publishes its "
                "own",
            ),
            DeclareLaunchArgument(
                "rviz",
                default_value="false",
                choices=["true", "false"],
                description="Show the arm and its target; needs rviz2 and, with a simulator, "
                "robot_state_publisher; with simulator:=none the robot's own has its description",
            ),
            OpaqueFunction(function=_nodes),
        ]
    )
