"""What was seen of a run becomes the right numbers, and each thing that does not hold is named."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from itnnr_ik import IKSolver
from itnnr_ik.demo.recording import Expectation, Recording, Row, SeenSolution, SeenTarget, measure

SOLVER = IKSolver.load("two_link")
#: [ns] between targets.
PERIOD = 10_000_000
COUNT = 100


def recorded(count: int = COUNT, delay: int = 1_500_000) -> Recording:
    """A slow sweep of both joints, solved without error, each answer ``delay`` [ns] after its target.

    Joint states lag one target behind and are off by 1e-4 rad.
    """
    recording = Recording()
    for i in range(count):
        stamp = PERIOD * (i + 1)
        positions = np.array([-0.3 + 0.01 * i, 0.5 + 0.002 * i])
        recording.targets.append(SeenTarget(stamp, SOLVER.target_at(positions)))
        recording.solutions[stamp] = SeenSolution(stamp + delay, positions)
        recording.codes[stamp] = "solved"
        recording.joint_states.append((stamp + PERIOD, positions + 1e-4))
    return recording


def reject(recording: Recording, index: int, code: str | None) -> None:
    """Take the solution of one target back, in favour of a status or of silence."""
    stamp = recording.targets[index].stamp
    del recording.solutions[stamp]
    if code is None:
        del recording.codes[stamp]
    else:
        recording.codes[stamp] = code


def row_of(recording: Recording, **expected: object) -> Row:
    return measure(SOLVER, "sweep", recording, Expectation(COUNT, 1e-6, **{"step_bound": 0.05, **expected}))


def test_a_run_in_which_all_held_has_no_failure() -> None:
    """Counts, residual, step and round trip are those that went in."""
    row = row_of(recorded())
    assert (row.arm, row.targets, row.sent, row.solved, row.rejected) == (
        "two_link",
        "sweep",
        COUNT,
        COUNT,
        {},
    )
    assert row.residual_max < 1e-15
    assert row.largest_step == pytest.approx(0.01)
    assert row.round_trip_median == pytest.approx(1.5e-3)
    assert row.round_trip_p99 == pytest.approx(1.5e-3)
    assert row.displacement is None
    assert row.failures == ()


def test_the_residual_is_the_distance_of_the_tip_not_the_word_of_the_node() -> None:
    """A solution that is off is found by forward kinematics, although its status says solved."""
    recording = recorded()
    stamp = recording.targets[7].stamp
    off = recording.solutions[stamp].positions + np.array([1e-3, 0.0])
    recording.solutions[stamp] = SeenSolution(stamp + 1, off)
    row = row_of(recording)
    assert row.residual_max == pytest.approx(1e-3 * np.linalg.norm(recording.targets[7].target), rel=1e-3)
    (failure,) = row.failures
    assert "above the tolerance 1e-06 m" in failure


def test_a_solution_outside_the_limits_is_a_failure() -> None:
    """The same tip with the first joint a turn further is not within limits."""
    recording = recorded()
    stamp = recording.targets[-1].stamp
    recording.solutions[stamp] = SeenSolution(
        stamp + 1, recording.solutions[stamp].positions + np.array([2 * np.pi, 0.0])
    )
    assert "1 solutions outside the joint limits" in row_of(recording, step_bound=None).failures


def test_a_jump_is_a_failure_on_a_smooth_path_only() -> None:
    """A change of branch shows as a joint step above the bound."""
    recording = recorded()
    for target in recording.targets[50:]:
        shoulder, elbow = recording.solutions[target.stamp].positions
        flipped = np.array([shoulder + elbow, -elbow])
        recording.solutions[target.stamp] = SeenSolution(target.stamp + 1, flipped)
    row = row_of(recording)
    assert row.residual_max < 1e-9
    assert row.largest_step > 1.0
    (failure,) = row.failures
    assert failure.startswith("joint step 1.2 rad is above the bound 0.05 rad")
    assert row_of(recording, step_bound=None).failures == ()


def test_the_step_bound_grows_with_the_targets_between() -> None:
    """After eight targets without an answer the arm may go nine steps at once."""
    recording = recorded()
    for index in range(20, 28):
        reject(recording, index, None)
    row = row_of(recording, step_bound=0.0105)
    assert row.largest_step == pytest.approx(0.09)
    assert row.rejected == {"unanswered": 8}
    assert row.failures == ()


def test_many_unanswered_targets_are_a_failure() -> None:
    """Some may be overtaken by newer ones, a third may not."""
    recording = recorded()
    for index in range(0, COUNT, 3):
        reject(recording, index, None)
    assert row_of(recording).failures == (
        "the last target went unanswered",
        "34 reachable targets unanswered",
    )


def test_the_last_target_cannot_be_overtaken() -> None:
    """Without an answer to it the node hangs."""
    recording = recorded()
    reject(recording, COUNT - 1, None)
    assert row_of(recording).failures == ("the last target went unanswered",)


def test_a_rejected_target_is_a_failure_where_all_are_reachable() -> None:
    """Whatever the status code says."""
    recording = recorded()
    reject(recording, 3, "unreachable")
    reject(recording, 4, "no_joint_state")
    row = row_of(recording)
    assert row.rejected == {"unreachable": 1, "no_joint_state": 1}
    assert row.failures == ("1 reachable targets unreachable", "1 reachable targets no joint state")


def test_targets_out_of_reach_are_no_failure_where_they_may_be() -> None:
    """Beyond the stretched arm nothing can be solved, whether the node came to it or not."""
    recording = recorded()
    for index, code in ((3, "unreachable"), (4, None)):
        reject(recording, index, code)
        recording.targets[index] = SeenTarget(recording.targets[index].stamp, np.array([2.5, 0.0]))
    row = row_of(recording, may_be_unreachable=True)
    assert row.rejected == {"unreachable": 1, "unanswered": 1}
    assert row.failures == ()


def test_recorded_poses_that_are_none_are_no_failure() -> None:
    """A tracker that does not see the tool gives NaN, which the node rejects."""
    recording = recorded()
    recording.targets[3] = SeenTarget(recording.targets[3].stamp, np.full(2, np.nan))
    reject(recording, 3, "invalid_target")
    row = row_of(recording, may_be_unreachable=True)
    assert (row.failures, row.rejected) == ((), {"invalid_target": 1})


def test_a_reachable_target_called_unreachable_is_a_failure() -> None:
    """The node's word for it is checked independently of its solver."""
    recording = recorded()
    reject(recording, 3, "unreachable")
    assert row_of(recording, may_be_unreachable=True).failures == ("1 reachable targets unreachable",)


def test_missing_targets_and_silence_are_failures() -> None:
    """Nothing measured is not the same as all held."""
    assert row_of(recorded(count=90)).failures == ("90 of 100 targets arrived",)
    row = row_of(Recording())
    assert row.failures == ("0 of 100 targets arrived", "no target was solved")
    assert np.isnan(row.residual_median)


def test_the_displacement_is_from_the_joints_that_come_with_the_next_target() -> None:
    """Recorded joints are matched to their targets by stamp, and their absence is a failure."""
    recording = recorded()
    row = row_of(recording, replays_joints=True)
    assert row.displacement == pytest.approx((1e-4, 1e-4, 1e-4))
    assert row.failures == ()
    recording.joint_states = [(stamp + 1, positions) for stamp, positions in recording.joint_states]
    assert row_of(recording, replays_joints=True).failures == (
        "no recorded joint state arrived with its target",
    )


def _pose_run(offset: float, turn: float) -> Row:
    """A run of the panda, whose targets are ``offset`` [m] and ``turn`` [rad] off what was solved."""
    solver, recording = IKSolver.load("panda"), Recording()
    for i in range(COUNT):
        stamp = PERIOD * (i + 1)
        positions = np.array([0.1, 0.2, 0.3, -1.5, 0.2, 1.8, 0.4]) + 0.002 * i
        target = solver.target_at(positions)
        target[0] += offset
        target[3:] = (Rotation.from_quat(target[3:]) * Rotation.from_rotvec([0.0, turn, 0.0])).as_quat()
        recording.targets.append(SeenTarget(stamp, target))
        recording.solutions[stamp] = SeenSolution(stamp + 1, positions)
        recording.codes[stamp] = "solved"
    return measure(solver, "sweep", recording, Expectation(COUNT, 1e-6, 1e-5, step_bound=0.05))


def test_recorded_turns_of_a_continuous_joint_do_not_count() -> None:
    """Where the recorded positions are wrapped to ±π, the answers to the replay are, too."""
    urdf = SOLVER.arm.urdf.replace('name="joint_1" type="revolute"', 'name="joint_1" type="continuous"')
    solver, recording = IKSolver.from_urdf(urdf), Recording()
    for i in range(COUNT):
        stamp, turn = PERIOD * (i + 1), 2.0 * np.pi * np.array([1.0, 0.0])
        positions = np.array([3.0 + 0.01 * i, 0.5])
        wrapped = positions - turn * (positions[0] > np.pi)
        recording.targets.append(SeenTarget(stamp, solver.target_at(positions)))
        # The answer to the first wrapped state is still near the one before.
        recording.solutions[stamp] = SeenSolution(stamp + 1, positions if i == 15 else wrapped)
        recording.codes[stamp] = "solved"
        recording.joint_states.append((stamp + PERIOD, wrapped))
    expected = Expectation(COUNT, 1e-6, step_bound=0.05, replays_joints=True)
    row = measure(solver, "replay", recording, expected)
    assert row.failures == ()
    assert row.largest_step == pytest.approx(0.01)
    assert row.displacement == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)
    simulated = measure(solver, "curve", recording, Expectation(COUNT, 1e-6, step_bound=0.05))
    assert "joint step 6.3 rad is above the bound" in simulated.failures[0]


def test_both_errors_of_a_pose_are_measured() -> None:
    """In metres and radians, each against its own tolerance."""
    row = _pose_run(0.0, 0.0)
    assert row.failures == ()
    assert row.orientation_error_max is not None
    assert row.orientation_error_max < 1e-12
    row = _pose_run(1e-3, 0.0)
    assert row.residual_max == pytest.approx(1e-3)
    assert len(row.failures) == 1
    row = _pose_run(0.0, 2e-3)
    assert row.residual_max < 1e-12
    assert (row.orientation_error_median, row.orientation_error_max) == pytest.approx((2e-3, 2e-3))
    assert row.failures == ("orientation error 0.002 rad is above the tolerance 1e-05 rad",)


def test_an_arm_of_positions_has_no_orientation_error() -> None:
    """None, rather than zero."""
    row = row_of(recorded())
    assert row.orientation_error_median is row.orientation_error_max is None
