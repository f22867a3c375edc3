"""How good answers are: how near to the state, against every solution there is, and how many are found."""

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

#: Joint positions [rad] this near to each other, whole turns left out, are one solution.
_ONE = 1e-3
#: Which solutions answers are compared with: those that made the targets, or all that there are.
POSTURE, ALL = "posture", "all"


class Oracle(Protocol):
    """Knows every solution."""

    def branches(self, transform: Array, state: Array) -> Array:
        """Every solution (b, n) within the limits, at the turn nearest to ``state`` (n,)."""


@dataclass(frozen=True)
class Near:
    """Our answers from states near a solution, or anywhere.

    Attributes:
        within: Joint distance [rad, m] of the states from the postures that made the targets; None: anywhere.
        known: The best known solutions: ``posture``, those that made the targets, or ``all``.
        count: Targets.
        solved: Share solved.
        displacement, best: Median of the largest joint change from the state [rad], ours and the best known.
        margin, farther: Share whose joint change is more than ``margin`` [rad] above the best known one.
        worst: The most that any is above it [rad].
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
class Found:
    """What `branches` found.

    Attributes:
        poses: Targets.
        known: ``all``: against every solution; ``posture``: only against the postures that made the targets.
        certified: So many solutions to be found, all targets together.
        share: Share of them that was found.
        mean: Solutions found for a target.
        median_us: Time of a call in [µs].
    """

    poses: int
    known: str
    certified: int
    share: float
    mean: float
    median_us: float


def posture_changes(arm: BenchArm, drawn: Draws) -> Array:
    """Joint change (b,) [rad] from the states to the nearest turn of the postures that made the targets."""
    nearest = [
        arm.nearest_turn(posture[None], state)[0]
        for posture, state in zip(drawn.postures, drawn.states, strict=True)
    ]
    return arm.displacement(np.array(nearest), drawn.states)


def least_changes(arm: BenchArm, drawn: Draws, oracle: Oracle, what: str) -> Array:
    """Joint change (b,) [rad] from the states to the nearest of all solutions."""
    least = posture_changes(arm, drawn)
    for i in _progress(len(drawn), f"{arm.name}: every solution, {what}"):
        every = oracle.branches(drawn.transforms[i], drawn.states[i])
        if len(every):
            least[i] = min(least[i], float(arm.displacement(every, drawn.states[i]).min()))
    return least


def compare(
    arm: BenchArm,
    drawn: Draws,
    positions: Array,
    best: Array,
    *,
    within: float | None,
    margin: float,
    known: str = POSTURE,
) -> Near:
    """Our answers (b, n) against the joint changes (b,) of the best known solutions."""
    change = arm.displacement(positions, drawn.states)
    return Near(
        within,
        known,
        len(drawn),
        float(arm.solved(positions, drawn.targets).mean()),
        float(np.median(change)),
        float(np.median(best)),
        margin,
        float((change > best + margin).mean()),
        float((change - best).max()),
    )


def branches_found(arm: BenchArm, drawn: Draws, oracle: Oracle | None) -> Found:
    """What share of all solutions, or of the postures that made the targets, `IKSolver.branches` finds."""
    expected = found = answers = 0
    seconds = []
    for i in _progress(len(drawn), f"{arm.name}: branches"):
        begin = time.perf_counter()
        ours = arm.solver.branches(drawn.targets[i])
        seconds.append(time.perf_counter() - begin)
        positions = np.array([one.positions for one in ours]).reshape(-1, arm.chain.n_joints)
        every = drawn.postures[i : i + 1]
        if oracle is not None:
            every = oracle.branches(drawn.transforms[i], drawn.states[i])
        expected += len(every)
        answers += len(positions)
        found += sum(found_among(arm, positions, one) for one in every)
    return Found(
        len(drawn),
        POSTURE if oracle is None else ALL,
        expected,
        found / expected if expected else float("nan"),
        answers / len(drawn),
        float(np.median(seconds) * 1e6),
    )


def found_among(arm: BenchArm, positions: Array, solution: Array) -> bool:
    """Whether a solution (n,) is among positions (b, n), whole turns left out."""
    difference = positions - solution
    turned = difference - 2.0 * np.pi * np.round(difference / (2.0 * np.pi))
    apart = np.abs(np.where(arm.turns, turned, difference)).max(axis=1, initial=0.0)
    return bool((apart <= _ONE).any())


def _progress(count: int, text: str) -> Iterable[int]:
    progress: Iterable[int] = tqdm(range(count), desc=text, leave=False, disable=None)
    return progress
