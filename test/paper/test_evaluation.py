"""The numbers of a table's cell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from itnnr_ik.paper.data import Dataset, draw_dataset
from itnnr_ik.paper.problems import PROBLEMS
from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.evaluator import TwinEvaluator
from itnnr_ik.twin.inference import TwinInverse
from itnnr_ik.twin.spec import NetworkSpec

torch = pytest.importorskip("torch", reason="the methods train networks")

from itnnr_ik.paper.effort import Effort  # noqa: E402
from itnnr_ik.paper.evaluation import LearnedForward, evaluate, judge_uncertainty, rmse  # noqa: E402
from itnnr_ik.paper.methods import Fitted, knn, of_twin, ours  # noqa: E402
from itnnr_ik.twin.gaussian import GaussianProcessForward  # noqa: E402

CUBIC = PROBLEMS["1"]


def _tiny() -> Dataset:
    """Anchors at 0 and 1.5, 1.6 … 2.1; the target is f(0.1), nearest to the anchor at 0."""
    x = np.array([[0.0], [1.5], [1.6], [1.7], [1.8], [1.9], [2.0]])
    target = np.array([[0.1]])
    y, goal = CUBIC.function(x), CUBIC.function(target)
    return Dataset(x, y, x, y, target, goal)


def _still(data: Dataset) -> TwinInverse:
    """A twin with F = 0: it answers with the anchors."""
    n_x, n_y = data.x_train.shape[1], data.y_train.shape[1]
    shapes = {
        "layers.0.weight": (1, n_x + 2 * n_y),
        "layers.0.bias": (1,),
        "layers.2.weight": (n_x, 1),
        "layers.2.bias": (n_x,),
    }
    weights = {name: np.zeros(shape) for name, shape in shapes.items()}
    evaluator = TwinEvaluator(NetworkSpec(n_x=n_x, n_y=n_y, hidden=(1,)), weights)
    return TwinInverse(evaluator, Anchors(data.x_train, data.y_train))


def test_rmse_is_the_mean_over_points_and_dimensions() -> None:
    """The RMSE of the example is √((9 + 16 + 0 + 0) / 4)."""
    assert rmse(np.array([[3.0, 4.0], [0.0, 0.0]])) == 2.5


def test_the_protocols_use_other_ranks() -> None:
    """The published protocol leaves out the nearest anchor, the corrected one begins with it."""
    data = _tiny()
    report = evaluate(CUBIC, data, False, knn(CUBIC, data, False, 0, Effort()))
    by_hand = [abs(y - data.y_test[0, 0]) for y in data.y_train[:6, 0]]
    np.testing.assert_allclose(report["corrected"]["by_rank"], by_hand[:5])
    np.testing.assert_allclose(report["published"]["by_rank"], by_hand[1:])
    assert report["corrected"]["best_exact"] == pytest.approx(by_hand[0])
    assert report["published"]["best_exact"] == pytest.approx(by_hand[1])


def test_the_learned_function_chooses_and_the_exact_one_measures() -> None:
    """The candidate is chosen by the learned f, and its error is taken with the exact one."""
    data = _tiny()

    def learned(x: np.ndarray) -> np.ndarray:
        return np.abs(x - data.x_train[3]) + data.y_test

    report = evaluate(CUBIC, data, True, of_twin(_still(data), learned, {}))
    by_hand = [abs(y - data.y_test[0, 0]) for y in data.y_train[:6, 0]]
    for protocol, nearest in (("published", 1), ("corrected", 0)):
        assert report[protocol]["best_learned"] == pytest.approx(by_hand[3])
        assert report[protocol]["best_exact"] == pytest.approx(by_hand[nearest])


def test_other_targets_are_measured_like_the_test_set() -> None:
    """The lookup's best of five on 5000 targets agrees with a computation here."""
    data = draw_dataset(CUBIC, False, 0)
    report = evaluate(CUBIC, data, False, knn(CUBIC, data, False, 0, Effort()))
    y = CUBIC.function(CUBIC.sample(5000, np.random.default_rng(5000)))[:, 0]
    distance = np.sort(np.abs(y[:, None] - data.y_train[:, 0]), axis=1)
    assert report["corrected"]["more_targets"] == pytest.approx(np.sqrt(np.mean(distance[:, 0] ** 2)))
    assert report["published"]["more_targets"] == pytest.approx(np.sqrt(np.mean(distance[:, 1] ** 2)))


def test_a_method_without_anchors_has_one_number() -> None:
    """A method without anchors has the same number for both protocols."""
    data = _tiny()
    report = evaluate(CUBIC, data, False, Fitted(lambda y: np.full((len(y), 1, 1), 0.1)))
    assert report["published"] == report["corrected"] == {"by_rank": [pytest.approx(0.0)]}


def test_a_learned_function_is_asked_within_the_domain() -> None:
    """On the half ball, inputs beyond the edge are projected to it before the learned f is applied."""
    ball = PROBLEMS["4"]
    x = np.array([[1.2, 0.0], [0.0, 1.5], [0.9, 0.9], [0.5, 0.0], [0.0, 0.2], [0.1, 0.1], [0.3, 0.3]])
    y, target = ball.function(x), np.array([[0.0, 0.1]])
    data = Dataset(x, y, x, y, target, ball.function(target))
    radii = []

    def learned(points: np.ndarray) -> np.ndarray:
        radii.extend(np.linalg.norm(points, axis=-1).ravel())
        return ball.function(points)

    evaluate(ball, data, True, of_twin(_still(data), learned, {}))
    assert 0.999 < max(radii) <= 1.0


@pytest.mark.filterwarnings("ignore:An input array is constant")  # loops of F = 0 are closed
def test_the_uncertainty_by_hand() -> None:
    """With F = 0 the best candidate is the best anchor by the learned f, with the error of that anchor."""
    data = _tiny()
    targets = np.array([[0.05], [0.2], [-1.0]])
    data = replace(data, x_test=targets, y_test=CUBIC.function(targets))
    learned = LearnedForward(lambda x: CUBIC.function(x) + 0.125 * (x + 1.0), None)
    report = judge_uncertainty(CUBIC, data.y_test, _still(data), learned, 0, True)
    doubts, errors = [], []
    for y in data.y_test[:, 0]:
        near = np.argsort(np.abs(data.y_train[:, 0] - y))[:5]
        likes = np.abs(learned(data.x_train[near])[:, 0] - y)
        doubts.append(likes.min())
        errors.append(abs(data.y_train[near[likes.argmin()], 0] - y))
    np.testing.assert_allclose(report["predicted"], doubts, rtol=1e-2)
    np.testing.assert_allclose(report["error"], errors, rtol=1e-2)
    assert report["within_two"] == round(np.mean(np.array(errors) <= 2.0 * np.array(doubts)), 3)
    ranks = [np.argsort(np.argsort(values)) for values in (doubts, errors)]
    assert report["spearman"]["predicted"] == pytest.approx(np.corrcoef(*ranks)[0, 1], abs=1e-3)
    assert "predicted" not in judge_uncertainty(CUBIC, data.y_test, _still(data), learned, 0, False)


def test_a_gaussian_process_adds_its_own_doubt() -> None:
    """The predicted uncertainty is the root of the sum of squared consistency and standard deviation."""
    problem = PROBLEMS["3"]
    data = draw_dataset(problem, True)
    fitted = ours(problem, data, True, 0, Effort(steps=60))
    assert isinstance(fitted.learned, GaussianProcessForward) and fitted.inverse is not None
    report = evaluate(problem, data, True, fitted)["published"]
    best = fitted.inverse.candidates(data.y_test, fitted.learned, 5, 1).best
    consistency = np.linalg.norm(fitted.learned(best) - data.y_test, axis=1)
    by_hand = np.hypot(consistency, fitted.learned.deviation(best)[:, 0])
    np.testing.assert_allclose(report["uncertainty"]["predicted"], by_hand, rtol=1e-2)
    assert "more_targets" not in report


def test_a_clean_cell_reports_re_anchoring_and_other_targets() -> None:
    """Each of three passes reduces the median residual."""
    problem = PROBLEMS["7"]
    data = draw_dataset(problem, False)
    report = evaluate(problem, data, False, ours(problem, data, False, 0, Effort(steps=200)))["published"]
    one, two, three = report["passes"]
    assert three < two < one
    assert report["more_targets"] > 0.0
