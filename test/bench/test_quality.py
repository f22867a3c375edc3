"""How good answers are."""

from __future__ import annotations

import numpy as np
import pytest

from bench.solvers import bench_arm
from itnnr_ik.bench.draws import draws
from itnnr_ik.bench.quality import (
    ALL,
    POSTURE,
    branches_found,
    compare,
    contains_solution,
    posture_displacements,
    smallest_displacements,
)


class Branches:
    """Both solutions of the two-link arm."""

    def __init__(self) -> None:
        self._arm = bench_arm("two_link")

    def branches(self, transform: np.ndarray, state: np.ndarray) -> np.ndarray:
        found = self._arm.solver.branches(transform[:2, 3], state)
        return np.array([one.positions for one in found])


def test_the_nearest_of_all_is_at_most_as_far_as_the_posture() -> None:
    """The nearest of all solutions is nearer than the posture where the other elbow is."""
    arm = bench_arm("two_link")
    drawn = draws(arm, 100, np.random.default_rng(0))
    postures = posture_displacements(arm, drawn)
    least = smallest_displacements(arm, drawn, Branches(), "all")
    assert postures == pytest.approx(np.abs(drawn.postures - drawn.states).max(axis=1))
    assert (least <= postures).all()
    assert (least < postures - 0.01).any()


def test_a_posture_counts_modulo_whole_turns() -> None:
    """The displacement of a joint within ±2π is 0.28 rad for a difference of 6 rad."""
    arm = bench_arm("ur5e")
    drawn = draws(arm, 1, np.random.default_rng(0))
    drawn.postures[0], drawn.states[0] = 0.0, 0.0
    drawn.postures[0, 0], drawn.states[0, 0] = -3.0, 3.0
    assert posture_displacements(arm, drawn)[0] == pytest.approx(2.0 * np.pi - 6.0)


def test_answers_farther_than_the_best_are_counted() -> None:
    """One of four answers is 0.2 rad farther and misses its target, and both are counted."""
    arm = bench_arm("two_link")
    drawn = draws(arm, 4, np.random.default_rng(1), within=0.1)
    best = posture_displacements(arm, drawn)
    positions = drawn.postures.copy()
    side = np.abs(positions[2] - drawn.states[2]).argmax()
    positions[2, side] += 0.2 * np.sign(positions[2, side] - drawn.states[2, side])
    near = compare(arm, drawn, positions, best, within=0.1, margin=0.05)
    assert (near.known, near.count, near.farther, near.solved) == (POSTURE, 4, 0.25, 0.75)
    assert near.worst == pytest.approx(0.2)
    assert compare(arm, drawn, positions, best, within=0.1, margin=0.3).farther == 0.0


def test_solutions_are_the_same_whatever_the_turn() -> None:
    """Revolute joints are compared modulo 2π, a prismatic joint is not."""
    arm = bench_arm("rail_arm")
    posture = arm.chain.sample(1, np.random.default_rng(0))[0]
    turned, shifted = posture.copy(), posture.copy()
    turned[3] += 2.0 * np.pi
    shifted[0] += 2.0 * np.pi
    assert contains_solution(arm, turned[None], posture)
    assert not contains_solution(arm, shifted[None], posture)
    assert not contains_solution(arm, posture[None, :][:0], posture)


def test_branches_are_compared_with_all_solutions_or_the_posture() -> None:
    """All solutions of the two-link arm are found."""
    arm = bench_arm("two_link")
    drawn = draws(arm, 30, np.random.default_rng(2))
    against_all, against_posture = branches_found(arm, drawn, Branches()), branches_found(arm, drawn, None)
    assert (against_all.known, against_posture.known) == (ALL, POSTURE)
    assert against_all.share == against_posture.share == 1.0
    assert 30 == against_posture.certified < against_all.certified <= 60
    assert 1.0 < against_all.mean <= 2.0
