"""The robots that come with the package, against what is published of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from itnnr_ik.robot import PACKAGED, KinematicChain, load_robot
from robot.generated import Array, Oracle

URDFS = Path(__file__).parents[1] / "urdf"
HALF = math.pi / 2


def _denavit_hartenberg(rows: Sequence[tuple[float, float, float]], positions: Array) -> Array:
    """Transform (4, 4) of an arm given by its rows (a, alpha, d)."""
    transform = np.eye(4)
    for (a, alpha, d), q in zip(rows, positions, strict=True):
        c, s, ca, sa = math.cos(q), math.sin(q), math.cos(alpha), math.sin(alpha)
        transform = transform @ [
            [c, -s * ca, s * sa, a * c],
            [s, c * ca, -c * sa, a * s],
            [0, sa, ca, d],
            [0, 0, 0, 1],
        ]
    return transform


@pytest.mark.parametrize("name", PACKAGED)
def test_every_packaged_robot_loads(name: str) -> None:
    """With its name, limits for every joint, and velocity limits."""
    chain = load_robot(name)
    assert chain.name == name
    assert np.isfinite([chain.lower, chain.upper, chain.velocity]).all()
    assert chain.is_planar == (name in ("two_link", "three_link"))


def test_all_packaged_files_are_in_the_list() -> None:
    """No robot is packaged without a name to load it by."""
    folder = Path(__file__).parents[2] / "itnnr_ik" / "robot" / "urdf"
    assert sorted(path.stem for path in folder.glob("*.urdf")) == sorted(PACKAGED)


def test_an_unknown_name_lists_those_there_are() -> None:
    """As every name that is not found."""
    with pytest.raises(
        ValueError, match=r"^no robot named 'ur6'; packaged robots: two_link, three_link, yaw_.*, scara$"
    ):
        load_robot("ur6")


@pytest.mark.parametrize(
    ("name", "joints"),
    [
        ("two_link", ("joint_1", "joint_2")),
        ("three_link", ("joint_1", "joint_2", "joint_3")),
        ("yaw_pitch_pitch", ("yaw", "pitch_1", "pitch_2")),
    ],
)
def test_the_papers_arms_move_as_the_paper_says(name: str, joints: tuple[str, ...]) -> None:
    """Links of 1 m, limits of ±π/2 to the last bit, and the formulas of Appendix A.7 to A.9."""
    chain = load_robot(name)
    assert (chain.joint_names, chain.base_link, chain.tip_link) == (joints, "base_link", "tip")
    assert set(chain.upper) == set(-chain.lower) == {HALF}
    positions = chain.sample(200, np.random.default_rng(0))
    angles = np.cumsum(positions[:, 1:] if name == "yaw_pitch_pitch" else positions, axis=1)
    along, across = np.cos(angles).sum(axis=1), np.sin(angles).sum(axis=1)
    yaw = positions[:, 0]
    expected = [along, across, 0.0 * along]
    if name == "yaw_pitch_pitch":  # a positive pitch raises the tip
        expected = [np.cos(yaw) * along, np.sin(yaw) * along, across]
    np.testing.assert_allclose(chain.forward(positions)[:, :3], np.transpose(expected), rtol=0, atol=2e-15)


def test_ur5e_has_its_published_parameters() -> None:
    """Denavit-Hartenberg parameters of Universal Robots; ROS turns the base by half a turn."""
    chain = load_robot("ur5e")
    rows = [(0, HALF, 0.1625), (-0.425, 0, 0), (-0.3922, 0, 0)]
    rows += [(0, HALF, 0.1333), (0, -HALF, 0.0997), (0, 0, 0.0996)]
    for positions in chain.sample(20, np.random.default_rng(0)):
        expected = np.diag([-1, -1, 1, 1]) @ _denavit_hartenberg(rows, positions)
        np.testing.assert_allclose(chain.transforms(positions), expected, rtol=0, atol=1e-14)
    assert (chain.base_link, chain.tip_link) == ("base_link", "tool0")
    assert chain.upper.tolist() == [2 * math.pi] * 2 + [math.pi] + [2 * math.pi] * 3
    assert chain.velocity.tolist() == [math.pi] * 6


def test_panda_has_its_published_parameters() -> None:
    """Craig's form of the parameters, which Franka publishes: a and alpha come before the turn."""
    chain = load_robot("panda")
    rows = [(0, 0, 0.333), (0, -HALF, 0), (0, HALF, 0.316), (0.0825, HALF, 0), (-0.0825, -HALF, 0.384)]
    rows += [(0, HALF, 0), (0.088, HALF, 0)]
    shifted = [
        (rows[i + 1][0] if i < 6 else 0, rows[i + 1][1] if i < 6 else 0, row[2]) for i, row in enumerate(rows)
    ]
    flange = np.eye(4)
    flange[2, 3] = 0.107
    for positions in chain.sample(20, np.random.default_rng(0)):
        expected = _denavit_hartenberg(shifted, positions) @ flange
        np.testing.assert_allclose(chain.transforms(positions), expected, rtol=0, atol=1e-14)
    assert (chain.base_link, chain.tip_link, chain.n_joints) == ("panda_link0", "panda_link8", 7)
    assert chain.lower.tolist() == [-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973]


@pytest.mark.parametrize(
    ("name", "links", "at_zero"),
    [
        ("so101", ("base_link", "gripper_frame_link"), [0.391362, -0.000009, 0.226470]),
        ("open_manipulator_x", ("link1", "end_effector_link"), [0.286, 0.0, 0.2045]),
        ("scara", ("base_link", "tool0"), [0.5, 0.0, 0.25]),
    ],
)
def test_other_robots_reach_where_they_should(
    name: str, links: tuple[str, str], at_zero: list[float]
) -> None:
    """Frames, and the tip with all joints at zero."""
    chain = load_robot(name)
    assert (chain.base_link, chain.tip_link) == links
    np.testing.assert_allclose(chain.forward(np.zeros(chain.n_joints))[:3], at_zero, rtol=0, atol=1e-6)


def test_puma560_has_its_published_parameters() -> None:
    """A spherical wrist: the last three axes meet."""
    chain = KinematicChain.from_urdf(URDFS / "puma560.urdf")
    rows = [
        (0, HALF, 0.6718),
        (0.4318, 0, 0),
        (0.0203, -HALF, 0.15005),
        (0, HALF, 0.4318),
        (0, -HALF, 0),
        (0, 0, 0),
    ]
    for positions in chain.sample(20, np.random.default_rng(0)):
        expected = _denavit_hartenberg(rows, positions)
        np.testing.assert_allclose(chain.transforms(positions), expected, rtol=0, atol=1e-14)


def test_bent_wrist_is_bent_and_continuous() -> None:
    """The axes of the wrist are 60 degrees apart and do not meet."""
    chain = KinematicChain.from_urdf(URDFS / "bent_wrist.urdf")
    assert chain.joint_types == ("continuous", "revolute", "revolute", *["continuous"] * 3)
    offsets, tilts = chain.elements[4:6, 3:12:4], chain.elements[4:6, 10]
    np.testing.assert_allclose(tilts, math.cos(math.radians(60)), atol=1e-12)
    assert (np.linalg.norm(offsets, axis=1) > 0.05).all()


def test_rail_arm_runs_along_its_rail() -> None:
    """The first of eight joints shifts the other seven."""
    chain = KinematicChain.from_urdf(URDFS / "rail_arm.urdf")
    assert chain.joint_types == ("prismatic", *["revolute"] * 7)
    positions = chain.sample(1, np.random.default_rng(0))[0]
    moved = chain.forward(positions + np.eye(8)[0])[:3] - chain.forward(positions)[:3]
    np.testing.assert_allclose(moved, [0.0, 1.0, 0.0], rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", ["two_link", "three_link", "yaw_pitch_pitch"])
def test_the_simulator_can_move_the_papers_arms(name: str) -> None:
    """They have masses: MuJoCo puts the tip where the chain does."""
    chain = load_robot(name)
    oracle = Oracle(chain.urdf, chain.tip_link)
    for positions in chain.sample(10, np.random.default_rng(0)):
        oracle.place(dict(zip(chain.joint_names, positions.tolist(), strict=True)))
        np.testing.assert_allclose(chain.transforms(positions), oracle.transform(), rtol=0, atol=1e-12)
