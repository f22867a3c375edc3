"""`solve` and `branches`: reached, nearest, within limits, smooth, repeatable, and clear about bad input."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exact import nearest_change, solutions, within_limits
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares
from scipy.spatial import KDTree

from itnnr_ik import IKSolver, Solution
from itnnr_ik.solver import calls
from itnnr_ik.solver.model import load_model

TOLERANCE = 1e-6
ARMS = ("two_link", "three_link", "yaw_pitch_pitch")
POSE = [0.4, 0.2, 0.3, 1.0, 0.0, 0.0, 0.0]


def check(solver: IKSolver, solution: Solution, target: Any, current: Any = None) -> None:
    """Check what holds for every solution."""
    assert solution.positions.shape == (solver.arm.n_joints,)
    assert within_limits(solver.arm, solution.positions)
    distance = np.linalg.norm(solver.target_at(solution.positions) - target)
    assert solution.orientation_error is None
    assert solution.residual == pytest.approx(distance, rel=1e-9, abs=1e-12)
    assert solution.converged is (solution.residual <= solver.tolerance)
    assert solution.anchor in ("current", "neighbour")
    if current is None:
        assert solution.displacement is None
    else:
        assert solution.displacement == pytest.approx(np.abs(solution.positions - current).max(), abs=1e-12)


def bent_path(solver: IKSolver, count: int, seed: int) -> np.ndarray:
    """Joint positions (count, n) of a smooth motion at 200 Hz and at most 7 rad/s, its first elbow bent."""
    arm, rng = solver.arm, np.random.default_rng(seed)
    middle, half = 0.5 * (arm.lower + arm.upper), 0.5 * (arm.upper - arm.lower)
    centre = middle + half * rng.uniform(-0.3, 0.3, arm.n_joints)
    swing = half * rng.uniform(0.2, 0.55, arm.n_joints)
    elbow = 2 if arm.name == "yaw_pitch_pitch" else 1
    centre[elbow], swing[elbow] = 0.3 + 0.5 * (arm.upper[elbow] - 0.3), 0.4 * (arm.upper[elbow] - 0.3)
    frequency = np.minimum(rng.uniform(0.2, 1.2, arm.n_joints), 7.0 / (2.0 * np.pi * swing))
    phase = rng.uniform(0.0, 2.0 * np.pi, arm.n_joints)
    turns = frequency * np.arange(count)[:, None] / 200.0
    path: np.ndarray = centre + swing * np.sin(2.0 * np.pi * turns + phase)
    return path


def test_random_targets_are_solved_by_the_nearest_solution(solver: IKSolver) -> None:
    """All of 2000 to 1e-6 m within limits, and the joints move 5 % more than they must in the median."""
    arm, rng = solver.arm, np.random.default_rng(2026)
    targets, states = solver.target_at(arm.sample(2000, rng)), arm.sample(2000, rng)
    found = [solver.solve(target, state) for target, state in zip(targets, states, strict=True)]
    positions = np.array([solution.positions for solution in found])
    assert within_limits(arm, positions).all()
    assert np.linalg.norm(solver.target_at(positions) - targets, axis=1).max() <= TOLERANCE
    assert all(solution.converged for solution in found)
    change = np.abs(positions - states).max(axis=1)
    assert np.median(change) <= 1.05 * np.median(nearest_change(arm, targets, states))


def test_random_targets_are_solved_without_a_state(solver: IKSolver) -> None:
    """All of 1000 to 1e-6 m, within limits, with no displacement to report."""
    targets = solver.target_at(solver.arm.sample(1000, np.random.default_rng(1)))
    for target in targets:
        solution = solver.solve(target)
        check(solver, solution, target)
        assert solution.converged


@pytest.mark.parametrize("seed", range(4))
def test_a_smooth_path_is_followed_without_a_jump(solver: IKSolver, seed: int) -> None:
    """A thousand targets at 200 Hz, each from the last solution: all solved, no step above 0.05 rad."""
    path = bent_path(solver, 1000, seed)
    state, steps = path[0], []
    for target in solver.target_at(path):
        solution = solver.solve(target, state)
        assert solution.residual <= TOLERANCE
        assert within_limits(solver.arm, solution.positions)
        steps.append(np.abs(solution.positions - state).max())
        state = solution.positions
    assert max(steps) <= 0.05


@pytest.mark.parametrize("with_state", [True, False])
def test_repeated_solves_are_bit_identical(solver: IKSolver, with_state: bool) -> None:
    """Two hundred runs of a few inputs, solves of other targets in between."""
    arm, rng = solver.arm, np.random.default_rng(3)
    targets, states = solver.target_at(arm.sample(3, rng)), arm.sample(3, rng)
    for target, state in zip(targets, states, strict=True):
        current = state if with_state else None
        runs = set()
        for _ in range(200):
            solution = solver.solve(target, current)
            runs.add(
                (solution.positions.tobytes(), solution.residual, solution.displacement, solution.anchor)
            )
            solver.solve(solver.target_at(arm.sample(1, rng)[0]))
        assert len(runs) == 1


_FRESH_PROCESS = """
import sys

class NoTorch:  # importing it fails, as on a robot's computer
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, NoTorch())
import numpy as np
from itnnr_ik import IKSolver
solver = IKSolver.load(sys.argv[1])
rng = np.random.default_rng(4)
targets, states = solver.target_at(solver.arm.sample(20, rng)), solver.arm.sample(20, rng)
for target, state in zip(targets, states):
    both = [solver.solve(target, state), solver.solve(target)]
    print(*(solution.positions.tobytes().hex() for solution in both))
print(solver.solve_batch(targets, states).positions.tobytes().hex())
print(len(solver.branches(targets[0])))
assert not any(name.startswith("torch") and module for name, module in sys.modules.items())
"""


def _in_fresh_process(root: Path, name: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", _FRESH_PROCESS, name]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("name", ARMS)
def test_solving_needs_no_torch_and_repeats_in_another_process(root: Path, name: str) -> None:
    """In a fresh process that cannot import torch, solutions have the same bits."""
    solver, rng = IKSolver.load(name), np.random.default_rng(4)
    targets, states = solver.target_at(solver.arm.sample(20, rng)), solver.arm.sample(20, rng)
    lines = _in_fresh_process(root, name).splitlines()
    for line, target, state in zip(lines, targets, states, strict=False):
        both = [solver.solve(target, state), solver.solve(target)]
        assert line.split() == [solution.positions.tobytes().hex() for solution in both]
    assert lines[20] == solver.solve_batch(targets, states).positions.tobytes().hex()


def test_importing_the_package_leaves_torch_alone(root: Path) -> None:
    """Where torch is installed, solving still does not import it."""
    code = (
        "import sys; from itnnr_ik import IKSolver; "
        "IKSolver.load('two_link').solve([1.0, 1.0], [0.1, 0.1]); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(root)}, check=True)


@given(data=st.data())
@settings(max_examples=150)
def test_any_finite_input_is_answered_within_the_limits(data: st.DataObject) -> None:
    """Near, far and huge targets and states: the closest point found, honestly reported."""
    solver = _LOADED[data.draw(st.sampled_from(ARMS))]
    arm = solver.arm
    coordinate = st.floats(-4.0, 4.0) | st.floats(-1e300, 1e300)
    joint = st.floats(-2.0, 2.0) | st.floats(-1e300, 1e300)
    size = solver.task.n_coordinates
    target = data.draw(st.lists(coordinate, min_size=size, max_size=size))
    current = data.draw(st.none() | st.lists(joint, min_size=arm.n_joints, max_size=arm.n_joints))
    solution = solver.solve(target, current)
    assert within_limits(arm, solution.positions)
    assert np.isfinite(solution.residual)
    assert solution.converged is (solution.residual <= solver.tolerance)
    if max(map(abs, target)) < 1e100:
        check(solver, solution, target, current)


_LOADED = {name: IKSolver.load(name) for name in ARMS}


def closest_distance(solver: IKSolver, target: np.ndarray, postures: np.ndarray, tree: KDTree) -> float:
    """Distance [m] from a target to the workspace: scipy, from the nearest of many postures."""
    arm, start = solver.arm, postures[tree.query(target)[1]]
    found = least_squares(
        lambda x: solver.target_at(x) - target,
        np.clip(start, np.add(arm.lower, 1e-9), np.subtract(arm.upper, 1e-9)),
        jac=lambda x: solver.jacobian(x),
        bounds=(arm.lower, arm.upper),
        xtol=1e-12,
        ftol=1e-12,
        gtol=1e-12,
    )
    return float(np.sqrt(2.0 * found.cost))


def test_an_unreachable_target_gets_the_closest_point(solver: IKSolver) -> None:
    """As close as a bounded least-squares fit gets from the nearest of 100 000 postures, to 1e-4 m."""
    arm, rng = solver.arm, np.random.default_rng(6)
    postures = arm.sample(100_000, rng)
    tree = KDTree(solver.target_at(postures))
    targets = rng.uniform(-1.3 * arm.reach, 1.3 * arm.reach, (400, solver.task.n_coordinates))
    unreachable = targets[~solver.solve_batch(targets).converged][:60]
    assert len(unreachable) == 60
    for target in unreachable:
        closest = closest_distance(solver, target, postures, tree)
        state = arm.sample(1, rng)[0]
        for solution in (solver.solve(target), solver.solve(target, state)):
            assert not solution.converged
            assert within_limits(arm, solution.positions)
            assert solution.residual <= closest + 1e-4


@pytest.mark.parametrize("scale", [1.0 + 1e-9, 1.001, 2.0, 1e3, 1e12, 1e300])
def test_a_target_straight_ahead_stretches_the_arm(solver: IKSolver, scale: float) -> None:
    """However far away, the closest point is the stretched arm's tip, and nothing overflows."""
    target = np.zeros(solver.task.n_coordinates)
    target[0] = scale * solver.arm.reach
    with np.errstate(over="raise", invalid="raise"):
        solution = solver.solve(target, [0.3] * solver.arm.n_joints)
    tip = solver.target_at(solution.positions)
    np.testing.assert_allclose(tip, [solver.arm.reach, *target[1:]], atol=1e-3)
    assert solution.residual == pytest.approx(target[0] - solver.arm.reach, rel=1e-3, abs=1e-4)
    assert within_limits(solver.arm, solution.positions)


@pytest.mark.parametrize("offset", ["0.0005", "1e-7", "1e-17"])
@pytest.mark.parametrize("task", ["position", "pointing", "pose"])
def test_a_tool_may_be_far_longer_than_the_arm(task: str, offset: str) -> None:
    """A wrist with offsets as small as rounding errors and a tool of 30 cm: every posture is found again."""
    axes = ("0 0 1", "0 1 0", "1 0 0")
    links = "".join(f'<link name="l{i}"/>' for i in range(4))
    joints = "".join(
        f'<joint name="j{i}" type="revolute"><parent link="l{i}"/><child link="l{i + 1}"/>'
        f'<origin xyz="{offset} 0 0"/><axis xyz="{axis}"/><limit lower="-2" upper="2"/></joint>'
        for i, axis in enumerate(axes)
    )
    urdf = f'<robot name="wrist">{links}{joints}</robot>'
    solver, rng = IKSolver.from_urdf(urdf, task=task, tool=[0.05, 0.0, 0.3]), np.random.default_rng(0)
    targets, states = solver.target_at(solver.arm.sample(100, rng)), solver.arm.sample(100, rng)
    assert solver.solve_batch(targets).converged.all()
    assert solver.solve_batch(targets, states).converged.all()


@pytest.mark.parametrize("name", ["two_link", "yaw_pitch_pitch"])
def test_all_branches_are_found(name: str) -> None:
    """Every closed-form solution of 200 targets, elbow up and down, and no others, nearest first."""
    solver, rng = _LOADED[name], np.random.default_rng(8)
    arm = solver.arm
    targets, states = solver.target_at(arm.sample(200, rng)), arm.sample(200, rng)
    counts = []
    for target, state, exact in zip(targets, states, solutions(arm, targets), strict=True):
        exact = exact[~np.isnan(exact).any(axis=1)]
        branches = solver.branches(target, state)
        for solution in branches:
            check(solver, solution, target, state)
            assert solution.converged
        found = np.array([solution.positions for solution in branches])
        distances = np.abs(found[:, None] - exact).max(axis=2)
        assert distances.min(axis=0).max() < 1e-3
        assert distances.min(axis=1).max() < 1e-3
        changes = [solution.displacement for solution in branches]
        assert changes == sorted(changes)
        counts.append(len(branches))
    assert set(counts) >= {1, 2}


def test_branches_of_a_redundant_arm_sample_its_curve(three_link: IKSolver) -> None:
    """Distinct by 0.1 rad, several for a target amid the workspace, the first as near as `solve` finds."""
    target, state = np.array([1.6, 0.9]), np.array([0.2, 0.4, 0.3])
    branches = three_link.branches(target, state)
    positions = np.array([solution.positions for solution in branches])
    assert len(branches) > 5
    assert np.ptp(positions, axis=0).min() > 0.5
    for i, solution in enumerate(branches):
        check(three_link, solution, target, state)
        assert all(np.abs(positions[i] - other).max() > 0.1 for other in positions[:i])
    changes = [solution.displacement for solution in branches]
    assert changes == sorted(changes)


def test_branches_without_a_state_start_at_the_middle_of_the_limits(two_link: IKSolver) -> None:
    """Elbow up and elbow down, each solution without a displacement."""
    branches = two_link.branches([1.4, 0.3])
    assert sorted(np.sign(solution.positions[1]) for solution in branches) == [-1.0, 1.0]
    assert [solution.displacement for solution in branches] == [None, None]
    first, second = (np.abs(solution.positions).max() for solution in branches)
    assert first <= second


def test_an_unreachable_target_has_no_branches(solver: IKSolver) -> None:
    """An empty list, near the workspace and far from it."""
    for scale in (1.01, 1e300):
        assert solver.branches([scale * solver.arm.reach] * solver.task.n_coordinates) == []


def test_a_state_outside_the_limits_is_led_back(solver: IKSolver) -> None:
    """The solution keeps the limits and the displacement counts from where the joints are."""
    arm, rng = solver.arm, np.random.default_rng(9)
    targets = solver.target_at(arm.sample(200, rng))
    states = arm.sample(200, rng) + rng.choice([-2.0, 2.0], (200, arm.n_joints))
    for target, state in zip(targets, states, strict=True):
        solution = solver.solve(target, state)
        check(solver, solution, target, state)
        assert solution.converged


def test_a_state_that_solves_the_target_stays(solver: IKSolver) -> None:
    """Asked for the point where the tip is, no joint moves by more than a millionth of a radian."""
    for state in solver.arm.sample(300, np.random.default_rng(10)):
        solution = solver.solve(solver.target_at(state), state)
        assert solution.residual <= TOLERANCE
        assert solution.anchor == "current"
        np.testing.assert_allclose(solution.positions, state, atol=1e-6)


def test_a_repeated_target_does_not_make_the_arm_creep(solver: IKSolver) -> None:
    """A hundred solves of one target, each from the last: after the first, less than 1e-3 rad in all."""
    arm, rng = solver.arm, np.random.default_rng(11)
    for target, state in zip(solver.target_at(arm.sample(10, rng)), arm.sample(10, rng), strict=True):
        start = state = solver.solve(target, state).positions
        for _ in range(100):
            state = solver.solve(target, state).positions
        assert np.abs(state - start).max() < 1e-3


def test_a_target_a_little_away_takes_a_little_motion(solver: IKSolver) -> None:
    """One centimetre along, well bent: solved with less than 0.1 rad."""
    state = 0.5 * (solver.arm.lower + solver.arm.upper) + 0.7
    target = solver.target_at(state)
    target[0] += 0.01
    solution = solver.solve(target, state)
    assert solution.converged
    assert solution.displacement is not None
    assert solution.displacement < 0.1


def test_a_target_far_away_is_reached_from_a_known_posture(two_link: IKSolver) -> None:
    """From one side of the workspace to the other the current state is no anchor."""
    solution = two_link.solve(two_link.target_at([-1.4, 0.5]), [1.4, 0.5])
    assert (solution.converged, solution.anchor) == (True, "neighbour")


@pytest.mark.parametrize("tolerance", [1e-3, 1e-9])
def test_the_tolerance_is_what_is_reached(tolerance: float) -> None:
    """A coarse solver may stop early, a fine one goes on."""
    solver = IKSolver.load("yaw_pitch_pitch", tolerance=tolerance)
    assert solver.tolerance == tolerance
    targets = solver.target_at(solver.arm.sample(300, np.random.default_rng(12)))
    residuals = np.array([solver.solve(target).residual for target in targets])
    assert residuals.max() <= tolerance


@pytest.mark.parametrize("tolerance", [0.0, -1e-6, np.nan, np.inf])
def test_an_impossible_tolerance_is_refused(tolerance: float) -> None:
    """The message says what a tolerance is and what came."""
    with pytest.raises(ValueError, match=f"tolerance must be positive and finite in m, got {tolerance}"):
        IKSolver.load("two_link", tolerance=tolerance)


@pytest.mark.parametrize(
    ("target", "came"),
    [
        ([1.0], r"shape \(1,\)"),
        ([1.0, 0.0, 0.0], r"shape \(3,\)"),
        ([[1.0, 0.0]], r"shape \(1, 2\)"),
        (1.0, r"shape \(\)"),
        ([], r"shape \(0,\)"),
        ([1.0, np.nan], "nan"),
        ([np.inf, 0.0], "inf"),
        ([1.0, -np.inf], "-inf"),
        (["a", "b"], "'a'"),
        ([1.0, None], "None|nan"),
        ([[1.0], [1.0, 2.0]], "1.0, 2.0"),
        ({"x": 1.0}, "'x'"),
    ],
)
def test_a_bad_target_is_refused(two_link: IKSolver, target: Any, came: str) -> None:
    """By `solve` and `branches` alike, with what was expected and what came."""
    for ask in (two_link.solve, two_link.branches):
        with pytest.raises(ValueError, match=rf"expected a target of .*, got .*({came})"):
            ask(target)


@pytest.mark.parametrize(
    ("current", "came"),
    [([0.0], r"shape \(1,\)"), ([0.0] * 3, r"shape \(3,\)"), ([0.0, np.nan], "nan"), (["x", 0.0], "'x'")],
)
def test_a_bad_state_is_refused(two_link: IKSolver, current: Any, came: str) -> None:
    """By `solve` and `branches` alike, with what was expected and what came."""
    for ask in (two_link.solve, two_link.branches):
        with pytest.raises(ValueError, match=rf"expected current joint positions of .*, got .*{came}"):
            ask([1.0, 1.0], current)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.jacobian([0.0] * 5), r"joint positions of shape \(…, 6\) in rad or m, got shape \(5,\)"),
        (lambda s: s.forward("abc"), "joint positions of numbers in rad or m, got 'abc'"),
        (lambda s: s.in_space(1.0), r"target positions of shape \(…, 2\) or \(…, 3\) in m, got shape \(\)"),
        (lambda s: s.skeleton_at("abc"), "joint positions of numbers in rad or m, got 'abc'"),
        (lambda s: IKSolver(s.arm, s.task, tolerance="x"), "tolerance must be positive .* got 'x'"),
        (lambda s: IKSolver(s.arm, s.task, metre_in_rad=None), "metre_in_rad must be positive .* got None"),
        (lambda s: IKSolver(s.arm, s.task, posture=[100.0] * 6), "posture must be within the limits"),
        (lambda s: IKSolver.from_urdf(s.arm.urdf, tip="tool0", tool="abc"), "tool must be .* got 'abc'"),
        (
            lambda s: IKSolver.from_urdf(s.arm.urdf, tip="tool0", task="pointing", tool_axis="abc"),
            "tool_axis must be .* got 'abc'",
        ),
        (lambda s: s.solve([1j] * 7), "a target of numbers"),
        (lambda s: s.solve(1j * np.ones(7)), "a target of numbers"),
        (lambda s: s.solve_path([POSE] * 9000, times=[0.0] * 9000), "times in s that increase"),
        (lambda s: s.solve_batch([POSE] * 9000 + [POSE[:3]]), "targets of numbers"),
    ],
)
def test_bad_arguments_are_named_on_one_short_line(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        call(IKSolver.load("ur5e"))
    assert len(str(error.value)) < 400 and "\n" not in str(error.value)


def test_cores_are_counted_where_the_system_does_not_tell_whose(
    two_link: IKSolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS and Windows: a batch is solved none the less."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    targets = two_link.target_at(two_link.arm.sample(600, np.random.default_rng(0)))
    assert two_link.solve_batch(targets).converged.all()


def test_a_network_for_another_arm_is_refused(two_link: IKSolver) -> None:
    """The message has the dimensions of both."""
    twin = load_model("three_link").twin
    with pytest.raises(
        ValueError, match=r"two_link has 2 open joints and 2 coordinates.*trained for 3 and 2"
    ):
        IKSolver(two_link.arm, two_link.task, twin)


_TOLERANCES = [(1e-3, 1e-2), (1e-9, 1e-8), (1e-4, None)]


@pytest.mark.parametrize(("tolerance", "angle"), _TOLERANCES)
@pytest.mark.parametrize("name", ["two_link", "three_link", "scara", "so101", "panda"])
def test_another_tolerance_gives_the_bits_of_a_new_solver(
    name: str, tolerance: float, angle: float | None
) -> None:
    """In every answer, with a posture and another weight of metres, too; the first solver stays as it was."""
    given = IKSolver.load(name)
    rng = np.random.default_rng(5)
    options: dict[str, Any] = {"posture": given.arm.sample(1, rng)[0], "metre_in_rad": 3.0}
    first = IKSolver(given.arm, given.task, given.twin, orientation_tolerance=1e-5, **options)
    tolerances = {"tolerance": tolerance, "orientation_tolerance": 1e-5 if angle is None else angle}
    new = IKSolver(given.arm, given.task, given.twin, **tolerances, **options)
    targets, states = first.target_at(first.arm.sample(40, rng)), first.arm.sample(40, rng)
    targets[-1, :3] *= 3.0
    before = first.solve_batch(targets, states).positions
    other = first.with_tolerance(tolerance, angle)
    assert (other.tolerance, other.orientation_tolerance) == (new.tolerance, new.orientation_tolerance)
    assert other._prepared.search.anchors is first._prepared.search.anchors
    for mine, its in (
        (other.solve_batch(targets), new.solve_batch(targets)),
        (other.solve_batch(targets, states), new.solve_batch(targets, states)),
        (other.solve(targets[0]), new.solve(targets[0])),
        *zip(other.branches(targets[1]), new.branches(targets[1]), strict=True),
    ):
        np.testing.assert_array_equal(mine.positions, its.positions)
        np.testing.assert_array_equal(mine.residual, its.residual)
        np.testing.assert_array_equal(mine.converged, its.converged)
    np.testing.assert_array_equal(first.solve_batch(targets, states).positions, before)
    assert (first.tolerance, first.orientation_tolerance) == (1e-6, 1e-5)
    back = other.with_tolerance(1e-6, 1e-5)
    np.testing.assert_array_equal(back.solve_batch(targets, states).positions, before)


def test_tolerances_change_while_others_solve(two_link: IKSolver) -> None:
    """Threads that solve with a solver and its copies get the same solutions as one alone."""
    panda = IKSolver.load("panda")
    rng = np.random.default_rng(6)
    targets, states = panda.target_at(panda.arm.sample(30, rng)), panda.arm.sample(30, rng)
    tolerances = (1e-6, 1e-3, 1e-5, 1e-4)
    alone = [
        IKSolver.load("panda", tolerance=each).solve_batch(targets, states).positions for each in tolerances
    ]

    def solve(turn: int) -> bool:
        solver = panda if turn % 4 == 0 else panda.with_tolerance(tolerances[turn % 4])
        found = [solver.solve(target, state).positions for target, state in zip(targets, states, strict=True)]
        return np.array_equal(found, alone[turn % 4])

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(solve, range(40)))


def test_a_network_comes_while_others_solve(two_link: IKSolver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A solve that began before another thread trained leaves no memory of its size to later solves."""
    solver = IKSolver(two_link.arm, two_link.task)
    sizes = {each._prepared.model.size: each._prepared.new_memory().size for each in (solver, two_link)}
    assert len(set(sizes.values())) == 2
    solve_many = calls.solve_many

    def train_meanwhile(model: np.ndarray, *rest: Any) -> Any:
        assert rest[-1].size == sizes[model.size]
        if solver.twin is None:
            solver._assemble(two_link.twin)  # as `train` does
        return solve_many(model, *rest)

    monkeypatch.setattr(calls, "solve_many", train_meanwhile)
    for _ in range(2):
        assert solver.solve([1.0, 1.0]).converged


@pytest.mark.parametrize(("tolerance", "angle"), [(0.0, None), (np.nan, 1e-6), (1e-6, 0.0), (1e-6, -1.0)])
def test_another_tolerance_must_be_one(two_link: IKSolver, tolerance: float, angle: float | None) -> None:
    """As where a solver is made."""
    with pytest.raises(ValueError, match="tolerance must be positive and finite in "):
        two_link.with_tolerance(tolerance, angle)
