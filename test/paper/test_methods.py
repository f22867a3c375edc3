"""The methods of the tables, briefly trained."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from itnnr_ik.paper.data import draw_dataset
from itnnr_ik.paper.problems import PROBLEMS

torch = pytest.importorskip("torch", reason="the methods train networks")

from itnnr_ik.paper import methods  # noqa: E402
from itnnr_ik.paper.branches import BranchingInverse  # noqa: E402
from itnnr_ik.paper.effort import FULL, QUICK, Effort  # noqa: E402
from itnnr_ik.paper.methods import METHODS, itnnr  # noqa: E402
from itnnr_ik.twin.config import PlateauSchedule  # noqa: E402

BRIEF = Effort(max_epochs=2, steps=20)


@pytest.mark.parametrize(("method", "key"), [*((method, "4") for method in METHODS), ("ours", "5")])
@pytest.mark.parametrize("noisy", [False, True])
def test_predictions(method: str, key: str, noisy: bool) -> None:
    """There is an answer for each anchor rank from 0 to 5, or one in all; f is learned if it is unknown."""
    problem = PROBLEMS[key]
    data = draw_dataset(problem, noisy, 0)
    fitted = METHODS[method](problem, data, noisy, 0, BRIEF)
    x = fitted.predictions(data.y_test)
    assert x.shape == (problem.n_test, 1 if method == "nn" else 6, 2)
    assert isinstance(fitted.inverse, BranchingInverse) == (key == "5" and not noisy)
    assert np.isfinite(x).all()
    assert (fitted.learned is not None) == (noisy and method in ("itnnr", "ours"))


def test_the_full_measure_is_the_papers() -> None:
    """Full training has at most 2000 epochs at the rate 1e-5, as published, and brief training fewer."""
    assert FULL.shorten(PlateauSchedule()) == PlateauSchedule(1e-5, 32, 40, 100, 2000)
    assert QUICK.shorten(PlateauSchedule(max_epochs=10)).max_epochs == 10
    assert QUICK.shorten(PlateauSchedule()).max_epochs == 20


def test_the_published_network_has_more_weights_than_ours() -> None:
    """The published network has two layers of 640, ours three of 128."""
    problem = PROBLEMS["7"]
    data = draw_dataset(problem, False, 0)
    published, mine = (METHODS[name](problem, data, False, 0, BRIEF).notes for name in ("itnnr", "ours"))
    assert published["parameters"] == 7 * 640 + 641 * 640 + 641 * 2
    assert mine["parameters"] < published["parameters"] / 10


def test_the_seed_decides_the_weights_not_the_data() -> None:
    """Another seed gives other predictions from the same anchors."""
    problem = PROBLEMS["1"]
    data = draw_dataset(problem, False, 0)
    first, second, third = (
        itnnr(problem, data, False, seed, BRIEF).predictions(data.y_test) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - third).max() > 0.0


def _spied(key: str, noisy: bool, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    """The arguments that `itnnr` makes its networks with."""
    made: dict[str, list[dict[str, Any]]] = {"regressor": [], "network": []}

    def spy(name: str, cls: type) -> Any:
        def make(**options: Any) -> Any:
            made[name].append(options)
            return cls(**options)

        return make

    monkeypatch.setattr(methods, "InverseTwinRegressor", spy("regressor", methods.InverseTwinRegressor))
    monkeypatch.setattr(methods, "NeuralRegressor", spy("network", methods.NeuralRegressor))
    problem = PROBLEMS[key]
    itnnr(problem, draw_dataset(problem, noisy, 0), noisy, 3, BRIEF)
    return made


@pytest.mark.parametrize(("key", "batches"), [("1", 78), ("4", 781), ("7", 156)])
def test_the_published_generator(key: str, batches: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An epoch has ⌊5 · points / 32⌋ batches, ten times that on the half ball; ε and domain are given."""
    (options,) = _spied(key, False, monkeypatch)["regressor"]
    assert options["batches_per_epoch"] == batches
    assert options["radius"] == PROBLEMS[key].radius
    assert options["sample"] == PROBLEMS[key].sample
    assert options["boundary"] is PROBLEMS[key].boundary
    assert (options["boundary"] is None) == (key != "4")
    assert options["config"].schedule.learning_rate == 1e-5
    assert (options["config"].hidden, options["config"].loss, options["random_state"]) == (
        (640, 640),
        "label",
        3,
    )


@pytest.mark.parametrize(("key", "learning_rate"), [("7", 1e-4), ("4", 1e-5)])
def test_the_published_method_on_noisy_data(
    key: str, learning_rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With noise, training uses pairs of training points; the forward function has a rate of its own."""
    made = _spied(key, True, monkeypatch)
    (regressor,), (network,) = made["regressor"], made["network"]
    assert not {"forward", "sample", "radius"} & set(regressor)
    assert network["schedule"].learning_rate == learning_rate
    assert regressor["config"].schedule.learning_rate == 1e-5


@pytest.mark.parametrize("method", ["itnnr", "ours"])
def test_noisy_methods_never_ask_the_exact_function(method: str) -> None:
    """With noise, methods never call the exact f, and know points, domain width and kinds of inputs."""

    def forbidden(*arguments: Any) -> Any:
        raise AssertionError("the exact f was used")

    problem = PROBLEMS["4"]
    data = draw_dataset(problem, True, 0)
    blind = replace(problem, function=forbidden, in_domain=forbidden)
    fitted = METHODS[method](blind, data, True, 0, BRIEF)
    assert fitted.learned is not None
    assert np.isfinite(fitted.learned(fitted.predictions(data.y_test))).all()
