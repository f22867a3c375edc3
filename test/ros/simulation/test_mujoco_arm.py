"""The arm that MuJoCo simulates: it goes where it is told, holds against gravity, keeps speed and limits."""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itnnr_ik import IKSolver
from itnnr_ik.robot import PACKAGED, KinematicChain, load_robot
from itnnr_ik.ros.simulation.mujoco_arm import MujocoArm
from itnnr_ik.ros.simulation.mujoco_model import arm_spec, load_mujoco
from itnnr_ik.targets import rest_positions as rest_of

pytest.importorskip("mujoco", reason="simulates with MuJoCo")
URDFS = Path(__file__).parents[2] / "urdf"
ARMS = {name: load_robot(name) for name in ("two_link", "three_link", "yaw_pitch_pitch")}
arms = pytest.mark.parametrize("arm", ARMS.values(), ids=ARMS)
#: Those of other makes: without masses of their own, with prismatic and continuous joints.
OTHERS = {
    **{name: load_robot(name) for name in PACKAGED if name not in ARMS},
    **{name: KinematicChain.from_urdf(URDFS / f"{name}.urdf") for name in ("bent_wrist", "rail_arm")},
}
others = pytest.mark.parametrize("arm", OTHERS.values(), ids=OTHERS)

MAX_VELOCITY = 2.0
#: What inertia adds to the speed that is asked for, while several joints speed up and brake at once.
OVERSHOOT = 1.3
#: How far a joint that is driven against its stop gives way, in [rad].
STOP = 0.01


def rest_positions(arm: KinematicChain) -> np.ndarray:
    """Where the simulator's arm starts."""
    return rest_of(IKSolver.from_urdf(arm.urdf, arm.base_link, arm.tip_link))


def moved(
    arm: MujocoArm, duration: float, goal: Sequence[float] | np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Positions and velocities (t, n) at every 5 ms, on the way to a set-point, or to where it is now."""
    positions, velocities = [], []
    set_points = arm.positions if goal is None else np.array(goal, dtype=float)
    for _ in range(round(duration / 0.005)):
        arm.move(set_points, 0.005)
        positions.append(arm.positions)
        velocities.append(arm.velocities)
    return np.array(positions), np.array(velocities)


@arms
def test_it_stays_where_it_is_against_gravity(arm: KinematicChain) -> None:
    """At rest, without a command, for two seconds."""
    standing = MujocoArm(arm, MAX_VELOCITY, rest_positions(arm))
    positions, velocities = moved(standing, 2.0)
    np.testing.assert_allclose(positions, np.tile(rest_positions(arm), (len(positions), 1)), atol=1e-6)
    np.testing.assert_allclose(velocities, 0.0, atol=1e-6)


def test_gravity_is_simulated() -> None:
    """What holds the arm is compensation, not its absence."""
    arm = ARMS["yaw_pitch_pitch"]
    mujoco = load_mujoco()
    model = arm_spec(arm).compile()
    data = mujoco.MjData(model)
    data.qpos[:] = rest_positions(arm)
    for _ in range(200):
        mujoco.mj_step(model, data)
    assert data.qpos[1] < rest_positions(arm)[1] - 0.5


@arms
def test_it_arrives_within_speed_and_limits(arm: KinematicChain) -> None:
    """From limit to limit, every joint at once."""
    moving = MujocoArm(arm, MAX_VELOCITY, rest_positions(arm))
    lower, upper = arm.lower, arm.upper
    for goal in (upper, lower, np.zeros(arm.n_joints), rest_positions(arm)):
        positions, velocities = moved(moving, 3.0, goal)
        assert np.abs(velocities).max() <= OVERSHOOT * MAX_VELOCITY
        assert (positions >= lower - STOP).all()
        assert (positions <= upper + STOP).all()
        np.testing.assert_allclose(moving.positions, goal, atol=1e-3)
        np.testing.assert_allclose(moving.velocities, 0.0, atol=1e-2)


@arms
def test_a_slower_arm_is_slower(arm: KinematicChain) -> None:
    """max_velocity is what counts, and it needs its time."""
    moving = MujocoArm(arm, 0.5, np.zeros(arm.n_joints))
    goal = np.full(arm.n_joints, 0.5)
    _, velocities = moved(moving, 0.9, goal)
    assert np.abs(velocities).max() == pytest.approx(0.5, rel=0.1)
    assert (moving.positions < goal - 0.02).all()
    moved(moving, 1.0, goal)
    np.testing.assert_allclose(moving.positions, goal, atol=1e-3)


@arms
@pytest.mark.parametrize("cycle", [0.01, 0.002])
def test_it_follows_a_ramp_with_little_delay(arm: KinematicChain, cycle: float) -> None:
    """By set-points that are for the end of their cycle the servos are no more than 3 ms late."""
    speed, start = 0.3, np.full(arm.n_joints, -0.5)
    moving = MujocoArm(arm, MAX_VELOCITY, start)
    late = []
    for i in range(1, round(2.0 / cycle) + 1):
        moving.move(start + speed * cycle * i, cycle)
        late.append(cycle * i - (moving.positions - start) / speed)
    assert np.abs(late[len(late) // 2 :]).max() <= 0.003


@pytest.mark.parametrize("pieces", [[0.5], [0.1] * 5, [0.0003, 0.0217] * 23, [0.00025] * 2000])
def test_time_may_come_in_any_pieces(pieces: list[float]) -> None:
    """What is left of a step counts in the next call: along a ramp all come to the same."""
    arm, start, way = ARMS["two_link"], np.array((0.0, 0.5)), np.array((0.6, -0.4))
    total, time = sum(pieces), 0.0
    moving = MujocoArm(arm, MAX_VELOCITY, start)
    for dt in pieces:
        time += dt
        moving.move(start + way * time / total, dt)
    whole = MujocoArm(arm, MAX_VELOCITY, start)
    for i in range(1, round(1e3 * total) + 1):
        whole.move(start + way * min(1.0, 1e-3 * i / total), 1e-3)
    np.testing.assert_allclose(moving.positions, whole.positions, atol=1e-6)
    assert np.abs(moving.velocities).max() > 0.1


def test_a_set_point_beyond_a_limit_drives_the_joint_against_its_stop() -> None:
    """It is not cut, and as soon as it is back inside the joint comes along."""
    arm = ARMS["two_link"]
    moving = MujocoArm(arm, MAX_VELOCITY, (0.0, 0.5))
    for beyond in (arm.upper + 0.5, np.full(2, 1e300)):
        positions, _ = moved(moving, 3.0, beyond)
        assert (positions <= arm.upper + STOP).all()
        assert (positions[-1] > arm.upper).all()
        moved(moving, 1.0, arm.upper - 0.1)
        np.testing.assert_allclose(moving.positions, arm.upper - 0.1, atol=2e-3)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_joint_without_a_finite_set_point_stands(bad: float) -> None:
    """At its last one, while the others move."""
    moving = MujocoArm(ARMS["two_link"], MAX_VELOCITY, (0.0, 0.5))
    moved(moving, 1.0, (0.2, 0.6))
    moved(moving, 1.0, (bad, 0.9))
    np.testing.assert_allclose(moving.positions, (0.2, 0.9), atol=1e-3)


@given(
    st.lists(
        st.tuples(st.lists(st.floats(), min_size=3, max_size=3), st.sampled_from([0.005, 0.05, 0.5])),
        max_size=5,
    )
)
@settings(max_examples=25)
def test_finite_and_within_limits_whatever_is_commanded(commands: list[tuple[list[float], float]]) -> None:
    """Any numbers at all, for a while each."""
    arm = ARMS["three_link"]
    moving = MujocoArm(arm, MAX_VELOCITY, rest_positions(arm))
    for goal, duration in commands:
        positions, velocities = moved(moving, duration, goal)
        assert np.isfinite(velocities).all()
        assert ((arm.lower - STOP <= positions) & (positions <= arm.upper + STOP)).all()


@pytest.mark.parametrize("positions", [(0.1,), (0.1, 0.2, 0.3), (math.nan, 0.2), (0.1, math.inf), ()])
def test_initial_positions_and_speed_are_checked(positions: tuple[float, ...]) -> None:
    """With the texts of the kinematic arm."""
    arm = ARMS["two_link"]
    with pytest.raises(ValueError, match="expected 2 finite initial positions"):
        MujocoArm(arm, 1.0, positions)
    with pytest.raises(ValueError, match=r"initial positions must be within .*, got \[0.0, 3.0\]"):
        MujocoArm(arm, 1.0, (0.0, 3.0))
    for speed in (0.0, np.array((1.0, np.inf))):
        with pytest.raises(ValueError, match="max_velocity must be positive"):
            MujocoArm(arm, speed, (0.0, 0.5))


def test_without_mujoco_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one sentence, and before anything is simulated."""

    def missing(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ImportError, match=r"No module named 'mujoco'.*pip install 'itnnr_ik\[mujoco\]'"):
        MujocoArm(ARMS["two_link"], 1.0, (0.0, 0.5))


@others
def test_its_tip_is_where_the_chain_has_it(arm: KinematicChain) -> None:
    """MuJoCo's own kinematics agrees, in the frame of the base."""
    mujoco = load_mujoco()
    model = arm_spec(arm).compile()
    data = mujoco.MjData(model)
    addresses = [model.joint(name).qposadr[0] for name in arm.joint_names]
    for positions in arm.sample(5, np.random.default_rng(0)):
        data.qpos[addresses] = positions
        mujoco.mj_forward(model, data)
        base, tip = data.body(arm.base_link), data.body(arm.tip_link)
        turn = base.xmat.reshape(3, 3).T
        expected = arm.transforms(positions)
        np.testing.assert_allclose(turn @ (tip.xpos - base.xpos), expected[:3, 3], atol=1e-9)
        np.testing.assert_allclose(turn @ tip.xmat.reshape(3, 3), expected[:3, :3], atol=1e-9)


@others
def test_an_arm_without_masses_stays_arrives_and_keeps_its_speed(arm: KinematicChain) -> None:
    """From rest to another posture and back, each joint at its own speed."""
    rest = rest_positions(arm)
    speed = np.minimum(arm.velocity, 1.0)
    moving = MujocoArm(arm, speed, rest)
    positions, _ = moved(moving, 0.5)
    np.testing.assert_allclose(positions, np.tile(rest, (len(positions), 1)), atol=1e-6)
    aside = np.clip(rest - 0.3, arm.lower, arm.upper)
    for goal in (aside, rest):
        positions, velocities = moved(moving, 1.5, goal)
        assert (np.abs(velocities) <= OVERSHOOT * speed).all()
        np.testing.assert_allclose(moving.positions, goal, atol=2e-3)


FINGERS = """<robot name="fingers">
  <link name="world"/><link name="base"/><link name="arm"/><link name="slide"/><link name="tip"/>
  <link name="other"/>
  <link name="camera"><visual><geometry><mesh filename="package://missing/camera.stl"/></geometry></visual></link>
  <joint name="lift" type="prismatic"><parent link="world"/><child link="base"/><axis xyz="0 0 1"/>
    <limit lower="0" upper="1" velocity="1" effort="9"/></joint>
  <joint name="turn" type="revolute"><parent link="base"/><child link="arm"/><origin xyz="0.1 0 0"/>
    <axis xyz="0 0 1"/><limit lower="-2" upper="2" velocity="1" effort="9"/></joint>
  <joint name="out" type="prismatic"><parent link="arm"/><child link="slide"/><axis xyz="1 0 0"/>
    <mimic joint="turn" multiplier="0.1" offset="0.2"/>
    <limit lower="0" upper="1" velocity="1" effort="9"/></joint>
  <joint name="held" type="revolute"><parent link="slide"/><child link="tip"/><origin xyz="0.3 0 0"/>
    <axis xyz="0 1 0"/><limit lower="-2" upper="2" velocity="1" effort="9"/></joint>
  <joint name="aside" type="continuous"><parent link="arm"/><child link="other"/></joint>
  <joint name="mount" type="fixed"><parent link="arm"/><child link="camera"/></joint>
</robot>"""


def test_followers_follow_and_joints_that_are_not_the_arms_stand_still() -> None:
    """A mimic joint of the chain moves with its leader, a locked one stays locked; no mesh is read."""
    arm = KinematicChain.from_urdf(FINGERS, "base", "tip", locked={"held": 0.7})
    assert arm.joint_names == ("turn",)
    mujoco = load_mujoco()
    model = arm_spec(arm).compile()
    assert [model.joint(i).name for i in range(model.njnt)] == ["turn", "out"]
    data = mujoco.MjData(model)
    data.qpos[:] = 0.5, 0.1 * 0.5 + 0.2
    mujoco.mj_forward(model, data)
    np.testing.assert_allclose(data.body("base").xpos, 0.0, atol=1e-12)
    expected = arm.transforms([0.5])
    np.testing.assert_allclose(data.body("tip").xpos, expected[:3, 3], atol=1e-9)
    np.testing.assert_allclose(data.body("tip").xmat.reshape(3, 3), expected[:3, :3], atol=1e-9)

    moving = MujocoArm(arm, 1.0, (0.5,))
    moved(moving, 2.0, (-0.5,))
    np.testing.assert_allclose(moving.positions, (-0.5,), atol=2e-3)
    assert moving.positions.shape == moving.velocities.shape == (1,)
    np.testing.assert_allclose(moving._data.qpos[1], 0.2 - 0.05, atol=2e-3)
