"""Measure how many smooth joint paths are followed without a jump: as a whole, and target by target.

The targets are those of joint paths that swing over 95 % of the limits, 500 on each, many through singular
postures; so a path without a jump exists. As a whole, a jump is a step above 1.5 times the joint path's own
largest; target by target, each from the last answer, one above 3 times that and 0.02 rad more. ssik's
solve_path takes part where it is installed and has charts of the arm: the best of its tracks counts, whatever
its limits.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from itnnr_ik.bench.arms import BenchArm, load_arms
from itnnr_ik.bench.joint_paths import Array, largest_step, smooth_path
from itnnr_ik.bench.peers import UnsupportedArm, element_transforms
from itnnr_ik.bench.report import without_nan

#: Arms that are measured if none is named.
_DEFAULT_ARMS = ("two_link", "three_link", "yaw_pitch_pitch", "ur5e", "panda", "bent_wrist")
#: Largest ratio of a step to the largest step of the path itself, beyond which it is a jump: for paths
#: followed as a whole, and target by target, where a margin [rad] is added.
_MAX_STEP_RATIO, _MAX_TRACKING_RATIO, _TRACKING_MARGIN = 1.5, 3.0, 0.02
_RATE = 100.0  # [Hz]


@dataclass(frozen=True)
class Followed:
    """Results of paths that are followed as a whole.

    Attributes:
        solver: Name of the solver whose `solve_path` is used.
        paths: Number of paths.
        whole: Number of paths followed without a jump, from the first target to the last.
        largest: Largest step of any path as a multiple of the path's own; infinite if one is not followed.
        seconds: Mean time for a path [s].
    """

    solver: str
    paths: int
    whole: int
    largest: float
    seconds: float


@dataclass(frozen=True)
class Row:
    """Results of an arm.

    Attributes:
        arm: Its name.
        spare_joints: Number of redundant joints.
        followed: Results of each solver, for paths as a whole.
        paths, nearest, moving: Paths that were followed target by target, and how many of them had a jump:
            with the solution nearest to the state, and with the one that continues the motion.
        missing: Why ssik is not compared; empty if it is.
    """

    arm: str
    spare_joints: int
    followed: tuple[Followed, ...]
    paths: int
    nearest: int
    moving: int
    missing: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``itnnr-ik bench paths``."""
    parser.add_argument("--arm", action="append", help=f"repeatable; {', '.join(_DEFAULT_ARMS)} if not given")
    parser.add_argument("--paths", type=int, default=100, help="for each arm")
    parser.add_argument("--rival-paths", type=int, default=10, help="for ssik, which takes seconds for each")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    if args.paths < 1 or args.rival_paths < 0:
        raise ValueError(f"--paths must be at least 1, --rival-paths 0, got {args.paths}, {args.rival_paths}")
    arms, missing = load_arms(args.arm or _DEFAULT_ARMS)
    rows = [measure(arm, args.paths, args.rival_paths) for arm in arms]
    if args.json:
        print(json.dumps(without_nan([asdict(row) for row in rows]), indent=2))
        print("".join(f"{line}\n" for line in missing), end="", file=sys.stderr)
    else:
        print(format_rows(rows, missing))
    return 0


def measure(arm: BenchArm, paths: int, rival_paths: int) -> Row:
    """Follow the first ``paths`` paths of an arm, with ssik the first ``rival_paths``."""
    rival, missing = _ssik(arm) if rival_paths else (None, "not asked for")
    arm.solver.solve_path(arm.solver.target_at(smooth_path(arm.chain, 0, 20)))  # loads what is compiled
    ours, theirs, nearest, moving = [], [], 0, 0
    for seed in tqdm(range(paths), desc=arm.name, unit="path", leave=False, disable=None):
        path = smooth_path(arm.chain, seed)
        ours.append(_follow(arm, path))
        nearest += _has_jump(arm, path, False)
        moving += _has_jump(arm, path, True)
        if rival is not None and seed < rival_paths:
            theirs.append(_follow_with_ssik(rival, arm, path))
    followed = [_summarise("itnnr_ik", ours), *([_summarise("ssik", theirs)] if theirs else [])]
    return Row(arm.name, arm.spare_joints, tuple(followed), paths, nearest, moving, missing)


def format_rows(rows: Sequence[Row], missing: Sequence[str] = ()) -> str:
    """The measurements as two tables."""
    lines = [f"{'as a whole':18}{'solver':10}{'paths':>7}{'no jump':>9}{'largest step':>14}{'ms a path':>11}"]
    for row in rows:
        for one in row.followed:
            largest = f"{one.largest:.3f} times" if math.isfinite(one.largest) else "–"
            lines.append(
                f"{row.arm:18}{one.solver:10}{one.paths:7}{one.whole:9}{largest:>14}{1e3 * one.seconds:11.1f}"
            )
    lines += [
        "",
        f"{'target by target':18}{'spare':10}{'paths':>7}{'nearest: jumps':>17}{'moving: jumps':>16}",
    ]
    for row in rows:
        shares = [f"{100.0 * count / row.paths:.1f} %" for count in (row.nearest, row.moving)]
        lines.append(f"{row.arm:18}{row.spare_joints:<10}{row.paths:7}{shares[0]:>17}{shares[1]:>16}")
    reasons = [f"ssik, {row.arm}: {row.missing}" for row in rows if row.missing]
    return "\n".join([*lines, *(["", *reasons, *missing] if reasons or missing else [])])


def _summarise(solver: str, followed: Sequence[tuple[float, float]]) -> Followed:
    ratios, seconds = np.array(followed).T
    whole = int((ratios <= _MAX_STEP_RATIO).sum())
    return Followed(solver, len(ratios), whole, float(ratios.max()), float(seconds.mean()))


def _follow(arm: BenchArm, path: Array) -> tuple[float, float]:
    """Largest step as a multiple of the path's own, infinite if a target is missed; and time [s]."""
    targets = arm.solver.target_at(path)
    start = time.perf_counter()
    found = arm.solver.solve_path(targets)
    seconds = time.perf_counter() - start
    if found.gaps or not arm.solved(found.positions, targets).all():
        return math.inf, seconds
    return largest_step(found.positions) / largest_step(path), seconds


def _has_jump(arm: BenchArm, path: Array, moving: bool) -> bool:
    """Whether there is a jump or a missed target when the path is followed target by target."""
    max_step = _MAX_TRACKING_RATIO * largest_step(path) + _TRACKING_MARGIN
    state, velocity = path[0], np.zeros(path.shape[1])
    for target in arm.solver.target_at(path[1:]):
        found = arm.solver.solve(target, state, velocity if moving else None)
        step = found.positions - state
        if not found.converged or np.abs(step).max() > max_step:
            return True
        state, velocity = found.positions, _RATE * step
    return False


def _ssik(arm: BenchArm) -> tuple[Any, str]:
    """ssik's manipulator, or None and the reason."""
    try:
        import ssik
    except ImportError as error:
        return None, f"not installed ({error})"
    if arm.solver.task.kind != "pose" or not arm.revolute.all():
        return None, "takes poses of arms of revolute joints"
    n, limits = arm.chain.n_joints, np.stack(arm.bounds, axis=1)
    axes = np.tile([0.0, 0.0, 1.0], (n, 1))
    try:
        rival = ssik.Manipulator.from_transforms(element_transforms(arm), axes, limits=limits)
        rival.solve_path(arm.chain.transforms(smooth_path(arm.chain, 0, 2)))
    except (UnsupportedArm, NotImplementedError) as error:
        return None, str(error).partition(". ")[0]
    return rival, ""


def _follow_with_ssik(rival: Any, arm: BenchArm, path: Array) -> tuple[float, float]:
    """As `_follow`, for the track of ssik whose largest step is smallest."""
    transforms = arm.chain.transforms(path)
    start = time.perf_counter()
    found = rival.solve_path(transforms)
    seconds = time.perf_counter() - start
    tracks = [np.unwrap(found.q(label), axis=0) for label in found.tracks]
    steps = [largest_step(track) for track in tracks if np.isfinite(track).all()]
    return min(steps, default=math.inf) / largest_step(path), seconds
