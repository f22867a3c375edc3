"""Times solvers that take turns every few targets, so that a busy machine slows all of them alike.

The order of the solvers is random in every round, and a turn begins with an untimed call, so that no solver
always finds the caches as the same other one left them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from itnnr_ik.bench.arms import BenchArm
from itnnr_ik.bench.draws import Draws
from itnnr_ik.bench.joint_paths import largest_step
from itnnr_ik.bench.peers import Peer

Array = NDArray[np.float64]

_TURN_LENGTH = 25  # targets


@dataclass(frozen=True)
class Result:
    """Results of one solver at random targets.

    Attributes:
        solver: Its name.
        solved: Share of the targets reached within the tolerances and the limits.
        median_us, p99_us: Time of a call [µs], failures included.
        displacement: Median of the largest joint displacement from the state [rad], of solved targets.
    """

    solver: str
    solved: float
    median_us: float
    p99_us: float
    displacement: float


@dataclass(frozen=True)
class Tracked:
    """Results of one solver along smooth paths, each solve from the solver's own last answer.

    Attributes:
        solver: Its name.
        solved: Share of the targets solved.
        median_us, p99_us: Time of a call in [µs].
        steps, own_steps: Largest joint step [rad] on each path, the solver's and the path's own.
    """

    solver: str
    solved: float
    median_us: float
    p99_us: float
    steps: list[float]
    own_steps: list[float]

    @property
    def ratio(self) -> float:
        """Largest ratio of the largest step to the path's own."""
        return max(step / own for step, own in zip(self.steps, self.own_steps, strict=True))


def random_targets(arm: BenchArm, peers: Sequence[Peer], drawn: Draws) -> tuple[list[Result], Array]:
    """Results of the solvers, and their joint positions (s, b, n); NaN where there is no answer."""
    seconds = np.empty((len(peers), len(drawn)))
    answers = np.full((len(peers), *drawn.states.shape), np.nan)
    for s, turn in _turns(len(peers), range(len(drawn)), f"{arm.name}: random targets"):
        _time_solve(
            peers[s], drawn.transforms[turn[0] - 1], drawn.targets[turn[0] - 1], drawn.states[turn[0] - 1]
        )
        for i in turn:
            seconds[s, i], positions = _time_solve(
                peers[s], drawn.transforms[i], drawn.targets[i], drawn.states[i]
            )
            if positions is not None:
                answers[s, i] = positions
    results = []
    for peer, times, positions in zip(peers, seconds, answers, strict=True):
        solved = arm.solved(positions, drawn.targets)
        change = arm.displacement(positions, drawn.states)[solved]
        results.append(
            Result(
                peer.name,
                float(solved.mean()),
                *_quantiles(times),
                float(np.median(change)) if len(change) else float("nan"),
            )
        )
    return results, answers


def tracking(arm: BenchArm, peers: Sequence[Peer], paths: Sequence[Draws], what: str) -> list[Tracked]:
    """Results of the solvers along ``paths``, from the first posture of each."""
    seconds: list[list[float]] = [[] for _ in peers]
    solved: list[list[bool]] = [[] for _ in peers]
    steps: list[list[float]] = [[] for _ in peers]
    for p, path in enumerate(paths, start=1):
        answers = np.repeat(path.postures[None], len(peers), axis=0)
        for s, turn in _turns(len(peers), range(1, len(path)), f"{arm.name}: {what} {p}/{len(paths)}"):
            before = turn[0] - 1
            _time_solve(peers[s], path.transforms[before], path.targets[before], answers[s, before])
            for i in turn:
                state = answers[s, i - 1]
                time_taken, positions = _time_solve(peers[s], path.transforms[i], path.targets[i], state)
                seconds[s].append(time_taken)
                answers[s, i] = state if positions is None else positions
        for s in range(len(peers)):
            solved[s] += arm.solved(answers[s, 1:], path.targets[1:]).tolist()
            steps[s].append(largest_step(answers[s]))
    own = [largest_step(path.postures) for path in paths]
    return [
        Tracked(peer.name, float(np.mean(solved[s])), *_quantiles(np.array(seconds[s])), steps[s], own)
        for s, peer in enumerate(peers)
        if paths
    ]


def _time_solve(peer: Peer, transform: Array, target: Array, state: Array) -> tuple[float, Array | None]:
    arguments: tuple[Any, ...] = peer.arguments(transform, target, state)
    solve = peer.solve
    begin = time.perf_counter()
    answer = solve(*arguments)
    seconds = time.perf_counter() - begin
    return seconds, peer.positions(answer)


def _turns(solvers: int, targets: range, text: str) -> Iterator[tuple[int, range]]:
    """Turns in random order: the index of a solver, and the targets that it solves then."""
    rng = np.random.default_rng(0)
    for first in tqdm(range(0, len(targets), _TURN_LENGTH), desc=text, leave=False, disable=None):
        for s in rng.permutation(solvers).tolist():
            yield s, targets[first : first + _TURN_LENGTH]


def _quantiles(seconds: Array) -> tuple[float, float]:
    """Median and 99th percentile in [µs]."""
    median, p99 = 1e6 * np.quantile(seconds, [0.5, 0.99])
    return float(median), float(p99)
