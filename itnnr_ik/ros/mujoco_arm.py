"""An arm with mass, simulated by MuJoCo: position servos with limited force and speed. No ROS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from itnnr_ik.robot import KinematicChain
from itnnr_ik.ros.kinematic_arm import check_positions, check_velocity, check_within_limits
from itnnr_ik.ros.mujoco_model import arm_spec, load_mujoco

_TIMESTEP = 1e-3  # [s]
#: Natural frequency of every joint's servo where it has most to move: about 5 Hz, as good arms have; and
#: among how many postures that is looked for.
_BANDWIDTH, _SAMPLES = 30.0, 64  # [rad/s]
#: Commands come in steps, and their speed is fed forward: over this time it is averaged.
_SMOOTHING = 0.02  # [s]
#: How hard the stops at the joint limits are: MuJoCo's time constant, the smallest that is stable.
_STOP = 2.0 * _TIMESTEP  # [s]


class MujocoArm:
    """Joints that are driven to a command by servos, each at no more than ``max_velocity``.

    The servos are MuJoCo's position actuators, damped at least critically, and limited to the effort of
    the URDF. As in an industrial arm's controller, the weight of the links is compensated and the
    speed of the set-point is fed forward, so that a joint neither hangs below its set-point nor lags behind
    one that moves steadily. What is left is due to inertia: set-point and joint differ while they speed up.

    Joints of the URDF that are not the arm's stay where they are, and mimic joints of the arm follow.

    Args:
        arm: Gives the URDF, the joints and their limits.
        max_velocity: Of every set-point, or of each (n,), in [rad/s] or [m/s]; the servos also ask no joint
            to move faster.
        initial_positions: (n,) in [rad] or [m], within the limits; the arm starts at rest.

    Raises:
        ImportError: MuJoCo cannot be loaded.
        ValueError: A velocity is not positive, the initial positions do not fit the arm, or MuJoCo refuses
            it.
    """

    #: Length of a step of the physics, in [s].
    timestep: float | None = _TIMESTEP

    def __init__(
        self,
        arm: KinematicChain,
        max_velocity: float | np.ndarray,
        initial_positions: Sequence[float] | np.ndarray,
    ) -> None:
        self._max_velocity = check_velocity(arm, max_velocity)
        start = check_within_limits(arm, initial_positions)
        self._lower, self._upper = arm.lower, arm.upper
        self._mujoco = load_mujoco()
        self._model = _model(self._mujoco, arm)
        self._data = self._mujoco.MjData(self._model)
        self._joints = [int(self._model.joint(name).id) for name in arm.joint_names]
        # A servo's force is kp (ctrl − q) − kv q', so ctrl − q = (kv / kp) v asks for the speed v.
        self._lead = -self._model.actuator_biasprm[:, 2] / self._model.actuator_gainprm[:, 0]
        self._goal = self._setpoint = start
        self._speed = np.zeros_like(start)
        self._left = 0.0
        self._data.qpos[self._joints] = start
        for follower, leader, (offset, ratio) in _followers(self._model):
            self._data.qpos[follower] = offset + ratio * self._data.qpos[leader]
        self._mujoco.mj_forward(self._model, self._data)

    @property
    def positions(self) -> np.ndarray:
        """Joint positions (n,) in [rad] or [m]; a joint driven against its limit may be a hair beyond it."""
        return np.array(self._data.qpos[self._joints])

    @property
    def velocities(self) -> np.ndarray:
        """Joint velocities (n,) in [rad/s] or [m/s]."""
        return np.array(self._data.qvel[self._joints])

    def command(self, positions: Sequence[float] | np.ndarray) -> None:
        """Set where the joints go to, (n,) in [rad] or [m]; what lies beyond a limit is cut to the limit.

        Raises:
            ValueError: Wrong number of positions, or one that is not finite.
        """
        goal = check_positions(positions, len(self._lower), "commanded positions")
        self._goal = np.clip(goal, self._lower, self._upper)

    def step(self, dt: float) -> None:
        """Move for ``dt`` [s] in steps of `timestep`; a rest is kept for the next call.

        A clock gone back moves nothing.
        """
        if dt <= 0.0:
            return
        # A hair more, so that ten steps of a tenth make a whole one.
        count = int((self._left + dt) / _TIMESTEP + 1e-6)
        self._left += dt - count * _TIMESTEP
        for _ in range(count):
            self._step()

    def _step(self) -> None:
        farthest = self._max_velocity * _TIMESTEP
        moved = np.clip(self._goal - self._setpoint, -farthest, farthest)
        self._setpoint = self._setpoint + moved
        self._speed += (moved / _TIMESTEP - self._speed) * (_TIMESTEP / _SMOOTHING)
        positions = self._data.qpos[self._joints]
        error = self._setpoint - positions + self._lead * self._speed
        reach = self._lead * self._max_velocity
        self._data.ctrl[:] = positions + np.clip(error, -reach, reach)
        self._mujoco.mj_step(self._model, self._data)


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
