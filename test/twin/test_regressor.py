"""The method as an estimator: both forms of pairs, both losses, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cases import cubic, cubic_data

from itnnr_ik.paper.problems import PROBLEMS
from itnnr_ik.twin.config import ANCHORED, CONSISTENT, PUBLISHED, CosineSchedule, PlateauSchedule, TwinConfig
from itnnr_ik.twin.nearest import NearestInverse
from itnnr_ik.twin.sampling import perturbation_radius

torch = pytest.importorskip("torch", reason="trains networks")

from itnnr_ik.twin.neural import NeuralRegressor  # noqa: E402
from itnnr_ik.twin.regressor import InverseTwinRegressor  # noqa: E402

#: The paper's configuration made small and quick: narrower, with a higher rate and few epochs.
QUICK = replace(
    PUBLISHED, hidden=(64, 64), schedule=PlateauSchedule(learning_rate=1e-3, patience=5, max_epochs=40)
)
BRIEF = replace(CONSISTENT, hidden=(32, 32), schedule=CosineSchedule(learning_rate=5e-3, steps=300))
TWO_LINK = PROBLEMS["7"]


def _sample(count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(-2.0, 2.0, (count, 1))


def _cubic_rmse(inverse: Any) -> float:
    targets = cubic_data(200, 9)[1]
    return float(np.sqrt(np.mean((cubic(inverse.predict(targets)) - targets) ** 2)))


def _published(**options: Any) -> InverseTwinRegressor:
    regressor = InverseTwinRegressor(**{"forward": cubic, "config": QUICK, **options})
    return regressor.fit(*cubic_data(300, 0), *cubic_data(100, 1))


def _two_link(seed: int = 0, config: TwinConfig = BRIEF) -> InverseTwinRegressor:
    anchors = TWO_LINK.sample(600, np.random.default_rng(100))
    return InverseTwinRegressor(
        forward=TWO_LINK.function,
        sample=TWO_LINK.sample,
        radius=perturbation_radius(np.pi, 600, 2, multiplier=2.0),
        periodic=True,
        config=config,
        random_state=seed,
    ).fit(anchors, TWO_LINK.function(anchors))


@pytest.mark.parametrize("first_rank", [0, 1])
def test_pairs_from_data_beat_the_lookup(first_rank: int) -> None:
    """The published network on the cubic, forty epochs, against its own anchors unadjusted."""
    lookup = NearestInverse(rank=first_rank).fit(*cubic_data(300, 0))
    assert _cubic_rmse(_published(first_rank=first_rank)) < 0.5 * _cubic_rmse(lookup)


def test_a_generator_beats_the_lookup() -> None:
    """Pairs drawn around the known function instead (section 4.3)."""
    radius = perturbation_radius(4.0, 300, 1)
    regressor = _published(sample=_sample, radius=radius)
    assert _cubic_rmse(regressor) < 0.7 * _cubic_rmse(NearestInverse().fit(*cubic_data(300, 0)))


def test_the_best_epoch_is_kept() -> None:
    """Losses of every epoch are recorded, and they fell."""
    losses = _published().validation_losses_
    assert len(losses) == 40
    assert min(losses) < 0.5 * losses[0]


def test_the_consistency_loss_beats_the_nearest_anchor() -> None:
    """The two-link arm, a few hundred steps: less than a fifth of the distance is left in the median."""
    regressor = _two_link()
    targets = TWO_LINK.function(TWO_LINK.sample(500, np.random.default_rng(1)))
    anchors = regressor.inverse_.anchors
    nearest = np.linalg.norm(anchors.y[anchors.nearest(targets, 1)[:, 0]] - targets, axis=1)
    found = np.linalg.norm(TWO_LINK.function(regressor.predict(targets)) - targets, axis=1)
    assert np.median(found) < 0.2 * np.median(nearest)


def test_re_anchoring_improves_a_brief_training() -> None:
    """A second pass lowers the median residual."""
    regressor = _two_link()
    targets = TWO_LINK.function(TWO_LINK.sample(500, np.random.default_rng(2)))
    one, two = (np.median(regressor.candidates(targets, passes=n).residual[:, 0]) for n in (1, 2))
    assert two < 0.5 * one


def test_anchored_pairs_beat_perturbed_ones_on_their_anchors() -> None:
    """The same network and steps, trained on pairs as at inference."""
    targets = TWO_LINK.function(TWO_LINK.sample(500, np.random.default_rng(2)))
    perturbed, anchored = (
        np.median(_two_link(config=replace(BRIEF, pairs=pairs)).candidates(targets).residual[:, 0])
        for pairs in ("perturbed", "anchored")
    )
    assert anchored < 0.7 * perturbed


def test_labels_train_the_zero_anchored_form_too() -> None:
    """Network and loss are chosen apart."""
    regressor = _two_link(config=replace(BRIEF, loss="label", pull=0.0))
    targets = TWO_LINK.function(TWO_LINK.sample(300, np.random.default_rng(3)))
    anchors = regressor.inverse_.anchors
    nearest = np.linalg.norm(anchors.y[anchors.nearest(targets, 1)[:, 0]] - targets, axis=1)
    assert np.median(regressor.candidates(targets).residual[:, 0]) < 0.5 * np.median(nearest)


def test_the_random_state_decides_the_bits() -> None:
    """For both schedules: the same again with the same, others with another."""
    cubic_targets, arm_targets = cubic_data(20, 4)[1], TWO_LINK.function(np.full((1, 2), 0.4))
    brief = replace(BRIEF, schedule=CosineSchedule(steps=20))
    short = replace(QUICK, schedule=PlateauSchedule(max_epochs=2))
    for predicted in (
        [_published(config=short, random_state=seed).predict(cubic_targets) for seed in (0, 0, 1)],
        [_two_link(seed, brief).predict(arm_targets) for seed in (0, 0, 1)],
    ):
        np.testing.assert_array_equal(predicted[0], predicted[1])
        assert np.abs(predicted[0] - predicted[2]).max() > 0.0


def test_prediction_is_the_most_consistent_candidate() -> None:
    """Of k candidates for each target."""
    regressor = _two_link(config=replace(BRIEF, schedule=CosineSchedule(steps=20)))
    targets = TWO_LINK.function(TWO_LINK.sample(30, np.random.default_rng(5)))
    found = regressor.candidates(targets)
    assert found.x.shape == (30, 5, 2)
    np.testing.assert_array_equal(regressor.predict(targets), found.best)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample": _sample, "radius": 0.1, "forward": None}, "needs the parameter forward"),
        ({"sample": _sample}, "perturbed pairs need the parameter radius"),
        ({"config": ANCHORED}, "anchored pairs need the parameter sample"),
        ({"config": CONSISTENT, "forward": None}, "the consistency loss needs the parameter forward"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    """Before any training."""
    with pytest.raises(ValueError, match=message):
        _published(**options)


def test_a_plateau_needs_validation_points() -> None:
    """The message names them."""
    with pytest.raises(ValueError, match="needs validation points X_val, Y_val"):
        InverseTwinRegressor(forward=cubic, config=QUICK).fit(*cubic_data(50, 0))


def test_ranking_needs_a_forward_function() -> None:
    """It trains from data without one, and says what is missing when asked to rank."""
    regressor = _published(forward=None, config=replace(QUICK, schedule=PlateauSchedule(max_epochs=1)))
    with pytest.raises(ValueError, match="ranking needs a forward function"):
        regressor.predict(np.zeros((1, 1)))


def test_an_unknown_choice_is_refused() -> None:
    """The message lists the known ones."""
    with pytest.raises(ValueError, match="pairs must be 'perturbed' or 'anchored', got 'random'"):
        replace(CONSISTENT, pairs="random")
    with pytest.raises(ValueError, match="anchored pairs have no label"):
        replace(PUBLISHED, pairs="anchored")
    with pytest.raises(ValueError, match="loss must be 'label' or 'consistency', got 'hinge'"):
        replace(PUBLISHED, loss="hinge")


def test_the_published_configuration_is_that_of_appendix_b() -> None:
    """Two layers of 640, ReLU, Adam at 1e-5, batches of 32, halved after 40 and stopped after 100 epochs."""
    assert (PUBLISHED.hidden, PUBLISHED.activation, PUBLISHED.loss) == ((640, 640), "relu", "label")
    assert not PUBLISHED.zero_anchored
    assert PUBLISHED.schedule == PlateauSchedule(1e-5, 32, 40, 100, 2000)


def test_candidates_are_ranked_by_a_learned_forward_function() -> None:
    """Where f is unknown: pairs from data and a network fitted to them, still better than the lookup."""
    learned = NeuralRegressor(hidden=(64, 64), schedule=PlateauSchedule(learning_rate=1e-3, max_epochs=150))
    learned.fit(*cubic_data(300, 0), *cubic_data(100, 1))
    regressor = _published(forward=learned)
    assert _cubic_rmse(regressor) < _cubic_rmse(NearestInverse().fit(*cubic_data(300, 0)))
    found = regressor.candidates(cubic_data(20, 9)[1])
    np.testing.assert_allclose(
        found.residual, np.abs(learned(found.x) - cubic_data(20, 9)[1][:, None])[..., 0], atol=1e-6
    )
