"""An arm with mass, simulated by MuJoCo: position servos with limited force and speed. No ROS."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from itnnr_ik.arms import Arm, to_urdf
from itnnr_ik.ros.kinematic_arm import check_positions, check_velocity, check_within_limits

#: MuJoCo drops what is drawn, and links that a fixed joint holds, unless it is told not to.
_COMPILER = '<mujoco><compiler discardvisual="false" fusestatic="false"/></mujoco></robot>'
_TIMESTEP = 1e-3  # [s]
#: Natural frequency of every joint's servo with the arm stretched: about 5 Hz, as good arms have.
_BANDWIDTH = 30.0  # [rad/s]
#: Commands come in steps, and their speed is fed forward: over this time it is averaged.
_SMOOTHING = 0.02  # [s]
#: How hard the stops at the joint limits are: MuJoCo's time constant, the smallest that is stable.
_STOP = 2.0 * _TIMESTEP  # [s]


def load_mujoco() -> Any:
    """The module ``mujoco``.

    Raises:
        ImportError: It is not installed, or cannot be loaded; the text says what to install.
    """
    try:
        return importlib.import_module("mujoco")
    except (ImportError, OSError, AttributeError) as error:  # the last where EGL is asked for and missing
        raise ImportError(
            f"this needs MuJoCo, which cannot be loaded ({error}): pip install 'itnnr_ik[mujoco]'"
        ) from error


def arm_spec(arm: Arm) -> Any:
    """The arm's URDF as an ``mjSpec``, with what is drawn and with its tip frame.

    Raises:
        ImportError: MuJoCo cannot be loaded.
    """
    return load_mujoco().MjSpec.from_string(to_urdf(arm).replace("</robot>", _COMPILER))


class MujocoArm:
    """Joints that are driven to a command by servos, each at no more than ``max_velocity``.

    The servos are MuJoCo's position actuators, damped at least critically, and limited to the effort of
    the URDF. As in an industrial arm's controller, the weight of the links is compensated and the
    speed of the set-point is fed forward, so that a joint neither hangs below its set-point nor lags behind
    one that moves steadily. What is left is due to inertia: set-point and joint differ while they speed up.

    Args:
        arm: Gives the URDF.
        max_velocity: Of every set-point, in [rad/s]; the servos also ask no joint to move faster.
        initial_positions: (n,) [rad], within the limits; the arm starts at rest.

    Raises:
        ImportError: MuJoCo cannot be loaded.
        ValueError: The velocity is not positive, or the initial positions do not fit the arm.
    """

    #: Length of a step of the physics, in [s].
    timestep: float | None = _TIMESTEP

    def __init__(
        self, arm: Arm, max_velocity: float, initial_positions: Sequence[float] | np.ndarray
    ) -> None:
        self._max_velocity = check_velocity(max_velocity)
        start = check_within_limits(arm, initial_positions)
        self._lower, self._upper = arm.limits
        self._mujoco = load_mujoco()
        self._model = _model(self._mujoco, arm)
        self._data = self._mujoco.MjData(self._model)
        # A servo's force is kp (ctrl − q) − kv q', so ctrl − q = (kv / kp) v asks for the speed v.
        self._lead = -self._model.actuator_biasprm[:, 2] / self._model.actuator_gainprm[:, 0]
        self._goal = self._setpoint = start
        self._speed = np.zeros_like(start)
        self._left = 0.0
        self._data.qpos[:] = start
        self._mujoco.mj_forward(self._model, self._data)

    @property
    def positions(self) -> np.ndarray:
        """Joint positions (n,) [rad]; a joint driven against its limit may be a hair beyond it."""
        return np.array(self._data.qpos)

    @property
    def velocities(self) -> np.ndarray:
        """Joint velocities (n,) [rad/s]."""
        return np.array(self._data.qvel)

    def command(self, positions: Sequence[float] | np.ndarray) -> None:
        """Set where the joints go to, (n,) [rad]; what lies beyond a limit is cut to the limit.

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
        error = self._setpoint - self._data.qpos + self._lead * self._speed
        reach = self._lead * self._max_velocity
        self._data.ctrl[:] = self._data.qpos + np.clip(error, -reach, reach)
        self._mujoco.mj_step(self._model, self._data)


def _model(mujoco: Any, arm: Arm) -> Any:
    """The arm as a compiled model with a servo for each joint."""
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
    for servo, inertia in zip(servos, _inertias(mujoco, spec.compile()), strict=True):
        servo.set_to_position(kp=_BANDWIDTH**2 * inertia, kv=2.0 * _BANDWIDTH * inertia)
    return spec.compile()


def _inertias(mujoco: Any, model: Any) -> np.ndarray:
    """What each joint's servo may have to hold (n,) [kg m²]: the rows of the mass matrix, stretched arm.

    Not its diagonal alone: a long arm's first joint, when it speeds up, whips the last one.
    """
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    columns = np.zeros((model.nv, model.nv))
    for column, unit in zip(columns, np.eye(model.nv), strict=True):
        mujoco.mj_mulM(model, data, column, unit)
    inertias: np.ndarray = np.abs(columns).sum(axis=1)
    return inertias
