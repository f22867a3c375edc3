"""Long recordings: memory does not grow with them, and reading keeps up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from itnnr_ik import IKSolver
from itnnr_ik.bench.replay import write_recording

MEASURE = """
import sys, time
from pathlib import Path
from itnnr_ik.evaluation.offline import evaluate_recording
from itnnr_ik.evaluation.replay import Selection
from itnnr_ik.solver import IKSolver
solver = IKSolver.load("two_link")
begin = time.process_time()
result = evaluate_recording(Path(sys.argv[1]), solver, "two_link", Selection())
seconds = time.process_time() - begin
status = Path("/proc/self/status").read_text()
print(result.messages, result.solved, int(status.split("VmHWM:")[1].split()[0]) / 1024, seconds)
"""


def measure(folder: Path, source: str, count: int) -> tuple[float, float]:
    """Peak memory in megabytes, and messages a second of processor time, of evaluating a recording."""
    path = folder / str(count)
    write_recording(path, IKSolver.load("two_link"), source, count)
    result = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True
    )
    messages, solved, megabytes, seconds = map(float, result.stdout.split())
    assert messages == count
    assert solved >= count - 1
    return megabytes, messages / seconds


@pytest.mark.slow
@pytest.mark.parametrize(("source", "counts"), [("joints", (10_000, 150_000)), ("poses", (4_000, 60_000))])
def test_memory_does_not_grow_with_the_recording(
    tmp_path: Path, source: str, counts: tuple[int, int]
) -> None:
    """Fifteen times the messages need the same memory."""
    (few, _), (many, _) = (measure(tmp_path, source, count) for count in counts)
    assert many - few < 50.0
    assert many < 300.0


@pytest.mark.slow
def test_a_million_joint_states(tmp_path: Path) -> None:
    """A million states need at most 50 MB more than ten thousand, and are read at over 50 000 per second."""
    (few, _), (many, rate) = (measure(tmp_path, "joints", count) for count in (10_000, 1_000_000))
    assert many - few < 50.0
    assert many < 300.0
    assert rate > 50_000.0
