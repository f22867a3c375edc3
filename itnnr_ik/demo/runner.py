"""Runs plans: nodes as child processes, the monitor in this process, with a progress line."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from itnnr_ik.demo.live import LiveLine
from itnnr_ik.demo.monitor import Monitor
from itnnr_ik.demo.plan import ArmPlan, Result, Run
from itnnr_ik.demo.recording import Recording, measure
from itnnr_ik.ros.running.processes import Children, wait_until_connected

#: Time [s] between the first joint state and the first target.
_SETTLING_TIME = 0.5
#: Time [s] to wait for the last answer, and to keep listening after it.
_ANSWER_TIMEOUT = 5.0
_LISTENING_TIME = 0.2
_SPIN_TIMEOUT = 0.05
#: Number of subscribers of targets and of joint states: the node and the monitor.
_N_SUBSCRIBERS = 2


def run_plans(plans: Sequence[ArmPlan], log_folder: Path, engine: str) -> list[Result]:
    """Run all plans one after the other; children log to ``log_folder``, the simulator runs ``engine``.

    Raises:
        ChildDiedError: A node has ended unexpectedly.
        RuntimeError: The nodes did not connect to each other.
    """
    # Without rclpy's handlers Ctrl-C raises KeyboardInterrupt, and the context managers end the children.
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    try:
        return [
            result
            for number, plan in enumerate(plans, 1)
            # Each arm has its own namespace, so that late messages of another arm are not mistaken.
            for result in _run_arm(plan, f"/demo_{number}", log_folder, engine)
        ]
    finally:
        rclpy.try_shutdown()


def _run_arm(plan: ArmPlan, namespace: str, log_folder: Path, engine: str) -> list[Result]:
    """All runs of one arm, with the same node and simulator."""
    monitor = Monitor(namespace, plan.joints, plan.solver.task.n_coordinates)
    executor = SingleThreadedExecutor()
    executor.add_node(monitor)
    results = []
    try:
        with Children(log_folder, namespace) as children:
            _start_nodes(plan, children, engine)
            _wait_until_up(plan, monitor, executor, children)
            for run in plan.runs:
                monitor.recording = Recording()
                source = {**run.source, "subscribers": _N_SUBSCRIBERS}
                children.start("target_source", "itnnr_ik.ros.target_source", source)
                _follow(plan, run, monitor.recording, executor, children)
                row = measure(plan.solver, run.label, monitor.recording, run.expected)
                results.append(Result(plan, run, monitor.recording, row))
    finally:
        executor.shutdown()
        monitor.destroy_node()
    return results


def _start_nodes(plan: ArmPlan, children: Children, engine: str) -> None:
    parameters = {"model": plan.model, "joints": list(plan.joints)}
    children.start("ik_node", "itnnr_ik.ros.ik_node", parameters)
    if plan.posture is not None:
        options = {"initial_positions": plan.posture.tolist(), "engine": engine}
        children.start("simulator", "itnnr_ik.ros.simulator", {**parameters, **options})


def _wait_until_up(
    plan: ArmPlan, monitor: Monitor, executor: SingleThreadedExecutor, children: Children
) -> None:
    """Spin until node and simulator are connected and joint states have been received for a while."""

    def is_up() -> bool:
        return monitor.node_is_up() and (plan.posture is None or bool(monitor.recording.joint_states))

    def spin() -> None:
        executor.spin_once(timeout_sec=_SPIN_TIMEOUT)
        children.check()

    wait_until_connected(is_up, spin, f"the nodes for {plan.arm.name}")
    settled = time.monotonic() + _SETTLING_TIME
    while time.monotonic() < settled:
        spin()


def _follow(
    plan: ArmPlan, run: Run, recording: Recording, executor: SingleThreadedExecutor, children: Children
) -> None:
    """Spin until the target source has ended and the last answer was received, or timed out."""
    with LiveLine(plan.solver, run.label, recording, sys.stderr) as line:
        while not children.finished("target_source"):
            executor.spin_once(timeout_sec=_SPIN_TIMEOUT)
            line.update()
        end = time.monotonic() + _ANSWER_TIMEOUT
        while time.monotonic() < end:
            executor.spin_once(timeout_sec=_SPIN_TIMEOUT)
            if recording.last_answered:
                end = min(end, time.monotonic() + _LISTENING_TIME)
        children.check()
