"""The paper's functions, domains and sizes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from itnnr_ik.paper.data import draw_dataset
from itnnr_ik.paper.problems import EXPERIMENTS, PROBLEMS, get_problem
from itnnr_ik.paper.published import published_numbers
from itnnr_ik.twin.anchors import Anchors

ROOT_HALF = math.sqrt(0.5)

#: By hand: an input and its output for each formula of Appendix A.
BY_HAND = {
    "1": ([2.0], [6.0]),
    "2": ([1.5], [5.0625 - 9.0]),
    "2-printed": ([1.5], [5.0625 - 6.0]),
    "3": ([math.pi / 10], [1.0]),
    "4": ([0.6, 0.0], [0.8]),
    "5": ([1.0, 2.0], [1 - 8 + 5 + 10, 4 - 4 + 3 - 4]),
    "6": ([1.0, 2.0, 3.0], [1 - 4 + 3, 4 + 3, 1 + 2 + 9]),
    "7": ([math.pi / 2, -math.pi / 2], [1.0, 1.0]),
    "8": ([math.pi / 2, -math.pi / 2, -math.pi / 2], [1.0, 0.0]),
    "9": ([math.pi / 4, 0.0, math.pi / 2], [ROOT_HALF, ROOT_HALF, 1.0]),
}

#: ε of section 4.1 worked out with a pocket calculator: (high − low) · c_d · (2 / (n V_d))^(1/d).
RADII = {
    "1": 4.0 * 1.0 * (2 / (300 * 2)),
    "4": 2.0 * (2 / math.pi) * math.sqrt(2 / (300 * math.pi)),
    "5": 6.0 * 2 * (2 / math.pi) * math.sqrt(2 / (600 * math.pi)),
    "6": 6.0 * 2 * 0.5 * (2 / (600 * 4 / 3 * math.pi)) ** (1 / 3),
    "9": math.pi * 2 * 0.5 * (2 / (600 * 4 / 3 * math.pi)) ** (1 / 3),
}


@pytest.mark.parametrize("key", PROBLEMS)
def test_formulas(key: str) -> None:
    """Appendix A, one value each, and the same for a batch."""
    x, y = BY_HAND[key]
    problem = PROBLEMS[key]
    np.testing.assert_allclose(problem.function(np.array(x)), y, atol=1e-12)
    np.testing.assert_allclose(problem.function(np.array([[x, x]]))[0, 1], y, atol=1e-12)
    assert (problem.n_x, problem.n_y) == (len(x), len(y))


@pytest.mark.parametrize("key", PROBLEMS)
def test_torch_computes_the_same(key: str) -> None:
    """One formula for both."""
    torch = pytest.importorskip("torch", reason="the functions in torch")
    problem = PROBLEMS[key]
    x = problem.sample(50, np.random.default_rng(1))
    np.testing.assert_allclose(problem.function(torch.from_numpy(x)).numpy(), problem.function(x), atol=1e-12)


def test_the_half_ball_takes_inputs_outside_at_its_edge() -> None:
    """Radius 0.999 in place of any larger one, never the root of a negative number."""
    edge = PROBLEMS["4"].function(np.array([0.999, 0.0]))
    np.testing.assert_allclose(edge, math.sqrt(1 - 0.999**2))
    np.testing.assert_array_equal(PROBLEMS["4"].function(np.array([[5.0, -3.0], [0.0, 1.0]])), [edge, edge])


@pytest.mark.parametrize("key", RADII)
def test_the_radius_of_the_generator(key: str) -> None:
    """Section 4.1 with the factor 1 in experiments 1 to 4 and 2 in the others."""
    assert PROBLEMS[key].radius == pytest.approx(RADII[key])


@pytest.mark.parametrize("key", PROBLEMS)
def test_samples_fill_the_domain(key: str) -> None:
    """Uniform within ±high; on the half ball only where the squared radius is below 0.99."""
    problem = PROBLEMS[key]
    x = problem.sample(4000, np.random.default_rng(0))
    assert x.shape == (4000, problem.n_x)
    assert np.abs(x).max() <= problem.high
    if key == "4":
        squared = (x**2).sum(axis=1)
        assert 0.98 < squared.max() < 0.99
        assert squared.mean() == pytest.approx(0.99 / 2, abs=0.02)
    else:
        np.testing.assert_allclose(x.std(axis=0), problem.high / math.sqrt(3), rtol=0.05)


def test_the_lookup_is_as_good_as_the_papers() -> None:
    """On the chosen data sets, rank by rank: within 6 % in experiments 2 to 9, within 20 % in the cubic."""
    for (table, key), row in published_numbers().items():
        problem = PROBLEMS[key]
        errors = []
        for seed in problem.data_seeds:
            data = draw_dataset(problem, table == 2, seed)
            indices = Anchors(data.x_train, data.y_train).nearest(data.y_test, 5, first_rank=1)
            difference = problem.function(data.x_train[indices]) - data.y_test[:, None]
            errors.append(np.sqrt((difference**2).mean(axis=(0, 2))))
        ratio = np.log(np.mean(errors, axis=0) / row.knn)
        assert np.sqrt(np.mean(ratio**2)) < (0.2 if key == "1" else 0.06), (table, key)


def _lookup_distance(key: str, seed: int) -> float:
    """How far the lookup's errors are from the paper's: root mean square of log ratios, ranks and tables."""
    ratios = []
    for table in (1, 2):
        data = draw_dataset(PROBLEMS[key], table == 2, seed)
        indices = Anchors(data.x_train, data.y_train).nearest(data.y_test, 5, first_rank=1)
        difference = PROBLEMS[key].function(data.x_train[indices]) - data.y_test[:, None]
        errors = np.sqrt((difference**2).mean(axis=(0, 2)))
        ratios.append(np.log(errors / published_numbers()[table, key].knn))
    return float(np.sqrt(np.mean(np.square(ratios))))


@pytest.mark.slow
@pytest.mark.parametrize("key", EXPERIMENTS)
def test_the_data_sets_are_the_nearest_to_the_papers(key: str) -> None:
    """Of the seeds 0 to 99; the second nearest in experiment 2, as the documentation says."""
    nearest = sorted(range(100), key=lambda seed: _lookup_distance(key, seed))
    first = 1 if key == "2" else 0
    count = len(PROBLEMS[key].data_seeds)
    assert set(PROBLEMS[key].data_seeds) <= set(nearest[first : first + count + (key == "4")])


def test_there_are_nine_experiments() -> None:
    """The quartic as printed is a problem, but no row of the tables."""
    assert tuple("123456789") == EXPERIMENTS
    assert "2-printed" in PROBLEMS


def test_an_unknown_experiment_is_refused() -> None:
    """The message lists what there is."""
    with pytest.raises(ValueError, match=r"no experiment '10'; available: 1, 2, 2-printed, 3"):
        get_problem("10")
