"""Measure what the trained network F changes on each arm: anchors needed, branches found, time.

The same anchors are looked up with F and without it. Each of the nearest is refined as it is, or as F has
adjusted it for the target; a target counts as solved if one of them leads to a solution. Then whole solvers
are compared.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from itnnr_ik.bench.ablation import REQUIRED_SHARE, Ablation, ablate
from itnnr_ik.bench.arms import PAPER_ARMS, BenchArm, load_arms
from itnnr_ik.bench.draws import draws
from itnnr_ik.bench.report import without_nan
from itnnr_ik.options import seed_number
from itnnr_ik.solver.model import load_model, save_model
from itnnr_ik.twin.inference import TwinInverse

#: Arms without a packaged network, for which one is trained.
_TRAINED_ARMS = ("ur5e", "panda")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``itnnr-ik bench network``."""
    parser.add_argument(
        "--arm",
        action="append",
        default=[],
        help=f"repeatable; {', '.join((*PAPER_ARMS, *_TRAINED_ARMS))} if not given",
    )
    parser.add_argument(
        "--models",
        type=Path,
        default=Path("models"),
        metavar="FOLDER",
        help="where networks of arms that come without one are looked for, and kept once trained",
    )
    for name, default, text in (
        ("targets", 2000, "random targets"),
        ("steps", 20_000, "optimisation steps of a network that must be trained"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, metavar="N", help=text)
    parser.add_argument("--seed", type=seed_number, default=0, metavar="N", help="of targets and states")
    parser.add_argument("--quick", action="store_true", help="few targets, and no training")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    targets = 100 if args.quick else args.targets
    for name in ("targets", "steps"):
        if getattr(args, name) < 1:
            raise ValueError(f"--{name} must be at least 1, got {getattr(args, name)}")
    arms, missing = load_arms(args.arm or [*PAPER_ARMS, *_TRAINED_ARMS])
    found = []
    for arm in arms:
        try:
            twin = _load_or_train(arm, args.models / arm.name, None if args.quick else args.steps)
        except ImportError as error:
            missing.append(f"{arm.name}: has no trained network ({error})")
            continue
        found.append(ablate(arm, twin, draws(arm, targets, np.random.default_rng(args.seed))))
        if not args.json:
            print("\n".join(["", *ablation_lines(found[-1])]), flush=True)
    if args.json:
        whole = {"arms": [asdict(ablation) for ablation in found], "missing": missing}
        json.dump(without_nan(whole), sys.stdout, indent=2)
        print()
    elif missing:
        print("\n".join(["", *missing]))
    return 0


def ablation_lines(ablation: Ablation) -> list[str]:
    """The results of one arm as tables."""
    lines = [
        ablation.title,
        f"  {'anchors':>9}{'nearest':>9}{'solved %':>20}{'own posture %':>20}{'median µs':>20}",
        f"  {'':18}" + f"{'without':>12}{'with F':>8}" * 3,
    ]
    for plain, adjusted in zip(ablation.lookups[::2], ablation.lookups[1::2], strict=True):
        lines.append(
            f"  {plain.anchors:9}{plain.nearest:9}{100 * plain.solved:12.2f}{100 * adjusted.solved:8.2f}"
            f"{100 * plain.own:12.2f}{100 * adjusted.own:8.2f}"
            f"{plain.median_us:12.1f}{adjusted.median_us:8.1f}"
        )
    needed = [
        "more" if number is None else str(number)
        for number in (ablation.needed, ablation.needed_with_network)
    ]
    lines.append(
        f"  anchors needed for {100 * REQUIRED_SHARE:g} %: {needed[0]} without F, {needed[1]} with F"
    )
    for i, row in enumerate(ablation.solvers):
        found = ""
        if ablation.branches:
            branches = ablation.branches[i]
            found = f"; branches {branches.mean:.2f}, with the posture {100 * branches.share:.2f} %"
        lines.append(
            f"  solver {row.solver:10}{100 * row.solved:7.2f} % solved, median {row.median_us:.1f} µs, "
            f"p99 {row.p99_us:.0f} µs, change {row.displacement:.3f} rad{found}"
        )
    return lines


def _load_or_train(arm: BenchArm, folder: Path, steps: int | None) -> TwinInverse:
    """The arm's network: packaged, from ``folder``, or trained in ``steps`` and written there.

    Raises:
        ImportError: There is none, and training is not requested or not possible.
    """
    if arm.name in PAPER_ARMS:
        twin = load_model(arm.name).twin
    elif (folder / "model.json").is_file():
        model = load_model(folder)
        if model.arm != arm.chain:
            raise ValueError(f"{folder} was made for another arm than {arm.name}")
        twin = model.twin
    elif steps is None:
        raise ImportError(f"none in {folder}")
    else:
        from itnnr_ik.solver.training import train_twin

        task = arm.solver.task
        twin, metadata = train_twin(arm.chain, task, steps=steps, progress=sys.stderr.isatty())
        save_model(folder, arm.chain, task, twin, metadata)
    if twin is None:
        raise ImportError(f"none in {folder}")
    return twin
