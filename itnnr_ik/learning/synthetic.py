"""Makes synthetic recordings: joint states and measured tip poses of an arm that moves in its workspace."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from scipy.interpolate import PchipInterpolator
from scipy.spatial.transform import Rotation

from itnnr_ik.learning.truth import TrueKinematics
from itnnr_ik.recording.messages import joint_state, pose_stamped
from itnnr_ik.recording.records import JOINT_STATE, POSE_STAMPED
from itnnr_ik.recording.replacing import new_folder
from itnnr_ik.robot import ForwardModel, KinematicChain

Array = NDArray[np.float64]

JOINT_TOPIC, POSE_TOPIC = "/joint_states", "/tip_pose"
#: Mean speed [rad/s, m/s] of the joint that moves farthest from one posture to the next.
_MEAN_SPEED = 1.0
#: The arm rests after this number of postures for this time [s].
_REST_INTERVAL, _REST_DURATION = 10, 1.5
#: Delay of poses after joint states, as a share of the period.
_POSE_PHASE = 0.37
_START_TIME = 1_700_000_000 * 10**9  # [ns] since the epoch
_LATENCY = 1e-3  # [s] from a message's stamp to its receipt
#: Largest number of joint states, which are all in memory, and largest offset [s] of the poses' clock.
_MAX_STATES, _MAX_OFFSET = 10**7, 1e8


@dataclass(frozen=True)
class Disturbances:
    """Measurement errors of a synthetic recording.

    Args:
        pose_noise: Standard deviation of every coordinate of the tip, as a share of the arm's reach.
        joint_noise: Standard deviation of every joint position, in [rad] or [m].
        drop: Share of the messages of each topic that are lost.
        clock_offset: How far the poses' clock is ahead of the joint states', in [s].
        turn_noise: Standard deviation of the tip's rotation about every axis, in [rad].

    Raises:
        ValueError: A value is out of its range.
    """

    pose_noise: float = 0.01
    joint_noise: float = 0.0005
    drop: float = 0.02
    clock_offset: float = 0.05
    turn_noise: float = 0.005

    def __post_init__(self) -> None:
        noise = (self.pose_noise, self.joint_noise, self.turn_noise)
        if not (all(0.0 <= value < np.inf for value in noise) and 0.0 <= self.drop < 1.0):
            raise ValueError(f"noise must be finite and not negative, and 0 ≤ drop < 1, got {self}")
        if not abs(self.clock_offset) <= _MAX_OFFSET:
            raise ValueError(f"clock_offset must be from -{_MAX_OFFSET:g} to {_MAX_OFFSET:g} s, got {self}")


def smooth_motion(arm: ForwardModel, times: Array, rng: np.random.Generator) -> Array:
    """Joint positions (k, n) at ``times`` (k,) [s] of a motion between random postures, with rests.

    Monotone cubic interpolation keeps the joints within their limits.
    """
    knots, postures = [0.0], [arm.sample(1, rng)[0]]
    while knots[-1] <= times[-1]:
        if len(knots) % _REST_INTERVAL == 0:
            knots.append(knots[-1] + _REST_DURATION)
            postures.append(postures[-1])
        posture = arm.sample(1, rng)[0]
        knots.append(knots[-1] + max(0.3, float(np.abs(posture - postures[-1]).max()) / _MEAN_SPEED))
        postures.append(posture)
    positions: Array = PchipInterpolator(knots, postures)(times)
    return positions


def record(
    folder: Path,
    arm: KinematicChain,
    *,
    minutes: float = 10.0,
    rate: float = 50.0,
    disturbances: Disturbances | None = None,
    bent: bool = False,
    seed: int = 0,
) -> TrueKinematics:
    """Write a rosbag2 recording (mcap) with the true kinematics beside its messages, faster than real time.

    Args:
        folder: The new recording; must not exist.
        arm: The arm with nominal kinematics.
        minutes: Duration of the recording.
        rate: Joint states and poses per second.
        disturbances: Measurement errors.
        bent: The arm that moves differs from ``arm``, see `TrueKinematics.bent`.
        seed: Seed of motion, true kinematics and disturbances.

    Raises:
        ValueError: A number cannot be used, or the folder exists.
    """
    if not (0.0 < minutes < np.inf and 0.0 < rate < np.inf and 2.0 <= minutes * 60.0 * rate <= _MAX_STATES):
        raise ValueError(
            f"expected a positive length and rate with 2 to {_MAX_STATES} joint states, "
            f"got {minutes:g} min, {rate:g} Hz"
        )
    if folder.exists():
        raise ValueError(f"{folder} exists already: a recording is written to a new folder")
    disturbances = disturbances or Disturbances()
    rng = np.random.default_rng(seed)
    truth = TrueKinematics.bent(arm, rng) if bent else TrueKinematics.exact(arm)
    times = np.arange(round(minutes * 60.0 * rate)) / rate
    motion = smooth_motion(arm, np.stack([times, times + _POSE_PHASE / rate]).T.reshape(-1), rng)
    joints, poses, kept = _disturb(motion[0::2], truth.poses(motion[1::2]), arm.reach, disturbances, rng)
    types = get_typestore(Stores.ROS2_HUMBLE)
    with new_folder(folder) as written:
        _write(written, types, arm, times, joints, poses, kept, rate, disturbances.clock_offset)
        truth.save(written, {"minutes": minutes, "rate": rate, "seed": seed, **asdict(disturbances)})
    return truth


def _disturb(
    joints: Array, poses: Array, reach: float, disturbances: Disturbances, rng: np.random.Generator
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Joint positions (k, n) and poses (k, 7) with noise, and which of both (2, k) are not lost."""
    count = len(joints)
    poses[:, :3] += rng.normal(0.0, disturbances.pose_noise * reach, size=(count, 3))
    joints = joints + rng.normal(0.0, disturbances.joint_noise, size=joints.shape)
    kept = rng.uniform(size=(2, count)) >= disturbances.drop
    turns = Rotation.from_rotvec(rng.normal(0.0, disturbances.turn_noise, size=(count, 3)))
    poses[:, 3:] = (turns * Rotation.from_quat(poses[:, 3:])).as_quat()
    return joints, poses, kept


def _write(
    folder: Path,
    types: Any,
    arm: KinematicChain,
    times: Array,
    joints: Array,
    poses: Array,
    kept: NDArray[np.bool_],
    rate: float,
    clock_offset: float,
) -> None:
    """Write the joint states and poses that are ``kept`` (2, k)."""
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        states = writer.add_connection(JOINT_TOPIC, JOINT_STATE, typestore=types)
        tips = writer.add_connection(POSE_TOPIC, POSE_STAMPED, typestore=types)
        for i, time in enumerate(times.tolist()):
            if kept[0, i]:
                message = joint_state(types, _nanoseconds(time), "", arm.joint_names, joints[i])
                data = types.serialize_cdr(message, JOINT_STATE)
                writer.write(states, _nanoseconds(time + _LATENCY), data)
            if kept[1, i]:
                time += _POSE_PHASE / rate
                stamp = _nanoseconds(time + clock_offset)
                message = pose_stamped(types, stamp, arm.base_link, poses[i])
                data = types.serialize_cdr(message, POSE_STAMPED)
                writer.write(tips, _nanoseconds(time + _LATENCY), data)


def _nanoseconds(time: float) -> int:
    """The time since the epoch [ns] at a time [s] since the start."""
    return _START_TIME + round(time * 1e9)
