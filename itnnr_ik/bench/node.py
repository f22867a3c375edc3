"""Measure the round trip of `ik_node` against a bare echo node of the same messages, in one run.

Both run as processes of their own and take turns, so that a busy machine slows both alike: read the ratio of
their medians. A target that a newer one has overtaken is never answered, and counts as dropped.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from itnnr_ik.robot import PACKAGED
from itnnr_ik.ros.running.processes import (
    Children,
    check_ros,
    end_on_sigterm,
    isolated_environment,
    wait_until_connected,
)
from itnnr_ik.solver import IKSolver
from itnnr_ik.targets import curve_for

if TYPE_CHECKING:
    from itnnr_ik.bench.round_trip import Summary
    from itnnr_ik.bench.traffic import Traffic

_DEFAULT_RATES = (100.0, 200.0, 500.0, 1000.0)
_WARM_UP = 0.5  # [s]
_N_TURNS = 4  # of each node at each rate, alternating
_ECHO, _NODE = "echo", "ik_node"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``itnnr-ik bench node``."""
    parser.add_argument("--arm", choices=PACKAGED, default="two_link", help="whose targets")
    parser.add_argument("--seconds", type=float, default=10.0, help="of targets for each node and rate")
    parser.add_argument(
        "--rates", type=float, nargs="+", default=list(_DEFAULT_RATES), metavar="HZ", help="targets a second"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    if not args.seconds > 0.0:
        raise ValueError(f"--seconds must be positive, got {args.seconds:g}")
    for rate in args.rates:
        if not 1.0 <= rate <= 2000.0:
            raise ValueError(f"--rates must be from 1 to 2000, got {rate:g}")
    check_ros("bench node")
    end_on_sigterm()
    with tempfile.TemporaryDirectory(prefix="itnnr_bench_") as folder:
        os.environ.update(isolated_environment(Path(folder)))
        pairs = _measure(args.arm, args.rates, args.seconds, Path(folder))
    if args.json:
        print(json.dumps({"arm": args.arm, "rates": [_report(*pair) for pair in pairs]}, indent=2))
    else:
        _print(args.arm, pairs)
    return 0


def _measure(
    model: str, rates: Sequence[float], seconds: float, log_folder: Path
) -> list[tuple[Summary, Summary]]:
    """Summaries of the echo node and `ik_node` at each rate."""
    import rclpy
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.node import Node
    from rclpy.signals import SignalHandlerOptions

    from itnnr_ik.bench.traffic import Traffic

    solver = IKSolver.load(model)
    curve = curve_for(solver, "lemniscate")
    # Without rclpy's handlers Ctrl-C is a KeyboardInterrupt, which ends the children on its way out.
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    node = Node("bench")
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    modules: dict[str, tuple[str, Mapping[str, Any]]] = {
        _ECHO: ("itnnr_ik.bench.echo", {"joints": list(solver.arm.joint_names)}),
        _NODE: ("itnnr_ik.ros.ik_node", {"model": model}),
    }
    try:
        with ExitStack() as stack:
            children = {name: stack.enter_context(Children(log_folder, f"/{name}")) for name in modules}
            for name, (module, parameters) in modules.items():
                children[name].start(name, module, parameters)
            traffic = {name: Traffic(node, executor, f"/{name}", solver, curve) for name in modules}
            _wait_until_connected(traffic, children, executor)
            return _exchange(traffic, children, rates, seconds)
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown()


def _exchange(
    traffic: Mapping[str, Traffic], children: Mapping[str, Children], rates: Sequence[float], seconds: float
) -> list[tuple[Summary, Summary]]:
    """Summaries at each rate, of nodes that take turns."""
    from itnnr_ik.bench.round_trip import summarise

    pairs = []
    with tqdm(total=len(rates) * _N_TURNS * len(traffic), unit="turn", leave=False, disable=None) as progress:
        for rate in rates:
            progress.set_description(f"{rate:g} targets/s")
            exchanges: dict[str, list[Any]] = {name: [] for name in traffic}
            for _ in range(_N_TURNS):
                for name in traffic:
                    exchanges[name].append(traffic[name].exchange(rate, seconds / _N_TURNS, _WARM_UP))
                    children[name].check()
                    progress.update()
            echo, ours = (summarise(name, rate, exchanges[name]) for name in traffic)
            pairs.append((echo, ours))
    return pairs


def _wait_until_connected(
    traffic: Mapping[str, Traffic], children: Mapping[str, Children], executor: Any
) -> None:
    def spin() -> None:
        executor.spin_once(timeout_sec=0.05)
        for process in children.values():
            process.check()

    wait_until_connected(lambda: all(one.connected() for one in traffic.values()), spin, "the nodes")


def _report(echo: Summary, ours: Summary) -> dict[str, Any]:
    """The results of one rate as JSON types, with None for what could not be measured."""
    ratio = ours.median / echo.median
    return {
        "rate": ours.rate,
        "ratio": None if math.isnan(ratio) else ratio,
        **{
            name: {
                key: None if isinstance(value, float) and math.isnan(value) else value
                for key, value in asdict(summary).items()
            }
            for name, summary in (("echo", echo), ("node", ours))
        },
    }


def _print(name: str, pairs: Sequence[tuple[Summary, Summary]]) -> None:
    print(f"\n{name}")
    print(
        f"  {'targets/s':>9}  {'node':8}{'sent/s':>8}{'sent':>8}{'answered':>10}{'dropped':>9}{'newest':>8}"
        f"{'median ms':>11}{'p99 ms':>8}{'ratio':>7}{'2nd/1st half':>14}{'behind p99':>12}"
    )
    for echo, ours in pairs:
        for s in (echo, ours):
            print(
                f"  {s.rate:9g}  {s.node:8}{s.sent_rate:8.0f}{s.sent:8}{s.answered:10}{s.dropped:9}"
                f"{'yes' if s.newest_answered else 'NO':>8}{1e3 * s.median:11.2f}{1e3 * s.p99:8.2f}"
                f"{s.median / echo.median:7.2f}{s.growth:14.2f}{s.behind:12.0f}"
            )
