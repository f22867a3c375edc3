"""The example of section 4.6 on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from itnnr_ik.arrays import use_torch
from itnnr_ik.options import seed_number

if TYPE_CHECKING:
    from itnnr_ik.paper.infinite.half_ball import RegionAnswers
    from itnnr_ik.paper.infinite.motion import Motion

_TARGETS = (0.3, 0.5, 0.7, 0.9)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the example."""
    parser.add_argument(
        "--seed", type=seed_number, default=0, help="of the training, the states and the targets"
    )
    parser.add_argument("--steps", type=int, default=3000, help="training steps on the half ball")
    parser.add_argument("--states", type=int, default=300, help="random states of the three-link arm")
    parser.add_argument("--output", type=Path, help="picture to write (default: none)")


def run(args: argparse.Namespace) -> int:
    """Run the example and print its results."""
    if args.steps < 1 or args.states < 1:
        raise ValueError(f"--steps and --states must be at least 1, got {args.steps} and {args.states}")
    if args.output is not None:
        from itnnr_ik.plotting import check_path

        check_path(args.output)
    use_torch()
    from itnnr_ik.paper.infinite.half_ball import SECTORS, answers_in, train_half_ball
    from itnnr_ik.paper.infinite.motion import compare_motion

    print("(a) Half ball, y = √(1 − x₁² − x₂²): anchors from one region of the disc\n")
    inverse = train_half_ball(args.seed, args.steps)
    regions, again = (
        [answers_in(inverse, sector, y, passes=passes) for sector in SECTORS for y in _TARGETS]
        for passes in (1, 2)
    )
    print(format_regions(regions, again))
    motions = compare_motion(args.states, args.seed)
    print(
        f"\n(b) Three-link arm, {len(motions[0].norm)} reachable targets 2 to 20 cm from the tip: joint\n"
        "    motion over the least that reaches the target within the joint limits; less than 1 is possible\n"
        "    where an answer misses the target or leaves the limits\n"
    )
    print(format_motion(motions))
    here, there = np.median(motions[0].norm), np.median(motions[-1].norm)
    print(
        "\nHalf of the answers move the joints by at most "
        f"{here:.2f} times the least possible if anchored at the\ncurrent state, "
        f"and {there:.2f} times if anchored at the nearest in y."
    )
    if args.output is not None:
        from itnnr_ik.paper.figures.half_ball import figure_infinite

        figure_infinite(regions, motions).savefig(args.output, dpi=120)
        print(f"\npicture: {args.output}")
    return 0


def format_regions(regions: Sequence[RegionAnswers], again: Sequence[RegionAnswers]) -> str:
    """Part (a) as a table, a line for each region and target: answers of one pass, and residuals of two."""
    heads = (
        ("target y", 9),
        ("answers", 9),
        ("largest |f(x) − y|", 20),
        ("two passes", 12),
        ("in region", 11),
        ("turned at most", 16),
    )
    lines = [f"{'anchors from':14}" + "".join(f"{head:>{width}}" for head, width in heads)]
    lines += [
        f"{r.sector.name:14}{r.target:9.2f}{len(r.answers):9}{r.residual.max():20.1e}{two.residual.max():12.1e}"
        f"{r.inside.mean():11.0%}{r.turned.max():15.1f}°"
        for r, two in zip(regions, again, strict=True)
    ]
    return "\n".join(lines)


def format_motion(motions: Sequence[Motion]) -> str:
    """Part (b) as a table, a line for each source of answers."""
    lines = [
        f"{'':34}{'Euclidean norm':>18}{'largest joint':>18}{'tip error [m]':>20}{'outside':>9}",
        f"{'':34}" + "".join(f"{'median':>{w}}{'p95':>{w}}" for w in (9, 9, 10)) + f"{'limits':>9}",
    ]
    for motion in motions:
        cells = [np.percentile(values, [50, 95]) for values in (motion.norm, motion.largest)]
        ratios = "".join(f"{value:9.2f}" for cell in cells for value in cell)
        errors = "".join(f"{value:10.0e}" for value in np.percentile(motion.error, [50, 95]))
        lines.append(f"{motion.name:34}{ratios}{errors}{motion.outside.mean():9.1%}")
    return "\n".join(lines)
