"""What the bench measures."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik.arms import ARMS
from itnnr_ik.bench.tasks import batches, interleaved, smooth_path, solved, tracking

Array = np.ndarray


class Perfect:
    """Answers with the state that a target came from."""

    name = "perfect"

    def __init__(self, targets: Array, positions: Array) -> None:
        self._answers = dict(zip(map(tuple, targets), positions, strict=True))

    def solve(self, target: Array, start: Array) -> Array:
        return self._answers[tuple(target)]


class Stubborn:
    """Stays where it is."""

    name = "stubborn"

    def solve(self, target: Array, start: Array) -> Array:
        return start


@pytest.mark.parametrize("name", list(ARMS))
@pytest.mark.parametrize("seed", range(5))
def test_a_smooth_path_is_smooth_and_off_the_stretched_arm(name: str, seed: int) -> None:
    """Within limits, no step above 7 rad/s at 200 Hz, the elbow at least 0.3 rad from straight."""
    arm = ARMS[name]
    path = smooth_path(arm, 1000, seed)
    assert ((path >= arm.lower) & (path <= arm.upper)).all()
    assert np.abs(np.diff(path, axis=0)).max() <= 7.0 / 200.0
    assert path[:, -len(arm.link_lengths) + 1].min() >= 0.3
    assert (path == smooth_path(arm, 1000, seed)).all()


def test_solved_means_near_the_target_and_within_limits() -> None:
    """A right answer counts, one beside the target or outside the limits does not."""
    arm = ARMS["two_link"]
    positions = np.array([[0.3, 0.7], [0.3, 0.7], [0.3, 2.0]])
    targets = arm.forward(positions)
    targets[1] += 1e-3
    assert solved(arm, positions, targets, 1e-6).tolist() == [True, False, False]


def test_results_tell_a_good_solver_from_a_bad_one() -> None:
    """Success, joint change and the ratio to the first solver, as they must be for known answers."""
    arm, rng = ARMS["two_link"], np.random.default_rng(0)
    answers, starts = arm.sample(50, rng), arm.sample(50, rng)
    targets = arm.forward(answers)
    good, bad = interleaved([Perfect(targets, answers), Stubborn()], arm, targets, starts, 1e-6, paths=0)
    assert (good.success, bad.success) == (1.0, 0.0)
    assert good.median_change == pytest.approx(np.median(np.abs(answers - starts).max(axis=1)))
    assert bad.median_change == 0.0
    assert good.ratio == 1.0
    assert bad.ratio == pytest.approx(bad.median_us / good.median_us)


def test_tracking_measures_the_largest_step_of_each_path() -> None:
    """A solver that answers with the path itself steps as the path does, one that stays does not step."""
    arm = ARMS["two_link"]
    paths = [smooth_path(arm, 100, seed) for seed in range(2)]
    every = np.concatenate(paths)
    steps = tracking([Perfect(arm.forward(every), every), Stubborn()], arm, paths=2, count=100)
    assert steps[0].tolist() == [np.abs(np.diff(path, axis=0)).max() for path in paths]
    assert steps[1].tolist() == [0.0, 0.0]


def test_batches_compare_with_the_first() -> None:
    """Success and a ratio of one for the first solver."""
    arm = ARMS["two_link"]
    answers = arm.sample(100, np.random.default_rng(0))
    targets = arm.forward(answers)
    first, second = batches(
        [("right", lambda _: answers), ("wrong", np.zeros_like)], arm, targets, 1e-6, rounds=1
    )
    assert (first.success, second.success) == (1.0, 0.0)
    assert first.ratio == 1.0
