"""The forward function that a twin inverts: from open joints to lookup coordinates."""

from __future__ import annotations

import numpy as np
import pytest
from workspaces import workspace_of

from itnnr_ik.robot import KinematicChain, load_robot
from itnnr_ik.solver.anchors import HEADER, embed_posture
from itnnr_ik.solver.assembly import make_problem, search_bounds
from itnnr_ik.solver.forward import TaskForward
from itnnr_ik.task import Task
from itnnr_ik.task.kernels import GOAL_SIZE

#: A tool off the tip and turned, so that nothing falls together by chance.
TOOL = [0.03, -0.05, 0.12, 0.2, -0.1, 0.3, 0.927]
#: Arms whose first joint turns the whole arm; with the scara's, which turns it too, and shifts at the end.
TURNING = ("ur5e", "panda", "so101", "open_manipulator_x", "scara")
KINDS = ("position", "pointing", "pose")


def _forward(name: str, kind: str) -> tuple[KinematicChain, Task, TaskForward]:
    chain = load_robot(name)
    task = Task.of_chain(chain, kind, TOOL)
    return chain, task, TaskForward(chain, task)


def _tool(chain: KinematicChain, task: Task, positions: np.ndarray) -> np.ndarray:
    transforms: np.ndarray = chain.transforms(positions) @ task.tool
    return transforms


@pytest.mark.parametrize("name", ["two_link", "three_link", "yaw_pitch_pitch"])
def test_a_few_joints_are_looked_up_by_the_position_itself(name: str) -> None:
    """As the paper has it: all joints are open, and y is where the tool is."""
    chain = load_robot(name)
    task = Task.of_chain(chain, "position", TOOL)
    forward = TaskForward(chain, task)
    x = chain.sample(50, np.random.default_rng(0))
    assert (forward.n_x, forward.n_y) == (chain.n_joints, task.n_coordinates)
    np.testing.assert_allclose(forward(x), _tool(chain, task, x)[:, : forward.n_y, 3], atol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["ur5e", "panda"])
def test_coordinates_are_those_of_the_chains_own_kinematics(name: str, kind: str) -> None:
    """Distance from the first axis and height, and the tool's axes as seen from the azimuth.

    The first joint's axis is the base's z of both arms. For a pose, the last joint only turns the tool about
    its own axis: the point is then on that axis, and no other counts.
    """
    chain, task, forward = _forward(name, kind)
    x = forward.sample(100, np.random.default_rng(1))
    q = np.zeros((len(x), chain.n_joints))
    q[:, forward.open] = x
    tool = _tool(chain, task, q)
    point, axis = tool[:, :3, 3], tool[:, :3, 2]
    if kind == "pose":
        # The last element turns about z of its frame, which is where the tip would be without what follows.
        last = np.eye(4)
        last[:3] = chain.elements[-1, :12].reshape(3, 4)
        frame = chain.transforms(q) @ np.linalg.inv(last)
        point, axis = frame[:, :3, 3], frame[:, :3, 2]
    height = chain.elements[0, 11]
    y = forward(x)
    np.testing.assert_allclose(y[:, 0], np.hypot(point[:, 0], point[:, 1]), atol=1e-12)
    np.testing.assert_allclose(y[:, 1], point[:, 2] - height, atol=1e-12)
    assert forward.n_y == (2 if kind == "position" else 5)
    if kind != "position":
        outward = point[:, :2] / y[:, :1]
        radial = (outward * axis[:, :2]).sum(axis=1)
        aside = outward[:, 0] * axis[:, 1] - outward[:, 1] * axis[:, 0]
        expected = task.length * np.stack([radial, aside, axis[:, 2]], axis=1)
        np.testing.assert_allclose(y[:, 2:], expected, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", TURNING)
def test_coordinates_do_not_change_under_the_joints_that_are_left_out(name: str, kind: str) -> None:
    """The first joint, and the last where it only turns the tool: the same y wherever they are."""
    chain, task, forward = _forward(name, kind)
    rolls = kind == "pose" and chain.joint_types[-1] != "prismatic"
    assert (forward.open.start, forward.n_x) == (1, chain.n_joints - 1 - rolls)
    rng = np.random.default_rng(2)
    q = chain.sample(20, rng)
    x = q[:, forward.open]
    problem, y = make_problem(chain, task, 1.0, 1.0), np.empty((len(q), forward.n_y))
    for row, out in zip(q, y, strict=True):
        embed_posture(
            problem, forward.layout, row, out, np.empty(HEADER), np.empty(GOAL_SIZE), workspace_of(problem)
        )
    np.testing.assert_allclose(y, forward(x), atol=1e-12)
    np.testing.assert_array_less(1e-3, np.ptp(y, axis=0).max())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["two_link", "yaw_pitch_pitch", "ur5e", "panda", "scara"])
def test_gradients_are_those_of_finite_differences(name: str, kind: str) -> None:
    """Torch's own check, through the compiled kinematics."""
    torch = pytest.importorskip("torch", reason="gradients in torch")
    _, _, forward = _forward(name, kind)
    x = forward.sample(5, np.random.default_rng(3))
    tensor = torch.tensor(x, requires_grad=True)
    np.testing.assert_array_equal(forward(tensor).detach().numpy(), forward(x))
    assert torch.autograd.gradcheck(forward, tensor)
    single = forward(torch.tensor(x, dtype=torch.float32))
    assert single.dtype == torch.float32


@pytest.mark.parametrize("batch", [(), (0,), (4,), (2, 3)])
def test_leading_dimensions_stay(batch: tuple[int, ...]) -> None:
    """Open joints (…, k) come back as coordinates (…, E), row by row what each row gives alone."""
    _, _, forward = _forward("panda", "pose")
    x = np.random.default_rng(4).uniform(-1.0, 1.0, (*batch, forward.n_x))
    y = forward(x)
    assert y.shape == (*batch, forward.n_y)
    for row, expected in zip(x.reshape(-1, forward.n_x), y.reshape(-1, forward.n_y), strict=True):
        np.testing.assert_array_equal(forward(row), expected)


@pytest.mark.parametrize("name", TURNING)
def test_samples_fill_the_open_joints_limits(name: str) -> None:
    """Uniform within the limits, of wider ones within a turn, and the same again with the same seed."""
    chain, _, forward = _forward(name, "position")
    lower, upper = (side[forward.open] for side in search_bounds(chain))
    x = forward.sample(2000, np.random.default_rng(5))
    assert ((x >= lower) & (x <= upper)).all()
    np.testing.assert_allclose(x.mean(axis=0), (lower + upper) / 2, atol=0.05 * (upper - lower).max())
    np.testing.assert_allclose(np.ptp(x, axis=0), upper - lower, rtol=0.01)
    np.testing.assert_array_equal(x, forward.sample(2000, np.random.default_rng(5)))
