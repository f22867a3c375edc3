"""Measure how well limits hold at a controller, over random sequences of targets and faults."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING

from tqdm import tqdm

from itnnr_ik.bench.report import without_nan
from itnnr_ik.interrupts import INTERRUPTED_STATUS, ignore_sigint
from itnnr_ik.options import seed_number

if TYPE_CHECKING:
    from itnnr_ik.bench.sequences import Case, Worst

#: Number of sequences that a process simulates at a time, in a few seconds.
_BATCH_SIZE = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``itnnr-ik bench motion``."""
    parser.add_argument("--sequences", type=int, default=200, metavar="N", help="of each case")
    parser.add_argument("--seed", type=seed_number, default=0, help="of the first sequence")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Measure and print; after Ctrl-C, what has been simulated until then."""
    for name in ("sequences", "jobs"):
        if getattr(args, name) < 1:
            raise ValueError(f"--{name} must be positive, got {getattr(args, name)}")
    from itnnr_ik.bench.sequences import Worst

    cases = all_cases()
    worst = [Worst() for _ in cases]
    batches = list(_batches(len(cases), args.sequences, args.seed))
    pool = ProcessPoolExecutor(args.jobs, initializer=ignore_sigint)
    interrupted = False
    try:
        results = pool.map(_run_batch, [(cases[i], seeds) for i, seeds in batches])
        shown = tqdm(results, total=len(batches), unit="batch", leave=False, disable=None)
        for (i, _), result in zip(batches, shown, strict=True):
            worst[i].add(result)
    except KeyboardInterrupt:  # what has been simulated until now is printed
        interrupted = True
    finally:
        pool.shutdown(cancel_futures=True)
    if args.json:
        rows = [{**asdict(case), **asdict(one)} for case, one in zip(cases, worst, strict=True)]
        print(json.dumps(without_nan(rows), indent=2))
    else:
        _print(cases, worst)
    return INTERRUPTED_STATUS if interrupted else 0


def all_cases() -> list[Case]:
    """All cases that are measured."""
    from itnnr_ik.bench.sequences import Case

    return [
        Case("on time"),
        Case("500 cycles/s", rate=500.0),
        Case("from the joints' state", from_set_point=False),
        Case("clock 40 ms ahead", clock=0.04),
        Case("clock 40 ms behind", clock=-0.04),
        Case("noise, sag", noise=0.005, sag=0.02),
        Case("limits lowered", fault="limits"),
        Case("0 to 20 ms late", late=0.02),
        Case("20 % lost", lost=0.2),
        Case("servos of 0.1 s", lag=0.1),
        Case("joints blocked", fault="blocked"),
        Case("joint states disagree", fault="two"),
        Case("off for 0.1 to 1 s", fault="off"),
        Case("blocked, state told", fault="blocked", tells=True),
        Case("off, state told", fault="off", tells=True),
        Case("off, state told, 500", fault="off", tells=True, rate=500.0),
        Case("no clock", clock=None),
        Case("no clock, 500", clock=None, rate=500.0),
        Case("no clock, from joints", clock=None, from_set_point=False),
        Case("no clock, late", clock=None, late=0.02),
        Case("replacing", replaces=True),
        Case("replacing, 500", replaces=True, rate=500.0),
        Case("replacing, from joints", replaces=True, from_set_point=False),
        Case("replacing, late", replaces=True, late=0.02),
        Case("replacing, blocked", replaces=True, fault="blocked"),
        Case("positions", trajectories=False),
        Case("positions, limits lowered", trajectories=False, fault="limits"),
        Case("positions, late", trajectories=False, late=0.02),
        Case("positions, blocked", trajectories=False, fault="blocked"),
        Case("positions, off", trajectories=False, fault="off"),
    ]


def _batches(cases: int, sequences: int, seed: int) -> Iterator[tuple[int, range]]:
    for first in range(seed, seed + sequences, _BATCH_SIZE):
        for i in range(cases):
            yield i, range(first, min(first + _BATCH_SIZE, seed + sequences))


def _run_batch(batch: tuple[Case, Sequence[int]]) -> Worst:
    """The worst figures of some sequences of a case."""
    from itnnr_ik.bench.sequences import TargetSequence, Worst

    case, seeds = batch
    worst = Worst()
    for seed in seeds:
        worst.add(TargetSequence(case, seed).run())
    return worst


def _print(cases: Sequence[Case], worst: Sequence[Worst]) -> None:
    """Print the worst figures of each case."""
    sequences = min(one.sequences for one in worst)
    print(
        f"{sequences} sequences a case; largest distance beyond a limit, speed and acceleration "
        "over their limits, least share of targets accepted"
    )
    print(f"  {'case':28}{'beyond':>10}{'speed':>8}{'acceleration':>14}{'accepted %':>12}")
    for case, one in zip(cases, worst, strict=True):
        if not one.sequences:
            print(f"  {case.name:28}{'–':>10}{'–':>8}{'–':>14}{'–':>12}")
            continue
        beyond = f"{max(one.beyond, 0.0):.0e}" if one.beyond > 0.0 else "0"
        print(
            f"  {case.name:28}{beyond:>10}{one.speed:8.3f}{one.acceleration:14.2f}{100 * one.accepted:12.0f}"
        )
