"""The two training loops."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="trains networks")

from itnnr_ik.twin.config import CosineSchedule, PlateauSchedule  # noqa: E402
from itnnr_ik.twin.training import (  # noqa: E402
    shuffled,
    to_tensor,
    train_for_steps,
    train_until_plateau,
)


class _Number(torch.nn.Module):
    """One weight, whose loss is its distance from a target."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(value))

    def loss(self, batch: tuple[torch.Tensor, ...]) -> torch.Tensor:
        return (self.weight - batch[0]).abs().mean()


def test_every_row_comes_once_an_epoch() -> None:
    """In batches of the given size, rows of all columns together, in an order that changes."""
    data = (torch.arange(10.0), 2.0 * torch.arange(10.0))
    rng = np.random.default_rng(0)
    epochs = [list(shuffled(data, 4, rng)) for _ in range(2)]
    for batches in epochs:
        assert [len(batch[0]) for batch in batches] == [4, 4, 2]
        rows = torch.cat([batch[0] for batch in batches])
        assert sorted(rows.tolist()) == list(range(10))
        assert torch.equal(torch.cat([batch[1] for batch in batches]), 2.0 * rows)
    assert not torch.equal(epochs[0][0][0], epochs[1][0][0])


def test_training_stops_when_validation_stalls_and_keeps_the_best_weights() -> None:
    """Training pulls away from the validation target: the first epoch is the best."""
    number = _Number(1.0)
    away, validation = (torch.tensor([5.0]),), (torch.tensor([0.0]),)
    schedule = PlateauSchedule(learning_rate=0.1, patience=3, stop_after=7, max_epochs=100)
    history = train_until_plateau(number, lambda: [away], number.loss, validation, schedule)
    assert len(history) == 8
    assert history == sorted(history)
    assert number.weight.item() == pytest.approx(history[0])


def test_the_rate_is_halved_where_validation_stalls() -> None:
    """Steps of Adam are as long as its rate: after the patience they are half as long."""
    number = _Number(0.0)
    away, validation = (torch.tensor([100.0]),), (torch.tensor([-100.0]),)
    schedule = PlateauSchedule(learning_rate=0.1, patience=3, stop_after=50, max_epochs=9)
    steps = np.diff(train_until_plateau(number, lambda: [away], number.loss, validation, schedule))
    assert steps[0] == pytest.approx(0.1, rel=0.01)
    assert steps[-1] == pytest.approx(0.025, rel=0.01)


def test_small_gains_do_not_keep_the_rate_up() -> None:
    """The rate is halved although every epoch is the best so far, and training goes on."""
    number = _Number(0.0)
    ahead = (torch.tensor([100.0]),)
    schedule = PlateauSchedule(learning_rate=0.1, patience=3, stop_after=2, max_epochs=9, min_delta=1.0)
    history = train_until_plateau(number, lambda: [ahead], number.loss, ahead, schedule)
    assert len(history) == 9
    assert -np.diff(history)[[0, -1]] == pytest.approx([0.1, 0.025], rel=0.01)


def test_a_fixed_number_of_steps_ends_with_a_rate_of_zero() -> None:
    """The loss is evaluated once a step, and the weight comes to rest at the target."""
    number, drawn = _Number(0.0), []

    def draw() -> tuple[torch.Tensor, ...]:
        drawn.append(1)
        return (torch.tensor([1.0]),)

    train_for_steps(number, draw, number.loss, CosineSchedule(learning_rate=0.05, steps=200))
    assert len(drawn) == 200
    assert number.weight.item() == pytest.approx(1.0, abs=1e-3)


def test_divergence_is_an_error() -> None:
    """A loss that is not finite is reported with the step."""
    number = _Number(0.0)
    with pytest.raises(RuntimeError, match="training diverged at step 0: the loss is nan"):
        train_for_steps(number, lambda: (torch.tensor([np.nan]),), number.loss, CosineSchedule(steps=5))


def test_tensors_are_copies_in_single_precision() -> None:
    """What the caller does to the array afterwards has no effect."""
    array = np.array([[1.0, 2.0]])
    tensor = to_tensor(array)
    array[:] = 0.0
    assert (tensor.dtype, tensor.tolist()) == (torch.float32, [[1.0, 2.0]])
