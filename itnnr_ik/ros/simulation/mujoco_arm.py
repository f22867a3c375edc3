"""An arm with mass, simulated by MuJoCo: position servos with limited force and speed. No ROS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from itnnr_ik.robot import KinematicChain
from itnnr_ik.ros.simulation.kinematic_arm import check_within_limits, usable
from itnnr_ik.ros.simulation.mujoco_model import arm_spec, load_mujoco

_TIMESTEP = 1e-3  # [s]
#: Natural frequency of every joint's servo where it has most to move: about 5 Hz, as good arms have; and
#: among how many postures that is looked for.
_BANDWIDTH, _SAMPLES = 30.0, 64  # [rad/s]
#: The speed of the set-points is fed forward: over this time it is averaged.
_SMOOTHING = 0.02  # [s]
#: How hard the stops at the joint limits are: MuJoCo's time constant, the smallest that is stable.
_STOP = 2.0 * _TIMESTEP  # [s]


class MujocoArm:
    """Joints that are driven along set-points by servos, each at no more than ``max_velocity``.

    The servos are MuJoCo's position actuators, damped at least critically, and limited to the effort of
    the URDF. As in an industrial arm's drives, set-points are joined by straight lines, the weight of the
    links is compensated and the speed of the set-point is fed forward, so that a joint neither hangs below
    its set-point nor lags behind one that moves steadily. What is left is due to inertia: set-point and joint
    differ while they speed up. No set-point is cut: what is beyond a limit drives the joint against its stop.

    Joints of the URDF that are not the arm's stay where they are, and mimic joints of the arm follow.

    Args:
        arm: Gives the URDF, the joints and their limits.
        max_velocity: Of every joint, or of each (n,), in [rad/s] or [m/s]: the servos ask
            none to move faster.
        initial_positions: (n,) in [rad] or [m], within the limits; the arm starts at rest.

    Raises:
        ImportError: MuJoCo cannot be loaded.
        ValueError: A velocity is not positive, the initial positions do not fit the arm, or MuJoCo refuses
            it.
    """

    def __init__(
        self,
        arm: KinematicChain,
        max_velocity: float | np.ndarray,
        initial_positions: Sequence[float] | np.ndarray,
    ) -> None:
        self._max_velocity = _check_velocity(arm, max_velocity)
        start = check_within_limits(arm, initial_positions)
        self._mujoco = load_mujoco()
        self._model = _model(self._mujoco, arm)
        self._data = self._mujoco.MjData(self._model)
        self._joints = [int(self._model.joint(name).id) for name in arm.joint_names]
        # A servo's force is kp (ctrl − q) − kv q', so ctrl − q = (kv / kp) v asks for the speed v.
        self._lead = -self._model.actuator_biasprm[:, 2] / self._model.actuator_gainprm[:, 0]
        self._set_points = start
        self._speed = np.zeros_like(start)
        self._left = 0.0
        self._data.qpos[self._joints] = start
        for follower, leader, (offset, ratio) in _followers(self._model):
            self._data.qpos[follower] = offset + ratio * self._data.qpos[leader]
        self._mujoco.mj_forward(self._model, self._data)

    @property
    def positions(self) -> np.ndarray:
        """Joint positions (n,) in [rad] or [m]; one driven against its limit may be a little beyond it."""
        return np.array(self._data.qpos[self._joints])

    @property
    def velocities(self) -> np.ndarray:
        """Joint velocities (n,) in [rad/s] or [m/s]."""
        return np.array(self._data.qvel[self._joints])

    def move(self, set_points: np.ndarray, duration: float) -> None:
        """Drive towards ``set_points`` (n,) [rad, m], which count from ``duration`` [s] on; see `usable`.

        It goes in steps of 1 ms, and a rest is kept for the next call.
        """
        start, end = self._set_points, usable(set_points, self._set_points)
        # A little more, so that ten steps of a tenth make a whole one.
        count = int((self._left + duration) / _TIMESTEP + 1e-6)
        speed = (end - start) / duration
        for i in range(count):
            share = min(1.0, ((i + 1) * _TIMESTEP - self._left) / duration)
            self._step(start + share * (end - start), speed)
        self._left += duration - count * _TIMESTEP
        self._set_points = end

    def _step(self, set_points: np.ndarray, speed: np.ndarray) -> None:
        wanted = speed.clip(-self._max_velocity, self._max_velocity)
        self._speed += (wanted - self._speed) * (_TIMESTEP / _SMOOTHING)
        positions = self._data.qpos[self._joints]
        error = set_points - positions + self._lead * self._speed
        reach = self._lead * self._max_velocity
        self._data.ctrl[:] = positions + np.clip(error, -reach, reach)
        self._mujoco.mj_step(self._model, self._data)


def _check_velocity(arm: KinematicChain, max_velocity: float | np.ndarray) -> np.ndarray:
    """``max_velocity`` of each joint (n,) in [rad/s] or [m/s]; a ValueError unless positive and finite."""
    velocities = np.asarray(max_velocity, dtype=float)
    if not (np.isfinite(velocities) & (velocities > 0)).all():
        raise ValueError(f"max_velocity must be positive and finite, got {max_velocity} rad/s or m/s")
    return np.full(arm.n_joints, velocities)


def _model(mujoco: Any, arm: KinematicChain) -> Any:
    """The arm as a compiled model with a servo for each of its joints."""
    spec = arm_spec(arm)
    spec.option.timestep = _TIMESTEP
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    for body in spec.bodies[1:]:
        body.gravcomp = 1.0
    for joint in spec.joints:
        joint.solref_limit = [_STOP, 1.0]
    servos = [
        spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        for name in arm.joint_names
    ]
    model = spec.compile()
    postures = np.zeros((_SAMPLES + 1, model.nq))
    postures[1:, [model.joint(name).id for name in arm.joint_names]] = arm.sample(
        _SAMPLES, np.random.default_rng(0)
    )
    inertias = _inertias(mujoco, model, postures)
    for servo, name in zip(servos, arm.joint_names, strict=True):
        inertia = inertias[model.joint(name).id]
        servo.set_to_position(kp=_BANDWIDTH**2 * inertia, kv=2.0 * _BANDWIDTH * inertia)
    return spec.compile()


def _followers(model: Any) -> list[tuple[int, int, np.ndarray]]:
    """Joints that follow others, which, and with what offset and ratio."""
    return [
        (int(follower), int(leader), data[:2])
        for follower, leader, data in zip(model.eq_obj1id, model.eq_obj2id, model.eq_data, strict=True)
    ]


def _inertias(mujoco: Any, model: Any, postures: np.ndarray) -> np.ndarray:
    """What each joint's servo may have to hold [kg m², kg], at the worst of postures (p, nq).

    By the rows of the mass matrix, not its diagonal alone: a long arm's first joint, when it speeds up, whips
    the last one.
    """
    data = mujoco.MjData(model)
    inertias = np.zeros(model.nv)
    columns = np.zeros((model.nv, model.nv))
    for posture in postures:
        data.qpos[:] = posture
        mujoco.mj_forward(model, data)
        for column, unit in zip(columns, np.eye(model.nv), strict=True):
            mujoco.mj_mulM(model, data, column, unit)
        inertias = np.maximum(inertias, np.abs(columns).sum(axis=1))
    return inertias
