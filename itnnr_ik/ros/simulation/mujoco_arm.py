"""An arm with mass, simulated by MuJoCo: position servos with limited force and speed. No ROS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from itnnr_ik.robot import KinematicChain
from itnnr_ik.ros.simulation.kinematic_arm import check_within_limits, usable
from itnnr_ik.ros.simulation.mujoco_model import arm_spec, load_mujoco

_TIMESTEP = 1e-3  # [s]
#: Natural frequency of every joint's servo at its largest inertia (about 5 Hz, as of good arms), and the
#: number of configurations among which that is searched.
_BANDWIDTH, _INERTIA_SAMPLES = 30.0, 64  # [rad/s]
#: Time constant of the filter for the set-points' speed, which is fed forward.
_SMOOTHING_TIME = 0.02  # [s]
#: MuJoCo's time constant of the stops at the joint limits, the smallest that is stable.
_STOP_TIME_CONSTANT = 2.0 * _TIMESTEP  # [s]


class MujocoArm:
    """Joints that are driven along set-points by servos, each at no more than ``max_velocity``.

    The servos are MuJoCo's position actuators, damped at least critically, and limited to the effort of
    the URDF. As in an industrial arm's drives, set-points are interpolated linearly, gravity is compensated
    and the speed of the set-point is fed forward, so that a joint neither sags below its set-point nor lags
    behind one of constant speed. The remaining tracking error is due to acceleration. Set-points are not
    clipped: one beyond a limit drives the joint against its stop.

    Joints of the URDF that are not the arm's stay where they are, and mimic joints of the arm follow.

    Args:
        arm: Gives the URDF, the joints and their limits.
        max_velocity: Largest velocity that the servos command, of every joint, or of each (n,), in
            [rad/s] or [m/s].
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
        # A servo's force is kp (ctrl − q) − kv q', so ctrl − q = (kv / kp) v commands the speed v.
        self._lead_time = -self._model.actuator_biasprm[:, 2] / self._model.actuator_gainprm[:, 0]
        self._set_points = start
        self._feedforward_speed = np.zeros_like(start)
        self._remaining_time = 0.0
        self._data.qpos[self._joints] = start
        for follower, leader, (offset, ratio) in _mimic_joints(self._model):
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
        """Drive towards ``set_points`` (n,) [rad, m], due after ``duration`` [s]; see `usable`.

        Time steps are 1 ms; the remainder is added to the next call's.
        """
        start, end = self._set_points, usable(set_points, self._set_points)
        # With a margin for rounding.
        count = int((self._remaining_time + duration) / _TIMESTEP + 1e-6)
        speed = (end - start) / duration
        for i in range(count):
            share = min(1.0, ((i + 1) * _TIMESTEP - self._remaining_time) / duration)
            self._step(start + share * (end - start), speed)
        self._remaining_time += duration - count * _TIMESTEP
        self._set_points = end

    def _step(self, set_points: np.ndarray, speed: np.ndarray) -> None:
        limited = speed.clip(-self._max_velocity, self._max_velocity)
        self._feedforward_speed += (limited - self._feedforward_speed) * (_TIMESTEP / _SMOOTHING_TIME)
        positions = self._data.qpos[self._joints]
        error = set_points - positions + self._lead_time * self._feedforward_speed
        max_lead = self._lead_time * self._max_velocity
        self._data.ctrl[:] = positions + np.clip(error, -max_lead, max_lead)
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
        joint.solref_limit = [_STOP_TIME_CONSTANT, 1.0]
    servos = [
        spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        for name in arm.joint_names
    ]
    model = spec.compile()
    postures = np.zeros((_INERTIA_SAMPLES + 1, model.nq))
    postures[1:, [model.joint(name).id for name in arm.joint_names]] = arm.sample(
        _INERTIA_SAMPLES, np.random.default_rng(0)
    )
    inertias = _inertias(mujoco, model, postures)
    for servo, name in zip(servos, arm.joint_names, strict=True):
        inertia = inertias[model.joint(name).id]
        servo.set_to_position(kp=_BANDWIDTH**2 * inertia, kv=2.0 * _BANDWIDTH * inertia)
    return spec.compile()


def _mimic_joints(model: Any) -> list[tuple[int, int, np.ndarray]]:
    """Mimic joints, their leaders, and offset and ratio (2,) of each."""
    return [
        (int(follower), int(leader), data[:2])
        for follower, leader, data in zip(model.eq_obj1id, model.eq_obj2id, model.eq_data, strict=True)
    ]


def _inertias(mujoco: Any, model: Any, postures: np.ndarray) -> np.ndarray:
    """The largest effective inertia of each joint [kg m², kg] among configurations (p, nq).

    By the rows of the mass matrix, not its diagonal alone: a long arm's joints accelerate each other.
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
