"""What is measured: random targets, a smooth path, and batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from itnnr_ik.arms import Arm
from itnnr_ik.bench.peers import Peer
from itnnr_ik.solver import IKSolver

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Result:
    """One solver on one task; times in [µs], joint changes in [rad], rates in targets/s."""

    solver: str
    success: float
    median_us: float
    p99_us: float
    ratio: float
    median_change: float
    largest_step: float


@dataclass(frozen=True)
class BatchResult:
    """One vectorised solver; ``ratio`` is its rate against the first one's."""

    solver: str
    success: float
    rate: float
    ratio: float


def smooth_path(arm: Arm, count: int, seed: int) -> Array:
    """Joint positions (count, n) [rad] of a smooth motion sampled at 200 Hz, off the stretched arm.

    Each joint swings about a middle posture with an amplitude and a frequency of its own, at 7 rad/s at
    most; the elbow keeps at least 0.3 rad from straight.
    """
    rng = np.random.default_rng(seed)
    t = np.arange(count)[:, None] / 200.0
    middle, half = arm.limits.mean(axis=0), np.subtract(arm.upper, arm.lower) / 2
    centre = middle + half * rng.uniform(-0.3, 0.3, arm.n_joints)
    swing = half * rng.uniform(0.2, 0.55, arm.n_joints)
    elbow = arm.n_joints - len(arm.link_lengths) + 1
    centre[elbow], swing[elbow] = 0.3 + 0.5 * (arm.upper[elbow] - 0.3), 0.4 * (arm.upper[elbow] - 0.3)
    frequency = np.minimum(rng.uniform(0.2, 1.2, arm.n_joints), 7.0 / (2 * np.pi * swing))
    path: Array = centre + swing * np.sin(2 * np.pi * frequency * t + rng.uniform(0, 2 * np.pi, arm.n_joints))
    return path


def interleaved(
    solvers: Sequence[Peer], arm: Arm, targets: Array, starts: Array, tolerance: float
) -> list[Result]:
    """Each target solved by every solver in turn, so that a busy machine slows all of them alike."""
    seconds = np.empty((len(solvers), len(targets)))
    answers = np.empty((len(solvers), len(targets), arm.n_joints))
    for i in tqdm(range(len(targets)), desc=f"{arm.name} random targets", unit="target", leave=False):
        for s, solver in enumerate(solvers):
            begin = time.perf_counter()
            answers[s, i] = solver.solve(targets[i], starts[i])
            seconds[s, i] = time.perf_counter() - begin
    steps = tracking_steps(solvers, arm)
    medians = np.median(seconds, axis=1)
    results = []
    for s, solver in enumerate(solvers):
        change = np.abs(answers[s] - starts).max(axis=1)
        results.append(
            Result(
                solver.name,
                float(solved(arm, answers[s], targets, tolerance).mean()),
                float(medians[s] * 1e6),
                float(np.percentile(seconds[s], 99) * 1e6),
                float(medians[s] / medians[0]),
                float(np.median(change)),
                steps[s],
            )
        )
    return results


def tracking_steps(solvers: Sequence[Peer], arm: Arm, count: int = 1000, seed: int = 0) -> list[float]:
    """Largest joint step [rad] of each solver along `smooth_path`, seeded with its own last solution."""
    path = smooth_path(arm, count, seed)
    largest = []
    for solver in solvers:
        state, worst = path[0], 0.0
        for target in arm.forward(path[1:]):
            answer = solver.solve(target, state)
            worst = max(worst, float(np.abs(answer - state).max()))
            state = answer
        largest.append(worst)
    return largest


def batches(
    solvers: Sequence[tuple[str, Callable[[Array], Array]]],
    arm: Arm,
    targets: Array,
    tolerance: float,
    rounds: int = 5,
) -> list[BatchResult]:
    """Rates of vectorised solvers, the best of interleaved rounds."""
    seconds = np.full(len(solvers), np.inf)
    success = np.empty(len(solvers))
    for _ in range(rounds):
        for s, (_, solve) in enumerate(solvers):
            begin = time.perf_counter()
            answer = solve(targets)
            seconds[s] = min(seconds[s], time.perf_counter() - begin)
            success[s] = solved(arm, answer, targets, tolerance).mean()
    return [
        BatchResult(name, float(success[s]), len(targets) / seconds[s], float(seconds[0] / seconds[s]))
        for s, (name, _) in enumerate(solvers)
    ]


def solved(arm: Arm, positions: Array, targets: Array, tolerance: float) -> NDArray[np.bool_]:
    """Which rows (b,) reach their target within ``tolerance`` [m] and keep the limits."""
    inside = ((positions >= arm.lower) & (positions <= arm.upper)).all(axis=1)
    near: NDArray[np.bool_] = np.linalg.norm(arm.forward(positions) - targets, axis=1) <= tolerance
    return near & inside


class Ours:
    """`IKSolver.solve` from the current state."""

    name = "itnnr_ik"

    def __init__(self, solver: IKSolver) -> None:
        self._solver = solver

    def solve(self, target: Array, start: Array) -> Array:
        return self._solver.solve(target, start).positions
