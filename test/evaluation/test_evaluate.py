"""``itnnr-ik evaluate`` without ROS: targets, numbers, report and recording."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from arm_recordings import ARM, bag, path, poses, states
from bag_writer import STORAGES, pose
from learned import elbow_up_solver

from itnnr_ik import IKSolver
from itnnr_ik.cli import main
from itnnr_ik.evaluation.answers import Answers, solve_replay
from itnnr_ik.evaluation.branches import changes_branch, singular
from itnnr_ik.evaluation.measures import evaluate, is_at_standstill
from itnnr_ik.evaluation.page import make_page
from itnnr_ik.evaluation.plots import Plots
from itnnr_ik.evaluation.replay import Replay, Selection
from itnnr_ik.evaluation.replay_sources import read_replay
from itnnr_ik.evaluation.report import format_report, percent
from itnnr_ik.recording import Bag

NUMBERS = r"\s+\d+(\s+\d\S+){3}$"


@pytest.fixture(scope="module")
def solver() -> IKSolver:
    return IKSolver.load("two_link")


@pytest.fixture
def replay(tmp_path: Path, solver: IKSolver) -> Replay:
    return read_replay(bag(tmp_path / "bag", joint_states=states()), solver, Selection())


def test_recorded_joints_are_found_again(solver: IKSolver, replay: Replay) -> None:
    """Targets from forward kinematics, each solved from the state before: the recorded joints come out."""
    answers = solve_replay(solver, replay)
    evaluation = evaluate(solver, "two_link", replay, answers, 0.0)
    np.testing.assert_allclose(answers.current, path(60)[:-1])
    assert (evaluation.targets, evaluation.solved, evaluation.reachable) == (59, 59, 59)
    assert evaluation.displacement["all"].max < 1e-5
    assert evaluation.branch_changes == evaluation.outside_limits == 0
    assert evaluation.step is not None
    assert evaluation.step.max == pytest.approx(np.abs(np.diff(path(60)[1:], axis=0)).max(), abs=1e-5)


def test_recorded_poses_are_solved_from_the_joints_before(solver: IKSolver, tmp_path: Path) -> None:
    """With both topics the poses are the targets, and answers are compared with the joints at that time."""
    both = read_replay(bag(tmp_path / "bag", joint_states=states(), tracker=poses()), solver, Selection())
    evaluation = evaluate(solver, "two_link", both, solve_replay(solver, both), 0.0)
    assert both.source == "poses of /tracker"
    assert "poses and joint states are matched by header stamps" in both.notes
    assert evaluation.solved == 60
    assert evaluation.displacement["all"].count == 59  # after the last joint state nothing is known
    assert evaluation.displacement["all"].max < 1e-3


def test_recorded_poses_alone_are_solved_from_the_answer_before(solver: IKSolver, tmp_path: Path) -> None:
    """Without joint states each target is solved from the last answer."""
    alone = read_replay(bag(tmp_path / "bag", tracker=poses()), solver, Selection())
    answers = solve_replay(solver, alone)
    np.testing.assert_array_equal(answers.current[1:], answers.positions[:-1])
    evaluation = evaluate(solver, "two_link", alone, answers, 0.0)
    assert evaluation.solved == 60
    assert evaluation.step is not None
    assert evaluation.step.max < 0.05
    assert evaluation.displacement == {}


def test_targets_from_joints_can_be_asked_for(solver: IKSolver, tmp_path: Path) -> None:
    """Targets from joints can be selected although there are poses."""
    recording = bag(tmp_path / "bag", joint_states=states(), tracker=poses())
    assert read_replay(recording, solver, Selection(targets="joints")).source.endswith("of /joint_states")


def test_a_frame_without_poses_is_told(solver: IKSolver, tmp_path: Path) -> None:
    """A frame chooses among poses: where there are none, the report says that it did nothing."""
    joints = bag(tmp_path / "bag", joint_states=states())
    assert any("--frame" in note for note in read_replay(joints, solver, Selection(frame="map")).notes)
    assert not any("--frame" in note for note in read_replay(joints, solver, Selection()).notes)


def test_joint_states_of_another_arm_do_not_hinder_poses(solver: IKSolver, tmp_path: Path) -> None:
    """They are left out with a note, but are an error if the joints were named."""
    others = states(names=("a", "b", "c"))
    recording = bag(tmp_path / "bag", joint_states=others, tracker=poses())
    replay = read_replay(recording, solver, Selection())
    assert replay.current is None
    assert any(note.startswith("/joint_states is left out: no joint joint_1") for note in replay.notes)
    with pytest.raises(ValueError, match="no joint x"):
        read_replay(recording, solver, Selection(joints=("x", "b")))


def test_targets_out_of_reach_are_counted_apart(solver: IKSolver, tmp_path: Path) -> None:
    """They do not count as failures of the solver, and come first among the worst ten."""
    rows = poses()
    for i in (10, 11, 12):
        rows[i][1].pose.position.x = 5.0
    replay = read_replay(bag(tmp_path / "bag", tracker=rows), solver, Selection())
    evaluation = evaluate(solver, "two_link", replay, solve_replay(solver, replay), 0.0)
    assert (evaluation.targets, evaluation.reachable, evaluation.solved) == (60, 57, 57)
    assert evaluation.outcomes == {"solved": 57, "unreachable": 3}
    assert [trouble.index for trouble in evaluation.worst[:3]] == [10, 11, 12]


def test_targets_outside_a_learned_models_data_are_counted_apart(tmp_path: Path) -> None:
    """They count neither as out of reach nor as solved."""
    solver = elbow_up_solver()
    rows = poses()
    replay = read_replay(bag(tmp_path / "bag", tracker=rows), solver, Selection())
    answers = solve_replay(solver, replay)
    answers.positions[:4] = np.nan
    codes = np.where(np.arange(60) < 4, "outside_data", answers.codes)
    evaluation = evaluate(solver, "learned", replay, replace(answers, codes=codes), 0.0)
    assert (evaluation.reachable, evaluation.out_of_reach, evaluation.outside_data) == (56, 0, 4)
    assert "60: 56 reachable, 0 out of reach, 4 outside the model's data" in format_report(evaluation)
    assert "outside the model&#x27;s data" in make_page(evaluation, {})


def test_answers_outside_the_limits_are_told(solver: IKSolver, replay: Replay) -> None:
    """Their number has a line of the report, apart from its label, and a place on the page."""
    answers = solve_replay(solver, replay)
    answers.positions[:3] += 2.0 * np.pi
    evaluation = evaluate(solver, "two_link", replay, answers, 0.0)
    assert re.search(r"^outside limits +3$", format_report(evaluation), re.MULTILINE)
    assert "<b>3</b><span>answers outside the joint limits</span>" in make_page(evaluation, {})


def test_names_in_plots_are_no_formulas(solver: IKSolver, tmp_path: Path) -> None:
    """A joint's recorded name may have characters that matplotlib would take for mathematics."""
    names = ("a$b^$_1", "joint_2")
    recording = bag(tmp_path / "bag", joint_states=states(names=("wheel", *names[::-1])))
    replay = read_replay(recording, solver, Selection(joints=names))
    assert "Joints, recorded and solved" in Plots(solver, replay, solve_replay(solver, replay)).all()


def test_a_target_missed_within_reach_counts_against_the_solver(solver: IKSolver, replay: Replay) -> None:
    """Reachability is checked independently of the solver."""
    answers = solve_replay(solver, replay)
    answers.positions[5], answers.codes[5] = np.nan, "unreachable"
    evaluation = evaluate(solver, "two_link", replay, answers, 0.0)
    assert (evaluation.reachable, evaluation.solved) == (59, 58)


def test_an_elbow_that_flips_is_a_branch_change(solver: IKSolver, replay: Replay) -> None:
    """The same tip with the other elbow is a branch change, a distant target is none."""
    answers = solve_replay(solver, replay)
    positions = answers.positions.copy()
    first, second = positions[20]
    positions[20] = first + second, -second  # both links are 1 m long
    np.testing.assert_allclose(solver.target_at(positions[20]), replay.targets[20], atol=1e-5)
    flipped = replace(answers, positions=positions)
    assert np.flatnonzero(changes_branch(solver, replay, flipped)).tolist() == [20]
    assert evaluate(solver, "two_link", replay, flipped, 0.0).branch_changes == 1
    far = replace(replay, targets=np.roll(replay.targets, 30, axis=0))
    jumped = replace(answers, positions=np.roll(answers.positions, 30, axis=0))
    assert not changes_branch(solver, far, jumped).any()


def test_standstill_and_stretched_arm_are_told_apart(solver: IKSolver, replay: Replay) -> None:
    """Standstill is found by the recorded motion, a stretched arm by the Jacobian."""
    assert replay.current is not None
    still = replace(replay, recorded=replay.current + 1e-5)
    assert is_at_standstill(solver, still).all()
    assert not is_at_standstill(solver, replay).all()
    np.testing.assert_array_equal(
        singular(solver, np.array([[0.3, 0.0], [0.3, 1e-3], [0.3, 0.5], [np.nan, 0.0]])),
        [True, True, False, False],
    )


def test_batch_and_single_solves_agree(solver: IKSolver, replay: Replay) -> None:
    """A batch gives the same solutions as `solve` for each target."""
    answers = solve_replay(solver, replay)
    assert replay.current is not None
    single = [solver.solve(t, q).positions for t, q in zip(replay.targets, replay.current, strict=True)]
    np.testing.assert_allclose(answers.positions, single, atol=1e-5)


def test_the_report_as_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every quantity has its line, no line is too long."""
    recording = bag(tmp_path / "bag", joint_states=states())
    assert main(["evaluate", str(recording), "--arm", "two_link"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "bag: forward kinematics of /joint_states, two_link, offline"
    text = "\n".join(lines)
    assert re.search(r"^targets +59: 59 reachable, 0 out of reach$", text, re.M)
    assert re.search(r"^solved +100 % of the reachable targets \(59\), to 1e-06 m$", text, re.M)
    assert re.search(r"^skipped +1 target before the first joint state$", text, re.M)
    for label in ("residual [m]", "from recorded joints [rad]", "step from answer to answer [rad]"):
        assert re.search(rf"^{re.escape(label)}{NUMBERS}", text, re.M)
    assert max(map(len, lines)) <= 110


def test_the_page_stands_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page is one reproducible file with plots and the worst ten targets, and loads nothing."""
    recording = bag(tmp_path / "<b>&", joint_states=states())
    page = tmp_path / "report.html"
    arguments = ["evaluate", str(recording), "--arm", "two_link", "--html", str(page)]
    assert main(arguments) == 0
    assert f"report written to {page}" in capsys.readouterr().out
    text = page.read_text(encoding="utf-8")
    plots = re.findall(r"<svg.*?</svg>", text, re.S)
    assert len(plots) == 4
    for plot in plots:
        ElementTree.fromstring(plot)
    assert "<h1>&lt;b&gt;&amp;</h1>" in text
    assert not re.search(r"<(script|link|img)|src=|url\(http", text)


def test_a_page_in_space_and_with_unsolved_targets(tmp_path: Path) -> None:
    """The arm in space has a plot in space; targets without an answer are drawn."""
    rows = poses()
    page = tmp_path / "report.html"
    recording = bag(tmp_path / "bag", tracker=rows)
    assert main(["evaluate", str(recording), "--arm", "yaw_pitch_pitch", "--html", str(page)]) == 0
    assert "<svg" in page.read_text(encoding="utf-8")


@pytest.mark.filterwarnings("error")
def test_a_page_without_any_answer(tmp_path: Path) -> None:
    """With all targets out of reach the page is complete, and matplotlib does not warn."""
    page = tmp_path / "report.html"
    far = [(i * 10**7, pose(i * 10**7, (9.0, 0.0, 0.0))) for i in range(1, 30)]
    recording = bag(tmp_path / "bag", tracker=far)
    assert main(["evaluate", str(recording), "--arm", "two_link", "--html", str(page)]) == 0
    assert "<svg" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_answers_are_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], solver: IKSolver, storage: str
) -> None:
    """The new bag has each solution at the time of its target; an existing bag is not overwritten."""
    recording = bag(tmp_path / "bag", joint_states=states())
    new = tmp_path / "new"
    arguments = ["evaluate", str(recording), "--arm", "two_link", "--record", str(new)]
    assert main([*arguments, "--storage", storage]) == 0
    capsys.readouterr()
    with Bag(new) as reader:
        (topic,) = reader.topics
        solutions = list(reader.joint_states("/joint_solution"))
    assert (topic.name, topic.count) == ("/joint_solution", 59)
    assert [s.received for s in solutions] == [received for received, _ in states()[1:]]
    assert solutions[0].names == ARM.joint_names
    replay = read_replay(recording, solver, Selection())
    np.testing.assert_array_equal([s.positions for s in solutions], solve_replay(solver, replay).positions)
    assert main(arguments) == 1
    assert f"{new} exists already" in capsys.readouterr().err
    assert main([*arguments[:-1], str(tmp_path / "no" / "where")]) == 1
    assert "no folder" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["new?", "a#1", "50%20"])
def test_answers_are_recorded_in_folders_of_odd_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """A folder name that would redirect a database is refused."""
    recording, new = bag(tmp_path / "bag", joint_states=states()), tmp_path / name
    arguments = ["evaluate", str(recording), "--arm", "two_link", "--record", str(new)]
    assert main([*arguments, "--storage", "sqlite3"]) == 1
    assert "expected none with --storage sqlite3" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == [recording]
    assert main(arguments) == 0
    with Bag(new) as reader:
        assert len(list(reader.joint_states("/joint_solution"))) == 59


@pytest.mark.parametrize("storage", sorted(STORAGES))
def test_compressed_recordings(tmp_path: Path, capsys: pytest.CaptureFixture[str], storage: str) -> None:
    """A folder whose metadata says that its file is compressed is read."""
    zstd = pytest.importorskip("backports.zstd", reason="needs a zstd to compress with")
    recording = bag(tmp_path / "bag", storage, joint_states=states())
    (file,) = (file for file in recording.iterdir() if file.suffix != ".yaml")
    (recording / f"{file.name}.zstd").write_bytes(zstd.compress(file.read_bytes()))
    file.unlink()
    metadata = recording / "metadata.yaml"
    text = metadata.read_text().replace(f"- {file.name}", f"- {file.name}.zstd")
    text = re.sub(r"compression_format:.*", "compression_format: zstd", text)
    metadata.write_text(re.sub(r"compression_mode:.*", "compression_mode: FILE", text))
    assert main(["evaluate", str(recording), "--arm", "two_link", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["solved"] == 59


@pytest.mark.parametrize("part", ["folder", "file"])
def test_a_recording_is_not_touched(tmp_path: Path, part: str) -> None:
    """Reading leaves every byte and adds no file."""
    recording = bag(tmp_path / "bag", "db3", joint_states=states())
    copy = shutil.copytree(recording, tmp_path / "copy")
    (file,) = recording.glob("*.db3")
    assert main(["evaluate", str(file if part == "file" else recording), "--arm", "two_link"]) == 0
    assert sorted(f.name for f in recording.iterdir()) == sorted(f.name for f in copy.iterdir())
    assert all((copy / f.name).read_bytes() == f.read_bytes() for f in recording.iterdir())


def test_hundred_per_cent_is_never_rounded_to() -> None:
    """One failure in a million targets is visible."""
    assert percent(5, 5) == "100 %"
    assert percent(999_999, 1_000_000) == "99.99 %"
    assert percent(0, 0) == "–"


def test_answers_hold_what_was_timed(solver: IKSolver, replay: Replay) -> None:
    """The answers have the durations of single solves beside the batch."""
    answers: Answers = solve_replay(solver, replay)
    assert answers.batched
    assert len(answers.solve_times) == 59
    assert (answers.solve_times > 0.0).all()
