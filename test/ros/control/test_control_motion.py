"""From solutions to a controller's set-points, under faults: simulated controllers, cycle by cycle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from itnnr_ik.bench.motion import all_cases
from itnnr_ik.bench.sequences import BOUND, NAMES, STEP, UNITS, VELOCITY, Case, TargetSequence, Worst, limits
from itnnr_ik.ros.control import Motion, PositionOutput, TrackingState, TrajectoryOutput
from itnnr_ik.ros.status import Code, RejectedError

CASES = {case.name: case for case in all_cases()}
SEEDS = range(1)
NO_TURNS = np.zeros(3)


def play(case: Case, seeds: range = SEEDS) -> Worst:
    worst = Worst()
    for seed in seeds:
        worst.add(TargetSequence(case, seed).run())
    return worst


@pytest.mark.parametrize("name", CASES)
def test_limits_hold_at_the_controller(name: str) -> None:
    """Of position always; of speed within the room that a controller without a clock, or a fault, needs."""
    case, worst = CASES[name], play(CASES[name])
    assert worst.beyond <= 1e-9
    assert worst.speed <= (1.5 if case.late or case.fault or case.lost else 1.05) + 1e-6
    if case.undisturbed and (case.anchored or not case.trajectories) and not case.noise:
        assert worst.acceleration <= 1.2
    if case.undisturbed:
        assert worst.accepted >= 0.9
    assert worst.accepted >= 0.3, "what refuses everything is safe too"


def test_a_controller_that_replaces_trajectories_cannot_be_sent_anchored_ones() -> None:
    """It would begin at their first points, of 40 ms ago, whenever a message happens to come."""
    sequence = TargetSequence(CASES["replacing, late"], 0)
    sequence.motion.replaces = False
    assert sequence.run().speed > 1.5


def test_an_approach_that_was_lost_is_followed_by_another() -> None:
    """After its time: the joints are not where it was to bring them."""
    motion = Motion(TrajectoryOutput(NAMES, 0.01), NAMES, UNITS, limits(), 0.05)
    sent = []
    for now in np.arange(0.0, 3.0, 0.01).tolist():
        motion.take_joints(np.full(3, 1.6), now)  # beyond their limits
        motion.set_goal(np.full(3, 1.4), now, False)
        if motion.message(now, now, NO_TURNS) is not None:
            sent.append(now)
    assert len(sent) > 1
    assert np.diff(sent).min() > 0.1


def test_joints_that_sag_do_not_sink_during_an_approach() -> None:
    """A controller that begins at the measured state is below its set-points with each message."""
    case = replace(CASES["off for 0.1 to 1 s"], from_set_point=False, sag=0.02, lag=0.05)
    assert play(case).beyond <= 2.0 * case.sag


@pytest.mark.parametrize("name", ["on time", "no clock", "replacing", "positions"])
def test_the_goal_is_reached(name: str) -> None:
    """The limits are not kept by standing still."""
    for seed in SEEDS:
        sequence = TargetSequence(CASES[name], seed)
        sequence.run(after=2.0)
        goal = sequence.motion._goal
        assert goal is not None
        reached = sequence.set_points[-1][1]
        margin = 1e-6 if CASES[name].anchored or not CASES[name].trajectories else 0.0021
        assert np.abs(reached - goal.positions).max() <= margin


def at_rest(trajectories: bool = True, joints: np.ndarray | None = None) -> Motion:
    """A motion whose controller follows, at ``joints`` (3,)."""
    output = TrajectoryOutput(NAMES, 0.01) if trajectories else PositionOutput(0.01)
    motion = Motion(output, NAMES, UNITS, limits(), 0.05)
    joints = np.zeros(3) if joints is None else joints
    now = 0.0
    motion.take_joints(joints, now)
    motion.set_goal(motion.limits.clip(joints), now, False)
    while motion.monitor.state is not TrackingState.FOLLOWING:
        motion.message(now, now, NO_TURNS)
        now += 0.01
        motion.take_joints(motion.limits.clip(joints), now)
        assert now < 1.0
    return motion


def test_one_approach_is_enough_where_joint_states_are_rare() -> None:
    """It is judged by the first one received after its end, whenever that is, and not repeated before."""
    motion = Motion(TrajectoryOutput(NAMES, 0.01), NAMES, UNITS, limits(), 0.05)
    approaches = set()
    for k in range(101):
        now = 0.01 * k
        if k % 50 == 0:  # after an approach could have been judged
            motion.take_joints(np.zeros(3), now)
            motion.set_goal(np.zeros(3), now, False)
        motion.message(now, now, NO_TURNS)
        assert motion._set_points is not None
        if motion.monitor.state is not TrackingState.FOLLOWING:
            approaches.add(motion._set_points.end)
    assert len(approaches) == 1
    assert motion.monitor.state is TrackingState.FOLLOWING


def test_a_solution_too_far_away_is_refused() -> None:
    """From the joints, and from the present set-point."""
    motion = at_rest()
    with pytest.raises(RejectedError, match=f"at most max_joint_step = {STEP:g} rad; nothing was sent") as no:
        motion.set_goal(np.array([0.0, STEP + 0.1, 0.0]), 1.0, False)
    assert no.value.code is Code.STEP_TOO_LARGE
    assert "'joint_2' is 1.1 rad" in str(no.value)


def test_a_joint_a_little_beyond_its_limit_leaves_the_limits_of_the_others_in_force() -> None:
    """It returns within its limit, and the others stop at theirs."""
    motion = at_rest(joints=np.array([BOUND + 4.5e-16, BOUND - 0.3, 0.0]))
    now, most = 1.0, []
    motion.take_joints(np.array([BOUND, BOUND - 0.3, 0.0]), now)
    for k in range(200):
        now += 0.01
        if k % 5 == 0 and k < 100:
            goal = np.array([BOUND - 0.2, BOUND - (0.0 if k % 10 else 0.5), 0.0])
            motion.set_goal(goal, now, True)
        message = motion.message(now, now, NO_TURNS)
        if message is not None:
            most.append(max(max(point.positions) for point in message.points))
        assert motion._set_points is not None
        motion.take_joints(motion._set_points.at(now)[0], now)
    assert len(most) > 20
    assert max(most) <= BOUND


@pytest.mark.parametrize("replaces", [True, False])
def test_joints_at_a_limit_get_room_for_what_a_controller_adds(replaces: bool) -> None:
    """Trajectories from receipt keep a margin from position limits, from the approach on."""
    motion = Motion(TrajectoryOutput(NAMES, 0.01), NAMES, UNITS, limits(), 0.05)
    motion.replaces = replaces
    motion.clock.add(100.0 if replaces else 0.0, 100.0)
    motion.take_joints(np.full(3, BOUND), 0.0)
    motion.set_goal(np.full(3, BOUND), 0.0, False)
    (point,) = motion.message(0.0, 100.0, NO_TURNS).points
    assert max(point.positions) == motion.limits.reduced().upper[0] < BOUND


def test_past_set_points_outlive_a_pause_and_an_activation() -> None:
    """The next approach is slow from there, too."""
    motion = at_rest()
    motion.set_goal(np.array([0.5, 0.0, 0.0]), 1.0, False)
    for now in np.arange(1.0, 1.8, 0.01).tolist():
        motion.message(now, now, NO_TURNS)
        assert motion._set_points is not None
        motion.take_joints(motion._set_points.at(now)[0], now)
    motion.restart()
    assert motion.monitor.state is TrackingState.UNKNOWN
    motion.take_joints(np.zeros(3), 3.0)
    motion.set_goal(np.array([-0.3, 0.0, 0.0]), 3.0, False)
    message = motion.message(3.0, 3.0, NO_TURNS)
    (point,) = message.points
    seconds = point.time_from_start.sec + 1e-9 * point.time_from_start.nanosec
    assert list(point.positions) == [0.0, 0.0, 0.0]
    assert 1.5 * 0.5 / seconds <= 0.5 * VELOCITY


@pytest.mark.parametrize(("pause", "moved", "begins"), [(60.0, 0.5, 0.5), (60.0, 0.04, 0.0), (0.5, 0.5, 0.0)])
def test_positions_begin_where_joints_were_moved_while_nobody_watched(
    pause: float, moved: float, begins: float
) -> None:
    """Not where they were sent long before, unless they may still be on their way there, or sag."""
    motion = at_rest(trajectories=False)
    now = motion._output.sent_at + pause
    motion.restart()
    motion.take_joints(np.array([moved, 0.0, 0.0]), now)
    motion.set_goal(np.array([moved, 0.0, 0.0]), now, False)
    sent = []
    for _ in range(100):
        message = motion.message(now, now, NO_TURNS)
        sent += [] if message is None else [message.data[0]]
        now += 0.01
        motion.take_joints(np.array([moved, 0.0, 0.0]), now)
    assert sent[0] == begins
    assert np.abs(np.diff(sent)).max() <= 0.011 * VELOCITY
    assert sent[-1] == pytest.approx(moved)


def test_positions_are_not_sent_unasked_to_joints_that_were_moved_without_joint_states() -> None:
    """As while the driver was off: they would begin where they were sent before, at once."""
    motion = at_rest(trajectories=False)
    now, moved = motion._output.sent_at + 60.0, np.array([0.5, 0.0, 0.0])
    motion.take_joints(moved, now)
    assert motion.monitor.state is TrackingState.UNKNOWN
    assert motion.message(now, now, NO_TURNS) is None
    motion.set_goal(moved, now, False)
    assert motion.message(now, now, NO_TURNS).data.tolist() == moved.tolist()


def test_a_timeout_of_the_controller_state_stops_commands() -> None:
    """And the state received afterwards is where the next command begins."""
    case = replace(CASES["off, state told"], rate=100.0)
    sequence = TargetSequence(case, 3)
    sequence.run()
    assert {TrackingState.UNKNOWN, TrackingState.FOLLOWING} <= sequence.states


@pytest.mark.parametrize("trajectories", [True, False])
def test_a_clock_that_is_set_back_resets_everything(trajectories: bool) -> None:
    """As when a recording starts again: commands go on, by the present time."""
    motion = at_rest(trajectories)
    motion.set_goal(np.array([0.2, 0.0, 0.0]), 5.0, False)
    motion.message(5.0, 5.0, NO_TURNS)
    motion.message(1.0, 1.0, NO_TURNS)
    assert motion.monitor.state is TrackingState.UNKNOWN
    assert not motion.moving
    motion.take_joints(np.zeros(3), 1.0)
    motion.set_goal(np.array([0.2, 0.0, 0.0]), 1.0, False)
    for now in np.arange(1.0, 3.0, 0.01).tolist():
        motion.message(now, now, NO_TURNS)
        set_point = motion.set_point(now)
        assert set_point is not None, "something is sent at once"
        motion.take_joints(set_point, now)
    np.testing.assert_allclose(set_point, [0.2, 0.0, 0.0], atol=0.0021)


@pytest.mark.parametrize("trajectories", [True, False])
def test_a_reference_from_before_the_clock_was_set_back_does_not_count(trajectories: bool) -> None:
    """The approach goes to the present joint state."""
    motion = at_rest(trajectories)
    motion.take_reference(np.zeros(3), 5.0)
    motion.message(5.0, 5.0, NO_TURNS)
    for now in np.arange(1.0, 2.0, 0.01).tolist():
        motion.message(now, now, NO_TURNS)
        motion.take_joints(np.ones(3), now)
        motion.set_goal(np.ones(3), now, False)
        set_point = motion.set_point(now)
        assert set_point is None or (set_point >= 0.9).all()
    assert motion.monitor.reference is None
    np.testing.assert_allclose(set_point, np.ones(3))
