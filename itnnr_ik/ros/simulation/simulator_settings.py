"""The parameters of ``simulator``, but for those that choose the robot and where its joints start."""

from __future__ import annotations

from dataclasses import replace

from itnnr_ik.ros.setup.parameters import Choice, Flag, Number
from itnnr_ik.ros.setup.settings import COMMAND_OUT_TOPIC, COMMAND_OUT_TYPE, MAX_VELOCITY
from itnnr_ik.targets import CURVES

REST = "rest"
ENGINES = ("kinematic", "mujoco")

RATE = Number(
    "rate",
    100.0,
    "How often joint states are published, in [Hz], at most once a control cycle",
    minimum=1.0,
    maximum=1000.0,
)
UPDATE_RATE = Number(
    "update_rate",
    100.0,
    "Control cycles a second, in [Hz], as the controller_manager's: each reads the joints and sets their "
    "next set-points",
    minimum=10.0,
    maximum=1000.0,
)
FROM_DESIRED_STATE = Flag(
    "interpolate_from_desired_state",
    True,
    "Trajectories begin at the controller's last set-points, not at the measured joint state, as with "
    "joint_trajectory_controller's parameter of this name",
)
ENFORCE_LIMITS = Flag(
    "enforce_command_limits",
    False,
    "Clip set-points to the joint and velocity limits of the URDF, as the controller_manager does by "
    "default; false: joints go wherever they are sent, so that a wrong command is seen",
)
START_AT = Choice(
    "start_at",
    REST,
    "Where the joints start unless initial_positions says: rest is a posture from which the tool can move in "
    "every direction; a curve's name puts the tool where target_source starts on that curve",
    choices=(REST, *CURVES),
)
ENGINE = Choice(
    "engine",
    "kinematic",
    "What moves the joints: kinematic has no mass; mujoco simulates mass, gravity and servos",
    choices=ENGINES,
)
PUBLISH_CLOCK = Flag("publish_clock", False, "Publish the simulated time, from 0 on, on /clock")
TOP_SPEED = replace(
    MAX_VELOCITY,
    changeable=False,
    description="Largest speed of every joint, or of each, on its way to a joint_solution, in [rad/s] or "
    "[m/s], where the URDF's is not lower",
)
# What ik_node is told to send is what is followed, so that one file of parameters serves both.
COMMAND_TYPE = replace(
    COMMAND_OUT_TYPE, description="Commands to follow: what ik_node is told to send; none: joint_solution"
)
COMMAND_TOPIC = replace(
    COMMAND_OUT_TOPIC,
    description="Where commands come; empty: where the usual controller of command_out_type listens",
)
