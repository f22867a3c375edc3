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

#: A joint step [rad] on a smooth path that the arm cannot follow: at 200 Hz, 10 rad/s.
JUMP = 0.05


@dataclass(frozen=True)
class Result:
    """One solver; times in [µs], joint changes in [rad].

    ``ratio`` compares the median time with the first solver's; ``median_change`` is the largest joint change
    from the current state; ``jumping_paths`` and ``largest_step`` are what `tracking` found.
    """

    solver: str
    success: float
    median_us: float
    p99_us: float
    ratio: float
    median_change: float
    jumping_paths: int
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
    solvers: Sequence[Peer], arm: Arm, targets: Array, starts: Array, tolerance: float, paths: int
) -> list[Result]:
    """Each target solved by every solver in turn, so that a busy machine slows all of them alike."""
    seconds = np.empty((len(solvers), len(targets)))
    answers = np.empty((len(solvers), len(targets), arm.n_joints))
    for i in tqdm(range(len(targets)), desc=f"{arm.name} random targets", unit="target", leave=False):
        for s, solver in enumerate(solvers):
            begin = time.perf_counter()
            answers[s, i] = solver.solve(targets[i], starts[i])
            seconds[s, i] = time.perf_counter() - begin
    steps = tracking(solvers, arm, paths)
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
                int((steps[s] > JUMP).sum()),
                float(steps[s].max(initial=0.0)),
            )
        )
    return results


def tracking(solvers: Sequence[Peer], arm: Arm, paths: int, count: int = 1000) -> Array:
    """Largest joint step [rad] of each solver on each `smooth_path` (solvers, paths).

    Each solve starts from the solver's own last answer, as a robot would be when it has followed it.
    """
    largest = np.zeros((len(solvers), paths))
    for seed in tqdm(range(paths), desc=f"{arm.name} smooth paths", unit="path", leave=False):
        path = smooth_path(arm, count, seed)
        for s, solver in enumerate(solvers):
            state = path[0]
            for target in arm.forward(path[1:]):
                answer = solver.solve(target, state)
                largest[s, seed] = max(largest[s, seed], np.abs(answer - state).max())
                state = answer
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
