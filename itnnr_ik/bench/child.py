"""Measurements in child processes: batch rates compared with another commit's, and time to the first answer.

The programs below use only what both commits have.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

import itnnr_ik
from itnnr_ik.bench.arms import PAPER_ARMS, BenchArm
from itnnr_ik.bench.draws import Draws
from itnnr_ik.robot import PACKAGED

Array = NDArray[np.float64]

_CHECKOUT = Path(itnnr_ik.__file__).parents[1]
_N_ROUNDS = 5
#: Environment that limits libraries to one thread, because rates are those of one core.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

_BATCH_PROGRAM = r"""
import os, sys, time
import numpy as np
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from itnnr_ik.solver import IKSolver
model, folder = sys.argv[1:]
solver = IKSolver.from_urdf(model) if model.endswith(".urdf") else IKSolver.load(model)
targets = np.load(folder + "/targets.npy")
states = np.load(folder + "/states.npy")
for current in (None, states[:1000]):
    solver.solve_batch(targets[:1000], current)
print("ready", flush=True)
for line in sys.stdin:
    current = states if line == "states\n" else None
    begin = time.process_time()
    positions = solver.solve_batch(targets, current).positions
    seconds = time.process_time() - begin
    np.save(folder + "/positions.npy", positions)
    print(seconds, flush=True)
"""

_FIRST_ANSWER_PROGRAM = """
import sys, time
begin = time.perf_counter()
import numpy as np
from itnnr_ik.solver import IKSolver
imported = time.perf_counter()
solver = IKSolver.from_urdf(sys.argv[1])
solver.solve(np.array(sys.argv[2].split(","), dtype=float), np.zeros(solver.arm.n_joints))
print(imported - begin, time.perf_counter() - imported)
"""


@dataclass(frozen=True)
class BatchRate:
    """`solve_batch` on one core.

    Attributes:
        solver: ``itnnr_ik``, or the checkout that it is compared with.
        states: Whether each target is solved from a state.
        targets: Number of targets in the batch.
        solved: Share of them that is solved.
        rate: Targets per second of processor time, the best of several rounds.
    """

    solver: str
    states: bool
    targets: int
    solved: float
    rate: float


@dataclass(frozen=True)
class FirstAnswer:
    """Time from a URDF to the first answer, in a new process.

    Attributes:
        import_s: Time of importing the package [s].
        answer_s: Time from `from_urdf` to the first answer, with compiled code cached on disk [s].
        first_day_s: The same with an empty cache [s]; None if not measured.
    """

    import_s: float
    answer_s: float
    first_day_s: float | None


def batch_rates(arm: BenchArm, drawn: Draws, baseline: Path | None) -> list[BatchRate]:
    """Rates without and with states, in alternation with those of a checkout that has the arm, too."""
    checkouts = [("itnnr_ik", _CHECKOUT)]
    if baseline is not None and arm.name in PAPER_ARMS:
        checkouts.append((baseline.name, baseline))
    with ExitStack() as stack:
        workers = [stack.enter_context(_Worker(arm, drawn, label, checkout)) for label, checkout in checkouts]
        rates = []
        for states in (False, True):
            rounds = [[worker.solve(states) for worker in workers] for _ in range(_N_ROUNDS)]
            best = np.min(rounds, axis=0)
            rates += [
                worker.rate(states, seconds) for worker, seconds in zip(workers, best.tolist(), strict=True)
            ]
        return rates


def first_answer(arm: BenchArm, first_day: bool) -> FirstAnswer:
    """Time to the first answer; with ``first_day`` also with an empty cache of compiled code."""
    with tempfile.TemporaryDirectory(prefix="itnnr_bench_") as folder:
        urdf = _write_urdf(arm, Path(folder))
        target = arm.solver.target_at(arm.chain.sample(1, np.random.default_rng(0))[0])
        arguments = [str(urdf), ",".join(map(repr, target.tolist()))]
        import_s, answer_s = _time_first_answer(arguments, {})
        cold = _time_first_answer(arguments, {"NUMBA_CACHE_DIR": f"{folder}/cache"})[1] if first_day else None
    return FirstAnswer(import_s, answer_s, cold)


class _Worker:
    """A child process that solves the batch on request."""

    def __init__(self, arm: BenchArm, drawn: Draws, label: str, checkout: Path) -> None:
        self._arm, self._drawn, self._label, self._checkout = arm, drawn, label, checkout

    def __enter__(self) -> _Worker:
        self._folder = tempfile.TemporaryDirectory(prefix="itnnr_bench_")
        folder = Path(self._folder.name)
        np.save(folder / "targets.npy", self._drawn.targets)
        np.save(folder / "states.npy", self._drawn.states)
        model = self._arm.name if self._arm.name in PACKAGED else str(_write_urdf(self._arm, folder))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BATCH_PROGRAM, model, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=_environment(self._checkout, {}),
        )
        self._read_answer()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def solve(self, states: bool) -> float:
        """Solve the batch once more, with states or without, and return the processor time [s]."""
        _pipe(self._process.stdin).write("states\n" if states else "none\n")
        _pipe(self._process.stdin).flush()
        return float(self._read_answer())

    def rate(self, states: bool, seconds: float) -> BatchRate:
        """The rate of the last batch, for the best time ``seconds`` [s]."""
        positions, targets = np.load(Path(self._folder.name) / "positions.npy"), self._drawn.targets
        solved = float(self._arm.solved(positions, targets).mean())
        return BatchRate(self._label, states, len(targets), solved, len(targets) / seconds)

    def _read_answer(self) -> str:
        line = _pipe(self._process.stdout).readline()
        if not line:
            raise RuntimeError(
                _failure_message(f"batches of {self._checkout}", self._process.communicate()[1])
            )
        return line


def _time_first_answer(arguments: Sequence[str], variables: dict[str, str]) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", _FIRST_ANSWER_PROGRAM, *arguments],
        capture_output=True,
        text=True,
        env=_environment(_CHECKOUT, variables),
    )
    if done.returncode != 0:
        raise RuntimeError(_failure_message("the first answer", done.stderr))
    import_s, answer_s = map(float, done.stdout.split())
    return import_s, answer_s


def _environment(checkout: Path, variables: dict[str, str]) -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(checkout), os.environ.get("PYTHONPATH")]))
    return {**os.environ, **_ONE_THREAD, "PYTHONPATH": path, **variables}


def _write_urdf(arm: BenchArm, folder: Path) -> Path:
    path = folder / "arm.urdf"
    path.write_text(arm.chain.urdf, encoding="utf-8")
    return path


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def _failure_message(what: str, text: str) -> str:
    return f"could not measure {what}: {(text.strip() or 'no message').splitlines()[-1]}"
