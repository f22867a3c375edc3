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
from launch.substitutions import PathJoinSubstitution
from launch_ros.actions import LifecycleNode, Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from itnnr_ik.robot import PACKAGED, load_robot
from itnnr_ik.ros.running.launching import (
    arguments_of,
    autostart_argument,
    config_file,
    controllers,
    end_of,
    given_autostart,
    robot_arguments,
    robot_parameters,
    solver_of,
    start_after,
    temporary_file,
)
from itnnr_ik.ros.simulation.gazebo import to_gazebo_urdf
from itnnr_ik.targets import CURVES, curve_for, rest_positions

PACKAGE = "itnnr_ik"
CLOCK = "/clock@rosgraph_msgs/msg/Clock[gz.msgs.Clock"


def _nodes(context):
    argument = arguments_of(context)
    targets = argument("targets")
    solver = solver_of(argument)
    arm = solver.arm
    # Where the targets start, or where the tool can move in every direction.
    start = curve_for(solver, targets).start if targets in CURVES else rest_positions(solver)
    file = argument("controllers_file")
    if not file and arm.name in PACKAGED and arm == load_robot(arm.name):
        file = config_file(context, f"{arm.name}_controllers.yaml")
    file = file or temporary_file(context, controllers(arm.joint_names))
    urdf = to_gazebo_urdf(arm, file, start)
    timed = {"use_sim_time": True}
    common = [*robot_parameters(context), timed]
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
            *("--param-file", file),
        ],
        output="screen",
    )
    # To the controller spawned here, wherever the parameter file would have a robot's.
    command = {
        "command_out_type": "trajectory_msgs/JointTrajectory",
        "command_out_topic": "",
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
        RegisterEventHandler(
            OnProcessExit(target_action=spawn_controllers, on_exit=start_after("spawner", solve))
        ),
    ]


def generate_launch_description():
    return LaunchDescription(
        [
            *robot_arguments(),
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
                "controllers_file",
                default_value="",
                description="Parameters of the controller manager and its controllers, joint names included; "
                "empty: the arm's, or for a robot of your own a trajectory controller of its joints",
            ),
            DeclareLaunchArgument(
                "gz_args",
                default_value="-r -v 1 empty.sdf",
                description="Arguments of Gazebo: run at once, which world; add -s for no window",
            ),
            OpaqueFunction(function=_nodes),
        ]
    )
