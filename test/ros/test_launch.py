"""The launch files, run by the real launch system; skipped where that is not installed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from probe import Probe, values_of
from processes import START_TIMEOUT
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

from itnnr_ik import IKSolver
from itnnr_ik.robot import PACKAGED, KinematicChain, load_robot

pytest.importorskip(
    "launch_ros", reason="needs the packages launch and launch_ros, which come with a ROS 2 installation only"
)

#: What `ros2 launch` does, in a namespace: arguments are the namespace, the file, and name:=value pairs.
LAUNCH = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import GroupAction, IncludeLaunchDescription
from launch_ros.actions import PushRosNamespace
namespace, file, *arguments = sys.argv[1:]
include = IncludeLaunchDescription(file, launch_arguments=[pair.split(":=") for pair in arguments])
service = LaunchService()
service.include_launch_description(LaunchDescription([GroupAction([PushRosNamespace(namespace), include])]))
sys.exit(service.run())
"""
DESCRIBE = """
import sys
from launch.launch_description_sources import get_launch_description_from_python_launch_file
for argument in get_launch_description_from_python_launch_file(sys.argv[1]).get_launch_arguments():
    print(argument.name, len(argument.choices or ()), argument.description)
"""

#: What a launch file would start, given its arguments: each action's type and, of a node, its full name and
#: what it is given; of another process, its command line.
#: The parameters are those that count, as a node of that name reads them. A process that others wait for
#: exits with the argument exit_code, or else 0.
EXPAND = """
import json, sys
from types import SimpleNamespace
import rclpy
from launch import LaunchContext
from launch.actions import ExecuteProcess, RegisterEventHandler
from launch.launch_description_sources import get_launch_description_from_python_launch_file
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions
from launch_ros.actions import Node
context = LaunchContext()
for pair in sys.argv[2:]:
    name, value = pair.split(":=")
    context.launch_configurations[name] = value
exited = SimpleNamespace(returncode=int(context.launch_configurations.pop("exit_code", 0)))
def describe(action):
    if not isinstance(action, ExecuteProcess):
        return {}
    if not isinstance(action, Node):
        return {"command": [perform_substitutions(context, word) for word in action.cmd]}
    action._perform_substitutions(context)
    files = [word for path, _ in action._Node__expanded_parameter_arguments or ()
             for word in ("--params-file", path)]
    # A name that is left to the executable is in angle brackets.
    namespace, _, name = action.node_name.replace("<", "").replace(">", "").rpartition("/")
    ros = rclpy.Context()
    ros.init(["--ros-args", *files])
    node = rclpy.create_node(name, namespace=namespace, context=ros)
    parameters = {name: given.value for name, given in node._parameter_overrides.items()}
    node.destroy_node()
    ros.shutdown()
    arguments = [perform_substitutions(context, normalize_to_list_of_substitutions(argument))
                 for argument in action._Node__arguments or ()]
    named = {"executable": action.node_executable, "name": action.node_name}
    return {**named, "parameters": parameters, "arguments": arguments}
def walk(actions):
    for action in actions:
        print(json.dumps({"type": type(action).__name__, **describe(action)}, default=list))
        if isinstance(action, RegisterEventHandler):
            walk(action.event_handler.handle(exited, context) or ())
            continue
        for _, triggered in action.describe_conditional_sub_entities():
            walk(triggered)
for entity in get_launch_description_from_python_launch_file(sys.argv[1]).entities:
    walk(entity.execute(context) or ())
"""


@pytest.fixture(scope="module")
def environment(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables with which ROS finds the package in this checkout as if it were installed."""
    prefix = tmp_path_factory.mktemp("prefix")
    index = prefix / "share" / "ament_index" / "resource_index" / "packages"
    index.mkdir(parents=True)
    (index / "itnnr_ik").touch()
    (prefix / "share" / "itnnr_ik").symlink_to(root)
    (prefix / "lib").symlink_to(root / "lib")
    paths = [str(prefix), *filter(None, [os.environ.get("AMENT_PREFIX_PATH")])]
    return {
        **os.environ,
        "AMENT_PREFIX_PATH": os.pathsep.join(paths),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")])),
        "TMPDIR": str(tmp_path_factory.mktemp("temporary")),
    }


@pytest.fixture(scope="module")
def expand(environment: dict[str, str], root: Path) -> Callable[..., list[dict[str, Any]]]:
    """``expand(file, *arguments)`` is what a launch file would start, as `EXPAND` says it."""

    def actions(file: str, *arguments: str) -> list[dict[str, Any]]:
        command = [sys.executable, "-c", EXPAND, str(root / "launch" / f"{file}.launch.py"), *arguments]
        result = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=START_TIMEOUT
        )
        assert result.returncode == 0, result.stderr
        return [json.loads(line) for line in result.stdout.splitlines()]

    return actions


def parameters_of(actions: list[dict[str, Any]], executable: str) -> dict[str, Any]:
    """Those of the one node of that executable."""
    (found,) = (action["parameters"] for action in actions if action.get("executable") == executable)
    return dict(found)


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """Ctrl-C in its terminal, which the nodes get, too: the launch system does not hand it on."""
    os.killpg(process.pid, signal.SIGINT)


@pytest.fixture
def launch(
    environment: dict[str, str], root: Path, tmp_path: Path, probe: Probe
) -> Iterator[Callable[..., Callable[..., str]]]:
    """``launch(*arguments)`` starts the launch file; the returned function ends it and gives its output."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> Callable[[], str]:
        log = tmp_path / "launch.txt"
        file = str(root / "launch" / "ik.launch.py")
        with log.open("w") as output:
            command = [sys.executable, "-c", LAUNCH, probe.namespace, file, *arguments]
            process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env=environment, start_new_session=True
            )
        running.append(process)

        def end(by_itself: bool = False) -> str:
            if not by_itself:
                interrupt(process)
            assert process.wait(START_TIMEOUT) == 0
            return log.read_text()

        return end

    yield start
    for process in running:
        if process.poll() is None:
            interrupt(process)
            process.wait(START_TIMEOUT)


def wait_for_answers(probe: Probe) -> None:
    """Wait for fifty answers and a moving arm."""
    # The probe hears each of the three publishers from another moment on.
    probe.spin_until(
        lambda: (
            min(len(probe.solutions), len(probe.statuses)) >= 50
            and len({tuple(state.position) for state in probe.joint_states}) > 10
        ),
        START_TIMEOUT,
        "fifty answers and a moving arm",
    )


#: Those that have a file of parameters.
ARMS = ("two_link", "three_link", "yaw_pitch_pitch")


@pytest.mark.parametrize("simulator", ["kinematic", "mujoco"])
@pytest.mark.parametrize("arm", [*ARMS, "panda"])
def test_arm_follows_a_circle(
    launch: Callable[..., Callable[..., str]], probe: Probe, arm: str, simulator: str
) -> None:
    """Three processes: every target is solved once a joint state has come, and the joints move."""
    if simulator == "mujoco":
        pytest.importorskip("mujoco", reason="the simulator needs MuJoCo")
    commands: list[JointTrajectory] = []
    topic = "simulated/commands"
    probe.node.create_subscription(JointTrajectory, topic, commands.append, 100)
    end = launch(f"arm:={arm}", "targets:=circle", f"simulator:={simulator}")
    wait_for_answers(probe)
    codes = [values_of(status)["code"] for status in probe.statuses]
    assert set(codes) <= {"no_joint_state", "solved"}
    assert tuple(probe.solutions[-1].name) == load_robot(arm).joint_names
    assert bool(commands) == (simulator == "mujoco")
    # Simulated time starts at 0.
    assert (probe.joint_states[-1].header.stamp.sec < 10**6) == (simulator == "mujoco")
    assert (probe.solutions[-1].header.stamp.sec < 10**6) == (simulator == "mujoco")
    output = end()
    assert output.count("process has finished cleanly") == 3
    assert "Traceback" not in output


def test_a_robot_from_its_urdf(launch: Callable[..., Callable[..., str]], probe: Probe, root: Path) -> None:
    """A chain of its links and a task: the node, the simulator and the targets agree on it."""
    urdf = root / "test" / "urdf" / "bent_wrist.urdf"
    arm = KinematicChain.from_urdf(urdf)
    end = launch(f"urdf:={urdf}", f"base:={arm.base_link}", f"tip:={arm.tip_link}", "task:=pointing")
    wait_for_answers(probe)
    assert {values_of(status)["code"] for status in probe.statuses} <= {"no_joint_state", "solved"}
    assert tuple(probe.solutions[-1].name) == arm.joint_names
    output = end()
    assert output.count("process has finished cleanly") == 3
    assert "Traceback" not in output


def test_commands_of_ones_choice(launch: Callable[..., Callable[..., str]], probe: Probe) -> None:
    """What ik_node is told to send the simulator follows, whichever it is."""
    commands: list[Float64MultiArray] = []
    topic = "simulated/commands"
    probe.node.create_subscription(Float64MultiArray, topic, commands.append, 100)
    end = launch("command_out_type:=std_msgs/Float64MultiArray", "targets:=lemniscate")
    probe.spin_until(
        lambda: len(commands) >= 50 and len({tuple(s.position) for s in probe.joint_states}) > 10,
        START_TIMEOUT,
        "fifty commands and a moving arm",
    )
    assert end().count("process has finished cleanly") == 3


def test_a_robot_of_ones_own(launch: Callable[..., Callable[..., str]], probe: Probe, root: Path) -> None:
    """Without simulator and targets there is the node alone, with the model and the parameters given."""
    end = launch(
        "simulator:=none",
        "targets:=none",
        f"model:={root / 'itnnr_ik' / 'models' / 'three_link'}",
        f"params_file:={root / 'config' / 'three_link.yaml'}",
    )
    probe.wait_for_ik_node()
    state = load_robot("three_link").joint_names, (0.1, 0.5, 0.5)
    probe.send_first_joint_state(*state)
    probe.send_joint_state(*state)  # the first is stale by now: the asking takes as long as the timeout
    values, _, solution = probe.ask(probe.target(2.0, 1.0))
    assert values["code"] == "solved"
    assert solution is not None
    assert len(solution.position) == 3
    output = end()
    assert output.count("process started") == output.count("process has finished cleanly") == 1


def test_a_node_that_cannot_start_ends_everything(
    launch: Callable[..., Callable[..., str]], tmp_path: Path
) -> None:
    """The simulator and the targets would look alive, and nothing would be solved."""
    file = tmp_path / "mine.yaml"
    file.write_text("/**:\n  ros__parameters:\n    max_velocty: 0.2\n")
    end = launch(f"params_file:={file}")
    output = end(by_itself=True)
    assert "parameter 'max_velocty' must be spelt 'max_velocity', got 0.2" in output


def test_the_model_of_ones_own_parameter_file(
    launch: Callable[..., Callable[..., str]], probe: Probe, tmp_path: Path
) -> None:
    """The file says it and no argument does: it is the one solved with."""
    file = tmp_path / "mine.yaml"
    file.write_text('/**:\n  ros__parameters:\n    model: "three_link"\n')
    end = launch("simulator:=none", f"params_file:={file}")
    probe.wait_for_ik_node()
    state = load_robot("three_link").joint_names, (0.1, 0.5, 0.5)
    probe.send_first_joint_state(*state)
    probe.send_joint_state(*state)  # the first is stale by now: the asking takes as long as the timeout
    _, _, solution = probe.ask(probe.target(2.0, 1.0))
    assert solution is not None
    assert tuple(solution.name) == load_robot("three_link").joint_names
    assert end().count("process started") == 1


@pytest.mark.parametrize("section", ["/**", "/itnnr_ik"])
@pytest.mark.parametrize(
    ("file", "arguments"),
    [("ik", ("simulator:=none",)), ("replay", ("bag:=recording",)), ("ros2_control", ())],
)
def test_ones_own_parameter_file_counts(
    expand: Callable[..., list[dict[str, Any]]],
    tmp_path: Path,
    file: str,
    arguments: tuple[str, ...],
    section: str,
) -> None:
    """What it says is changed by given arguments alone; what it leaves out the arm's file says."""
    mine = tmp_path / "mine.yaml"

    def ik_node(text: str, *more: str) -> dict[str, Any]:
        mine.write_text(f"{section}:\n  ros__parameters: {text}\n")
        return parameters_of(expand(file, *arguments, f"params_file:={mine}", *more), "ik_node")

    own = ik_node('{model: "yaw_pitch_pitch", autostart: false, max_joint_step: 0.1}')
    assert (own["model"], own["max_joint_step"]) == ("yaw_pitch_pitch", 0.1)
    # In a replay nobody looks after the node.
    assert own["autostart"] is (file == "replay")
    assert ik_node('{model: "yaw_pitch_pitch"}', "model:=three_link")["model"] == "three_link"
    assert ik_node("{max_joint_step: 0.1}", "arm:=three_link")["model"] == "three_link"


def test_a_replay_knows_the_node_by_its_name(
    expand: Callable[..., list[dict[str, Any]]], tmp_path: Path
) -> None:
    """In whichever namespace the robot's file has it."""
    mine = tmp_path / "mine.yaml"
    mine.write_text("/arm:\n  itnnr_ik:\n    ros__parameters: {model: scara}\n")
    actions = expand("replay", "bag:=recording", f"params_file:={mine}")
    assert parameters_of(actions, "ik_node")["model"] == "scara"


@pytest.mark.parametrize(
    ("file", "arguments"), [("ik", ()), ("replay", ("bag:=recording",)), ("ros2_control", ())]
)
def test_a_parameter_file_that_is_not_there_is_an_error(
    environment: dict[str, str], root: Path, file: str, arguments: tuple[str, ...]
) -> None:
    """A robot would move by the defaults."""
    path = str(root / "launch" / f"{file}.launch.py")
    command = [sys.executable, "-c", EXPAND, path, *arguments, "params_file:=mine.yml"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=START_TIMEOUT)
    assert result.returncode != 0
    assert "got 'mine.yml': there is no such file" in result.stderr


def test_a_robot_has_its_own_state_publisher(
    expand: Callable[..., list[dict[str, Any]]], tmp_path: Path
) -> None:
    """RViz beside it, and no second one; a simulated arm is shown as its model's folder or a URDF has it."""
    robot = expand("ik", "rviz:=true", "simulator:=none")
    assert [action["executable"] for action in robot] == ["ik_node", "rviz2"]
    text = load_robot("scara").urdf.replace('name="scara"', 'name="mine"').replace("base_link", "foot")
    IKSolver.from_urdf(text).save(tmp_path / "model")
    (tmp_path / "mine.urdf").write_text(text, encoding="utf-8")
    for argument in (f"model:={tmp_path / 'model'}", f"urdf:={tmp_path / 'mine.urdf'}"):
        simulated = expand("ik", "rviz:=true", argument)
        assert parameters_of(simulated, "robot_state_publisher")["robot_description"] == text
        (arguments,) = (a["arguments"] for a in simulated if a.get("executable") == "rviz2")
        assert arguments[arguments.index("-f") + 1] == "foot"
    (tmp_path / "mine.yaml").write_text("/**:\n  ros__parameters: {model: panda}\n")
    for argument in ("arm:=panda", f"params_file:={tmp_path / 'mine.yaml'}"):
        usual = expand("ik", "rviz:=true", argument)
        assert 'name="panda"' in parameters_of(usual, "robot_state_publisher")["robot_description"]
        (arguments,) = (a["arguments"] for a in usual if a.get("executable") == "rviz2")
        assert arguments[arguments.index("-f") + 1] == "panda_link0"


@pytest.mark.parametrize(
    ("file", "arguments"), [("ik", ()), ("replay", ("bag:=recording",)), ("ros2_control", ())]
)
def test_every_node_gets_the_robot(
    expand: Callable[..., list[dict[str, Any]]], root: Path, file: str, arguments: tuple[str, ...]
) -> None:
    """A URDF as text, its links and the task, and of no packaged arm anything; or the arm by its name."""
    path = root / "itnnr_ik" / "robot" / "urdf" / "panda.urdf"
    robot = (f"urdf:={path}", "base:=panda_link1", "tip:=panda_link7", "task:=position")
    executables = {"ik": ("ik_node", "simulator", "target_source"), "replay": ("ik_node", "evaluator")}
    of_robot, of_arm = expand(file, *arguments, *robot), expand(file, *arguments, "arm:=so101")
    for executable in executables.get(file, ("ik_node", "target_source")):
        parameters = parameters_of(of_robot, executable)
        assert parameters["robot_description"] == path.read_text(encoding="utf-8")
        assert parameters["robot_base_link"] == "panda_link1"
        assert parameters["end_effector_link"] == "panda_link7"
        assert parameters["task"] == "position"
        assert "model" not in parameters
        assert parameters_of(of_arm, executable)["model"] == "so101"


def test_a_file_may_say_where_the_description_comes_from(
    expand: Callable[..., list[dict[str, Any]]], tmp_path: Path
) -> None:
    """Then no packaged arm's model goes with it, which would be of another chain."""
    mine = tmp_path / "mine.yaml"
    mine.write_text("/**:\n  ros__parameters: {robot_description_topic: robot_description}\n")
    parameters = parameters_of(expand("ik", "simulator:=none", f"params_file:={mine}"), "ik_node")
    assert parameters["robot_description_topic"] == "robot_description"
    assert "model" not in parameters


def test_a_urdf_that_is_not_there_is_an_error(environment: dict[str, str], root: Path) -> None:
    """One line says which."""
    command = [sys.executable, "-c", EXPAND, str(root / "launch" / "ik.launch.py"), "urdf:=mine.urdf"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=START_TIMEOUT)
    assert result.returncode != 0
    assert "cannot read URDF file 'mine.urdf'" in result.stderr


def test_in_gazebo_a_lap_takes_longer(expand: Callable[..., list[dict[str, Any]]], tmp_path: Path) -> None:
    """20 s, unless another time is given, or the parameter file is to say it."""
    assert parameters_of(expand("ros2_control"), "target_source")["period"] == 20.0
    mine = tmp_path / "mine.yaml"
    mine.write_text("/**:\n  ros__parameters: {period: 40.0}\n")
    own = expand("ros2_control", f"params_file:={mine}", "period:=")
    assert parameters_of(own, "target_source")["period"] == 40.0
    assert parameters_of(expand("ros2_control", "period:=9"), "target_source")["period"] == 9.0


TRAJECTORIES = "trajectory_msgs/JointTrajectory"


@pytest.fixture(params=["/**", "/itnnr_ik"])
def commanding_file(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The argument for a robot's own file of parameters: commands to its controller."""
    file = tmp_path / "mine.yaml"
    values = f'{{command_out_type: "{TRAJECTORIES}", command_out_topic: "/robot/commands"}}'
    file.write_text(f"{request.param}:\n  ros__parameters: {values}\n")
    return f"params_file:={file}"


@pytest.mark.parametrize("arguments", [(), ("simulator:=mujoco",), ("targets:=random",), ("arm:=panda",)])
def test_simulated_joints_move_no_robot(
    expand: Callable[..., list[dict[str, Any]]], commanding_file: str, arguments: tuple[str, ...]
) -> None:
    """The simulator and ik_node have a topic of their own, whatever the file says."""
    actions = expand("ik", commanding_file, *arguments)
    for executable in ("ik_node", "simulator"):
        assert parameters_of(actions, executable)["command_out_topic"] == "simulated/commands"
    assert parameters_of(actions, "ik_node")["command_out_type"] == TRAJECTORIES


def test_a_robot_is_commanded_as_its_file_says(
    expand: Callable[..., list[dict[str, Any]]], commanding_file: str
) -> None:
    """Without a simulator, and no targets come unasked."""
    actions = expand("ik", commanding_file, "simulator:=none")
    assert [action["executable"] for action in actions] == ["ik_node"]
    parameters = parameters_of(actions, "ik_node")
    assert parameters["command_out_type"] == TRAJECTORIES
    assert parameters["command_out_topic"] == "/robot/commands"
    assert len(expand("ik", commanding_file, "simulator:=none", "targets:=circle")) == 2


@pytest.mark.parametrize("arm", ["two_link", "panda"])
def test_neither_a_recording_nor_gazebo_moves_a_robot(
    expand: Callable[..., list[dict[str, Any]]], commanding_file: str, arm: str
) -> None:
    """A replay sends no commands; with Gazebo they go to the controller that it spawns."""
    replay = parameters_of(expand("replay", commanding_file, "bag:=recording", f"arm:={arm}"), "ik_node")
    assert replay["command_out_type"] == "none"
    gazebo = parameters_of(expand("ros2_control", commanding_file, f"arm:={arm}"), "ik_node")
    assert (gazebo["command_out_type"], gazebo["command_out_topic"]) == (TRAJECTORIES, "")


@pytest.mark.parametrize(
    ("arguments", "published"),
    [
        (("simulator:=none", "command_out_type:=none"), True),
        (("simulator:=none",), False),
        (("simulator:=none", f"command_out_type:={TRAJECTORIES}"), False),
        (("simulator:=kinematic", "command_out_type:=none"), False),
        (("simulator:=mujoco",), False),
    ],
)
def test_recorded_joint_states_come_where_nothing_moves_by_them(
    expand: Callable[..., list[dict[str, Any]]], tmp_path: Path, arguments: tuple[str, ...], published: bool
) -> None:
    """Neither a simulator nor a robot that is commanded, or may be by its file, whatever that file says."""
    mine = tmp_path / "mine.yaml"
    mine.write_text("/**:\n  ros__parameters: {publish_joint_states: true}\n")
    actions = expand("ik", "targets:=bag", "bag:=recording", f"params_file:={mine}", *arguments)
    assert parameters_of(actions, "target_source")["publish_joint_states"] is published


@pytest.mark.parametrize(
    ("targets", "sent"),
    [("circle", True), ("marker", True), ("none", True), ("random", False), ("bag", False)],
)
def test_joints_with_mass_are_led_along_trajectories(
    expand: Callable[..., list[dict[str, Any]]], targets: str, sent: bool
) -> None:
    """Unless no target is near the one before, as docs/ros_interface.md has it."""
    actions = expand("ik", "simulator:=mujoco", f"targets:={targets}", "bag:=recording")
    assert parameters_of(actions, "ik_node")["command_out_type"] == (TRAJECTORIES if sent else "none")


@pytest.mark.parametrize("autostart", ["true", "false"])
def test_autostart_as_an_argument(expand: Callable[..., list[dict[str, Any]]], autostart: str) -> None:
    """Given, it counts."""
    actions = expand("ik", "simulator:=none", f"autostart:={autostart}")
    assert parameters_of(actions, "ik_node")["autostart"] is (autostart == "true")


#: A launch that writes a temporary file, and prints its path and content.
TEMPORARY = """
import json, sys
import yaml
from launch import LaunchDescription, LaunchService
from launch.actions import OpaqueFunction
from itnnr_ik.ros.running.launching import temporary_file
def write(context):
    path = temporary_file(context, {"/**": {"ros__parameters": {"rate": 3}}})
    with open(path) as file:
        print(json.dumps({"path": path, "content": yaml.safe_load(file)}))
service = LaunchService()
service.include_launch_description(LaunchDescription([OpaqueFunction(function=write)]))
sys.exit(service.run())
"""


def test_temporary_files_are_removed_at_the_end(environment: dict[str, str], tmp_path: Path) -> None:
    """Nothing of a launch stays behind."""
    written = subprocess.run(
        [sys.executable, "-c", TEMPORARY],
        env={**environment, "TMPDIR": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT,
    ).stdout
    (line,) = (line for line in written.splitlines() if line.startswith("{"))
    said = json.loads(line)
    assert Path(said["path"]).parent == tmp_path
    assert said["content"] == {"/**": {"ros__parameters": {"rate": 3}}}
    assert not list(tmp_path.iterdir())


ARGUMENTS = {
    "ik": {
        *("arm", "autostart", "simulator", "targets", "rviz", "command_out_type"),
        *("model", "params_file", "bag", "urdf", "base", "tip", "task"),
    },
    "replay": {
        *("arm", "targets", "urdf", "base", "tip", "task"),
        *("bag", "model", "params_file", "joint_topic", "pose_topic", "rate", "delay", "html", "record"),
    },
    "ros2_control": {
        *("arm", "autostart", "targets", "urdf", "base", "tip", "task"),
        *("model", "period", "params_file", "controllers_file", "gz_args"),
    },
}
FREE = {
    *("model", "params_file", "bag", "urdf", "base", "tip", "controllers_file", "gz_args", "period"),
    *("joint_topic", "pose_topic", "rate", "delay", "html", "record"),
}


@pytest.mark.parametrize("file", ARGUMENTS)
def test_every_argument_is_described(environment: dict[str, str], root: Path, file: str) -> None:
    """With a sentence, and with choices where the values are known."""
    command = [sys.executable, "-c", DESCRIBE, str(root / "launch" / f"{file}.launch.py")]
    listing = subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True, timeout=START_TIMEOUT
    ).stdout
    described = {line.split()[0]: line.split(maxsplit=2)[1:] for line in listing.splitlines()}
    assert set(described) == ARGUMENTS[file]
    assert all(len(description) > 20 for _, description in described.values())
    with_choices = {name for name, (choices, _) in described.items() if int(choices)}
    assert with_choices == ARGUMENTS[file] - FREE


@pytest.mark.parametrize("arm", PACKAGED)
def test_gazebo_is_given_the_arm(expand: Callable[..., list[dict[str, Any]]], root: Path, arm: str) -> None:
    """Gazebo itself is not here, but what would be started is: with the arm's URDF and its controllers."""
    actions = expand("ros2_control", f"arm:={arm}")
    kinds = {action["type"] for action in actions}
    assert kinds == {"IncludeLaunchDescription", "Node", "LifecycleNode", "RegisterEventHandler"}
    urdf = ElementTree.fromstring(parameters_of(actions, "robot_state_publisher")["robot_description"])
    (control,) = urdf.iter("ros2_control")
    assert tuple(joint.get("name") for joint in control.iter("joint")) == load_robot(arm).joint_names
    files = {urdf.findtext("gazebo/plugin/parameters")}
    (spawner,) = (action["arguments"] for action in actions if action.get("executable") == "spawner")
    files.add(spawner[spawner.index("--param-file") + 1])
    (file,) = (Path(name or "") for name in files)
    if arm in ARMS:
        assert file.samefile(root / "config" / f"{arm}_controllers.yaml")
    controllers = yaml.safe_load(file.read_text())
    if arm not in ARMS:
        file.unlink()  # the launch did not run, and so does not end
    assert tuple(controllers["joint_trajectory_controller"]["ros__parameters"]["joints"]) == (
        load_robot(arm).joint_names
    )
    ik_node = parameters_of(actions, "ik_node")
    assert (ik_node["model"], ik_node["use_sim_time"]) == (arm, True)
    assert ik_node["command_out_type"] == "trajectory_msgs/JointTrajectory"
    assert parameters_of(actions, "target_source")["model"] == arm


def test_without_its_controllers_an_arm_in_gazebo_is_given_no_targets(
    expand: Callable[..., list[dict[str, Any]]],
) -> None:
    """It would not move, and nothing would say why but a line far above."""
    actions = expand("ros2_control", "exit_code:=1")
    assert actions[-1]["type"] == "Shutdown"
    assert not {"ik_node", "target_source"} & {action.get("executable") for action in actions}


def test_gazebo_is_given_the_arm_of_ones_own_parameter_file(
    expand: Callable[..., list[dict[str, Any]]], tmp_path: Path
) -> None:
    """The one that is solved for, and its controllers."""
    (tmp_path / "mine.yaml").write_text("/**:\n  ros__parameters: {model: three_link}\n")
    actions = expand("ros2_control", f"params_file:={tmp_path / 'mine.yaml'}")
    assert parameters_of(actions, "ik_node")["model"] == "three_link"
    assert 'name="three_link"' in parameters_of(actions, "robot_state_publisher")["robot_description"]
    (spawner,) = (action["arguments"] for action in actions if action.get("executable") == "spawner")
    assert Path(spawner[spawner.index("--param-file") + 1]).name == "three_link_controllers.yaml"
