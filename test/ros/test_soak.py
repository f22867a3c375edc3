"""The node at 200 targets a second for long: its memory, its heartbeat, its latency and what it sends."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from probe import Probe, values_of
from processes import START_TIMEOUT, Process
from rules import acceptance_problems
from traffic_loop import COMMANDING, Sent, TrafficLoop, swing
from traffic_loop import Path as TipPath

from itnnr_ik import IKSolver

SOLVER = IKSolver.load("three_link")
ARM = SOLVER.arm
RATE = 200.0  # [Hz]
MAX_STEP = 0.3  # [rad]
HEARTBEAT = 1.0  # [s]
SECONDS = float(os.environ.get("ITNNR_IK_SOAK_SECONDS", "600"))


def resident_memory(process: Process) -> float:
    """The memory that a process holds, in [MB]."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        pytest.skip("needs /proc, which Linux has")
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024e-6


def with_detours(path: TipPath, detour: TipPath) -> TipPath:
    """``path``, but for a tenth of a second in each ``detour``: too far away for one step at times."""
    return lambda t: detour(t) if t % 1.0 > 0.9 else path(t)


@pytest.mark.parametrize(
    ("seconds", "settling", "allowed_growth"),
    [
        # Buffers and caches are still filling in the first seconds.
        pytest.param(12.0, 4.0, 20.0, id="short"),
        pytest.param(SECONDS, min(60.0, SECONDS / 2.0), 5.0, id="long", marks=pytest.mark.slow),
    ],
)
def test_soak(
    probe: Probe,
    seconds: float,
    settling: float,
    allowed_growth: float,
    record_property: Callable[[str, object], None],
) -> None:
    """No growth of memory in [MB] once it has settled, no missed heartbeat, nothing sent outside limits."""
    heartbeats: list[DiagnosticArray] = []
    probe.node.create_subscription(DiagnosticArray, "/diagnostics", heartbeats.append, 10_000)
    path = with_detours(swing(SOLVER, 0.12, lap=4.0), swing(SOLVER, 0.8, lap=4.0))
    loop = TrafficLoop(probe, SOLVER, RATE, path)
    model = ("-p", f"model:={ARM.name}", "-p", f"max_joint_step:={MAX_STEP}")
    process = probe.start_ik_node(*model, "-p", "joint_state_timeout:=1.0", *COMMANDING)
    assert loop.run(START_TIMEOUT, lambda: loop.count()["solved"] > 0)
    loop.drain(1.0)
    loop.forget()
    heartbeats.clear()

    memory, round_trips = [], []
    answered: list[Sent] = []
    codes: Counter[str] = Counter()
    lower, upper = ARM.lower, ARM.upper
    start = time.time()
    while time.time() < start + seconds:
        loop.run(1.0)
        memory.append((time.time() - start, resident_memory(process)))
        answered += [target for target, _ in loop.codes]
        codes += loop.count()
        assert loop.count().keys() <= {"solved", "step_too_large"}
        for command in loop.commands:
            assert acceptance_problems(command.message, ARM.joint_names) == []
            assert ((lower <= command.positions) & (command.positions <= upper)).all()
            assert command.step <= MAX_STEP + command.moved
        round_trips += [
            (solved.target.time - start, solved.time - solved.target.time) for solved in loop.solved
        ]
        loop.clear()
    loop.drain(2.0 * HEARTBEAT)
    answered += [target for target, _ in loop.codes]

    sent = list(loop.sent.values())
    assert answered[-1] is sent[-1], "the newest target is answered"
    assert len(answered) >= 0.25 * len(sent), "a busy machine overtakes many"
    dropped = values_of(heartbeats[-1].status[0]).get("dropped")
    if dropped is not None:
        assert int(dropped) >= len(sent) - len(answered), (
            "what was not answered was overtaken, and is reported"
        )
    # By the node's own clock: the probe may be late in hearing of it.
    beats = [beat.header.stamp.sec + 1e-9 * beat.header.stamp.nanosec for beat in heartbeats]
    longest_gap = float(np.diff(beats).max())
    assert longest_gap < 2.0 * HEARTBEAT
    assert len(beats) >= seconds / HEARTBEAT - 1
    assert codes["step_too_large"] > 0, "the path leaves what one step may reach"
    assert codes["solved"] > codes["step_too_large"]
    settled = [held for at, held in memory if at >= settling]
    growth = max(settled) - settled[0]

    at, trips = np.array(round_trips).T
    end = seconds - settling
    figures = {
        "seconds": seconds,
        "sent": len(sent),
        "answered": len(answered),
        "codes": dict(codes),
        "heartbeats": len(beats),
        "longest time between heartbeats [s]": round(longest_gap, 3),
        "memory at first, settled, largest then, last [MB]": [
            round(held, 2) for held in (memory[0][1], settled[0], max(settled), settled[-1])
        ],
        "round trip median, p99 at first [ms]": quantiles(trips[at < settling]),
        "round trip median, p99 at last [ms]": quantiles(trips[at >= end]),
    }
    for name, value in figures.items():
        record_property(name, value)
        print(f"{name}: {value}")
    assert growth <= allowed_growth, figures
    assert process.alive()
    assert "Traceback" not in process.output


def quantiles(seconds: np.ndarray) -> list[float]:
    return [round(1e3 * float(np.quantile(seconds, share)), 2) for share in (0.5, 0.99)]
