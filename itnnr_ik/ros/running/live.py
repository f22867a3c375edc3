"""Plays a recording to the real `ik_node`, a process of its own, over real topics."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from tqdm import tqdm

from itnnr_ik.evaluation.answers import SOLVED, Answers
from itnnr_ik.evaluation.pose_targets import pose_of
from itnnr_ik.evaluation.replay import Replay
from itnnr_ik.recording.pairing import Array
from itnnr_ik.recording.writer import WrittenSolution, WrittenStatus
from itnnr_ik.ros.running.exchange import Exchange
from itnnr_ik.ros.running.processes import (
    Children,
    end_on_sigterm,
    isolated_environment,
    wait_until_connected,
)
from itnnr_ik.solver import IKSolver
from itnnr_ik.targets import first_posture

_NAMESPACE = "/evaluation"
_SPIN_SECONDS = 0.05


def replay_live(
    solver: IKSolver, replay: Replay, speed: float
) -> tuple[Answers, list[WrittenSolution], list[WrittenStatus]]:
    """Send the joint states and targets of a replay in recorded order, at ``speed`` times their pace.

    The order is kept whatever the pace: a target waits for the answer to the one before it, and a joint
    state recorded with a target follows it.

    Raises:
        ChildDiedError: The node ended.
        RuntimeError: The node was not found.
    """
    end_on_sigterm()
    with tempfile.TemporaryDirectory(prefix="itnnr_evaluate_") as folder:
        os.environ.update(isolated_environment(Path(folder)))
        # Without rclpy's handlers Ctrl-C is a KeyboardInterrupt, which ends the node on its way out.
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        try:
            node, executor = Node("evaluator", namespace=_NAMESPACE), SingleThreadedExecutor()
            executor.add_node(node)
            model = Path(folder) / "model"
            solver.save(model)
            with Children(Path(folder), _NAMESPACE) as children:
                children.start("ik_node", "itnnr_ik.ros.ik_node", _parameters(solver, model, replay))

                def spin(seconds: float) -> None:
                    children.check()
                    executor.spin_once(timeout_sec=max(0.0, min(seconds, _SPIN_SECONDS)))

                exchange = Exchange(node, spin, replay.joints, solver.arm.base_link)
                wait_until_connected(exchange.connected, lambda: spin(_SPIN_SECONDS), "ik_node")
                start = time.perf_counter()
                first = first_posture(solver, replay.targets[0]) if replay.current is None else None
                _play(replay, pose_of(solver, replay.targets), exchange, spin, speed, first)
                answers = exchange.answers(replay, first, time.perf_counter() - start)
            return answers, exchange.solutions, exchange.statuses
        finally:
            rclpy.try_shutdown()


def _parameters(solver: IKSolver, model: Path, replay: Replay) -> dict[str, object]:
    oriented = {"orientation_tolerance": solver.orientation_tolerance} if solver.task.has_orientation else {}
    return {
        "model": str(model),
        "joints": list(replay.joints),
        "tolerance": solver.tolerance,
        **oriented,
        # Each target is solved from the recorded state, as it is without the node.
        "seed_tolerance": 0.0,
        # What is too old by the recording's own clock is left out already.
        "joint_state_timeout": 0.0,
        "target_timeout": 0.0,
    }


def _play(
    replay: Replay,
    targets: Array,
    exchange: Exchange,
    spin: Callable[[float], None],
    speed: float,
    first: Array | None,
) -> None:
    # A state that was received with a target comes after it.
    events = [(int(received), 0, i) for i, received in enumerate(replay.received)]
    if first is None:
        events += [(state.received, 1, i) for i, state in enumerate(replay.states)]
    else:
        exchange.send_state(replay.joints, first.tolist())
    events.sort()
    stamps = replay.stamps
    begin = time.monotonic()
    with tqdm(total=len(replay), desc="replaying", unit="target", leave=False, disable=None) as bar:
        for received, kind, i in events:
            due = begin + 1e-9 * (received - events[0][0]) / speed
            while (left := due - time.monotonic()) > 0.0:
                spin(left)
            if kind:
                exchange.send_state(replay.states[i].names, replay.states[i].positions.tolist())
                continue
            reply = exchange.ask(targets[i], int(stamps[i]))
            bar.update()
            if first is not None and reply.code == SOLVED and reply.positions is not None:
                exchange.send_state(replay.joints, reply.positions.tolist())
