"""Forward kinematics and Jacobian, against MuJoCo and against differences of forward kinematics."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from itnnr_ik.robot import KinematicChain, kernels
from robot.generated import Oracle, RandomRobot, random_robot

SEEDS = range(10)


def _made(seed: int) -> tuple[KinematicChain, RandomRobot]:
    made = random_robot(seed)
    return KinematicChain.from_urdf(made.urdf, "l0", made.tip), made


@pytest.mark.parametrize("seed", SEEDS)
def test_tip_and_jacobian_are_those_of_mujoco(seed: int) -> None:
    """Robots with every kind of joint put their tip where MuJoCo does, and move it as MuJoCo does."""
    chain, made = _made(seed)
    oracle = Oracle(made.urdf, made.tip)
    assert sorted(chain.joint_names) == sorted(made.leaders)
    for positions in chain.sample(50, np.random.default_rng(seed)):
        q = dict(zip(chain.joint_names, positions, strict=True))
        oracle.place({name: ratio * q[by] + offset for name, (by, ratio, offset) in made.motions.items()})
        expected = np.zeros((6, chain.n_joints))
        for name, (by, ratio, _) in made.motions.items():
            expected[:, chain.joint_names.index(by)] += ratio * oracle.column(name)
        np.testing.assert_allclose(chain.transforms(positions), oracle.transform(), rtol=0, atol=1e-12)
        np.testing.assert_allclose(chain.jacobian(positions), expected, rtol=0, atol=1e-12)


def test_made_up_robots_have_every_kind_of_joint() -> None:
    """The robots of the test above cover turning, shifting, mimics and joints without limits."""
    chains = [_made(seed)[0] for seed in SEEDS]
    assert {kind for chain in chains for kind in chain.joint_types} == {"revolute", "continuous", "prismatic"}
    assert {len(chain.elements) - 1 - chain.n_joints for chain in chains} == {0, 2}
    assert {chain.n_joints for chain in chains} >= {3, 5, 6, 7}


@pytest.mark.parametrize("seed", SEEDS)
def test_jacobian_is_the_derivative_of_forward_kinematics(seed: int) -> None:
    """Central differences of the tip's place and attitude give the Jacobian."""
    chain, _ = _made(seed)
    step = 1e-6
    for positions in chain.sample(10, np.random.default_rng(seed)):
        jacobian = chain.jacobian(positions)
        for j in range(chain.n_joints):
            ends = chain.transforms(positions + np.outer([-step, step], np.eye(chain.n_joints)[j]))
            linear = (ends[1, :3, 3] - ends[0, :3, 3]) / (2 * step)
            angular = Rotation.from_matrix(ends[1, :3, :3] @ ends[0, :3, :3].T).as_rotvec() / (2 * step)
            np.testing.assert_allclose(jacobian[:, j], [*linear, *angular], rtol=0, atol=1e-8)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_batch_is_row_by_row_the_same_as_alone(seed: int) -> None:
    """Poses, transforms and Jacobians of a batch have the bits of single ones."""
    chain, _ = _made(seed)
    batch = chain.sample(20, np.random.default_rng(seed))
    for function in (chain.forward, chain.transforms, chain.jacobian):
        assert np.array_equal(function(batch), np.stack([function(row) for row in batch]))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_quaternion_is_that_of_the_transform(seed: int) -> None:
    """The pose has the place of the transform, and its attitude as a unit quaternion with w ≥ 0."""
    chain, _ = _made(seed)
    batch = chain.sample(200, np.random.default_rng(seed))
    poses, transforms = chain.forward(batch), chain.transforms(batch)
    assert np.array_equal(poses[:, :3], transforms[:, :3, 3])
    assert (poses[:, 6] >= 0.0).all()
    np.testing.assert_allclose(np.linalg.norm(poses[:, 3:], axis=1), 1.0, rtol=0, atol=1e-15)
    rotations = Rotation.from_quat(poses[:, 3:]).as_matrix()
    np.testing.assert_allclose(rotations, transforms[:, :3, :3], rtol=0, atol=1e-14)


@given(
    axis=st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda axis: np.linalg.norm(axis) > 0.01),
    angle=st.one_of(st.floats(-np.pi, np.pi), st.floats(-1e-7, 1e-7).map(lambda small: np.pi - small)),
)
def test_the_quaternion_is_accurate_at_every_angle(axis: tuple[float, ...], angle: float) -> None:
    """Half turns and almost half turns about any axis lose no digits."""
    half = np.array([*np.multiply(axis, np.sin(angle / 2) / np.linalg.norm(axis)), np.cos(angle / 2)])
    quaternion = np.empty(4)
    kernels.quaternion(np.ascontiguousarray(Rotation.from_quat(half).as_matrix()), quaternion)
    assert quaternion[3] >= 0.0
    assert min(abs(quaternion - half).max(), abs(quaternion + half).max()) < 1e-15 * 4


def test_importing_compiles_nothing() -> None:
    """Reading a robot takes no compiler; the first forward kinematics does, once for all kinds of input."""
    program = """
import numpy as np
from itnnr_ik.robot import kernels, load_robot
functions = [f for f in vars(kernels).values() if hasattr(f, "signatures")]
arm = load_robot("two_link")
print(len(functions) >= 6, sum(len(f.signatures) for f in functions))
frozen = np.zeros((3, 2)); frozen.flags.writeable = False
for positions in ([0, 0], [0.0, 1.0], np.zeros((2, 2), np.float32), np.zeros((4, 2))[:, ::-1], frozen):
    arm.forward(positions)
print(len(kernels.poses_many.signatures))
"""
    result = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert result.stdout.split() == ["True", "0", "1"]
