"""Measure how many recorded messages a second `itnnr-ik evaluate` reads and solves, on one core.

For each arm a recording of joint states on a smooth path is written, and one of poses, and read again.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from tqdm import tqdm

from itnnr_ik.bench.arms import PAPER_ARMS
from itnnr_ik.evaluation.offline import evaluate_recording
from itnnr_ik.evaluation.replay import Selection
from itnnr_ik.recording.messages import joint_state, pose_stamped
from itnnr_ik.recording.records import JOINT_STATE, POSE_STAMPED
from itnnr_ik.robot import PACKAGED
from itnnr_ik.solver import IKSolver
from itnnr_ik.targets import curve_for

_RATE = 100.0  # [Hz]
_LAP_MESSAGES = 500  # messages
_TOPICS = {"joints": ("/joint_states", JOINT_STATE), "poses": ("/tracker", POSE_STAMPED)}


@dataclass(frozen=True)
class Measured:
    """Results of one recording.

    Attributes:
        arm, targets: Name of the arm; ``joints``, solved in batches, or ``poses``, solved one by one.
        messages: Number of messages.
        solved: Share of the targets that were solved.
        read_s, solve_s: Time of reading and of solving [s].
        rate: Messages per second that are read, solved and measured.
        cpu_rate: The same per second of processor time.
    """

    arm: str
    targets: str
    messages: int
    solved: float
    read_s: float
    solve_s: float
    rate: float
    cpu_rate: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``itnnr-ik bench replay``."""
    parser.add_argument(
        "--arm", choices=PACKAGED, action="append", help=f"repeatable; {', '.join(PAPER_ARMS)} if not given"
    )
    parser.add_argument("--messages", type=int, default=20_000, help="of each recording")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    if args.messages < 2:
        raise ValueError(f"--messages must be at least 2, got {args.messages}")
    rows = measure(args.arm or PAPER_ARMS, args.messages)
    if args.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        print(format_rows(rows))
    return 0


def measure(arms: Sequence[str], messages: int) -> list[Measured]:
    """Write, read and solve a recording of ``messages`` for each arm and each kind of targets."""
    rows = []
    runs = [(arm, targets) for arm in arms for targets in _TOPICS]
    with tempfile.TemporaryDirectory(prefix="itnnr_bench_") as folder:
        for arm, targets in tqdm(runs, unit="recording", leave=False, disable=None):
            solver = IKSolver.load(arm)
            path = Path(folder) / f"{arm}_{targets}"
            write_recording(path, solver, targets, messages)
            rows.append(_measure(solver, targets, path))
    return rows


def format_rows(rows: Sequence[Measured]) -> str:
    """The measurements as a table."""
    lines = [
        f"{'arm':18}{'targets':9}{'messages':>9}{'solved %':>10}{'read s':>8}{'solve s':>9}"
        f"{'messages/s':>12}{'per CPU s':>11}"
    ]
    lines += [
        f"{row.arm:18}{row.targets:9}{row.messages:9}{100 * row.solved:10.2f}{row.read_s:8.2f}"
        f"{row.solve_s:9.2f}{row.rate:12.0f}{row.cpu_rate:11.0f}"
        for row in rows
    ]
    return "\n".join(lines)


def _measure(solver: IKSolver, targets: str, path: Path) -> Measured:
    start, cpu = time.perf_counter(), time.process_time()
    result = evaluate_recording(path, solver, solver.arm.name, Selection())
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return Measured(
        arm=solver.arm.name,
        targets=targets,
        messages=result.messages,
        solved=result.solved / result.targets,
        read_s=result.read_seconds,
        solve_s=result.solve_seconds,
        rate=result.messages / seconds,
        cpu_rate=result.messages / cpu,
    )


def write_recording(path: Path, solver: IKSolver, targets: str, messages: int) -> None:
    """Write a recording of the arm on a figure of eight at 100 Hz.

    Args:
        path: A folder that does not exist.
        solver: Of the arm.
        targets: ``joints`` or ``poses``: what is recorded.
        messages: Number of messages.
    """
    arm = solver.arm
    curve = curve_for(solver, "lemniscate")
    goals = curve.at(2.0 * np.pi * np.arange(_LAP_MESSAGES) / _LAP_MESSAGES)
    joints, posture = [], curve.start
    for goal in goals:
        posture = solver.solve(goal, posture).positions
        joints.append(posture)
    poses = goals if solver.task.has_orientation else solver.in_space(goals)
    types = get_typestore(Stores.ROS2_HUMBLE)
    topic, msgtype = _TOPICS[targets]
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection(topic, msgtype, typestore=types)
        for i in range(messages):
            stamp = 10**18 + round(1e9 * i / _RATE)
            lap, point = divmod(i, _LAP_MESSAGES)
            # Every second lap runs backwards: a redundant arm does not return to its first posture.
            k = _LAP_MESSAGES - 1 - point if lap % 2 else point
            message = (
                joint_state(types, stamp, arm.base_link, arm.joint_names, joints[k])
                if targets == "joints"
                else pose_stamped(types, stamp, arm.base_link, poses[k])
            )
            writer.write(connection, stamp, types.serialize_cdr(message, msgtype))
