"""The bench of the motion: sequences in several processes, and what Ctrl-C leaves."""

from __future__ import annotations

import argparse
import json
import signal

import pytest

from itnnr_ik.bench import motion
from itnnr_ik.bench.sequences import TargetSequence, Worst

CASES = motion.all_cases()[:1]


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    motion.add_arguments(parser)
    return parser.parse_args(words)


def test_the_worst_of_all_processes_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The worst figures are those of the same sequences simulated here one after the other."""
    monkeypatch.setattr(motion, "all_cases", lambda: CASES)
    monkeypatch.setattr(motion, "_BATCH_SIZE", 2)
    assert motion.run(parsed("--sequences", "3", "--seed", "7", "--jobs", "2", "--json")) == 0
    (printed,) = json.loads(capsys.readouterr().out)
    expected = Worst()
    for seed in range(7, 10):
        expected.add(TargetSequence(CASES[0], seed).run())
    assert {name: printed[name] for name in vars(expected)} == vars(expected)
    assert expected.sequences == 3


def test_what_was_played_before_ctrl_c_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After Ctrl-C the results so far are printed, and the exit status is 130."""
    add = Worst.add

    def interrupted(worst: Worst, other: Worst) -> None:
        add(worst, other)
        signal.raise_signal(signal.SIGINT)  # the players leave it alone

    monkeypatch.setattr(motion, "all_cases", lambda: CASES)
    monkeypatch.setattr(motion, "_BATCH_SIZE", 1)
    monkeypatch.setattr(Worst, "add", interrupted)
    assert motion.run(parsed("--sequences", "200", "--jobs", "1")) == 130
    assert capsys.readouterr().out.startswith("1 sequences a case")


def test_a_case_without_sequences_has_no_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A case of which nothing was simulated before Ctrl-C has dashes, and null in JSON, for its figures."""

    def interrupted(worst: Worst, other: Worst) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(motion, "all_cases", lambda: CASES)
    monkeypatch.setattr(motion, "_BATCH_SIZE", 1)
    monkeypatch.setattr(Worst, "add", interrupted)
    assert motion.run(parsed("--sequences", "1", "--jobs", "1", "--json")) == 130
    (printed,) = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert [printed[name] for name in vars(Worst())] == [None, None, None, None, 0]
    assert motion.run(parsed("--sequences", "1", "--jobs", "1")) == 130
    assert capsys.readouterr().out.splitlines()[-1].split() == ["on", "time", *"––––"]


@pytest.mark.parametrize("name", ["--sequences", "--jobs"])
def test_none_is_refused(name: str) -> None:
    """Numbers below 1 are refused."""
    with pytest.raises(ValueError, match=f"{name} must be positive, got 0"):
        motion.run(parsed(name, "0"))
