"""Follow a circle through ROS 2: start the node, send it targets, and move the joints as it answers."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import JointState

from itnnr_ik import IKSolver

# In a namespace, so that no robot nearby hears of it. With a ROS 2 installation the same node starts by
# ros2 run itnnr_ik ik_node --ros-args -r __ns:=/example -p model:=panda
NODE = [sys.executable, "-m", "itnnr_ik.ros.ik_node", "--ros-args", "--log-level", "warn"]
NODE += ["-r", "__ns:=/example", "-p", "model:=panda"]
LONGEST = 60.0  # [s]

arm = IKSolver.load("panda").arm
start = np.array([0.0, -0.8, 0.0, -2.4, 0.0, 1.6, 0.8])  # [rad]
angles = np.linspace(0.0, 4.0 * np.pi, 200)
circle = np.tile(arm.forward(start), (len(angles), 1))  # poses (200, 7)
circle[:, 0] += 0.1 * (np.cos(angles) - 1.0)
circle[:, 1] += 0.1 * np.sin(angles)
joints = [start]  # the start, and the answer to each target: this arm is there at once


def on_solution(message: JointState) -> None:
    """Move to the answer to the present target, which has the target's stamp."""
    if message.header.stamp.sec == len(joints):
        joints.append(np.array([message.position[message.name.index(name)] for name in arm.joint_names]))


rclpy.init()
node = rclpy.create_node("tracker", namespace="/example")
states = node.create_publisher(JointState, "joint_states", 1)
targets = node.create_publisher(PoseStamped, "target_pose", 1)
node.create_subscription(JointState, "joint_solution", on_solution, 1)
deadline = time.monotonic() + LONGEST
with subprocess.Popen(NODE) as ik_node:
    while len(joints) <= len(circle) and time.monotonic() < deadline and ik_node.poll() is None:
        states.publish(JointState(name=arm.joint_names, position=joints[-1].tolist()))
        target = PoseStamped()
        target.header.frame_id, target.header.stamp.sec = arm.base_link, len(joints)
        place, turn = target.pose.position, target.pose.orientation
        place.x, place.y, place.z, turn.x, turn.y, turn.z, turn.w = circle[len(joints) - 1].tolist()
        targets.publish(target)
        rclpy.spin_once(node, timeout_sec=0.2)  # then again, for whatever was sent before the node was there
    ik_node.terminate()

answered = np.array(joints[1:])
error = np.linalg.norm(arm.forward(answered)[:, :3] - circle[: len(answered), :3], axis=1).max(initial=0.0)
step = np.abs(np.diff(joints, axis=0)).max(initial=0.0)
if not (len(answered) == len(circle) and error <= 1e-6 and step < 0.1):
    raise SystemExit(f"CHECK FAILED: {len(answered)} answered, off by {error:g} m, a step of {step:g} rad")
print(f"{len(answered)} targets answered, off by {error:.0e} m at most; at most {step:.3f} rad a target")
