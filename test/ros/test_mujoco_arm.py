"""The arm that MuJoCo simulates: it goes where it is told, holds against gravity, keeps speed and limits."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itnnr_ik.arms import ARMS, Arm, get_arm
from itnnr_ik.ros.kinematic_arm import KinematicArm, rest_positions
from itnnr_ik.ros.mujoco_arm import MujocoArm, arm_spec, load_mujoco

pytest.importorskip("mujoco", reason="simulates with MuJoCo")
arms = pytest.mark.parametrize("arm", ARMS.values(), ids=ARMS)

MAX_VELOCITY = 2.0
#: What inertia adds to the speed that is asked for, while several joints speed up and brake at once.
OVERSHOOT = 1.3
#: How far a joint that is driven against its stop gives way, in [rad].
STOP = 0.01


def moved(arm: MujocoArm, duration: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions and velocities (t, n) at every 5 ms."""
    positions, velocities = [], []
    for _ in range(round(duration / 0.005)):
        arm.step(0.005)
        positions.append(arm.positions)
        velocities.append(arm.velocities)
    return np.array(positions), np.array(velocities)


@arms
def test_it_stays_where_it_is_against_gravity(arm: Arm) -> None:
    """At rest, without a command, for two seconds."""
    standing = MujocoArm(arm, MAX_VELOCITY, rest_positions(arm))
    positions, velocities = moved(standing, 2.0)
    np.testing.assert_allclose(positions, np.tile(rest_positions(arm), (len(positions), 1)), atol=1e-6)
    np.testing.assert_allclose(velocities, 0.0, atol=1e-6)


def test_gravity_is_simulated() -> None:
    """What holds the arm is compensation, not its absence."""
    arm = get_arm("yaw_pitch_pitch")
    mujoco = load_mujoco()
    model = arm_spec(arm).compile()
    data = mujoco.MjData(model)
    data.qpos[:] = rest_positions(arm)
    for _ in range(200):
        mujoco.mj_step(model, data)
    assert data.qpos[1] < rest_positions(arm)[1] - 0.5


@arms
def test_it_arrives_within_speed_and_limits(arm: Arm) -> None:
    """From limit to limit, every joint at once."""
    moving = MujocoArm(arm, MAX_VELOCITY, rest_positions(arm))
    lower, upper = arm.limits
    for goal in (upper, lower, np.zeros(arm.n_joints), rest_positions(arm)):
        moving.command(goal)
        positions, velocities = moved(moving, 3.0)
        assert np.abs(velocities).max() <= OVERSHOOT * MAX_VELOCITY
        assert (positions >= lower - STOP).all()
        assert (positions <= upper + STOP).all()
        np.testing.assert_allclose(moving.positions, goal, atol=1e-3)
        np.testing.assert_allclose(moving.velocities, 0.0, atol=1e-2)


@arms
def test_a_slower_arm_is_slower(arm: Arm) -> None:
    """max_velocity is what counts, and it needs its time."""
    moving = MujocoArm(arm, 0.5, np.zeros(arm.n_joints))
    goal = np.full(arm.n_joints, 0.5)
    moving.command(goal)
    _, velocities = moved(moving, 0.9)
    assert np.abs(velocities).max() == pytest.approx(0.5, rel=0.1)
    assert (moving.positions < goal - 0.02).all()
    moved(moving, 1.0)
    np.testing.assert_allclose(moving.positions, goal, atol=1e-3)


@arms
def test_it_follows_steps_at_100_hz_with_little_delay(arm: Arm) -> None:
    """Of steps of 10 ms half is what any follower is late, and the servos add no more than 3 ms."""
    speed, start = 0.3, np.full(arm.n_joints, -0.5)
    moving = MujocoArm(arm, MAX_VELOCITY, start)
    late = []
    for i in range(200):
        moving.command(start + speed * 0.01 * i)
        for j in range(10):
            moving.step(1e-3)
            late.append(0.01 * i + 1e-3 * (j + 1) - (moving.positions - start) / speed)
    assert np.abs(np.mean(late[1000:], axis=0)).max() <= 0.008


@pytest.mark.parametrize("pieces", [[0.5], [0.1] * 5, [0.0003, 0.0217] * 23 + [-1.0], [0.00025] * 2000])
def test_time_may_come_in_any_pieces(pieces: list[float]) -> None:
    """What is left of a step counts in the next call; a clock gone back moves nothing."""
    arm = get_arm("two_link")
    moving = MujocoArm(arm, MAX_VELOCITY, (0.0, 0.5))
    moving.command((0.6, 0.1))
    for dt in pieces:
        moving.step(dt)
    whole = MujocoArm(arm, MAX_VELOCITY, (0.0, 0.5))
    whole.command((0.6, 0.1))
    for _ in range(round(1e3 * sum(dt for dt in pieces if dt > 0.0))):
        whole.step(1e-3)
    np.testing.assert_allclose(moving.positions, whole.positions, atol=1e-12)


@given(
    st.lists(
        st.tuples(
            st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3),
            st.sampled_from([0.005, 0.05, 0.5]),
        ),
        max_size=5,
    )
)
@settings(max_examples=25, deadline=None)
def test_finite_and_within_limits_whatever_is_commanded(commands: list[tuple[list[float], float]]) -> None:
    """Any finite commands, for a while each."""
    arm = get_arm("three_link")
    moving = MujocoArm(arm, MAX_VELOCITY, rest_positions(arm))
    for goal, duration in commands:
        moving.command(goal)
        positions, velocities = moved(moving, duration)
        assert np.isfinite(velocities).all()
        assert ((arm.limits[0] - STOP <= positions) & (positions <= arm.limits[1] + STOP)).all()


@pytest.mark.parametrize("positions", [(0.1,), (0.1, 0.2, 0.3), (math.nan, 0.2), (0.1, math.inf), ()])
def test_what_makes_no_sense_is_refused_as_by_the_kinematic_arm(positions: tuple[float, ...]) -> None:
    """Commands, initial positions and speeds, with the same texts."""
    arm = get_arm("two_link")
    for kind in (KinematicArm, MujocoArm):
        moving = kind(arm, 1.0, (0.0, 0.5))
        with pytest.raises(ValueError, match="expected 2 finite commanded positions"):
            moving.command(positions)
        with pytest.raises(ValueError, match="expected 2 finite initial positions"):
            kind(arm, 1.0, positions)
        with pytest.raises(ValueError, match=r"initial positions must be within .*, got \[0.0, 3.0\]"):
            kind(arm, 1.0, (0.0, 3.0))
        with pytest.raises(ValueError, match="max_velocity must be positive"):
            kind(arm, 0.0, (0.0, 0.5))


def test_without_mujoco_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one sentence, and before anything is simulated."""

    def missing(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ImportError, match=r"No module named 'mujoco'.*pip install 'itnnr_ik\[mujoco\]'"):
        MujocoArm(get_arm("two_link"), 1.0, (0.0, 0.5))
