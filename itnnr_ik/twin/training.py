"""The two training loops: until validation stalls (the paper's), and a fixed number of steps."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from itnnr_ik.twin.config import CosineSchedule, PlateauSchedule

Batch = tuple[Tensor, ...]
Loss = Callable[[Batch], Tensor]


def to_tensor(array: NDArray[np.float64]) -> Tensor:
    """float32 copy, the precision of training."""
    return torch.tensor(np.asarray(array), dtype=torch.float32)


def shuffled(data: Batch, size: int, rng: np.random.Generator) -> Iterator[Batch]:
    """One epoch of data: all rows once, in random order, in batches of ``size``."""
    order = torch.from_numpy(rng.permutation(len(data[0])))
    for rows in torch.split(order, size):
        yield tuple(values[rows] for values in data)


def train_until_plateau(
    network: nn.Module,
    epoch: Callable[[], Iterable[Batch]],
    loss: Loss,
    validation: Batch,
    schedule: PlateauSchedule,
    progress: bool = False,
) -> list[float]:
    """Train in place, restore the weights with the best validation loss, and return those losses.

    Args:
        network: What is trained.
        epoch: Draws the batches of one epoch.
        loss: Mean loss of a batch.
        validation: One batch, evaluated after each epoch.
        schedule: See `PlateauSchedule`.
        progress: Show a bar.
    """
    optimiser = torch.optim.Adam(network.parameters(), lr=schedule.learning_rate, eps=1e-7, fused=True)
    best, best_weights = math.inf, copy.deepcopy(network.state_dict())
    reference = math.inf  # loss that the learning rate is reduced by
    since_best = since_change = 0
    history = []
    bar = tqdm(range(schedule.max_epochs), desc="training", unit="epoch", disable=None if progress else True)
    for _ in bar:
        for batch in epoch():
            optimiser.zero_grad(set_to_none=True)
            loss(batch).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        with torch.no_grad():
            value = float(loss(validation))
        history.append(value)
        since_best, since_change = since_best + 1, since_change + 1
        if value < best:
            best, best_weights = value, copy.deepcopy(network.state_dict())
            since_best = 0
        if value < reference - schedule.min_delta:
            reference, since_change = value, 0
        if since_change >= schedule.patience:
            since_change = 0
            for group in optimiser.param_groups:
                group["lr"] *= 0.5
        if since_best >= schedule.stop_after:
            break
        bar.set_postfix_str(f"validation {value:.2e}, best {best:.2e}", refresh=False)
    network.load_state_dict(best_weights)
    return history


def train_for_steps(
    network: nn.Module,
    draw: Callable[[], Batch],
    loss: Loss,
    schedule: CosineSchedule,
    progress: bool = False,
) -> None:
    """Train in place on freshly drawn batches, the rate falling to zero (see `CosineSchedule`).

    Raises:
        RuntimeError: The loss is no longer finite.
    """
    optimiser = torch.optim.Adam(network.parameters(), lr=schedule.learning_rate, fused=True)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, schedule.steps)
    bar = tqdm(range(schedule.steps), desc="training", unit="step", disable=None if progress else True)
    for step in bar:
        optimiser.zero_grad(set_to_none=True)
        value = loss(draw())
        value.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        decay.step()
        if step % 500 == 0 or step == schedule.steps - 1:
            current = float(value.detach())
            if not math.isfinite(current):
                raise RuntimeError(f"training diverged at step {step}: the loss is {current}")
            bar.set_postfix_str(f"loss {current:.2e}", refresh=False)
