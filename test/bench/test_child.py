"""Measurements in processes of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.solvers import bench_arm
from itnnr_ik.bench.child import batch_rates, first_answer
from itnnr_ik.bench.draws import draws


@pytest.mark.parametrize("name", ["two_link", "puma560"])
def test_a_batch_is_solved_in_turns_with_a_checkout_s(name: str, root: Path) -> None:
    """Both solve all targets; a checkout is asked for the paper's arms only."""
    arm = bench_arm(name)
    rates = batch_rates(arm, draws(arm, 300, np.random.default_rng(0)), root)
    solvers = ["itnnr_ik", root.name] if name == "two_link" else ["itnnr_ik"]
    expected = [(states, solver) for states in (False, True) for solver in solvers]
    assert [(rate.states, rate.solver) for rate in rates] == expected
    assert all(rate.solved == 1.0 and rate.targets == 300 and rate.rate > 0.0 for rate in rates)


def test_a_checkout_that_cannot_run_says_why(tmp_path: Path) -> None:
    """The message ends with the last line of its output."""
    package = tmp_path / "itnnr_ik" / "solver"
    package.mkdir(parents=True)
    (tmp_path / "itnnr_ik" / "__init__.py").touch()
    (package / "__init__.py").write_text("raise RuntimeError('not today')\n")
    arm = bench_arm("two_link")
    with pytest.raises(RuntimeError, match=r"could not measure batches of .*: RuntimeError: not today"):
        batch_rates(arm, draws(arm, 10, np.random.default_rng(0)), tmp_path)


def test_the_first_answer_takes_a_while() -> None:
    """The first answer from a URDF is timed in a new process, with the compiled code of this one."""
    first = first_answer(bench_arm("scara"), first_day=False)
    assert first.import_s > 0.0
    assert first.answer_s > 0.0
    assert first.first_day_s is None
