"""Models learned from a recording alone, judged by the truth that only the test knows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from itnnr_ik import IKSolver
from itnnr_ik.evaluation.replay import Selection
from itnnr_ik.learning.forward import fit_harmonics
from itnnr_ik.learning.learn import Learned, learn
from itnnr_ik.learning.measuring import NEAREST
from itnnr_ik.learning.preparing import prepare
from itnnr_ik.learning.synthetic import Disturbances, record
from itnnr_ik.learning.truth import TrueKinematics
from itnnr_ik.recording import Bag, BagError
from itnnr_ik.robot import KinematicChain, LearnedArm, load_robot
from itnnr_ik.solver.coverage import Coverage

pytest.importorskip("torch")

ARMS = ("two_link", "three_link", "yaw_pitch_pitch")


def learned_from(folder: Path, truth: TrueKinematics, name: str, steps: int) -> Learned:
    with Bag(folder) as bag:
        prepared = prepare(bag)
    return learn(prepared, steps=steps, truth=truth.forward, against={name: IKSolver.load(name)})


def _limited(arm: KinematicChain, *pairs: tuple[float, float]) -> KinematicChain:
    """The arm with other limits (lower, upper) [rad], base to tip."""
    limits = dict(zip(arm.joint_names, pairs, strict=True))
    return KinematicChain.from_urdf(**{**arm.source, "limits": limits})


@pytest.fixture(scope="module")
def learned(two_minutes: tuple[Path, TrueKinematics]) -> Learned:
    """From two minutes of the bent arm, with little training."""
    return learned_from(*two_minutes, "two_link", 300)


def test_the_recording_is_understood(learned: Learned) -> None:
    """The clocks' offset, the noise, the plane, what was left out, and that a rigid arm explains it."""
    recording, forward = learned.report["recording"], learned.report["forward"]
    assert recording["clock_offset_s"] == pytest.approx(0.05, abs=5 * recording["clock_offset_error_s"])
    assert recording["clock_offset_error_s"] < 5e-4
    np.testing.assert_allclose(recording["pose_noise_m"], 0.02, rtol=0.1)
    np.testing.assert_allclose(recording["joint_noise_rad"], 0.0005, rtol=0.1)
    assert recording["plane_z_m"] == pytest.approx(0.0, abs=2e-3)
    assert recording["poses_at_standstill"] > 100
    assert forward["harmonics"] == 1 and forward["explained"]


def test_poses_of_something_else_are_not_explained(
    two_minutes: tuple[Path, TrueKinematics],
) -> None:
    """Poses that jump about without the joints are all noise, which no forward function explains."""
    with Bag(two_minutes[0]) as bag:
        prepared = prepare(bag)
    tips = np.random.default_rng(0).normal(size=prepared.pairs.tips.shape)
    other = replace(prepared, pairs=replace(prepared.pairs, tips=tips), pose_noise=np.ones(2))
    forward = learn(other, steps=2).report["forward"]
    assert forward["residual_to_noise"] < 1.1
    assert not forward["explained"]


def test_it_beats_lookup_and_the_wrong_urdf(learned: Learned) -> None:
    """It is better by the true kinematics, and similarly by the held-out reference."""
    for judge, most in (("truth", 0.2), ("held_out_poses", 0.5)):
        errors = learned.report["tip_error"][judge]
        for other in (NEAREST, "two_link"):
            assert errors["learned"]["median_m"] <= most * errors[other]["median_m"]
            assert errors["learned"]["p95_m"] <= most * errors[other]["p95_m"]


def test_the_model_is_one_like_any_other(learned: Learned, tmp_path: Path) -> None:
    """Saved, loaded, and used from a current state: no jump, covered, and truly there."""
    learned.save(tmp_path)
    solver = IKSolver.load(tmp_path)
    assert solver.arm.joint_names == load_robot("two_link").joint_names
    assert solver.metadata["learned"]["recording"]["frame"] == "base_link"
    assert isinstance(solver.arm, LearnedArm)
    assert solver.arm.plane_height == learned.report["recording"]["plane_z_m"] != 0.0
    state = np.array([-0.2, 0.8])
    solution = solver.solve(solver.arm.forward(state + 0.01), state)
    assert solution.converged and solution.covered
    assert solution.displacement is not None and solution.displacement < 0.02


def test_the_same_seed_learns_the_same(
    two_minutes: tuple[Path, TrueKinematics], learned: Learned, tmp_path: Path
) -> None:
    """The same recording gives bitwise the same model."""
    again = learned_from(*two_minutes, "two_link", 300)
    target = [1.0, 1.0]
    np.testing.assert_array_equal(
        again.solver.solve(target).positions, learned.solver.solve(target).positions
    )


def test_what_was_not_recorded_is_told_and_flagged(tmp_path: Path) -> None:
    """An arm that only ever moved one of its two elbows' ways: targets of the other are not covered."""
    everywhere = load_robot("two_link")
    corner = _limited(everywhere, (-1.5, 0.0), (0.3, 1.5))
    truth = record(tmp_path / "bag", corner, minutes=2.0)
    learned = learned_from(tmp_path / "bag", truth, "two_link", 100)
    solver = learned.solver
    inside = solver.solve_batch(truth.forward(corner.sample(200, np.random.default_rng(0))))
    assert inside.covered is not None and inside.covered.mean() > 0.95
    outside = solver.solve(everywhere.forward(np.array([1.0, 0.5]))[:2])
    assert not outside.converged or outside.covered is False


@pytest.mark.parametrize(
    "disturbances",
    [Disturbances(0.0, 0.0), Disturbances(1e-6, 1e-6), Disturbances(1e-4, 1e-5), Disturbances(1e-3, 1e-4)],
)
def test_a_rigid_arm_is_explained_however_little_the_noise(
    tmp_path: Path, disturbances: Disturbances
) -> None:
    """Poses come between joint states, as in a simulator's recording or a good motion capture's."""
    truth = record(tmp_path / "bag", load_robot("two_link"), minutes=2.0, disturbances=disturbances)
    forward = learned_from(tmp_path / "bag", truth, "two_link", 1).report["forward"]
    assert (forward["harmonics"], forward["explained"]) == (1, True)


def test_fewer_joints_than_coordinates_are_refused(tmp_path: Path) -> None:
    """The pitch joints of an arm whose yaw stands still: poses in space, and two joints."""
    arm = load_robot("yaw_pitch_pitch")
    record(tmp_path / "bag", arm, minutes=1.0)
    with Bag(tmp_path / "bag") as bag, pytest.raises(BagError, match="expected at least 3 joints for a tip"):
        prepare(bag, selection=Selection(joints=arm.joint_names[1:]))


def test_coverage_is_where_the_error_is_small(tmp_path: Path) -> None:
    """The three-link arm, recorded in a part of its joint range: covered below the noise, far out useless."""
    everywhere = load_robot("three_link")
    record(tmp_path / "bag", _limited(everywhere, (-1.0, 0.0), (-0.3, 0.8), (-0.3, 0.8)), minutes=2.0)
    with Bag(tmp_path / "bag") as bag:
        pairs = prepare(bag).pairs
    fit = fit_harmonics(pairs.positions[pairs.training], pairs.tips[pairs.training], 1)
    coverage = Coverage.of_recording(
        pairs.positions[pairs.training], pairs.positions[pairs.held_out], 0.99, 2.0
    )
    positions = everywhere.sample(20_000, np.random.default_rng(0))
    errors = np.linalg.norm(fit(positions) - everywhere.forward(positions)[:, :2], axis=1)
    distance = coverage.distance(positions)
    assert np.median(errors[distance <= coverage.within]) < 0.5 * 0.03
    assert np.median(errors[distance > 2 * coverage.within]) > 3 * 0.03


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"minutes": 0.01}, "too few to learn from|at least"),
        ({"minutes": 0.05}, r"at least 270 postures to learn from, got \d+"),
    ],
)
def test_too_short_a_recording_is_an_error(tmp_path: Path, options: dict[str, float], message: str) -> None:
    """A failure is one error, and no model is written."""
    record(tmp_path / "bag", load_robot("three_link"), **options)  # type: ignore[arg-type]
    with Bag(tmp_path / "bag") as bag, pytest.raises(BagError, match=message):
        learn(prepare(bag), steps=1)


def test_a_solver_for_another_arm_is_not_compared(two_minutes: tuple[Path, TrueKinematics]) -> None:
    """A solver with another number of joints is refused."""
    with Bag(two_minutes[0]) as bag:
        prepared = prepare(bag)
    with pytest.raises(BagError, match="three_link has 3 joints and 2 target coordinates, the recording 2"):
        learn(prepared, against={"three_link": IKSolver.load("three_link")})


@pytest.mark.slow
@pytest.mark.parametrize("bent", [False, True], ids=["straight", "bent"])
@pytest.mark.parametrize("name", ARMS)
def test_ten_minutes_with_one_percent_noise(tmp_path: Path, name: str, bent: bool) -> None:
    """Median ≤ 1/4 and p95 ≤ 1/2 of kNN lookup's, and on a bent arm ≤ 1/5 of trusting the URDF."""
    disturbances = Disturbances(pose_noise=0.01)
    truth = record(tmp_path / "bag", load_robot(name), minutes=10.0, disturbances=disturbances, bent=bent)
    errors = learned_from(tmp_path / "bag", truth, name, 20_000).report["tip_error"]["truth"]
    assert errors["learned"]["median_m"] <= errors[NEAREST]["median_m"] / 4
    assert errors["learned"]["p95_m"] <= errors[NEAREST]["p95_m"] / 2
    if bent:
        assert errors["learned"]["median_m"] <= errors[name]["median_m"] / 5
        assert errors["learned"]["p95_m"] <= errors[name]["p95_m"] / 5
