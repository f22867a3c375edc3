"""Simulates `ros.control` and controllers over random sequences of targets and faults for `bench motion`."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.bench.controllers import (
    CycleController,
    SimulatedPositionController,
    SimulatedTrajectoryController,
)
from itnnr_ik.ros.control import Limits, Motion, PositionOutput, TrackingState, TrajectoryOutput
from itnnr_ik.ros.status import RejectedError

Array = NDArray[np.float64]

N_JOINTS = 3
NAMES, UNITS = tuple(f"joint_{j + 1}" for j in range(N_JOINTS)), ("rad",) * N_JOINTS
#: Limits of a joint: ± position [rad], velocity [rad/s], acceleration [rad/s²], jerk [rad/s³], step [rad].
BOUND, VELOCITY, ACCELERATION, JERK, STEP = 1.5, 2.0, 10.0, 500.0, 1.0
PERIOD = 0.01  # of commands [s]
DURATION, N_TARGETS = 4.0, 50  # of a sequence [s], and of its steps
_TRANSPORT_DELAY = 0.001  # [s]
_TOLERANCE = 0.05  # of the tracking error [rad]
_STREAM_SPEED_SHARE = 0.8  # of the velocity limit, for streamed targets
_EPOCH = 100.0  # [s] at the beginning, because a stamp of 0 means none


@dataclass(frozen=True)
class Case:
    """Conditions of a sequence. Times are in [s], positions in [rad].

    Attributes:
        name: Title in a table.
        trajectories: Whether trajectories are sent, or positions without times.
        rate: Control rate [Hz].
        from_set_point: The controller's ``interpolate_from_desired_state``.
        replaces: Its ``allow_trajectory_replacement``.
        tells: Whether it publishes its ``controller_state``.
        clock: Offset by which its clock is ahead; None for joint states without stamps.
        late: Largest additional delay of messages.
        lost: Share of the messages that are lost.
        sag: Offset of the joints below their set-points.
        lag: Time constant of the servos; 0 for joints that are at their set-points.
        noise: Largest noise of joint states.
        fault: ``off``: the controller is off for 0.1 to 1 s; ``blocked``: joints cannot move for as long;
            ``two``: every second joint state is off by 1 rad for as long; ``limits``: the velocity limit is
            lowered to a third at a random time.
    """

    name: str
    trajectories: bool = True
    rate: float = 100.0
    from_set_point: bool = True
    replaces: bool = False
    tells: bool = False
    clock: float | None = 0.0
    late: float = 0.0
    lost: float = 0.0
    sag: float = 0.0
    lag: float = 0.0
    noise: float = 0.0
    fault: str = ""

    @property
    def anchored(self) -> bool:
        """Whether trajectories can be anchored in the controller's time."""
        return self.trajectories and self.clock is not None and not self.replaces

    @property
    def undisturbed(self) -> bool:
        """Whether nearly every target should be accepted: only steps or streams may ask too much."""
        return not (self.fault or self.lost or self.late or self.lag)


@dataclass
class Worst:
    """The worst figures of sequences; infinite ones of none.

    Attributes:
        beyond, speed, acceleration: Largest distance beyond a position limit [rad], and largest shares of the
            velocity and acceleration limits: of the controller's set-points, cycle by cycle, or of positions
            without times, message by message.
        accepted: Smallest share of targets accepted.
        sequences: Number of sequences.
    """

    beyond: float = -math.inf
    speed: float = -math.inf
    acceleration: float = -math.inf
    accepted: float = math.inf
    sequences: int = 0

    def add(self, other: Worst) -> None:
        """Combine with the figures of other sequences."""
        self.beyond = max(self.beyond, other.beyond)
        self.speed = max(self.speed, other.speed)
        self.acceleration = max(self.acceleration, other.acceleration)
        self.accepted = min(self.accepted, other.accepted)
        self.sequences += other.sequences


def limits(velocity: float = VELOCITY) -> Limits:
    """Limits, the same for every joint."""
    values = (-BOUND, BOUND, velocity, ACCELERATION, JERK, STEP)
    return Limits(*(np.full(N_JOINTS, value) for value in values))


@dataclass
class TargetSequence:
    """One random sequence, which `run` simulates cycle by cycle.

    Args:
        case: Its conditions.
        seed: Seed of the random numbers.
    """

    case: Case
    seed: int
    set_points: list[tuple[float, Array]] = field(default_factory=list)
    states: set[TrackingState] = field(default_factory=set)

    def __post_init__(self) -> None:
        case, rng = self.case, np.random.default_rng(self.seed)
        self._rng = np.random.default_rng(
            (self.seed, 1)
        )  # of messages, so that targets do not depend on them
        start = rng.uniform(-1.0, 1.0, N_JOINTS)
        self._period = 1.0 / case.rate
        output = TrajectoryOutput(NAMES, PERIOD) if case.trajectories else PositionOutput(PERIOD)
        self.motion = Motion(output, NAMES, UNITS, limits(), _TOLERANCE)
        self.motion.replaces = case.replaces
        self.controller: CycleController = (
            SimulatedTrajectoryController(start, self._period, case.from_set_point, case.replaces)
            if case.trajectories
            else SimulatedPositionController(start)
        )
        self.controller.activate(start)
        self.joints = start
        self._in_transit: list[tuple[float, int, Any]] = []
        self._numbers, self._last_arrival = count(), 0.0
        self._streams = bool(rng.random() < 0.5)
        self._target = _stream(start, rng) if self._streams else _steps(start, rng)
        self._next_target = 0.1
        self._target_period = 0.02 if self._streams else (DURATION - 0.2) / N_TARGETS
        self._fault_start = rng.uniform(1.0, 2.0)
        self._fault_end = self._fault_start + rng.uniform(0.1, 1.0)
        self.n_targets = self.accepted = 0

    def run(self, after: float = 0.5) -> Worst:
        """Simulate the sequence, and then ``after`` [s] without targets."""
        cycles = round((DURATION + after) * self.case.rate)
        next_tick = self._rng.uniform(0.0, PERIOD)
        for cycle in range(cycles):
            now = cycle * self._period
            while min(self._next_target, next_tick) < now:
                if self._next_target <= next_tick:
                    self._send_target(self._next_target)
                else:
                    self._send_message(next_tick)
                    next_tick += PERIOD
            self._cycle(now, cycle)
        return self._worst()

    def _has_fault(self, fault: str, now: float) -> bool:
        return self.case.fault == fault and self._fault_start <= now < self._fault_end

    def _send_target(self, now: float) -> None:
        self._next_target += self._target_period
        if now > DURATION:
            return
        if self.case.fault == "limits":
            self.motion.limits = limits(VELOCITY / 3.0) if now >= self._fault_start else limits()
        self.n_targets += 1
        try:
            self.motion.set_goal(self._target(now), now, self._streams)
            self.accepted += 1
        except RejectedError:
            self.motion.stop()
        if self.motion.timed:
            self._send_message(now)

    def _send_message(self, now: float) -> None:
        message = self.motion.message(now, _EPOCH + now, np.zeros(N_JOINTS))
        if message is None or self._rng.random() < self.case.lost:
            return
        delay = _TRANSPORT_DELAY + self._rng.uniform(0.0, self.case.late)
        self._last_arrival = max(self._last_arrival, now + delay)  # messages keep their order
        heapq.heappush(self._in_transit, (self._last_arrival, next(self._numbers), message))

    def _cycle(self, now: float, cycle: int) -> None:
        case, controller = self.case, self.controller
        clock = _EPOCH + now + (case.clock or 0.0)
        while self._in_transit and self._in_transit[0][0] <= now:
            *_, message = heapq.heappop(self._in_transit)
            controller.receive(message, clock)
            if not case.trajectories and controller.active:
                self.set_points.append((now, np.array(message.data)))
        inactive = self._has_fault("off", now)
        if inactive:
            controller.active = False
        elif not controller.active:
            controller.activate(self.joints)
            self.set_points.append((math.nan, self.joints))
        controller.cycle(clock, self.joints)
        if not inactive and not self._has_fault("blocked", now):
            gain = 1.0 if case.lag == 0.0 else -math.expm1(-self._period / case.lag)
            self.joints = self.joints + gain * (controller.set_point - case.sag - self.joints)
        if case.trajectories:
            self.set_points.append((now, controller.set_point))
        self._send_state(now, clock, cycle)

    def _send_state(self, now: float, clock: float, cycle: int) -> None:
        case, motion = self.case, self.motion
        received = _EPOCH + now + 0.5 * _TRANSPORT_DELAY
        motion.clock.add(0.0 if case.clock is None else clock, received)
        measured = self.joints + self._rng.uniform(-case.noise, case.noise, N_JOINTS)
        motion.take_joints(measured + (cycle % 2 if self._has_fault("two", now) else 0.0), now)
        if (
            case.tells
            and isinstance(self.controller, SimulatedTrajectoryController)
            and self.controller.active
        ):
            motion.take_reference(self.controller.reference, now)
        self.states.add(motion.monitor.state)

    def _worst(self) -> Worst:
        """The worst figures, without the controller's own stops where it is activated or deactivated."""
        case = self.case
        step = self._period if case.trajectories else PERIOD
        positions = np.array([position for _, position in self.set_points])
        times = np.array([time for time, _ in self.set_points])
        velocity = np.diff(positions, axis=0) / step
        acceleration = np.diff(velocity, axis=0) / step
        stops = np.isnan(times[1:]) | self._stopping(times[1:])
        velocity[stops] = 0.0
        acceleration[stops[1:] | stops[:-1]] = 0.0
        return Worst(
            beyond=float(np.abs(positions).max() - BOUND),
            speed=float(np.abs(velocity).max()) / VELOCITY,
            acceleration=float(np.abs(acceleration).max()) / ACCELERATION,
            accepted=self.accepted / self.n_targets,
            sequences=1,
        )

    def _stopping(self, times: Array) -> NDArray[np.bool_]:
        """At which times [s] the controller has just been deactivated."""
        if self.case.fault != "off":
            return np.zeros(len(times), dtype=bool)
        return (times >= self._fault_start) & (times <= self._fault_start + 2.0 * self._period)


def _stream(start: Array, rng: np.random.Generator) -> Callable[[float], Array]:
    """Streamed targets: joints oscillate from rest, each at its own frequency."""
    amplitude = rng.uniform(0.05, 0.6, N_JOINTS)
    frequency = np.minimum(
        2.0 * math.pi * rng.uniform(0.1, 0.6, N_JOINTS), _STREAM_SPEED_SHARE * VELOCITY / amplitude
    )
    middle = np.clip(start - amplitude, -BOUND, BOUND)
    return lambda now: np.clip(middle + amplitude * np.cos(frequency * (now - 0.1)), -BOUND, BOUND)


def _steps(start: Array, rng: np.random.Generator) -> Callable[[float], Array]:
    """Single targets: random steps around a position that is often at a limit."""
    middle = 1.5 * start
    return lambda now: np.clip(middle + rng.uniform(-0.4, 0.4, N_JOINTS), -BOUND, BOUND)
