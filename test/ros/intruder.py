"""A participant in a process of its own that does one thing after the other to an arm and its node.

``python intruder.py NAMESPACE ACTION…`` prints what came of each action, a list as JSON: null where nobody
answered or listened, and `DENIED` where its own enclave does not allow it. ROS reads what follows
``--ros-args``.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import SetBool
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from itnnr_ik.robot import load_robot

DENIED = "denied"
#: How long somebody who is there may take to be found and to answer [s].
PATIENCE = 3.0
ARM = load_robot("two_link")
COMMANDS = "joint_trajectory_controller/joint_trajectory"
#: Where `command` sends the joints [rad], and how far from the truth `lie` has them.
FAR, LIE = (1.0, 1.0), -0.9


class Intruder:
    """Does what its methods are called; their results are JSON."""

    def __init__(self, namespace: str) -> None:
        self._node = rclpy.create_node(
            "intruder",
            namespace=namespace,
            enable_rosout=False,
            start_parameter_services=False,
            parameter_overrides=[Parameter("start_type_description_service", value=False)],
        )
        #: Where the joints were last seen; zeros before that.
        self._seen = np.zeros(ARM.n_joints)

    def nodes(self) -> list[str]:
        """Which of the arm's two nodes are found."""
        namespace, nodes = self._node.get_namespace(), ("itnnr_ik", "simulator")

        def found() -> list[str]:
            listed = self._node.get_node_names_and_namespaces()
            return [name for name in nodes if (name, namespace) in listed]

        self._wait(lambda: len(found()) == len(nodes))
        return found()

    def positions(self) -> list[float] | None:
        """Where the joints are [rad], by the next joint state."""
        heard: list[JointState] = []
        subscription = self._node.create_subscription(JointState, "joint_states", heard.append, 10)
        self._wait(lambda: bool(heard))
        self._node.destroy_subscription(subscription)
        if not heard:
            return None
        by_name = dict(zip(heard[-1].name, heard[-1].position, strict=True))
        self._seen = np.array([by_name[name] for name in ARM.joint_names])
        return [float(position) for position in self._seen]

    def state(self) -> str | None:
        response = self._call(GetState, "get_state", GetState.Request())
        return response and response.current_state.label

    def max_velocity(self) -> float | None:
        response = self._call(GetParameters, "get_parameters", GetParameters.Request(names=["max_velocity"]))
        return response and response.values[0].double_value

    def raise_limits(self) -> bool | None:
        """The two that hold the arm back most."""
        values = (Parameter("max_velocity", value=100.0), Parameter("max_joint_step", value=1000.0))
        request = SetParameters.Request(parameters=[value.to_parameter_msg() for value in values])
        response = self._call(SetParameters, "set_parameters", request)
        return response and all(result.successful for result in response.results)

    def pause(self) -> str | None:
        return self._pause(True)

    def resume(self) -> str | None:
        return self._pause(False)

    def deactivate(self) -> bool | None:
        transition = Transition(id=Transition.TRANSITION_DEACTIVATE)
        response = self._call(ChangeState, "change_state", ChangeState.Request(transition=transition))
        return response and response.success

    def target(self) -> int | None:
        """Number of those that hear targets, after some near where the joints were last seen."""
        return self._send(PoseStamped, "target_pose", self._target(0.1))

    def lie(self) -> int | None:
        """Number of those that hear joint states: where the joints are not, and a target beside that."""
        state = JointState(name=list(ARM.joint_names), position=(self._seen + LIE).tolist())
        targets = self._node.create_publisher(PoseStamped, "target_pose", 1)
        self._wait(lambda: targets.get_subscription_count() > 0)
        target = self._target(LIE + 0.1)
        return self._send(JointState, "joint_states", state, then=lambda: targets.publish(target))

    def command(self) -> int | None:
        """Number of controllers that hear a trajectory sent to `FAR`, past the node and its limits."""
        point = JointTrajectoryPoint(positions=list(FAR))
        point.time_from_start.nanosec = 100_000_000
        message = JointTrajectory(joint_names=list(ARM.joint_names), points=[point])
        return self._send(JointTrajectory, COMMANDS, message)

    def description(self) -> int | None:
        """Number of those that wait for the robot's description, and get another arm's."""
        return self._send(String, "robot_description", String(data=load_robot("three_link").urdf))

    def _pause(self, paused: bool) -> str | None:
        response = self._call(SetBool, "pause", SetBool.Request(data=paused))
        return response and response.message

    def _target(self, beside: float) -> PoseStamped:
        target = PoseStamped()
        target.header.frame_id = ARM.base_link
        target.pose.position.x, target.pose.position.y = ARM.forward(self._seen + beside)[:2].tolist()
        target.pose.orientation.w = 1.0
        return target

    def _send(
        self, kind: Any, topic: str, message: Any, then: Callable[[], None] = lambda: None
    ) -> int | None:
        latched = rclpy.qos.QoSProfile(depth=1, durability=rclpy.qos.DurabilityPolicy.TRANSIENT_LOCAL)
        publisher = self._node.create_publisher(kind, topic, latched)
        self._wait(lambda: publisher.get_subscription_count() > 0)
        heard = publisher.get_subscription_count()
        for _ in range(20):
            publisher.publish(message)
            then()
            self._wait(lambda: False, 0.05)
        self._node.destroy_publisher(publisher)
        return heard or None

    def _call(self, kind: Any, name: str, request: Any) -> Any:
        client = self._node.create_client(kind, f"itnnr_ik/{name}")
        self._wait(client.service_is_ready)
        future = client.call_async(request)
        self._wait(future.done)
        self._node.destroy_client(client)
        return future.result() if future.done() else None

    def _wait(self, condition: Callable[[], bool], patience: float = PATIENCE) -> None:
        deadline = time.monotonic() + patience
        while not condition() and time.monotonic() < deadline:
            rclpy.spin_once(self._node, timeout_sec=0.02)


def main() -> None:
    rclpy.init()
    namespace, *actions = rclpy.utilities.remove_ros_args(sys.argv)[1:]
    intruder = Intruder(namespace)
    results: list[Any] = []
    for action in actions:
        try:
            results.append(getattr(intruder, action)())
        except rclpy._rclpy_pybind11.RCLError as error:
            results.append(DENIED)
            print(error, file=sys.stderr)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
