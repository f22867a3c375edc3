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
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from itnnr_ik.bench.arms import BenchArm, load_arms
from itnnr_ik.bench.joint_paths import Array, largest_step, smooth_path
from itnnr_ik.bench.peers import element_transforms

#: What is measured if no arm is named.
_ARMS = ("two_link", "three_link", "yaw_pitch_pitch", "ur5e", "panda", "bent_wrist")
#: A step is a jump where it is so many times the path's own largest; target by target, so much more [rad].
_WHOLE, _STEPPED, _STEPPED_BY = 1.5, 3.0, 0.02
_RATE = 100.0  # [Hz]


@dataclass(frozen=True)
class Followed:
    """Paths that are followed as a whole.

    Attributes:
        solver: Whose `solve_path`.
        paths: How many.
        whole: How many without a jump, from the first target to the last.
        largest: Largest step of any path as a multiple of the path's own; infinite where one is not followed.
        seconds: For a path, in the mean.
    """

    solver: str
    paths: int
    whole: int
    largest: float
    seconds: float


@dataclass(frozen=True)
class Row:
    """An arm.

    Attributes:
        arm: Its name.
        spare_joints: Joints more than its task needs.
        followed: By whom the paths were followed as a whole.
        paths, nearest, moving: Paths that were followed target by target, and how many of them had a jump:
            with the nearest solution, and with the one that goes on as the joints move.
        missing: Why ssik takes no part; empty where it does.
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
    parser.add_argument("--arm", action="append", help=f"repeatable; {', '.join(_ARMS)} if not given")
    parser.add_argument("--paths", type=int, default=100, help="for each arm")
    parser.add_argument("--rival-paths", type=int, default=10, help="for ssik, which takes seconds for each")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    if args.paths < 1 or args.rival_paths < 0:
        raise ValueError(f"--paths must be at least 1, --rival-paths 0, got {args.paths}, {args.rival_paths}")
    arms, missing = load_arms(args.arm or _ARMS)
    rows = [measure(arm, args.paths, args.rival_paths) for arm in arms]
    print(json.dumps([asdict(row) for row in rows], indent=2) if args.json else format_rows(rows, missing))
    return 0


def measure(arm: BenchArm, paths: int, rival_paths: int) -> Row:
    """Follow the first so many paths of an arm."""
    rival, missing = _rival(arm) if rival_paths else (None, "not asked for")
    arm.solver.solve_path(arm.solver.target_at(smooth_path(arm.chain, 0, 20)))  # loads what is compiled
    ours, theirs, nearest, moving = [], [], 0, 0
    for seed in tqdm(range(paths), desc=arm.name, unit="path", leave=False, disable=None):
        path = smooth_path(arm.chain, seed)
        ours.append(_followed(arm, path))
        nearest += _jumps(arm, path, False)
        moving += _jumps(arm, path, True)
        if rival is not None and seed < rival_paths:
            theirs.append(_followed_by(rival, arm, path))
    followed = [_tally("itnnr_ik", ours), *([_tally("ssik", theirs)] if theirs else [])]
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


def _tally(solver: str, followed: Sequence[tuple[float, float]]) -> Followed:
    ratios, seconds = np.array(followed).T
    whole = int((ratios <= _WHOLE).sum())
    return Followed(solver, len(ratios), whole, float(ratios.max()), float(seconds.mean()))


def _followed(arm: BenchArm, path: Array) -> tuple[float, float]:
    """Largest step as a multiple of the path's own, and seconds; infinite where a target is missed."""
    targets = arm.solver.target_at(path)
    start = time.perf_counter()
    found = arm.solver.solve_path(targets)
    seconds = time.perf_counter() - start
    if found.gaps or not arm.solved(found.positions, targets).all():
        return math.inf, seconds
    return largest_step(found.positions) / largest_step(path), seconds


def _jumps(arm: BenchArm, path: Array, moving: bool) -> bool:
    """Whether there is a jump, or a miss, from target to target."""
    most = _STEPPED * largest_step(path) + _STEPPED_BY
    state, velocity = path[0], np.zeros(path.shape[1])
    for target in arm.solver.target_at(path[1:]):
        found = arm.solver.solve(target, state, velocity if moving else None)
        step = found.positions - state
        if not found.converged or np.abs(step).max() > most:
            return True
        state, velocity = found.positions, _RATE * step
    return False


def _rival(arm: BenchArm) -> tuple[Any, str]:
    """ssik's manipulator, or None and why not."""
    try:
        import ssik
    except ImportError as error:
        return None, f"not installed ({error})"
    if arm.solver.task.kind != "pose" or not arm.turns.all():
        return None, "takes poses of arms of revolute joints"
    n, limits = arm.chain.n_joints, np.stack(arm.bounds, axis=1)
    axes = np.tile([0.0, 0.0, 1.0], (n, 1))
    rival = ssik.Manipulator.from_transforms(element_transforms(arm), axes, limits=limits)
    try:
        rival.solve_path(arm.chain.transforms(smooth_path(arm.chain, 0, 2)))
    except NotImplementedError as error:
        return None, str(error).partition(". ")[0]
    return rival, ""


def _followed_by(rival: Any, arm: BenchArm, path: Array) -> tuple[float, float]:
    """As `_followed`, of the track with the smallest largest step."""
    transforms = arm.chain.transforms(path)
    start = time.perf_counter()
    found = rival.solve_path(transforms)
    seconds = time.perf_counter() - start
    tracks = [np.unwrap(found.q(label), axis=0) for label in found.tracks]
    steps = [largest_step(track) for track in tracks if np.isfinite(track).all()]
    return min(steps, default=math.inf) / largest_step(path), seconds
