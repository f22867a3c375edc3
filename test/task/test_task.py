"""What a target may look like, and what of the tool counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from learned import learned_arm
from robot.generated import serial
from scipy.spatial.transform import Rotation

from itnnr_ik import IKSolver
from itnnr_ik.robot import KinematicChain, load_robot
from itnnr_ik.task import Task
from itnnr_ik.task.kernels import GOAL_SIZE, POINTING, read_target


@pytest.mark.parametrize(
    ("name", "kind", "size"),
    [
        ("two_link", "position", 2),
        ("three_link", "position", 2),
        ("yaw_pitch_pitch", "position", 3),
        ("open_manipulator_x", "position", 3),
        ("scara", "position", 3),
        ("so101", "pointing", 7),
        ("ur5e", "pose", 7),
        ("panda", "pose", 7),
    ],
)
def test_the_task_is_picked_by_the_number_of_joints(name: str, kind: str, size: int) -> None:
    """Six and more pose, five pointing, fewer position; a planar arm's has two coordinates."""
    task = Task.of_chain(load_robot(name))
    assert (task.kind, task.n_coordinates) == (kind, size)


def test_the_same_pose_may_be_given_in_any_form() -> None:
    """Quaternion of any sign and length, or transform: the same bits or nearly."""
    solver = IKSolver.load("ur5e")
    q = np.array([0.3, -1.2, 1.4, -0.5, 1.1, 0.7])
    pose = solver.target_at(q)
    transform = solver.arm.transforms(q)
    for target in (pose, transform, [*pose[:3], *(-2.5 * pose[3:])]):
        solution = solver.solve(target, q + 0.05)
        assert solution.converged
        np.testing.assert_allclose(solution.positions, q, atol=1e-5)


@pytest.mark.parametrize(
    ("links", "tool", "length"),
    [
        ("0.4", 0.1, 0.12),
        ("0.4", 2.0, 0.6),
        ("0", 0.0, 0.3),
        ("1e-17", 0.0, 0.3),
        ("1e-17", 0.5, 0.15),
    ],
)
def test_the_characteristic_length_is_a_share_of_the_size(links: str, tool: float, length: float) -> None:
    """Of the arm or the tool; where both have none but for rounding errors, a share of a metre."""
    chain = KinematicChain.from_urdf(serial("revolute", "revolute", xyz=f"{links} 0 0"))
    assert Task.of_chain(chain, "pose", [tool, 0.0, 0.0]).length == pytest.approx(length)


def test_the_goal_of_a_pointing_target_is_a_point_and_a_direction() -> None:
    """In every form of the target, and with any roll; the other numbers are zero."""
    axis = np.array([0.0, 0.0, 1.0])
    tilted = Rotation.from_euler("xyz", [0.4, -0.7, 0.2])
    direction = tilted.apply(axis)
    transform = np.eye(4)
    transform[:3, :3], transform[:3, 3] = tilted.as_matrix(), [0.1, 0.2, 0.3]
    rolled = tilted * Rotation.from_euler("z", 1.0)
    forms = (direction, tilted.as_quat(), rolled.as_quat())
    targets = [np.array([0.1, 0.2, 0.3, *form]) for form in forms]
    for target in (*targets, transform.reshape(-1)):
        goal = np.empty(GOAL_SIZE)
        assert read_target(POINTING, target, axis, np.inf, goal) == 0
        np.testing.assert_allclose(goal, [0.1, 0.2, 0.3, *direction, *[0.0] * 6], atol=1e-15)


@pytest.mark.parametrize("size", [1e-300, 1e-5, 1.7e308])
def test_a_quaternion_or_direction_may_have_any_length(size: float) -> None:
    """Also one whose square, or whose norm, is too large for a number."""
    solver, sides = IKSolver.load("ur5e"), np.array([1.0, 1.0, -1.0, 1.0])
    found = solver.solve([0.4, 0.2, 0.3, *(size * sides)], [0.0, -1.57, 1.57, -1.57, -1.57, 0.0])
    assert found.converged
    turned = Rotation.from_quat(solver.forward(found.positions)[3:])
    assert (turned.inv() * Rotation.from_quat(0.5 * sides)).magnitude() <= 2e-6
    solver = IKSolver.load("ur5e", task="pointing")
    found = solver.solve([0.4, 0.2, 0.3, size, size, -size])
    assert found.converged
    axis = Rotation.from_quat(solver.forward(found.positions)[3:]).apply([0.0, 0.0, 1.0])
    np.testing.assert_allclose(axis, np.array([1.0, 1.0, -1.0]) / np.sqrt(3.0), atol=2e-6)


def test_a_pointing_target_leaves_the_roll_free() -> None:
    """A pose turned about the tool's axis, and position with direction, are the same target."""
    solver = IKSolver.load("so101")
    q = np.array([0.3, -0.4, 0.5, 0.6, 0.7])
    pose = solver.target_at(q)
    rotation = Rotation.from_quat(pose[3:])
    direction = rotation.apply([0.0, 0.0, 1.0])
    turned = [*pose[:3], *(rotation * Rotation.from_rotvec([0.0, 0.0, 1.1])).as_quat()]
    for target in (turned, [*pose[:3], *(3.0 * direction)]):
        solution = solver.solve(target, q)
        assert solution.converged
        assert solution.displacement is not None and solution.displacement < 1e-4


def test_the_error_is_the_angle_between_the_axes() -> None:
    """Of pointing tasks; of pose tasks it is that of the whole rotation."""
    chain = load_robot("ur5e")
    q = np.array([0.3, -1.2, 1.4, -0.5, 1.1, 0.7])
    for kind, angle in (("pointing", 0.2), ("pose", 0.5)):
        solver = IKSolver(chain, Task.of_chain(chain, kind))
        pose = solver.target_at(q)
        turned = Rotation.from_quat(pose[3:]) * Rotation.from_rotvec([angle, 0.0, 0.0])
        if kind == "pointing":
            turned = turned * Rotation.from_rotvec([0.0, 0.0, 0.4])  # the roll does not count
        position, orientation = solver.errors([q], [[*pose[:3], *turned.as_quat()]])
        assert position[0] == pytest.approx(0.0, abs=1e-12)
        assert orientation is not None and orientation[0] == pytest.approx(angle, abs=1e-12)


@pytest.mark.parametrize("angle", [np.pi, np.pi - 1e-10, 1e-12])
def test_extreme_angles_are_measured_and_solved(angle: float) -> None:
    """Half a turn about any axis, and next to none."""
    solver = IKSolver.load("ur5e")
    rng = np.random.default_rng(0)
    for q in solver.arm.sample(20, rng):
        pose = solver.target_at(q)
        axis = rng.normal(size=3)
        turned = Rotation.from_rotvec(angle * axis / np.linalg.norm(axis)) * Rotation.from_quat(pose[3:])
        target = [*pose[:3], *turned.as_quat()]
        _, orientation = solver.errors([q], [target])
        assert orientation is not None and orientation[0] == pytest.approx(angle, abs=1e-7)
        solution = solver.solve(target, q)
        assert solution.orientation_error is not None and np.isfinite(solution.positions).all()


def test_a_tool_is_brought_to_the_target() -> None:
    """Its point and its axis, seen from the tip; another axis of the tool may point."""
    chain = load_robot("so101")
    tool = [0.01, 0.02, 0.03, *Rotation.from_rotvec([0.4, 0.0, 0.0]).as_quat()]
    solver = IKSolver(chain, Task.of_chain(chain, "pointing", tool, [1.0, 0.0, 0.0]))
    q = np.array([0.3, -0.4, 0.5, 0.6, 0.7])
    tip = chain.transforms(q)
    point = tip[:3, :3] @ tool[:3] + tip[:3, 3]
    axis = tip[:3, :3] @ Rotation.from_quat(tool[3:]).apply([1.0, 0.0, 0.0])
    np.testing.assert_allclose(solver.forward(q)[:3], point, atol=1e-12)
    solution = solver.solve([*point, *axis], q + 0.02)
    assert solution.converged
    reached = chain.transforms(solution.positions)
    np.testing.assert_allclose(reached[:3, :3] @ tool[:3] + reached[:3, 3], point, atol=1e-6)
    pointed = reached[:3, :3] @ Rotation.from_quat(tool[3:]).apply([1.0, 0.0, 0.0])
    np.testing.assert_allclose(pointed, axis, atol=2e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("hold",), "task must be one of position, pointing, pose or None, got 'hold'"),
        (("pose", [1.0]), r"tool must be a translation \(3,\), a pose \(7,\).*got shape \(1,\)"),
        (("pose", [0.0, 0.0, np.nan]), "tool must be .*rigid and finite"),
        (("pose", np.diag([1.0, 1.0, -1.0, 1.0])), "tool must be .*rigid and finite"),
        (("pose", None, [0.0, 0.0, 1.0]), "tool_axis belongs to a pointing task, got it with a pose task"),
        (("pose", [0.0, 1e10, 0.0]), r"tool must be at most 1e\+09 m from the tip, got \[0.0, 10000000000.0"),
        (("pointing", None, [0.0, 0.0, 0.0]), "tool_axis must be three finite numbers that are not all zero"),
        (("pointing", None, [0.0, 1e200, 0.0]), "tool_axis must be three finite numbers"),
    ],
)
def test_a_bad_task_is_refused(arguments: tuple[Any, ...], message: str) -> None:
    """With what was expected and what came."""
    with pytest.raises(ValueError, match=message):
        Task.of_chain(load_robot("ur5e"), *arguments)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ([0.3, 0.2, 0.4], r"expected a target of shape \(7,\) or \(4, 4\) in m .*, got shape \(3,\)"),
        ([0.3, 0.2, 0.4, 0.0, 0.0, 0.0, 0.0], "a quaternion or direction that is not zero"),
        ([0.3, 0.2, 0.4, 0.0, 0.0, np.inf, 1.0], "finite numbers"),
        (np.diag([1.0, 1.0, 2.0, 1.0]), "a rigid transform"),
        (np.diag([1.0, 1.0, -1.0, 1.0]), "a rigid transform"),
        (np.diag([1.0, 1.0, 1.0, 2.0]), "a rigid transform"),
    ],
)
def test_a_bad_pose_is_refused(target: Any, message: str) -> None:
    """By one solve and in a batch, which names the row."""
    solver = IKSolver.load("ur5e")
    with pytest.raises(ValueError, match=message):
        solver.solve(target)
    if np.shape(target) != (3,):
        with pytest.raises(ValueError, match=f"{message}.* in row 0"):
            solver.solve_batch([target])


def test_a_task_survives_its_description() -> None:
    """Tool and axis included."""
    chain = load_robot("so101")
    task = Task.of_chain(chain, "pointing", [0.1, 0.2, 0.3], [0.0, 1.0, 1.0])
    again = Task.from_dict(task.to_dict())
    np.testing.assert_allclose(again.elements(chain), task.elements(chain), atol=1e-15)
    assert (again.kind, again.planar, again.length) == (task.kind, task.planar, task.length)


@pytest.mark.parametrize("length", [0.0, -1.0, 1e-10, 1e10, np.nan, np.inf])
def test_a_length_that_joins_nothing_is_refused(length: float) -> None:
    """Errors of metres and radians would not be finite, or leave one of the two out."""
    with pytest.raises(
        ValueError, match=r"the characteristic length must be from 1e-09 to .* m, got "
    ) as error:
        Task("pose", False, length)
    assert str(error.value).endswith(f"got {length:g}")


def test_a_task_is_of_the_arm_or_refused() -> None:
    """Planar tasks of planar arms, positions of learned ones, in as many coordinates as they have."""
    two_link, scara = load_robot("two_link"), load_robot("scara")
    learned = learned_arm(two_link)
    for arm, kind, planar in (
        (two_link, "position", True), (two_link, "position", False), (two_link, "pose", False),
        (scara, "pointing", False), (learned, "position", True),
    ):  # fmt: skip
        Task(kind, planar, 0.3).check(arm)
    for arm, kind, planar, possible in (
        (two_link, "pose", True, "position or pointing or pose or planar position"),
        (scara, "position", True, "position or pointing or pose"),
        (learned, "position", False, "planar position"),
        (learned, "pose", False, "planar position"),
        (learned_arm(load_robot("yaw_pitch_pitch")), "pose", False, "position"),
    ):
        with pytest.raises(
            ValueError, match=f"^the task of .* must be {possible}, got {'planar ' * planar}{kind}$"
        ):
            IKSolver(arm, Task(kind, planar, 0.3))
