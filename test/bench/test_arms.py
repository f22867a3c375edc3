"""The arms that solvers are compared on."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from bench.solvers import bench_arm
from itnnr_ik.bench.arms import TEST_ARMS, load_arms
from itnnr_ik.robot import PACKAGED


def test_all_arms_are_found_in_a_checkout() -> None:
    """Packaged arms and those of the tests are found, each with its default task."""
    arms, missing = load_arms()
    assert missing == []
    assert [arm.name for arm in arms] == [*PACKAGED, *TEST_ARMS]
    kinds = {arm.name: arm.solver.task.kind for arm in arms}
    assert (kinds["so101"], kinds["scara"], kinds["puma560"]) == ("pointing", "position", "pose")
    assert {arm.name for arm in arms if arm.spare_joints} == {
        "three_link",
        "panda",
        "open_manipulator_x",
        "scara",
        "rail_arm",
    }


def test_an_arm_of_a_file(root: Path) -> None:
    """An arm from a file is the only one then, and has the file's name."""
    arms, missing = load_arms([], [root / "test" / "urdf" / "puma560.urdf"])
    assert ([arm.name for arm in arms], missing) == (["puma560"], [])


def test_an_unknown_arm_is_refused() -> None:
    """The message lists those there are."""
    with pytest.raises(ValueError, match=r"no arm named 'ur6'; arms: two_link, .*rail_arm, or give --urdf"):
        load_arms(["ur6"])


def test_the_nearest_turn_is_within_the_limits() -> None:
    """The result is the nearest of all shifts by 2π, for joints within ±2π, within ±π and without limits."""
    rng = np.random.default_rng(0)
    for arm in (bench_arm("ur5e"), bench_arm("bent_wrist")):
        lower, upper = arm.chain.lower, arm.chain.upper
        for _ in range(50):
            positions = rng.uniform(-math.pi, math.pi, arm.chain.n_joints)
            state = np.clip(rng.uniform(-12.0, 12.0, arm.chain.n_joints), lower, upper)
            turns = positions + 2.0 * math.pi * np.arange(-4, 5)[:, None]
            possible = (turns >= lower) & (turns <= upper)
            nearest = np.where(possible, np.abs(turns - state), np.inf).argmin(axis=0)
            found = arm.wrap_near(positions[None], state)
            if not possible.any(axis=0).all():
                assert len(found) == 0
                continue
            assert found[0] == pytest.approx(turns[nearest, range(arm.chain.n_joints)], abs=1e-9)


def test_a_prismatic_joint_has_no_turns() -> None:
    """Positions of a carriage beyond its limits are not shifted, and left out."""
    arm = bench_arm("rail_arm")
    posture = arm.chain.sample(1, np.random.default_rng(1))
    assert arm.wrap_near(posture, posture[0]) == pytest.approx(posture)
    posture[0, 0] = arm.chain.upper[0] + 0.1
    assert len(arm.wrap_near(posture, posture[0])) == 0


def test_solved_means_near_the_target_and_within_limits() -> None:
    """A right answer counts; one beside the target, outside the limits, or none at all does not."""
    arm = bench_arm("two_link")
    positions = np.array([[0.3, 0.7], [0.3, 0.7], [0.3, 2.0], [0.3, 0.7]])
    targets = arm.solver.target_at(positions)
    targets[1] += 1e-3
    positions[3] = np.nan
    assert arm.solved(positions, targets).tolist() == [True, False, False, False]


def test_a_pose_is_solved_with_its_orientation() -> None:
    """A tool at the right place that is turned does not count."""
    arm = bench_arm("ur5e")
    positions = np.array([[0.3, -1.0, 0.8, 0.1, 0.5, 0.2]] * 2)
    targets = arm.solver.target_at(positions)
    positions[1, 5] += 1e-3
    assert arm.solved(positions, targets).tolist() == [True, False]
