"""Requirements of an evaluation: how they are read, and what breaks them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from arm_recordings import bag, states

from itnnr_ik import IKSolver
from itnnr_ik.cli import main
from itnnr_ik.evaluation.many.requirement import Requirement, measures, names
from itnnr_ik.evaluation.measures import Evaluation
from itnnr_ik.evaluation.offline import evaluate_recording
from itnnr_ik.evaluation.replay import Selection
from itnnr_ik.recording.statistics import Statistics


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bag(tmp_path_factory.mktemp("bags") / "bag", joint_states=states(40))


@pytest.fixture(scope="module")
def evaluation(recording: Path) -> Evaluation:
    return evaluate_recording(recording, IKSolver.load("two_link"), "two_link", Selection())


def violation(text: str, evaluation: Evaluation) -> str | None:
    return Requirement.parse(text).violation(evaluation)


def test_comparisons(evaluation: Evaluation) -> None:
    """Each comparison holds only on its side of the bound."""
    assert evaluation.targets == 39
    holds = ("targets>=39", "targets<=39", "targets==39", "targets>38.5", " targets < 4e1 ")
    breaks = ("targets>=39.5", "targets<=38", "targets==4", "targets>39", "targets<39")
    assert [violation(text, evaluation) for text in holds] == [None] * 5
    assert violation(breaks[0], evaluation) == "targets is 39, required >= 39.5"
    assert None not in [violation(text, evaluation) for text in breaks]


def test_numbers_by_name(evaluation: Evaluation) -> None:
    """Solved is in per cent of the reachable targets; parts of statistics follow an underscore."""
    e = replace(
        evaluation,
        reachable=400,
        solved=399,
        residual=Statistics(399, 1e-9, 2e-6, 3e-5),
        displacement={"all": Statistics(3, 0.1, 0.2, 0.3)},
        outcomes={"solved": 399, "outside_data": 2},
    )
    found = measures(e)
    assert set(found) == set(names())
    assert found["solved"] == 99.75
    assert (found["residual_median"], found["residual_p99"], found["residual_max"]) == (1e-9, 2e-6, 3e-5)
    assert found["displacement_all_max"] == 0.3
    assert found["displacement_singular_max"] is None
    assert found["outside_data"] == 2
    assert found["messages_per_second"] == e.rate


@pytest.mark.parametrize("comparison", [">=", "<=", "==", ">", "<"])
@pytest.mark.parametrize("missing", [None, float("nan")])
def test_what_is_not_known_breaks_whatever_is_required(
    evaluation: Evaluation, comparison: str, missing: float | None
) -> None:
    """A missing value or NaN violates every requirement."""
    statistics = None if missing is None else Statistics(1, missing, missing, missing)
    how = violation(f"residual_p99{comparison}1", replace(evaluation, residual=statistics))
    assert how == f"residual_p99 is not known, required {comparison} 1"


def test_solved_of_nothing_reachable_is_not_known(evaluation: Evaluation) -> None:
    """Without reachable targets the solved share is unknown, not 100 %."""
    assert violation("solved>=0", replace(evaluation, reachable=0, solved=0)) is not None


@pytest.mark.parametrize(
    "text",
    [
        "solved",
        "solved=99",
        "solved=>99",
        ">=99",
        "solved>=",
        "solved>=nan",
        "solved>=inf",
        "solved>=1e999",
        "solved>=1_0",
        "solved>=99%",
        "solved>=99 targets>=1",
        "solved>=٩",
        "99<=solved",
        "",
    ],
)
def test_what_is_no_requirement(text: str) -> None:
    """Invalid requirements are refused."""
    with pytest.raises(ValueError, match=r"expected a requirement such as solved>=99\.9, got"):
        Requirement.parse(text)


def test_a_name_that_there_is_not(capsys: pytest.CaptureFixture[str], recording: Path) -> None:
    """The error lists the known names, before anything is read."""
    assert main(["evaluate", str(recording), "--arm", "two_link", "--require", "residual>=1"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "no number 'residual' to require; there are messages, targets, " in said.err
    assert "residual_p99, " in said.err


@pytest.mark.parametrize("several", [False, True])
def test_exit_status_and_rows_that_broke_it(
    capsys: pytest.CaptureFixture[str], recording: Path, several: bool
) -> None:
    """The exit status is 0 if all requirements hold, else 1 with the violations of each row."""
    command = ["evaluate", *[str(recording)] * (1 + several), "--arm", "two_link"]
    good = ["--require", "solved>=99.9", "--require", "residual_p99<=1e-5"]
    assert main([*command, *good]) == 0
    assert capsys.readouterr().err == ""
    assert main([*command, *good, "--require", "targets>1000", "--require", "branch_changes>=1"]) == 1
    said = capsys.readouterr()
    line = f"{recording}: targets is 39, required > 1000; branch_changes is 0, required >= 1"
    assert said.err.splitlines() == [line] * (1 + several)
    assert " 39 " in said.out
