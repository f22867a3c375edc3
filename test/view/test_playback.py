"""A recording played: what was asked for, recorded and answered at each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bag_writer import joint_state, pose, write_bag

from itnnr_ik import IKSolver
from itnnr_ik.view.playback import Playback, read_playback
from itnnr_ik.view.playback_view import describe, summary

SOLVER = IKSolver.load("two_link")
PERIOD, COUNT = 10**7, 60
START = 10**18


def positions(count: int) -> np.ndarray:
    phase = np.linspace(0.0, np.pi, count)
    return np.column_stack([0.4 * np.sin(phase), 0.8 + 0.3 * np.cos(phase)])


@pytest.fixture(scope="module")
def playback(tmp_path_factory: pytest.TempPathFactory) -> Playback:
    """Joint states and, right after each, the tip's pose; the tenth and the last one out of reach."""
    q = positions(COUNT)
    states, poses = [], []
    for i, (posture, tip) in enumerate(zip(q, SOLVER.forward(q), strict=True)):
        stamp = START + PERIOD * i
        states.append((stamp, joint_state(stamp, SOLVER.arm.joint_names, posture)))
        x, y = (5.0, 0.0) if i in (10, COUNT - 1) else tip[:2]
        poses.append((stamp + 1000, pose(stamp, (x, y, 0.0), "base_link")))
    bag = write_bag(
        tmp_path_factory.mktemp("recordings") / "bag", "mcap", {"/joint_states": states, "/pose": poses}
    )
    return read_playback(bag, SOLVER, "two_link")


def test_times_begin_at_the_first_target(playback: Playback) -> None:
    """Times begin at zero and end with the last target."""
    assert playback.times[0] == 0.0
    assert playback.duration == pytest.approx((len(playback.times) - 1) * 1e-9 * PERIOD)
    assert playback.evaluation.targets == len(playback.times)


def test_each_moment_has_the_answer_to_its_target(playback: Playback) -> None:
    """By forward kinematics, until the next target comes."""
    for i in (0, 5, 20):
        moment = playback.at(playback.times[i] + 0.4e-9 * PERIOD)
        assert moment.answer is not None
        assert np.allclose(SOLVER.forward(moment.answer)[:2], moment.target[:2], atol=1e-5)
        assert np.allclose(playback.path[i], moment.target[:3])
        assert (moment.code, moment.residual < 1e-5) == ("solved", True)
        assert moment.recorded is not None
        assert np.abs(moment.answer - moment.recorded).max() < 0.05


def test_without_an_answer_the_arm_stays_where_it_was(playback: Playback) -> None:
    """The arm stays at the answer before, and the distance of the target is given."""
    missed = int(np.flatnonzero(~playback.solved)[0])
    moment, before = playback.at(playback.times[missed]), playback.at(playback.times[missed - 1])
    assert moment.code == "unreachable"
    assert np.array_equal(moment.answer, before.answer)
    assert moment.residual == pytest.approx(3.0, abs=1e-3)
    assert "Unreachable" in describe(moment, 0.1)
    assert "from the recorded joints" in describe(before, 0.1)
    assert "from the recorded joints" not in describe(moment, 0.1)  # that answer is to another target
    assert (~playback.solved).sum() == 2


def test_whole_turns_do_not_count(tmp_path: Path) -> None:
    """Recorded positions of a continuous joint are wrapped to ±π, its answers are not."""
    urdf = SOLVER.arm.urdf.replace('name="joint_1" type="revolute"', 'name="joint_1" type="continuous"')  # type: ignore[union-attr]
    solver = IKSolver.from_urdf(urdf)
    assert np.isinf(solver.arm.lower[0])
    first = np.linspace(3.0, 3.3, COUNT)
    rows = []
    for i, q in enumerate(np.column_stack([first - 2.0 * np.pi * (first > np.pi), np.full(COUNT, 0.8)])):
        rows.append((START + PERIOD * i, joint_state(START + PERIOD * i, solver.arm.joint_names, q)))
    turning = read_playback(write_bag(tmp_path / "bag", "mcap", {"/joint_states": rows}), solver, "turning")
    moments = [turning.at(time) for time in turning.times]
    largest = [np.abs(m.answer - m.recorded).max() for m in moments]
    assert max(largest) > 6.0
    assert max(m.displacement for m in moments) < 1e-3


def test_times_outside_are_the_ends(playback: Playback) -> None:
    """Earlier times give the first target, later ones the last."""
    assert np.array_equal(playback.at(-1.0).target, playback.at(0.0).target)
    assert playback.at(1e9).code == "unreachable"


def test_the_summary_is_that_of_the_evaluation(playback: Playback) -> None:
    """The summary has the numbers of the evaluation and the recording's name."""
    text = summary(playback)
    evaluation = playback.evaluation
    for number in (evaluation.targets, evaluation.solved, evaluation.reachable):
        assert f">{number}<" in text
    assert evaluation.recording in text
    assert evaluation.solved == evaluation.targets - 2


def test_a_recording_that_is_none_is_refused(tmp_path: Path) -> None:
    """The error is that of `itnnr-ik evaluate`."""
    with pytest.raises(ValueError, match="nothing"):
        read_playback(tmp_path / "nothing", SOLVER, "two_link")
