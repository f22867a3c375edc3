"""An arm in Gazebo, driven by ik_node through a joint_trajectory_controller.

Needs ros_gz_sim, ros_gz_bridge, gz_ros2_control, robot_state_publisher, controller_manager,
joint_state_broadcaster and joint_trajectory_controller, which this package does not depend on.
"""

from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.event_handlers import OnProcessExit
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import LifecycleNode, Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from itnnr_ik import IKSolver
from itnnr_ik.ros.gazebo import to_gazebo_urdf
from itnnr_ik.ros.kinematic_arm import rest_positions
from itnnr_ik.ros.launching import autostart_argument, end_of, existing_file, given_autostart
from itnnr_ik.targets import CURVES, curve_for, first_posture

PACKAGE = "itnnr_ik"
CLOCK = "/clock@rosgraph_msgs/msg/Clock[gz.msgs.Clock"


def _nodes(context):
    def argument(name):
        return LaunchConfiguration(name).perform(context)

    model, targets, controllers_file = argument("model"), argument("targets"), argument("controllers_file")
    solver = IKSolver.load(model or argument("arm"))
    arm = solver.arm
    # The tip where the targets start, or a bent pose.
    follows = targets in CURVES
    start = first_posture(solver, curve_for(arm, targets).at(0.0)) if follows else rest_positions(arm)
    urdf = to_gazebo_urdf(arm, controllers_file, start)
    timed = {"use_sim_time": True}
    # The arm's file below one's own: it says what that leaves out.
    arm_file = [PathJoinSubstitution([FindPackageShare(PACKAGE), "config", argument("arm")]), ".yaml"]
    common = [arm_file, existing_file(argument("params_file")), timed]
    if model:
        common.append({"model": ParameterValue(model, value_type=str)})
    spawn_arm = Node(
        package="ros_gz_sim",
        executable="create",
        arguments=["-topic", "robot_description", "-name", arm.name, "-allow_renaming", "true"],
        output="screen",
    )
    spawn_controllers = Node(
        package="controller_manager",
        executable="spawner",
        arguments=[
            *("joint_state_broadcaster", "joint_trajectory_controller"),
            *("--param-file", controllers_file),
        ],
        output="screen",
    )
    # To the controller spawned here, wherever the parameter file would have a robot's.
    command = {
        "command_out_type": "trajectory_msgs/JointTrajectory",
        "command_out_topic": "",
        "trajectory_start": "set_point",
        **given_autostart(argument("autostart")),
    }
    solve = [
        LifecycleNode(
            package=PACKAGE,
            executable="ik_node",
            name="itnnr_ik",
            namespace="",
            parameters=[*common, command],
            output="screen",
            on_exit=end_of("ik_node"),
        )
    ]
    period = [{"period": float(argument("period"))}] if argument("period") else []
    if targets != "none":
        solve.append(
            Node(
                package=PACKAGE,
                executable="target_source",
                name="target_source",
                namespace="",
                parameters=[*common, {"pattern": targets}, *period],
                output="screen",
            )
        )
    return [
        IncludeLaunchDescription(
            PathJoinSubstitution([FindPackageShare("ros_gz_sim"), "launch", "gz_sim.launch.py"]),
            launch_arguments=[("gz_args", argument("gz_args"))],
        ),
        Node(package="ros_gz_bridge", executable="parameter_bridge", arguments=[CLOCK], output="screen"),
        Node(
            package="robot_state_publisher",
            executable="robot_state_publisher",
            parameters=[{"robot_description": ParameterValue(urdf, value_type=str)}, timed],
        ),
        spawn_arm,
        RegisterEventHandler(OnProcessExit(target_action=spawn_arm, on_exit=[spawn_controllers])),
        RegisterEventHandler(OnProcessExit(target_action=spawn_controllers, on_exit=solve)),
    ]


def generate_launch_description():
    arm = LaunchConfiguration("arm")
    config = PathJoinSubstitution([FindPackageShare(PACKAGE), "config", arm])
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "arm",
                default_value="two_link",
                choices=["two_link", "three_link", "yaw_pitch_pitch"],
                description="Arm whose controllers, parameters and model are used where none are given",
            ),
            DeclareLaunchArgument(
                "model",
                default_value="",
                description="Name of an arm, or folder of a trained model; empty: the arm's in Gazebo, and "
                "for ik_node and target_source as params_file says, or else the arm's",
            ),
            autostart_argument(),
            DeclareLaunchArgument(
                "targets",
                default_value="circle",
                choices=[*CURVES, "none"],
                description="Curve of the targets; none where something else publishes target_pose",
            ),
            DeclareLaunchArgument(
                "period",
                default_value="20.0",
                description="Time of one lap, in [s]; empty: as params_file says",
            ),
            DeclareLaunchArgument(
                "params_file",
                default_value=[config, ".yaml"],
                description="Parameters of ik_node and target_source, such as config/two_link.yaml; a model "
                "of one's own is to be given as model too, because Gazebo's arm is made from that",
            ),
            DeclareLaunchArgument(
                "controllers_file",
                default_value=[config, "_controllers.yaml"],
                description="Parameters of the controller manager and its controllers, joint names included",
            ),
            DeclareLaunchArgument(
                "gz_args",
                default_value="-r -v 1 empty.sdf",
                description="Arguments of Gazebo: run at once, which world; add -s for no window",
            ),
            OpaqueFunction(function=_nodes),
        ]
    )
