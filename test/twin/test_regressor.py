"""Training F in its forms, and the traditional networks beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from itnnr_ik.arms import ARMS
from itnnr_ik.twin.config import CONSISTENT, PUBLISHED, CosineSchedule, PlateauSchedule
from itnnr_ik.twin.nearest import NearestInverse
from itnnr_ik.twin.sampling import perturbation_radius

torch = pytest.importorskip("torch", reason="training needs torch")

from itnnr_ik.twin.neural import NeuralRegressor
from itnnr_ik.twin.regressor import InverseTwinRegressor

# Layers this small only wait for a second thread.
torch.set_num_threads(1)

SHORT = PlateauSchedule(learning_rate=1e-3, max_epochs=30)
SMALL = replace(PUBLISHED, hidden=(64, 64), schedule=SHORT)


def cubic(x: Any) -> Any:
    """Experiment 1: y = x³ − x, which up to three x share."""
    return x**3 - x


@pytest.fixture(scope="module")
def data() -> dict[str, np.ndarray]:
    """Experiment 1: 300 points to train on, 100 to validate and 100 to test."""
    x = np.random.default_rng(0).uniform(-2.0, 2.0, size=(500, 1))
    return {
        "X": x[:300],
        "Y": cubic(x[:300]),
        "X_val": x[300:400],
        "Y_val": cubic(x[300:400]),
        "Y_test": cubic(x[400:]),
    }


def rmse(x: np.ndarray, y: np.ndarray) -> float:
    """Error in y, as the paper measures it."""
    return float(np.sqrt(np.mean((cubic(x) - y) ** 2)))


def fit(regressor: InverseTwinRegressor, data: dict[str, np.ndarray]) -> InverseTwinRegressor:
    """Fitted on the training points."""
    return regressor.fit(data["X"], data["Y"], data["X_val"], data["Y_val"])


def sample(count: int, rng: np.random.Generator) -> np.ndarray:
    """Inputs of experiment 1."""
    return rng.uniform(-2.0, 2.0, size=(count, 1))


def test_the_published_generator_form_beats_the_lookup(data: dict[str, np.ndarray]) -> None:
    """A short training of the paper's form with the exact f leaves less than half of kNN's error."""
    regressor = InverseTwinRegressor(
        forward=cubic, sample=sample, radius=perturbation_radius(4.0, 300, 1), config=SMALL, first_rank=1
    )
    error = rmse(fit(regressor, data).predict(data["Y_test"]), data["Y_test"])
    lookup = NearestInverse(rank=1).fit(data["X"], data["Y"]).predict(data["Y_test"])
    assert error < 0.5 * rmse(lookup, data["Y_test"])


def test_the_data_form_learns_from_pairs_alone(data: dict[str, np.ndarray]) -> None:
    """Algorithm 1 on data, ranked by a learned forward function, beats kNN too."""
    forward = NeuralRegressor(hidden=(64, 64), schedule=SHORT)
    forward.fit(data["X"], data["Y"], data["X_val"], data["Y_val"])
    regressor = InverseTwinRegressor(forward=forward, config=SMALL, first_rank=1)
    error = rmse(fit(regressor, data).predict(data["Y_test"]), data["Y_test"])
    lookup = NearestInverse(rank=1).fit(data["X"], data["Y"]).predict(data["Y_test"])
    assert error < rmse(lookup, data["Y_test"])


def test_the_inverse_network_fails_where_branches_meet(data: dict[str, np.ndarray]) -> None:
    """The traditional network from y to x averages over branches: worse than a lookup (Table 1)."""
    network = NeuralRegressor(hidden=(64, 64), schedule=SHORT)
    network.fit(data["Y"], data["X"], data["Y_val"], data["X_val"])
    lookup = NearestInverse().fit(data["X"], data["Y"]).predict(data["Y_test"])
    assert rmse(network.predict(data["Y_test"]), data["Y_test"]) > rmse(lookup, data["Y_test"])


def test_the_consistency_form_and_re_anchoring_on_an_arm() -> None:
    """A few hundred steps bring the best of five anchors to a tenth of the nearest one's error."""
    arm, rng = ARMS["two_link"], np.random.default_rng(0)
    regressor = InverseTwinRegressor(
        forward=arm.forward,
        sample=arm.sample,
        radius=perturbation_radius(np.pi, 600, 2, 2.0),
        periodic=True,
        config=replace(CONSISTENT, schedule=CosineSchedule(steps=600)),
    )
    x = arm.sample(600, rng)
    regressor.fit(x, arm.forward(x))
    targets = arm.forward(arm.sample(500, rng))
    anchors = regressor.inverse_.anchors
    nearest = np.linalg.norm(anchors.y[anchors.nearest(targets, 1)[:, 0]] - targets, axis=1)
    one, two = (np.median(regressor.candidates(targets, passes=n).residual[:, 0]) for n in (1, 2))
    assert one < 0.25 * np.median(nearest)
    assert two < 0.5 * one


@pytest.mark.parametrize(
    "config", [SMALL, replace(CONSISTENT, hidden=(16,), schedule=CosineSchedule(steps=30))]
)
def test_the_same_seed_gives_the_same_network(config: Any, data: dict[str, np.ndarray]) -> None:
    """Bit by bit; another seed gives another."""
    config = replace(config, schedule=replace(SHORT, max_epochs=2)) if config is SMALL else config

    def predictions(seed: int) -> np.ndarray:
        regressor = InverseTwinRegressor(
            forward=cubic, sample=sample, radius=0.1, config=config, random_state=seed
        )
        return fit(regressor, data).predict(data["Y_test"])

    assert (predictions(1) == predictions(1)).all()
    assert (predictions(1) != predictions(2)).any()


def test_the_best_weights_are_kept(data: dict[str, np.ndarray]) -> None:
    """Training stops when validation stalls, and the loss of the kept weights is the smallest seen."""
    schedule = PlateauSchedule(learning_rate=3e-2, patience=2, stop_after=4, max_epochs=200)
    network = NeuralRegressor(hidden=(16,), schedule=schedule)
    network.fit(data["X"], data["Y"], data["X_val"], data["Y_val"])
    losses = network.validation_losses_
    assert len(losses) < 200
    kept = np.abs(network.predict(data["X_val"]) - data["Y_val"]).mean()
    assert kept == pytest.approx(min(losses), rel=1e-4)
    assert np.argmin(losses) == len(losses) - 1 - 4


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"sample": sample}, "forward and radius"),
        ({"config": replace(SMALL, loss="consistency")}, "needs the parameter forward"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(
    parameters: dict[str, Any], text: str, data: dict[str, np.ndarray]
) -> None:
    """A generator or the consistency loss without a forward function."""
    with pytest.raises(ValueError, match=text):
        fit(InverseTwinRegressor(**parameters), data)


def test_a_plateau_needs_validation_points_and_ranking_a_forward_function(
    data: dict[str, np.ndarray],
) -> None:
    """Each says what is missing."""
    regressor = InverseTwinRegressor(config=replace(SMALL, schedule=replace(SHORT, max_epochs=1)))
    with pytest.raises(ValueError, match="validation points"):
        regressor.fit(data["X"], data["Y"])
    with pytest.raises(ValueError, match="forward function"):
        fit(regressor, data).predict(data["Y_test"])
