"""``itnnr-ik evaluate`` for arms of any kind: where the orientation counts, and arms from a URDF."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bag_writer import joint_state, pose, write_bag
from scipy.spatial.transform import Rotation

from itnnr_ik import IKSolver
from itnnr_ik.cli import main
from itnnr_ik.evaluation.answers import answer_errors, solve_replay
from itnnr_ik.evaluation.branches import changes_branch, singular
from itnnr_ik.evaluation.measures import evaluate
from itnnr_ik.evaluation.page import make_page
from itnnr_ik.evaluation.plots import Plots
from itnnr_ik.evaluation.replay import Replay, Selection
from itnnr_ik.evaluation.replay_sources import read_replay
from itnnr_ik.evaluation.report import format_report
from itnnr_ik.learning.synthetic import Disturbances, record
from itnnr_ik.robot import load_robot

STILL = Disturbances(pose_noise=0.0, joint_noise=0.0, drop=0.0, clock_offset=0.0, turn_noise=0.0)
UR5E = "itnnr_ik/robot/urdf/ur5e.urdf"


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Twelve seconds each of arms with seven, six, five and four joints, one of them prismatic."""
    folder = tmp_path_factory.mktemp("recordings")
    names = ("panda", "ur5e", "so101", "scara")
    for name in names:
        record(folder / name, load_robot(name), minutes=0.2, disturbances=STILL)
    return {name: folder / name for name in names}


@pytest.fixture(scope="module")
def panda() -> IKSolver:
    return IKSolver.load("panda")


@pytest.fixture(scope="module")
def replay(panda: IKSolver, recordings: dict[str, Path]) -> Replay:
    return read_replay(recordings["panda"], panda, Selection())


def report(capsys: pytest.CaptureFixture[str], path: Path, *arguments: str) -> dict[str, Any]:
    assert main(["evaluate", str(path), "--json", *arguments]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


@pytest.mark.parametrize(
    ("name", "task", "turned"),
    [
        ("panda", "pose", True),
        ("ur5e", "pose", True),
        ("so101", "pointing", True),
        ("scara", "position", False),
    ],
)
def test_synthetic_recordings_are_solved(
    recordings: dict[str, Path],
    capsys: pytest.CaptureFixture[str],
    name: str,
    task: str,
    turned: bool,
) -> None:
    """All of it, to the tolerances, near the recorded joints and on their branch."""
    result = report(capsys, recordings[name], "--arm", name)
    assert (result["arm"], result["task"], result["source"]) == (name, task, "poses of /tip_pose")
    assert result["solved"] == result["reachable"] == result["targets"] == 600
    assert result["residual"]["max"] <= 1e-6
    assert (result["orientation_tolerance"] == 1e-6) == turned
    assert (result["orientation_error"] is not None) == turned
    assert not turned or 0.0 < result["orientation_error"]["max"] <= 1e-6
    # The spare joints of a redundant arm need not be where they were.
    assert result["displacement"]["all"]["max"] < (0.1 if name in ("panda", "scara") else 0.03)
    assert result["step"]["max"] < 0.1
    assert result["branch_changes"] == result["outside_limits"] == 0


def test_a_quaternion_of_any_length_and_sign_is_the_same_target(tmp_path: Path, panda: IKSolver) -> None:
    """Quaternions are normalised."""
    posture = panda.arm.sample(1, np.random.default_rng(0))[0]
    there = panda.target_at(posture)
    rows = [
        (i, pose(i, tuple(there[:3]), panda.arm.base_link, scale * there[3:]))
        for i, scale in enumerate((1.0, -2.0, 1e-3, 1e200, 1e-200), 1)
    ]
    replay = read_replay(write_bag(tmp_path / "bag", "mcap", {"/tracker": rows}), panda, Selection())
    np.testing.assert_allclose(np.linalg.norm(replay.targets[:, 3:], axis=1), 1.0)
    away, turn = panda.errors(np.tile(posture, (5, 1)), replay.targets)
    assert turn is not None
    assert max(away.max(), turn.max()) < 1e-7


def test_orientations_that_are_none_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], panda: IKSolver
) -> None:
    """Only where the orientation counts: a position task uses all poses."""
    there = panda.target_at(panda.arm.sample(4, np.random.default_rng(0)))
    there[1, 3:], there[2, 3] = 0.0, np.nan
    rows = [(i, pose(i, tuple(t[:3]), "panda_link0", t[3:])) for i, t in enumerate(there, 1)]
    path = write_bag(tmp_path / "bag", "mcap", {"/tracker": rows})
    result = report(capsys, path, "--arm", "panda")
    assert result["skipped"] == {"pose not finite": 1, "pose whose quaternion is zero": 1}
    assert result["targets"] == result["solved"] == 2
    result = report(capsys, path, "--arm", "panda", "--task", "position")
    assert (result["skipped"], result["solved"], result["orientation_error"]) == ({}, 4, None)


def test_poses_whose_distance_is_infinite_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], panda: IKSolver
) -> None:
    """Finite coordinates may have squares that are not; a kilometre is only out of reach."""
    there = panda.target_at(panda.arm.sample(4, np.random.default_rng(0)))
    there[0, :2], there[1, 0], there[2, 1] = 1e160, 1e308, 1e3
    rows = [(i, pose(i, tuple(t[:3]), "panda_link0", t[3:])) for i, t in enumerate(there, 1)]
    path = write_bag(tmp_path / "bag", "mcap", {"/tracker": rows})
    result = report(capsys, path, "--arm", "panda")
    assert result["skipped"] == {"pose beyond all reach": 2}
    assert (result["targets"], result["solved"]) == (2, 1)


def test_the_turn_from_the_recorded_joints_is_told(tmp_path: Path, panda: IKSolver) -> None:
    """The report shows the rotation of a tracker that is mounted askew."""
    rng = np.random.default_rng(0)
    postures = panda.arm.sample(1, rng) + 0.01 * np.arange(10)[:, None]
    poses, joints = [], []
    for i, (q, there) in enumerate(zip(postures, panda.target_at(postures), strict=True), 1):
        askew = (Rotation.from_quat(there[3:]) * Rotation.from_rotvec([0.2, 0.0, 0.0])).as_quat()
        stamp = 10**9 + i * 10**7
        joints.append((stamp, joint_state(stamp, panda.arm.joint_names, q)))
        poses.append((stamp + 1, pose(stamp, tuple(there[:3]), panda.arm.base_link, askew)))
    path = write_bag(tmp_path / "bag", "mcap", {"/joint_states": joints, "/tracker": poses})
    (note,) = (note for note in read_replay(path, panda, Selection()).notes if note.startswith("the model's"))
    assert re.search(r"is (0|\S+e-1\d) m \(median\).*, turned by 0.2 and at most 0.2 rad$", note)


def test_a_missed_orientation_is_not_solved(panda: IKSolver, replay: Replay) -> None:
    """A correct position alone does not solve a pose; the reachable target counts against the solver."""
    answers = solve_replay(panda, replay)
    positions = answers.positions.copy()
    positions[7, 6] += 0.01  # turns the flange about its own axis
    evaluation = evaluate(panda, "panda", replay, replace(answers, positions=positions), 0.0)
    assert (evaluation.solved, evaluation.reachable) == (599, 600)
    assert evaluation.orientation_error is not None
    assert evaluation.orientation_error.max == pytest.approx(0.01, abs=1e-5)
    assert evaluation.residual is not None and evaluation.residual.max < 1e-5
    away, turn = answer_errors(panda, replay, replace(answers, positions=np.full_like(positions, np.nan)))
    assert turn is not None
    assert np.isnan(away).all() and np.isnan(turn).all()


def test_poses_out_of_reach_are_counted_apart(panda: IKSolver, replay: Replay) -> None:
    """They come first among the worst targets, without errors and as complete poses."""
    targets = replay.targets.copy()
    targets[3, :3] += 5.0
    changed = replace(replay, targets=targets)
    evaluation = evaluate(panda, "panda", changed, solve_replay(panda, changed), 0.0)
    assert (evaluation.targets, evaluation.reachable, evaluation.out_of_reach) == (600, 599, 1)
    assert evaluation.worst[0].index == 3
    assert evaluation.worst[0].orientation_error is None
    assert len(evaluation.worst[0].target) == 7


def test_another_branch_of_a_pose_is_a_branch_change() -> None:
    """On a six-joint arm every other solution is another branch, and a state nearby is not."""
    solver = IKSolver.load("ur5e")
    state = np.array([0.4, -1.2, 1.4, -1.0, -1.3, 0.3])
    target = solver.target_at(state)
    found = [solution.positions for solution in solver.branches(target, state)]
    others = np.array([q for q in found if np.abs(np.angle(np.exp(1j * (q - state)))).max() > 0.5])
    assert len(others) >= 5
    count = len(others)
    there = np.tile(target, (count + 1, 1))
    positions, current = np.vstack([others, state]), np.tile(state + 0.05, (count + 1, 1))
    replay = replay_of(there, current)
    answers = replace(solve_replay(solver, replay), positions=positions)
    assert changes_branch(solver, replay, answers).tolist() == [True] * count + [False]


def replay_of(targets: np.ndarray, current: np.ndarray) -> Replay:
    """Targets with the states before them."""
    received = 10**9 + np.arange(len(targets)) * 10**7
    return Replay(
        recording="made",
        source="here",
        received=received,
        targets=targets,
        current=current,
        recorded=None,
        joints=(),
    )


def test_singular_postures_of_other_arms() -> None:
    """A wrist with aligned axes is singular; an arm that always lacks a direction is not for that."""
    ur5e, so101 = IKSolver.load("ur5e"), IKSolver.load("so101")
    bent = np.array([0.4, -1.2, 1.4, -1.0, -1.3, 0.3])
    straight = bent.copy()
    straight[4] = 0.0
    assert singular(ur5e, np.array([bent, straight])).tolist() == [False, True]
    assert singular(so101, so101.arm.sample(200, np.random.default_rng(0))).mean() < 0.5


def test_both_errors_are_in_the_report_and_on_the_page(panda: IKSolver, replay: Replay) -> None:
    """In the text, in the cards, in the numbers, in the table of the worst, and in the plots."""
    answers = solve_replay(panda, replay)
    evaluation = evaluate(panda, "panda", replay, answers, 0.0)
    text = format_report(evaluation)
    assert re.search(
        r"^solved +100 % of the reachable targets \(600\), to 1e-06 m and 1e-06 rad$", text, re.M
    )
    assert re.search(r"^orientation error \[rad\] +600(\s+\d\S+){3}$", text, re.M)
    assert max(map(len, text.splitlines())) <= 110
    plots = Plots(panda, replay, answers).all()
    assert len(plots) == 4
    page = make_page(evaluation, plots)
    assert "largest orientation error, tolerance 1e-06 rad" in page
    assert "<td>orientation error [rad]</td>" in page
    assert "<th>orientation error [rad]</th>" in page
    assert "<th>position [m], quaternion</th>" in page


def test_continuous_joints_are_drawn(root: Path, tmp_path: Path) -> None:
    """They have no limits to draw; recorded turns are kept."""
    solver = IKSolver.from_urdf(root / "test" / "urdf" / "bent_wrist.urdf")
    assert np.isinf(solver.arm.upper).any()
    turns = np.where(np.isinf(solver.arm.upper), 4.0 * np.pi, 0.0)
    q = solver.arm.sample(1, np.random.default_rng(0)) + turns + 0.01 * np.arange(20)[:, None]
    rows = [
        (10**9 + i * 10**7, joint_state(10**9 + i * 10**7, solver.arm.joint_names, row))
        for i, row in enumerate(np.clip(q, solver.arm.lower, solver.arm.upper))
    ]
    path = write_bag(tmp_path / "bag", "mcap", {"/joint_states": rows})
    replay = read_replay(path, solver, Selection())
    answers = solve_replay(solver, replay)
    evaluation = evaluate(solver, "bent_wrist", replay, answers, 0.0)
    assert evaluation.solved == evaluation.targets == 19
    assert evaluation.displacement["all"].max < 1e-3
    assert "Joints, recorded and solved" in Plots(solver, replay, answers).all()


def test_an_arm_from_its_urdf(
    recordings: dict[str, Path], capsys: pytest.CaptureFixture[str], root: Path
) -> None:
    """An arm from its URDF gives the same numbers as the packaged one, and its task can be chosen."""
    path = recordings["ur5e"]
    packaged, described = (
        report(capsys, path, "--arm", "ur5e"),
        report(capsys, path, "--urdf", str(root / UR5E)),
    )
    for key in ("arm", "task", "targets", "reachable", "solved", "residual", "orientation_error", "step"):
        assert described[key] == packaged[key], key
    assert described["model"].endswith("ur5e.urdf")
    arm = load_robot("ur5e")
    options = ["--base", arm.base_link, "--tip", arm.tip_link, "--task", "pointing", "--tolerance", "1e-4"]
    pointing = report(capsys, path, "--urdf", str(root / UR5E), *options, "--orientation-tolerance", "1e-3")
    assert (pointing["task"], pointing["solved"]) == ("pointing", 600)
    assert (pointing["tolerance"], pointing["orientation_tolerance"]) == (1e-4, 1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--arm", "ur5e", "--tip", "x"], "--tip goes with a URDF, got the model ur5e"),
        (["--arm", "ur5e", "--base", "x"], "--base goes with a URDF"),
        (["--urdf", "nowhere.urdf"], "cannot read URDF file 'nowhere.urdf'"),
        (["--urdf", UR5E, "--tip", "nose"], "no link 'nose'"),
        (["--model", "nowhere"], "no model 'nowhere'"),
        (["--arm", "ur5e", "--orientation-tolerance", "0"], "orientation_tolerance must be positive"),
    ],
)
def test_a_choice_that_cannot_be_is_said_in_a_line(
    recordings: dict[str, Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    root: Path,
    options: list[str],
    message: str,
) -> None:
    """The exit status is 1, without a traceback."""
    monkeypatch.chdir(root)
    assert main(["evaluate", str(recordings["ur5e"]), *options]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_answers_of_any_arm_are_recorded(
    recordings: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The recorded answers can be evaluated in turn: the tool is at the targets."""
    command = ["evaluate", str(recordings["panda"]), "--arm", "panda", "--record", str(tmp_path / "new")]
    assert main([*command, "--html", str(tmp_path / "page.html")]) == 0
    capsys.readouterr()
    result = report(capsys, tmp_path / "new", "--arm", "panda", "--joint-topic", "/joint_solution")
    assert result["solved"] == result["targets"] == 599
    assert result["source"] == "forward kinematics of /joint_solution"
    assert "<svg" in (tmp_path / "page.html").read_text(encoding="utf-8")
