"""Random sequences of targets and faults, for `bench motion`: what a controller makes of `ros.control`."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.bench.controllers import CycleController, CyclicPositions, CyclicTrajectories
from itnnr_ik.ros.control import Limits, Motion, PositionOutput, TrackingState, TrajectoryOutput
from itnnr_ik.ros.status import RejectedError

Array = NDArray[np.float64]

N_JOINTS = 3
NAMES, UNITS = tuple(f"joint_{j + 1}" for j in range(N_JOINTS)), ("rad",) * N_JOINTS
BOUND, VELOCITY, ACCELERATION, JERK, STEP = 1.5, 2.0, 10.0, 500.0, 1.0
PERIOD = 0.01  # of commands [s]
SECONDS, TARGETS = 4.0, 50
_TRANSPORT = 0.001  # [s]
_TOLERANCE = 0.05
#: Of a stream's largest speed, what its targets move at.
_SHARE = 0.8
#: Where the clocks' common time begins [s]: a stamp of 0 says nothing.
_EPOCH = 100.0


@dataclass(frozen=True)
class Case:
    """What a sequence is like. Times are in [s], positions in [rad].

    Attributes:
        name: In a few words.
        trajectories: What is sent: trajectories, or positions without times.
        rate: Control cycles a second.
        from_set_point: The controller's ``interpolate_from_desired_state``.
        tells: It publishes its ``controller_state``.
        clock: How far its clock is ahead; None for joint states without stamps.
        late: Messages come up to this much later.
        lost: Share of the messages that do not come.
        sag: By which the joints hang below their set-points.
        lag: Time constant of the joints' servos; 0 for joints that are where they are sent.
        noise: Of joint states, up to.
        fault: ``off``: not active for 0.1 to 1 s; ``blocked``: joints that cannot move for as long;
            ``two``: every other joint state is 1 rad off for as long; ``limits``: a third of the velocity
            from some time on.
    """

    name: str
    trajectories: bool = True
    rate: float = 100.0
    from_set_point: bool = True
    tells: bool = False
    clock: float | None = 0.0
    late: float = 0.0
    lost: float = 0.0
    sag: float = 0.0
    lag: float = 0.0
    noise: float = 0.0
    fault: str = ""

    @property
    def undisturbed(self) -> bool:
        """Whether every target should be accepted, but for what a step or a stream asks too much."""
        return not (self.fault or self.lost or self.late or self.lag)


@dataclass
class Worst:
    """The worst of what was seen: of positions beyond a limit [rad], and shares of the limits.

    Attributes:
        beyond, speed, acceleration: Of the controller's set-points, cycle by cycle; where positions without
            times are sent, message by message.
        accepted: The least share of targets accepted.
        sequences: How many.
    """

    beyond: float = -math.inf
    speed: float = 0.0
    acceleration: float = 0.0
    accepted: float = 1.0
    sequences: int = 0

    def add(self, other: Worst) -> None:
        """Take the worse of the two of each."""
        self.beyond = max(self.beyond, other.beyond)
        self.speed = max(self.speed, other.speed)
        self.acceleration = max(self.acceleration, other.acceleration)
        self.accepted = min(self.accepted, other.accepted)
        self.sequences += other.sequences


def limits(velocity: float = VELOCITY) -> Limits:
    """Of every joint the same."""
    values = (-BOUND, BOUND, velocity, ACCELERATION, JERK, STEP)
    return Limits(*(np.full(N_JOINTS, value) for value in values))


@dataclass
class Sequence:
    """One random sequence, which `run` plays cycle by cycle.

    Args:
        case: What it is like.
        seed: Of all that is drawn.
    """

    case: Case
    seed: int
    set_points: list[tuple[float, Array]] = field(default_factory=list)
    states: set[TrackingState] = field(default_factory=set)

    def __post_init__(self) -> None:
        case, rng = self.case, np.random.default_rng(self.seed)
        self._rng = np.random.default_rng((self.seed, 1))  # of messages: targets do not depend on them
        start = rng.uniform(-1.0, 1.0, N_JOINTS)
        self._period = 1.0 / case.rate
        output = TrajectoryOutput(NAMES, PERIOD) if case.trajectories else PositionOutput(PERIOD)
        self.motion = Motion(output, NAMES, UNITS, limits(), _TOLERANCE)
        self.controller: CycleController = (
            CyclicTrajectories(start, self._period, case.from_set_point)
            if case.trajectories
            else CyclicPositions(start)
        )
        self.controller.activate(start)
        self.joints = start
        self._on_its_way: list[tuple[float, int, Any]] = []
        self._numbers, self._last_arrival = count(), 0.0
        self._streams = bool(rng.random() < 0.5)
        self._target = _stream(start, rng) if self._streams else _steps(start, rng)
        self._next_target = 0.1
        self._target_period = 0.02 if self._streams else (SECONDS - 0.2) / TARGETS
        self._from = rng.uniform(1.0, 2.0)
        self._until = self._from + rng.uniform(0.1, 1.0)
        self.asked = self.accepted = 0

    def run(self, after: float = 0.5) -> Worst:
        """Play it, and ``after`` [s] without targets."""
        cycles = round((SECONDS + after) * self.case.rate)
        next_tick = self._rng.uniform(0.0, PERIOD)
        for cycle in range(cycles):
            now = cycle * self._period
            while min(self._next_target, next_tick) < now:
                if self._next_target <= next_tick:
                    self._ask(self._next_target)
                else:
                    self._send(next_tick)
                    next_tick += PERIOD
            self._cycle(now, cycle)
        return self._worst()

    def _happens(self, fault: str, now: float) -> bool:
        return self.case.fault == fault and self._from <= now < self._until

    def _ask(self, now: float) -> None:
        self._next_target += self._target_period
        if now > SECONDS:
            return
        if self.case.fault == "limits":
            self.motion.limits = limits(VELOCITY / 3.0) if now >= self._from else limits()
        self.asked += 1
        try:
            self.motion.set_goal(self._target(now), now, self._streams)
            self.accepted += 1
        except RejectedError:
            self.motion.stop()
        if self.motion.timed:
            self._send(now)

    def _send(self, now: float) -> None:
        message = self.motion.message(now, _EPOCH + now, np.zeros(N_JOINTS))
        if message is None or self._rng.random() < self.case.lost:
            return
        delay = _TRANSPORT + self._rng.uniform(0.0, self.case.late)
        self._last_arrival = max(self._last_arrival, now + delay)  # in the order in which they were sent
        heapq.heappush(self._on_its_way, (self._last_arrival, next(self._numbers), message))

    def _cycle(self, now: float, cycle: int) -> None:
        case, controller = self.case, self.controller
        clock = _EPOCH + now + (case.clock or 0.0)
        while self._on_its_way and self._on_its_way[0][0] <= now:
            *_, message = heapq.heappop(self._on_its_way)
            controller.receive(message, clock)
            if not case.trajectories and controller.active:
                self.set_points.append((now, np.array(message.data)))
        off = self._happens("off", now)
        if off:
            controller.active = False
        elif not controller.active:
            controller.activate(self.joints)
            self.set_points.append((math.nan, self.joints))
        controller.cycle(clock, self.joints)
        if not off and not self._happens("blocked", now):
            follow = 1.0 if case.lag == 0.0 else -math.expm1(-self._period / case.lag)
            self.joints = self.joints + follow * (controller.set_point - case.sag - self.joints)
        if case.trajectories:
            self.set_points.append((now, controller.set_point))
        self._tell(now, clock, cycle)

    def _tell(self, now: float, clock: float, cycle: int) -> None:
        case, motion = self.case, self.motion
        received = _EPOCH + now + 0.5 * _TRANSPORT
        motion.clock.add(0.0 if case.clock is None else clock, received)
        seen = self.joints + self._rng.uniform(-case.noise, case.noise, N_JOINTS)
        motion.take_joints(seen + (cycle % 2 if self._happens("two", now) else 0.0), now)
        if case.tells and isinstance(self.controller, CyclicTrajectories) and self.controller.active:
            motion.take_reference(self.controller.reference, now)
        self.states.add(motion.monitor.state)

    def _worst(self) -> Worst:
        """Where a controller is activated it stands still by itself; that is not counted."""
        case = self.case
        step = self._period if case.trajectories else PERIOD
        positions = np.array([position for _, position in self.set_points])
        times = np.array([time for time, _ in self.set_points])
        velocity = np.diff(positions, axis=0) / step
        acceleration = np.diff(velocity, axis=0) / step
        own = np.isnan(times[1:]) | self._beside(times[1:])
        velocity[own] = 0.0
        acceleration[own[1:] | own[:-1]] = 0.0
        return Worst(
            beyond=float(np.abs(positions).max() - BOUND),
            speed=float(np.abs(velocity).max()) / VELOCITY,
            acceleration=float(np.abs(acceleration).max()) / ACCELERATION,
            accepted=self.accepted / self.asked,
            sequences=1,
        )

    def _beside(self, times: Array) -> NDArray[np.bool_]:
        """Where the controller has just stopped, or was not active."""
        if self.case.fault != "off":
            return np.zeros(len(times), dtype=bool)
        return (times >= self._from) & (times <= self._from + 2.0 * self._period)


def _stream(start: Array, rng: np.random.Generator) -> Callable[[float], Array]:
    """Joints that swing, each with a speed of its own, from rest."""
    amplitude = rng.uniform(0.05, 0.6, N_JOINTS)
    turn = np.minimum(2.0 * math.pi * rng.uniform(0.1, 0.6, N_JOINTS), _SHARE * VELOCITY / amplitude)
    middle = np.clip(start - amplitude, -BOUND, BOUND)
    return lambda now: np.clip(middle + amplitude * np.cos(turn * (now - 0.1)), -BOUND, BOUND)


def _steps(start: Array, rng: np.random.Generator) -> Callable[[float], Array]:
    """From one random place to another about a middle, often one at a limit."""
    middle = 1.5 * start
    return lambda now: np.clip(middle + rng.uniform(-0.4, 0.4, N_JOINTS), -BOUND, BOUND)
