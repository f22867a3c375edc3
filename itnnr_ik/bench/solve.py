"""Compare `solve`, `branches` and `solve_batch` with other solvers: read the ratios, not the microseconds.

Every solver is called with everything ready, as its own users call it, and they take turns, so that a busy
machine slows all of them alike. Where ssik takes an arm, its solutions say which answer is the nearest one.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from itnnr_ik.bench.arms import BenchArm, load_arms
from itnnr_ik.bench.child import BatchRate, FirstAnswer, batch_rates, first_answer
from itnnr_ik.bench.closed_form import Ssik
from itnnr_ik.bench.criteria import criteria
from itnnr_ik.bench.draws import draws, of_postures, regular_bound, regular_path, sine_path
from itnnr_ik.bench.peers import installed_peers
from itnnr_ik.bench.quality import (
    ALL,
    BranchesFound,
    Nearness,
    branches_found,
    compare,
    posture_displacements,
    smallest_displacements,
)
from itnnr_ik.bench.race import Result, Tracked, random_targets, tracking
from itnnr_ik.bench.report import arm_lines, criteria_lines, without_nan
from itnnr_ik.options import seed_number

#: States near a solution: largest distance from it [rad, m], and margin above the nearest solution [rad].
_CLOSE_STATES, _NEAR_STATES = (0.1, 0.02), (0.5, 0.05)
_ANYWHERE_MARGIN = 0.01  # for random states [rad]
_PATH_TARGETS = 1000
#: The arm for which the first answer is measured without compiled code: it takes long, and equally for all.
_UNCACHED_ARM = "ur5e"
#: Options that `--quick` sets.
_QUICK_OPTIONS = {"targets": 100, "near": 200, "poses": 20, "paths": 1, "batch": 2000}


@dataclass(frozen=True)
class ArmReport:
    """All results of one arm.

    Attributes:
        name, title: Name and title of the arm.
        kind, n_joints, spare_joints: Kind of its task, number of its joints, and of its redundant joints.
        random: Results of the solvers at random targets from random states.
        singular: Smallest singular value of the Jacobian [m/rad, rad/rad] on paths off singular postures.
        regular: Results of the solvers on such paths.
        swings: Share of its range over which a joint swings there, for each path.
        wide: Our results and those of ik_LM on paths over 60 % of the ranges, also through singular postures.
        near: Displacements of our answers.
        branches: None for a redundant arm, which has a continuum of solutions.
        batch: Our batch rates and those of the checkout, if one is given, without states and then from them.
        first: Time to the first answer; None if not measured.
        missing: A line for each solver that is not compared.
    """

    name: str
    title: str
    kind: str
    n_joints: int
    spare_joints: int
    random: list[Result]
    singular: float
    regular: list[Tracked]
    swings: list[float]
    wide: list[Tracked]
    near: list[Nearness]
    branches: BranchesFound | None
    batch: list[BatchRate]
    first: FirstAnswer | None
    missing: list[str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``itnnr-ik bench solve``."""
    parser.add_argument("--arm", action="append", default=[], help="repeatable; all there are if not given")
    parser.add_argument(
        "--urdf", type=Path, action="append", default=[], metavar="FILE", help="another arm; repeatable"
    )
    for name, default, text in (
        ("targets", 10_000, "random targets from random states"),
        ("near", 20_000, "targets from states near a solution"),
        ("poses", 1000, "targets whose branches are counted"),
        ("paths", 20, "smooth paths of 1000 targets, off singular postures, and as many anywhere"),
        ("batch", 20_000, "targets in a batch"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, metavar="N", help=text)
    parser.add_argument(
        "--seed", type=seed_number, default=0, metavar="N", help="of targets, states and paths"
    )
    parser.add_argument(
        "--baseline", type=Path, metavar="PATH", help="checkout of another commit, to compare batches with"
    )
    parser.add_argument("--quick", action="store_true", help="few targets: about a minute")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Measure and print; 0 whether or not the criteria hold."""
    if args.quick:
        vars(args).update(_QUICK_OPTIONS)
    for name in ("targets", "near", "poses", "paths", "batch"):
        if getattr(args, name) < 1:
            raise ValueError(f"--{name} must be at least 1, got {getattr(args, name)}")
    if args.baseline is not None and not (args.baseline / "itnnr_ik" / "solver").is_dir():
        raise ValueError(f"--baseline must be a checkout of this repository, got {args.baseline}")
    arms, missing = load_arms(args.arm, args.urdf)
    reports = []
    for arm in arms:
        reports.append(measure(arm, args))
        if not args.json:
            print("\n".join(["", *arm_lines(reports[-1])]), flush=True)
    held = criteria(reports)
    if args.json:
        whole: dict[str, Any] = {
            "arms": [asdict(report) for report in reports],
            "criteria": [asdict(criterion) for criterion in held],
            "missing": missing,
        }
        json.dump(without_nan(whole), sys.stdout, indent=2)
        print()
    else:
        print("\n".join(["", *missing, *criteria_lines(held)]))
    return 0


def measure(arm: BenchArm, args: argparse.Namespace) -> ArmReport:
    """Measure one arm."""
    rng = np.random.default_rng(args.seed)
    peers, missing = installed_peers(arm)
    # The solutions of a redundant arm are a continuum, which no oracle can list.
    oracle = next((peer for peer in peers if isinstance(peer, Ssik)), None) if not arm.spare_joints else None
    solver = arm.solver

    drawn = draws(arm, args.targets, rng)
    results, (ours, *_) = random_targets(arm, peers, drawn)
    near = [
        compare(arm, drawn, ours, posture_displacements(arm, drawn), within=None, margin=_ANYWHERE_MARGIN)
    ]
    if oracle is not None:
        best = smallest_displacements(arm, drawn, oracle, "from anywhere")
        near.append(compare(arm, drawn, ours, best, within=None, margin=_ANYWHERE_MARGIN, known=ALL))
    near += _compare_near_states(arm, args.near, rng, oracle)

    found = None
    if not arm.spare_joints:
        found = branches_found(arm, draws(arm, args.poses, rng), oracle)
    singular = regular_bound(arm, rng)
    tries = [regular_path(arm, _PATH_TARGETS, rng, singular) for _ in range(args.paths)]
    off = [path for path in tries if path is not None]
    if len(off) < args.paths:
        missing.append(f"{args.paths - len(off)} of {args.paths} paths: none off singular postures was found")
    anywhere = [sine_path(arm, _PATH_TARGETS, rng) for _ in range(args.paths)]

    return ArmReport(
        name=arm.name,
        title=arm.title,
        kind=solver.task.kind,
        n_joints=arm.chain.n_joints,
        spare_joints=arm.spare_joints,
        random=results,
        singular=singular,
        regular=tracking(arm, peers, [of_postures(arm, path, path) for path, _ in off], "paths"),
        swings=[swing for _, swing in off],
        wide=tracking(arm, peers[:2], [of_postures(arm, path, path) for path in anywhere], "paths anywhere"),
        near=near,
        branches=found,
        batch=batch_rates(arm, draws(arm, args.batch, rng), args.baseline),
        first=None if args.quick else first_answer(arm, arm.name == _UNCACHED_ARM),
        missing=missing,
    )


def _compare_near_states(
    arm: BenchArm, count: int, rng: np.random.Generator, oracle: Ssik | None
) -> list[Nearness]:
    """Our answers from states near a solution, compared with that and, by an oracle, with all solutions."""
    within, margin = _CLOSE_STATES
    drawn = draws(arm, count, rng, within)
    answers = arm.solver.solve_batch(drawn.targets, drawn.states).positions
    near = [compare(arm, drawn, answers, posture_displacements(arm, drawn), within=within, margin=margin)]
    if oracle is not None:
        within, margin = _NEAR_STATES
        drawn = draws(arm, count, rng, within)
        answers = arm.solver.solve_batch(drawn.targets, drawn.states).positions
        best = smallest_displacements(arm, drawn, oracle, "from near")
        near.append(compare(arm, drawn, answers, best, within=within, margin=margin, known=ALL))
    return near
