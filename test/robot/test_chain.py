"""Attributes of a chain, its copies with other names, and its JSON form."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from itnnr_ik.robot import PACKAGED, KinematicChain, load_robot
from robot.generated import joint, link, random_robot, robot, serial

URDFS = Path(__file__).parents[1] / "urdf"
CHAINS = {name: load_robot(name) for name in PACKAGED} | {
    path.stem: KinematicChain.from_urdf(path) for path in sorted(URDFS.glob("*.urdf"))
}


@pytest.fixture(params=CHAINS, name="chain")
def _chain(request: pytest.FixtureRequest) -> KinematicChain:
    return CHAINS[request.param]


def test_its_arguments_make_it_again(chain: KinematicChain) -> None:
    """Through JSON, to the last bit."""
    again = KinematicChain.from_urdf(**json.loads(json.dumps(chain.source)))
    assert again == chain
    assert again.elements.tobytes() == chain.elements.tobytes()
    assert again.urdf == chain.urdf


@pytest.mark.parametrize("seed", range(0, 10, 2))
def test_arguments_with_limits_and_locked_joints_make_it_again(seed: int) -> None:
    """What the caller gave is part of them."""
    made = random_robot(seed)
    first, second, *_ = made.leaders
    chain = KinematicChain.from_urdf(
        made.urdf, "l0", made.tip, limits={second: (-0.1, 1 / 3)}, locked={first: 0.1}, name="other"
    )
    assert KinematicChain.from_urdf(**json.loads(json.dumps(chain.source))) == chain
    assert (chain.name, chain.n_joints) == ("other", len(made.leaders) - 1)


def test_arrays_cannot_be_written() -> None:
    """Nor can fields be set: whoever has a chain can rely on it."""
    chain = CHAINS["panda"]
    for array in (chain.lower, chain.upper, chain.velocity, chain.elements):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0
    with pytest.raises(AttributeError):
        chain.name = "other"  # type: ignore[misc]


def test_chains_are_equal_by_content() -> None:
    """Not by identity; a different number or name makes another chain."""
    chain = KinematicChain.from_urdf(serial("revolute", "revolute"))
    assert (
        chain == KinematicChain.from_urdf(serial("revolute", "revolute")) == pickle.loads(pickle.dumps(chain))
    )
    assert chain != KinematicChain.from_urdf(serial("revolute", "revolute", xyz="0 0 1e-9"))
    assert chain != KinematicChain.from_urdf(serial("revolute", "revolute"), name="other")
    assert chain != "chain"


def test_a_robot_without_a_name_is_called_robot() -> None:
    """So that messages have one."""
    assert KinematicChain.from_urdf(serial("revolute").replace(' name="made_up"', "")).name == "robot"


@pytest.mark.parametrize("shape", [(), (5,), (2, 3), (0,)])
def test_shapes_follow_those_of_the_positions(chain: KinematicChain, shape: tuple[int, ...]) -> None:
    """One posture, a batch, a grid, or none."""
    n = chain.n_joints
    positions = np.zeros((*shape, n))
    assert chain.forward(positions).shape == (*shape, 7)
    assert chain.transforms(positions).shape == (*shape, 4, 4)
    assert chain.jacobian(positions).shape == (*shape, 6, n)


@pytest.mark.parametrize("positions", [0.0, [0.0], [[0.0, 0.0, 0.0]], [], np.zeros((2, 0))])
def test_positions_of_another_number_of_joints_are_refused(positions: Any) -> None:
    """The message says which shape was expected and which came."""
    shape = np.shape(positions)
    with pytest.raises(ValueError) as error:
        CHAINS["two_link"].forward(positions)
    assert str(error.value) == f"two_link expects joint positions of shape (..., 2), got {shape}"


def test_the_skeleton_joins_base_joints_and_tip(chain: KinematicChain) -> None:
    """From the base's origin through every element's to the tip, in order."""
    positions = chain.sample(1, np.random.default_rng(0))[0]
    points = chain.skeleton(positions)
    assert points.shape == (len(chain.elements) + 1, 3)
    assert np.array_equal(points[0], np.zeros(3))
    assert np.array_equal(points[-1], chain.forward(positions)[:3])
    np.testing.assert_allclose(points[1], chain.elements[0, [3, 7, 11]], rtol=0, atol=0)


def test_the_skeleton_bends_at_the_joints() -> None:
    """An arm of two links of 1 m, bent by a right angle."""
    points = CHAINS["two_link"].skeleton([0.0, np.pi / 2])
    np.testing.assert_allclose(points, [[0, 0, 0], [0, 0, 0], [1, 0, 0], [1, 1, 0]], rtol=0, atol=1e-15)
    with pytest.raises(ValueError, match=r"^two_link expects joint positions of shape \(2,\), got \(1, 2\)$"):
        CHAINS["two_link"].skeleton([[0.0, 0.0]])


def test_samples_fill_the_limits(chain: KinematicChain) -> None:
    """Uniformly and all of them, also those wider than a turn; continuous joints within half a turn."""
    samples = chain.sample(4000, np.random.default_rng(0))
    lower, upper = np.maximum(chain.lower, -1e9), np.minimum(chain.upper, 1e9)
    lower, upper = np.where(lower == -1e9, -np.pi, lower), np.where(upper == 1e9, np.pi, upper)
    assert (samples >= lower).all()
    assert (samples <= upper).all()
    fractions = (samples - lower) / (upper - lower)
    assert (fractions.min(axis=0) < 0.01).all()
    assert (fractions.max(axis=0) > 0.99).all()
    np.testing.assert_allclose(fractions.mean(axis=0), 0.5, atol=0.03)
    assert np.array_equal(chain.sample(4000, np.random.default_rng(0)), samples)


@pytest.mark.parametrize("seed", range(10))
def test_the_tip_is_never_beyond_its_bounds(seed: int) -> None:
    """`farthest` bounds its distance from the base, twice the `reach` that of any two tips."""
    made = random_robot(seed)
    chain = KinematicChain.from_urdf(made.urdf, "l0", made.tip)
    tips = chain.forward(chain.sample(2000, np.random.default_rng(seed)))[:, :3]
    assert np.linalg.norm(tips, axis=1).max() <= chain.farthest
    assert np.ptp(tips, axis=0).max() <= 2 * chain.reach


@pytest.mark.parametrize(
    ("name", "reach"), [("two_link", 2.0), ("three_link", 3.0), ("yaw_pitch_pitch", 2.0)]
)
def test_the_reach_of_a_stretched_arm_is_exact(name: str, reach: float) -> None:
    """The paper's arms reach as far as their links are long."""
    assert CHAINS[name].reach == CHAINS[name].farthest == reach


def test_where_the_first_axis_begins_does_not_change_the_reach() -> None:
    """The height of a column that only turns is no reach."""
    column = robot(
        *map(link, "abc"), joint("j", "revolute", "a", "b"), joint("t", "fixed", "b", "c", xyz="1 0 9")
    )
    chain = KinematicChain.from_urdf(column)
    assert (chain.reach, chain.farthest) == (1.0, 10.0)


def test_planar_chains_know_their_plane() -> None:
    """All turns about z and shifts across it: SCARA's stroke along z is not in the plane."""
    assert {name for name, chain in CHAINS.items() if chain.is_planar} == {"two_link", "three_link"}
    up = serial("revolute", xyz="0.5 0 0.25")
    table = robot(
        *map(link, "abcd"),
        joint("x", "prismatic", "a", "b", axis="1 0 0"),
        joint("y", "prismatic", "b", "c", axis="0 1 0", rpy="0 0 0.5"),
        joint("turn", "continuous", "c", "d", axis="0 0 -1", xyz="0 0 0.25"),
    )
    for urdf in (up, table):
        chain = KinematicChain.from_urdf(urdf)
        assert chain.is_planar
        assert chain.plane_height == 0.25
        np.testing.assert_allclose(
            chain.forward(chain.sample(20, np.random.default_rng(0)))[:, 2], 0.25, rtol=0, atol=1e-15
        )


@pytest.mark.parametrize(
    "urdf",
    [
        serial("revolute", axis="0 1 0"),
        serial("prismatic"),
        serial("revolute", "revolute", rpy="1e-5 0 0"),
    ],
)
def test_what_leaves_the_plane_is_not_planar(urdf: str) -> None:
    """A tilt of a rounded half turn is one, too: it moves the tip by more than the tolerance."""
    chain = KinematicChain.from_urdf(urdf)
    assert not chain.is_planar
    with pytest.raises(ValueError, match=r"^made_up is not planar: its tip leaves every plane z = constant$"):
        _ = chain.plane_height


def test_joints_of_another_name_make_another_chain() -> None:
    """With the same numbers, in its URDF too, and with what was locked and limited."""
    made = random_robot(2)
    first, second, *_ = made.leaders
    chain = KinematicChain.from_urdf(
        made.urdf, "l0", made.tip, locked={first: 0.5}, limits={second: (-0.5, 0.5)}
    )
    names = [f"joint {i}" for i in range(chain.n_joints)]
    other = chain.with_joint_names(names)
    assert other.joint_names == tuple(names)
    assert np.array_equal(other.elements, chain.elements)
    assert np.array_equal([other.lower, other.upper], [chain.lower, chain.upper])
    assert KinematicChain.from_urdf(**json.loads(json.dumps(other.source))) == other


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a"], r"^two_link needs 2 joint names, got \('a',\)$"),
        (["a", "a"], "has more than one joint named 'a'$"),
        (["a", ""], "has a <joint> without a name$"),
        (["a", "tip_joint"], "has more than one joint named 'tip_joint'$"),
    ],
)
def test_names_that_do_not_fit_are_refused(names: list[str], message: str) -> None:
    """Their number, and what is there twice or empty."""
    with pytest.raises(ValueError, match=message):
        CHAINS["two_link"].with_joint_names(names)
