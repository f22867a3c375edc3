"""A recording played to ik_node by `ros2 bag play`, and the answers measured.

Everything is in a namespace of its own, and of the recording only the two topics that the evaluator needs are
played: nothing here reaches a robot in the same ROS domain.
"""

from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    OpaqueFunction,
    RegisterEventHandler,
    TimerAction,
)
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from itnnr_ik.ros.running.launching import (
    arguments_of,
    end_of,
    existing_file,
    robot_arguments,
    robot_parameters,
    sections_of_file,
    temporary_file,
)

PACKAGE = "itnnr_ik"
NODE, EVALUATOR, NAMESPACE = "itnnr_ik", "evaluator", "/replay"


def _text(name):
    """As text, whatever YAML would make of it."""
    return ParameterValue(LaunchConfiguration(name), value_type=str)


def _by_name(context, file):
    """Files for all nodes, of what ``file`` says for one by its name: here it has another."""
    return [
        temporary_file(context, {"/**": {"ros__parameters": parameters}})
        for name, parameters in sections_of_file(file)
        if name.rpartition("/")[2] in (NODE, EVALUATOR)
    ]


def _nodes(context):
    """The nodes, once the arguments are known: what they do not say is left to the files of parameters."""
    params_file = arguments_of(context)("params_file")
    own = _by_name(context, existing_file(params_file)) if params_file else []
    common = [*robot_parameters(context, own), {"use_sim_time": True}]
    joint_topic, pose_topic = LaunchConfiguration("joint_topic"), LaunchConfiguration("pose_topic")
    play = ExecuteProcess(
        cmd=[
            *("ros2", "bag", "play", LaunchConfiguration("bag"), "--clock", "100"),
            *("--delay", LaunchConfiguration("delay"), "--rate", LaunchConfiguration("rate")),
            # Without it, recorded commands would go to the controllers that listen now.
            *("--topics", joint_topic, pose_topic),
            "--remap",
            [joint_topic, f":={NAMESPACE}/recorded/joint_states"],
            [pose_topic, f":={NAMESPACE}/recorded/poses"],
            f"/clock:={NAMESPACE}/clock",
        ],
        name="bag_play",
        output="screen",
    )
    remappings = [("/clock", "clock")]
    return [
        Node(
            package=PACKAGE,
            executable="ik_node",
            name=NODE,
            namespace=NAMESPACE,
            remappings=[*remappings, ("/diagnostics", "diagnostics")],
            parameters=[
                *common,
                # The evaluator keeps the order; a clock that moves in steps tells no age.
                {"joint_state_timeout": 0.0, "target_timeout": 0.0},
                # A recording never moves a robot, whose parameter file this may be.
                {"command_out_type": "none"},
                # And nobody looks after the node here.
                {"autostart": True},
            ],
            output="screen",
            on_exit=end_of("ik_node"),
        ),
        Node(
            package=PACKAGE,
            executable=EVALUATOR,
            name=EVALUATOR,
            namespace=NAMESPACE,
            remappings=remappings,
            parameters=[
                *common,
                {"targets": _text("targets"), "html": _text("html"), "record": _text("record")},
            ],
            output="screen",
            # To draw the plots after the recording's end.
            sigterm_timeout="60",
        ),
        play,
        RegisterEventHandler(
            OnProcessExit(
                target_action=play,
                on_exit=[
                    TimerAction(
                        period=2.0, actions=[EmitEvent(event=Shutdown(reason="the recording is over"))]
                    )
                ],
            )
        ),
    ]


def generate_launch_description():
    return LaunchDescription(
        [
            DeclareLaunchArgument("bag", description="Folder of the recording, or its .mcap or .db3 file"),
            *robot_arguments(),
            DeclareLaunchArgument(
                "targets",
                default_value="joints",
                choices=["joints", "poses", "poses_alone"],
                description="Targets from recorded joints, from poses, or from poses without joint states",
            ),
            DeclareLaunchArgument(
                "joint_topic", default_value="/joint_states", description="Recorded topic of JointState"
            ),
            DeclareLaunchArgument(
                "pose_topic", default_value="/target_pose", description="Recorded topic of PoseStamped"
            ),
            DeclareLaunchArgument(
                "rate", default_value="1.0", description="Pace, as a multiple of the recorded one"
            ),
            DeclareLaunchArgument(
                "delay",
                default_value="4.0",
                description="Time for the nodes to start before it plays, in [s]",
            ),
            DeclareLaunchArgument(
                "html", default_value="", description="File for the report with plots; empty: none"
            ),
            DeclareLaunchArgument(
                "record", default_value="", description="New folder for the answers as a bag; empty: none"
            ),
            OpaqueFunction(function=_nodes),
        ]
    )
