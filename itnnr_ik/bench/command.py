"""Compare `solve` and `solve_batch` with other solvers in one run: read the ratios, not the microseconds."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from itnnr_ik.arms import ARMS
from itnnr_ik.bench import node, replay
from itnnr_ik.bench.baseline import NearestLeastSquares
from itnnr_ik.bench.peers import Peer, installed_peers
from itnnr_ik.bench.tasks import Ours, batches, interleaved
from itnnr_ik.solver import IKSolver


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``itnnr-ik bench``."""
    # Names of their own: those of `node` and `replay` would overwrite them.
    options = [
        parser.add_argument(
            "--arm",
            dest="solved_arms",
            choices=sorted(ARMS),
            action="append",
            help="repeatable; all three if not given",
        ),
        parser.add_argument("--targets", type=int, default=2000, help="random reachable targets"),
        parser.add_argument("--paths", type=int, default=10, help="smooth paths of 1000 targets"),
        parser.add_argument("--batch", type=int, default=20_000, help="targets in a batch"),
        parser.add_argument("--seed", type=int, default=0, help="of targets and states"),
        parser.add_argument("--json", dest="solved_json", action="store_true", help="print JSON"),
    ]
    others = parser.add_subparsers(title="instead of the solvers", metavar="[node | replay]")
    for module, name, summary in (
        (node, "node", "measure the round trip of ik_node against a bare echo node"),
        (replay, "replay", "measure how many recorded messages a second are read and solved"),
    ):
        other = others.add_parser(
            name, help=summary, description=module.__doc__, formatter_class=parser.formatter_class
        )
        module.add_arguments(other)
        other.set_defaults(run=partial(_run_other, name, module.run, options))


def _run_other(
    name: str,
    run: Callable[[argparse.Namespace], int],
    options: Sequence[argparse.Action],
    args: argparse.Namespace,
) -> int:
    """Measure something else, with no option of the solvers' given: it would be passed by.

    Raises:
        ValueError: One is.
    """
    for option in options:
        if getattr(args, option.dest) != option.default:
            raise ValueError(f"expected options after {name}, got {option.option_strings[0]} before it")
    return run(args)


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    for name, least in (("targets", 1), ("paths", 0), ("batch", 1)):
        if getattr(args, name) < least:
            raise ValueError(f"--{name} must be at least {least}, got {getattr(args, name)}")
    report = {name: _measure(name, args) for name in args.solved_arms or ARMS}
    if args.solved_json:
        print(json.dumps(report, indent=2))
    else:
        for name, part in report.items():
            _print(name, part)
    return 0


def _measure(name: str, args: argparse.Namespace) -> dict[str, Any]:
    solver = IKSolver.load(name)
    arm, tolerance = solver.arm, solver.tolerance
    rng = np.random.default_rng(args.seed)
    baseline = NearestLeastSquares(arm, tolerance, args.seed + 1)
    peers, missing = installed_peers(arm)
    solvers: list[Peer] = [baseline, Ours(solver), *peers]
    targets, starts = arm.forward(arm.sample(args.targets, rng)), arm.sample(args.targets, rng)
    single = interleaved(solvers, arm, targets, starts, tolerance, args.paths)
    many = arm.forward(arm.sample(args.batch, rng))
    batch = batches(
        [
            (baseline.name, baseline.solve_batch),
            (Ours.name, lambda rows: solver.solve_batch(rows).positions),
        ],
        arm,
        many,
        tolerance,
    )
    return {
        "single": [asdict(result) for result in single],
        "batch": [asdict(result) for result in batch],
        "missing": missing,
    }


def _print(name: str, part: dict[str, Any]) -> None:
    print(f"\n{name}")
    print(
        f"  {'one target':26}{'solved %':>9}{'median µs':>11}{'p99 µs':>9}{'ratio':>7}"
        f"{'change rad':>12}{'jumping paths':>15}{'largest step rad':>18}"
    )
    for r in part["single"]:
        print(
            f"  {r['solver']:26}{100 * r['success']:9.2f}{r['median_us']:11.0f}{r['p99_us']:9.0f}"
            f"{r['ratio']:7.2f}{r['median_change']:12.3f}{r['jumping_paths']:15}{r['largest_step']:18.3f}"
        )
    print(f"  {'batch':26}{'solved %':>9}{'targets/s':>11}{'ratio':>16}")
    for r in part["batch"]:
        print(f"  {r['solver']:26}{100 * r['success']:9.2f}{r['rate']:11.0f}{r['ratio']:16.2f}")
    for line in part["missing"]:
        print(f"  {line}")
