"""Jumps in the answers to a recording, and whether the path could have been followed without."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from arm_recordings import PERIOD, START, bag
from bag_writer import pose

from itnnr_ik import IKSolver
from itnnr_ik.cli import main
from itnnr_ik.evaluation.answers import SOLVED, Answers, solve_replay
from itnnr_ik.evaluation.measures import Evaluation, Tally, evaluate
from itnnr_ik.evaluation.page import make_page
from itnnr_ik.evaluation.replay import Replay
from itnnr_ik.evaluation.report import format_report

ELBOW = 0.8  # [rad]


@pytest.fixture(scope="module")
def solver() -> IKSolver:
    return IKSolver.load("two_link")


def arc(solver: IKSolver, first: float, last: float, count: int = 120) -> np.ndarray:
    """Targets (count, 2) on a circle that the elbow is bent by `ELBOW` on, from one direction to another.

    The shoulder is half an elbow to one side of the direction, or to the other.
    """
    direction = np.linspace(first, last, count)
    return solver.target_at(np.stack([direction - 0.5 * ELBOW, np.full(count, ELBOW)], axis=1))


def replay_of(targets: np.ndarray) -> Replay:
    """A replay of poses without joint states."""
    received = START + PERIOD * np.arange(len(targets))
    return Replay("bag", "poses of /p", received, targets, None, None, ("joint_1", "joint_2"))


def followed(solver: IKSolver, targets: np.ndarray, state: np.ndarray) -> Answers:
    """Solve one target after the other, starting at a posture."""
    current, positions = [], []
    for target in targets:
        current.append(state)
        state = solver.solve(target, state).positions
        positions.append(state)
    nothing, codes = np.zeros(len(targets)), np.full(len(targets), SOLVED)
    return Answers(np.array(positions), np.array(current), codes, nothing, nothing, None, 0.0, False)


def dead_end(solver: IKSolver) -> tuple[Replay, Answers]:
    """A path towards the shoulder's limit, on the branch of the elbow that must change there."""
    upper = float(solver.arm.upper[0])
    targets = arc(solver, upper - 1.2, upper)
    direction = upper - 1.2
    start = np.array([direction + 0.5 * ELBOW, -ELBOW])
    return replay_of(targets), followed(solver, targets, start)


def crossing(solver: IKSolver) -> tuple[Replay, Answers]:
    """A path from one limit of the shoulder to the other; at each there is only one elbow branch."""
    lower, upper = float(solver.arm.lower[0]), float(solver.arm.upper[0])
    targets = arc(solver, upper, lower, 300)
    return replay_of(targets), followed(solver, targets, np.array([upper - 0.5 * ELBOW, ELBOW]))


def test_a_dead_end_is_avoidable(solver: IKSolver) -> None:
    """The other elbow branch avoids the jump, which is reported with target, time and size."""
    replay, answers = dead_end(solver)
    evaluation = evaluate(solver, "two_link", replay, answers, 0.0, jumps=10)
    steps = np.abs(answers.positions - answers.current).max(axis=1)
    (jump,) = evaluation.jumps
    assert evaluation.branch_changes == 1
    assert (jump.index, jump.step) == (int(steps.argmax()), float(steps.max()))
    assert jump.time == pytest.approx(1e-9 * PERIOD * jump.index)
    assert (jump.avoidable, jump.reason, jump.first, jump.last) == (True, "", 0, len(replay) - 1)


def test_a_jump_that_has_to_be_says_why(solver: IKSolver) -> None:
    """The reason names the joint limit at which the elbow branch ends."""
    replay, answers = crossing(solver)
    (jump,) = evaluate(solver, "two_link", replay, answers, 0.0, jumps=10).jumps
    assert not jump.avoidable
    assert "limit of joint joint_1" in jump.reason
    assert jump.first < jump.index <= jump.last


def test_each_jump_has_the_gap_next_to_it(solver: IKSolver) -> None:
    """Two jumps on one path, there and back, are told with a gap each: the path is planned only once."""
    replay, there = crossing(solver)
    replay = replay_of(np.concatenate([replay.targets, replay.targets[::-1]]))
    answers = followed(solver, replay.targets, there.current[0])
    jumps = evaluate(solver, "two_link", replay, answers, 0.0, jumps=10).jumps
    assert len(jumps) == 2
    assert all(jump.reason.startswith(f"targets {jump.index - 1} to {jump.index}:") for jump in jumps)


def test_a_target_that_leaps_is_no_path(solver: IKSolver) -> None:
    targets = np.concatenate([arc(solver, -0.3, 0.0, 20), arc(solver, 0.25, 0.35, 20)])
    replay = replay_of(targets)
    answers = followed(solver, targets, np.array([-0.7, ELBOW]))
    after = followed(solver, targets[20:], np.array([0.65, -ELBOW]))
    answers.positions[20:], answers.current[21:] = after.positions, after.current[1:]
    (jump,) = evaluate(solver, "two_link", replay, answers, 0.0, jumps=10).jumps
    assert (jump.index, jump.avoidable) == (20, False)
    assert "leaps" in jump.reason


def pieces(replay: Replay, answers: Answers, size: int) -> list[tuple[Replay, Answers]]:
    """Split replay and answers into pieces of a number of targets."""
    found = []
    for first in range(0, len(replay), size):
        rows = slice(first, first + size)
        part = replace(replay, received=replay.received[rows], targets=replay.targets[rows])
        found.append((part, replace(
            answers, positions=answers.positions[rows], current=answers.current[rows],
            codes=answers.codes[rows], closest=answers.closest[rows],
        )))  # fmt: skip
    return found


@pytest.mark.parametrize("size", [1, 7, 64])
def test_pieces_make_no_difference(solver: IKSolver, size: int) -> None:
    """Jumps are the same wherever the recording is cut into pieces, and with many more targets."""
    replay, answers = crossing(solver)
    still = (replace(replay, targets=np.repeat(replay.targets[i : i + 1], 1500, axis=0)) for i in (0, -1))
    long = replace(replay, targets=np.concatenate([next(still).targets, replay.targets]))
    long = replace(long, received=START + PERIOD * np.arange(len(long.targets)))
    all_answers = followed(solver, long.targets, answers.current[0])
    expected = evaluate(solver, "two_link", long, all_answers, 0.0, jumps=10).jumps
    tally = Tally(solver, 10)
    for part in pieces(long, all_answers, size):
        tally._jumps.add(
            part[0].received,
            part[0].targets,
            np.abs(part[1].positions - part[1].current).max(axis=1),
            np.abs(part[1].positions - part[1].current).max(axis=1) > 0.5,
        )
    assert len(expected) == 1
    assert tally._jumps.result() == expected
    assert expected[0].last - expected[0].first <= 2000


def test_no_more_are_looked_at_than_asked_for(solver: IKSolver) -> None:
    """The report gives the number of jumps that were not checked."""
    targets = arc(solver, -0.3, 0.3, 60)
    answers = followed(solver, targets, np.array([-0.7, ELBOW]))
    first, second = answers.positions[10::20].T
    answers.positions[10::20] = np.stack([first + second, -second], axis=1)
    replay = replay_of(targets)
    some, none, all_ = (evaluate(solver, "a", replay, answers, 0.0, jumps=n) for n in (2, 0, 10))
    assert [len(e.jumps) for e in (some, none, all_)] == [2, 0, 3]
    assert {jump.avoidable for jump in all_.jumps} == {True}
    assert some.branch_changes == 3
    assert "--jumps 3" in format_report(some)
    assert "--jumps" not in format_report(all_) + format_report(none)


def told(evaluation: Evaluation) -> tuple[str, str]:
    return format_report(evaluation), make_page(evaluation, {})


def test_reports_tell_of_them(solver: IKSolver) -> None:
    """Text and page have a line for each jump, and nothing without jumps."""
    for text in told(evaluate(solver, "a", *dead_end(solver), 0.0, jumps=10)):
        assert "avoidable, targets 0 to 119 can be followed without a jump" in text
    replay, answers = crossing(solver)
    for text in told(evaluate(solver, "a", replay, answers, 0.0, jumps=10)):
        assert "limit of joint joint_1" in text
    targets = arc(solver, -0.3, 0.3)
    calm = evaluate(solver, "a", replay_of(targets), solve_replay(solver, replay_of(targets)), 0.0, jumps=10)
    for text in told(calm):
        assert "jump" not in text


def test_the_command_has_them_in_json(
    solver: IKSolver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The JSON has ten jumps by default, and none with --jumps 0."""
    replay, _ = crossing(solver)
    rows = [(t, pose(t, (x, y, 0.0), "base_link")) for t, (x, y) in zip(
        replay.received.tolist(), replay.targets.tolist(), strict=True
    )]  # fmt: skip
    recording = bag(tmp_path / "bag", tracker=rows)
    for options, count in (((), 1), (("--jumps", "0"), 0)):
        assert main(["evaluate", str(recording), "--arm", "two_link", "--json", *options]) == 0
        jumps = json.loads(capsys.readouterr().out)["jumps"]
        assert [jump["avoidable"] for jump in jumps] == [False] * count
    assert main(["evaluate", str(recording), "--arm", "two_link", "--jumps", "-1"]) == 1
    assert "--jumps must be 0 or more, got -1" in capsys.readouterr().err
