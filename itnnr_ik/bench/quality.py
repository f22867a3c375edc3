"""Quality of answers: displacement compared with all solutions, and how many solutions are found."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from itnnr_ik.bench.arms import BenchArm
from itnnr_ik.bench.draws import Draws

Array = NDArray[np.float64]

#: Largest distance [rad], modulo 2π, of joint positions that count as the same solution.
_DISTINCT_DISTANCE = 1e-3
#: Solutions that answers are compared with: the postures that made the targets, or all solutions.
POSTURE, ALL = "posture", "all"


class Oracle(Protocol):
    """A solver that finds all solutions."""

    def branches(self, transform: Array, state: Array) -> Array:
        """All solutions (b, n) within the limits, shifted by multiples of 2π to be near ``state`` (n,)."""


@dataclass(frozen=True)
class Nearness:
    """Displacement of our answers from states near a solution or anywhere.

    Attributes:
        within: Largest joint distance [rad, m] of the states from the targets' postures; None: anywhere.
        known: The known solutions: ``posture``, those that made the targets, or ``all``.
        count: Number of targets.
        solved: Share of them that is solved.
        displacement, best: Median displacement [rad] of our answers, and of the nearest known solutions.
        margin, farther: Share of our answers whose displacement is more than ``margin`` [rad] larger.
        worst: Largest difference of the displacements [rad].
    """

    within: float | None
    known: str
    count: int
    solved: float
    displacement: float
    best: float
    margin: float
    farther: float
    worst: float


@dataclass(frozen=True)
class BranchesFound:
    """Result of `IKSolver.branches`.

    Attributes:
        poses: Number of targets.
        known: The known solutions: ``posture``, those that made the targets, or ``all``.
        certified: Number of known solutions of all targets together.
        share: Share of them that is found.
        mean: Mean number of solutions found for a target.
        median_us: Median time of a call [µs].
    """

    poses: int
    known: str
    certified: int
    share: float
    mean: float
    median_us: float


def posture_displacements(arm: BenchArm, drawn: Draws) -> Array:
    """Displacement (b,) [rad] from the states to the targets' postures, modulo 2π within the limits."""
    nearest = [
        arm.wrap_near(posture[None], state)[0]
        for posture, state in zip(drawn.postures, drawn.states, strict=True)
    ]
    return arm.displacement(np.array(nearest), drawn.states)


def smallest_displacements(arm: BenchArm, drawn: Draws, oracle: Oracle, what: str) -> Array:
    """Displacement (b,) [rad] from the states to the nearest of all solutions."""
    smallest = posture_displacements(arm, drawn)
    for i in _progress(len(drawn), f"{arm.name}: every solution, {what}"):
        solutions = oracle.branches(drawn.transforms[i], drawn.states[i])
        if len(solutions):
            smallest[i] = min(smallest[i], float(arm.displacement(solutions, drawn.states[i]).min()))
    return smallest


def compare(
    arm: BenchArm,
    drawn: Draws,
    positions: Array,
    best: Array,
    *,
    within: float | None,
    margin: float,
    known: str = POSTURE,
) -> Nearness:
    """Compare our answers (b, n) with the displacements ``best`` (b,) of the nearest known solutions."""
    displacement = arm.displacement(positions, drawn.states)
    return Nearness(
        within,
        known,
        len(drawn),
        float(arm.solved(positions, drawn.targets).mean()),
        float(np.median(displacement)),
        float(np.median(best)),
        margin,
        float((displacement > best + margin).mean()),
        float((displacement - best).max()),
    )


def branches_found(arm: BenchArm, drawn: Draws, oracle: Oracle | None) -> BranchesFound:
    """Which share of all solutions, or of the targets' postures without an oracle, `branches` finds."""
    expected = found = answers = 0
    seconds = []
    for i in _progress(len(drawn), f"{arm.name}: branches"):
        begin = time.perf_counter()
        ours = arm.solver.branches(drawn.targets[i])
        seconds.append(time.perf_counter() - begin)
        positions = np.array([one.positions for one in ours]).reshape(-1, arm.chain.n_joints)
        known = drawn.postures[i : i + 1]
        if oracle is not None:
            known = oracle.branches(drawn.transforms[i], drawn.states[i])
        expected += len(known)
        answers += len(positions)
        found += sum(contains_solution(arm, positions, solution) for solution in known)
    return BranchesFound(
        len(drawn),
        POSTURE if oracle is None else ALL,
        expected,
        found / expected if expected else float("nan"),
        answers / len(drawn),
        float(np.median(seconds) * 1e6),
    )


def contains_solution(arm: BenchArm, positions: Array, solution: Array) -> bool:
    """Whether a solution (n,) is among positions (b, n), modulo 2π."""
    difference = positions - solution
    wrapped = difference - 2.0 * np.pi * np.round(difference / (2.0 * np.pi))
    distance = np.abs(np.where(arm.revolute, wrapped, difference)).max(axis=1, initial=0.0)
    return bool((distance <= _DISTINCT_DISTANCE).any())


def _progress(count: int, text: str) -> Iterable[int]:
    progress: Iterable[int] = tqdm(range(count), desc=text, leave=False, disable=None)
    return progress
