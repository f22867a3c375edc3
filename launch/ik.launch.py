"""An arm solved live: ik_node, a simulator, a source of targets and, where wanted, RViz."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.conditions import IfCondition
from launch.substitutions import Command, LaunchConfiguration, PathJoinSubstitution, PythonExpression
from launch_ros.actions import LifecycleNode, Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

PACKAGE = "itnnr_ik"


def _share(folder, arm, suffix):
    return [PathJoinSubstitution([FindPackageShare(PACKAGE), folder, arm]), suffix]


def _text(substitution):
    """As text, whatever YAML would make of it."""
    return ParameterValue(substitution, value_type=str)


def _flag(substitution):
    return ParameterValue(substitution, value_type=bool)


def _if(argument, comparison):
    return IfCondition(PythonExpression(["'", LaunchConfiguration(argument), "' ", comparison]))


def generate_launch_description():
    arm = LaunchConfiguration("arm")
    targets = LaunchConfiguration("targets")
    rviz = IfCondition(LaunchConfiguration("rviz"))
    common = [LaunchConfiguration("params_file"), {"model": _text(LaunchConfiguration("model"))}]
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "arm",
                default_value="two_link",
                choices=["two_link", "three_link", "yaw_pitch_pitch"],
                description="Arm whose parameters, model and URDF are used",
            ),
            DeclareLaunchArgument(
                "model", default_value=arm, description="Name of an arm, or folder of a trained model"
            ),
            DeclareLaunchArgument(
                "params_file",
                default_value=_share("config", arm, ".yaml"),
                description="Parameters of all nodes, such as config/two_link.yaml",
            ),
            DeclareLaunchArgument(
                "autostart",
                default_value="true",
                choices=["true", "false"],
                description="Configure and activate ik_node at start; false where a lifecycle manager does",
            ),
            DeclareLaunchArgument(
                "simulator",
                default_value="kinematic",
                choices=["kinematic", "none"],
                description="What moves the joints; none where a robot publishes joint_states itself",
            ),
            DeclareLaunchArgument(
                "targets",
                default_value="circle",
                choices=["circle", "line", "lemniscate", "random", "bag", "none"],
                description="Pattern of the targets; none where something else publishes target_pose",
            ),
            DeclareLaunchArgument(
                "bag", default_value="", description="Folder of the recording that targets:=bag replays"
            ),
            DeclareLaunchArgument(
                "urdf",
                default_value=_share("urdf", arm, ".urdf"),
                description="Robot description for RViz; a trained model's folder has its own arm.urdf",
            ),
            DeclareLaunchArgument(
                "rviz",
                default_value="false",
                choices=["true", "false"],
                description="Show the arm and its target; needs robot_state_publisher and rviz2",
            ),
            LifecycleNode(
                package=PACKAGE,
                executable="ik_node",
                name="itnnr_ik",
                namespace="",
                parameters=[*common, {"autostart": _flag(LaunchConfiguration("autostart"))}],
                output="screen",
            ),
            Node(
                package=PACKAGE,
                executable="simulator",
                parameters=common,
                output="screen",
                condition=_if("simulator", "== 'kinematic'"),
            ),
            Node(
                package=PACKAGE,
                executable="target_source",
                parameters=[*common, {"pattern": _text(targets), "bag": _text(LaunchConfiguration("bag"))}],
                output="screen",
                condition=_if("targets", "!= 'none'"),
            ),
            Node(
                package="robot_state_publisher",
                executable="robot_state_publisher",
                parameters=[{"robot_description": _text(Command(["cat ", LaunchConfiguration("urdf")]))}],
                condition=rviz,
            ),
            Node(
                package="rviz2",
                executable="rviz2",
                arguments=["-d", PathJoinSubstitution([FindPackageShare(PACKAGE), "rviz", "ik.rviz"])],
                condition=rviz,
            ),
        ]
    )
