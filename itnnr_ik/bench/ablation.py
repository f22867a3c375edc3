"""One arm with the trained network F and without it: anchors needed, branches found, time.

The same anchors are looked up with F and without it. Each of the nearest is refined as it is, or as F has
adjusted it for the target; a target counts as solved if one of them leads to a solution.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from itnnr_ik.bench.arms import BenchArm
from itnnr_ik.bench.draws import Draws
from itnnr_ik.bench.peers import OwnSolver
from itnnr_ik.bench.quality import BranchesFound, branches_found, contains_solution
from itnnr_ik.bench.race import Result, random_targets
from itnnr_ik.solver import IKSolver
from itnnr_ik.solver.anchors import Anchors
from itnnr_ik.solver.assembly import Assembly
from itnnr_ik.solver.buffers import Search, memory_size, pack
from itnnr_ik.solver.calls import propose_many
from itnnr_ik.twin.inference import TwinInverse

Array = NDArray[np.float64]

#: Share of the targets that has to be solved.
REQUIRED_SHARE = 0.999


@dataclass(frozen=True)
class Lookup:
    """Result of refining the nearest of a number of anchors.

    Attributes:
        anchors, nearest: Number of anchors, and number of them that are refined for a target.
        network: Whether F adjusts them first.
        solved: Share of the targets for which one of them leads to a solution.
        own: Share of the targets for which one of them leads to the posture that made the target; NaN for a
            redundant arm, which has a continuum of solutions.
        median_us: Median time for a target [µs].
    """

    anchors: int
    nearest: int
    network: bool
    solved: float
    own: float
    median_us: float


@dataclass(frozen=True)
class Ablation:
    """Results of one arm with F and without it.

    Attributes:
        arm, title: Its name and its title.
        lookups: By number of anchors, without F and with it.
        needed, needed_with_network: Smallest number of anchors that solves 99.9 % of the targets; None: more.
        solvers: Whole solvers from random states, without F and with it.
        branches: Which of the postures that made the targets `branches` of these solvers finds.
    """

    arm: str
    title: str
    lookups: list[Lookup]
    needed: int | None
    needed_with_network: int | None
    solvers: list[Result]
    branches: list[BranchesFound]


def ablate(arm: BenchArm, twin: TwinInverse, drawn: Draws) -> Ablation:
    """Measure one arm with F and without it."""
    lookups = []
    numbers = [2**power for power in range(int(np.log2(len(twin.anchors))) + 1)]
    for anchors in tqdm(numbers, desc=f"{arm.name}: anchors", leave=False, disable=None):
        lookups += _look_up(arm, twin, anchors, drawn)
    without, with_network = (
        next(
            (row.anchors for row in lookups if row.network == network and row.solved >= REQUIRED_SHARE), None
        )
        for network in (False, True)
    )
    whole = [BenchArm(arm.name, IKSolver(arm.chain, arm.solver.task, one), arm.chain) for one in (None, twin)]
    rivals = [OwnSolver(one, name) for one, name in zip(whole, ("without F", "with F"), strict=True)]
    solvers, _ = random_targets(arm, rivals, drawn)
    branches = [] if arm.spare_joints else [branches_found(one, drawn, None) for one in whole]
    return Ablation(arm.name, arm.title, lookups, without, with_network, solvers, branches)


def _look_up(arm: BenchArm, twin: TwinInverse, anchors: int, drawn: Draws) -> list[Lookup]:
    """Results with the first ``anchors`` anchors, without F and with it, alternating for each target."""
    searches = [_search(arm, twin, anchors, network) for network in (False, True)]
    nearest = [min(search.n_candidates, anchors) for search in searches]
    models = [(pack(search), np.empty(memory_size(search))) for search in searches]
    solver, n = arm.solver, arm.chain.n_joints
    reference = np.zeros(n)
    seconds = np.empty((2, len(drawn)))
    solved, own = np.zeros((2, len(drawn)), dtype=bool), np.zeros((2, len(drawn)), dtype=bool)
    positions, errors = np.empty((nearest[0], n)), np.empty((nearest[0], 2))
    for model, memory in models:
        propose_many(model, drawn.targets[0], reference, True, positions, errors, memory)
    for i in range(len(drawn)):
        for m, (model, memory) in enumerate(models):
            begin = time.perf_counter()
            propose_many(model, drawn.targets[i], reference, True, positions, errors, memory)
            seconds[m, i] = time.perf_counter() - begin
            good = (errors[:, 0] <= solver.tolerance) & (errors[:, 1] <= solver.orientation_tolerance)
            solved[m, i] = good.any()
            own[m, i] = contains_solution(arm, positions[good], drawn.postures[i])
    return [
        Lookup(
            anchors,
            nearest[m],
            bool(m),
            float(solved[m].mean()),
            float("nan") if arm.spare_joints else float(own[m].mean()),
            float(np.median(seconds[m]) * 1e6),
        )
        for m in range(2)
    ]


def _search(arm: BenchArm, twin: TwinInverse, anchors: int, network: bool) -> Search:
    """Search data of a solver with a number of anchors."""
    solver = arm.solver
    assembly = Assembly(
        arm.chain,
        solver.task,
        twin if network else None,
        solver.tolerance,
        solver.orientation_tolerance,
        metre_in_rad=1.0,
        posture=None,
    )
    y, rows = assembly.twin_anchors(twin)
    known = assembly.search.network
    if network:
        known = known._replace(first_values=known.first_values[:anchors], base=known.base[:anchors])
    few = Anchors(y[:, :anchors], rows[:anchors], assembly.search.anchors.slopes[:anchors])
    return assembly.search._replace(anchors=few, network=known)
