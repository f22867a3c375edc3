"""A plain regression network: learned forward function (section 4.2) and inverse baseline."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from itnnr_ik.twin.config import PlateauSchedule
from itnnr_ik.twin.network import multilayer_perceptron
from itnnr_ik.twin.training import Batch, shuffled, to_tensor, train_until_plateau

Array = NDArray[np.float64]

_ACTIVATION = "relu"  # as in F


class NeuralRegressor:
    """The traditional network of the paper: the same layers and schedule as F (Appendix B).

    Fitted on (X, Y) with a learning rate of 1e-4 it is the learned forward function of section 4.2, and
    ranks candidates where f is unknown. Fitted on (Y, X) it is the inverse baseline "NN" of Table 1, which
    averages over branches.

    Args:
        hidden: Width of each hidden layer.
        schedule: Optimisation.
        random_state: Seed of weights and batches.
        progress: Show a bar while training.

    Attributes:
        network_: The trained network in torch.
        validation_losses_: Mean absolute error after each epoch.
    """

    def __init__(
        self,
        *,
        hidden: tuple[int, ...] = (640, 640),
        schedule: PlateauSchedule | None = None,
        random_state: int = 0,
        progress: bool = False,
    ) -> None:
        self.hidden = hidden
        self.schedule = schedule
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: Array, Y: Array, X_val: Array, Y_val: Array) -> NeuralRegressor:
        """Train on inputs X (p, a) and outputs Y (p, b) until the validation points do not improve."""
        schedule = self.schedule or PlateauSchedule(learning_rate=1e-4)
        rng = np.random.default_rng(self.random_state)
        data = (to_tensor(X), to_tensor(Y))
        sizes = (data[0].shape[1], *self.hidden, data[1].shape[1])
        generator = torch.Generator().manual_seed(self.random_state)
        self.network_ = multilayer_perceptron(sizes, _ACTIVATION, generator)
        self.validation_losses_ = train_until_plateau(
            self.network_,
            lambda: shuffled(data, schedule.batch_size, rng),
            self._loss,
            (to_tensor(X_val), to_tensor(Y_val)),
            schedule,
            self.progress,
        )
        return self

    def predict(self, X: Array) -> Array:
        """Outputs (…, b) for inputs (…, a)."""
        with torch.no_grad():
            outputs: Array = self.network_(to_tensor(X)).double().numpy()
        return outputs

    def __call__(self, x: Any) -> Any:
        """The network as a function of NumPy arrays or, differentiably, of torch tensors."""
        return self.network_(x) if isinstance(x, torch.Tensor) else self.predict(x)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the weights (safetensors)."""
        Path(path).write_bytes(
            save({name: value.contiguous() for name, value in self.network_.state_dict().items()})
        )

    @classmethod
    def load(cls, path: str | PathLike[str]) -> NeuralRegressor:
        """The regressor whose weights `save` wrote.

        Raises:
            ValueError: The file is damaged or holds something else.
        """
        try:
            weights = load_file(path)
            layers = sorted(
                (name for name in weights if name.endswith(".weight")),
                key=lambda name: int(name.split(".")[0]),
            )
            sizes = (weights[layers[0]].shape[1], *(weights[name].shape[0] for name in layers))
            regressor = cls(hidden=sizes[1:-1])
            regressor.network_ = multilayer_perceptron(sizes, _ACTIVATION, torch.Generator())
            regressor.network_.load_state_dict(weights)
        except (SafetensorError, OSError, RuntimeError, ValueError, IndexError) as error:
            raise ValueError(f"{path} does not hold a network: {error}") from None
        return regressor

    def _loss(self, batch: Batch) -> torch.Tensor:
        inputs, outputs = batch
        return torch.nn.functional.l1_loss(self.network_(inputs), outputs)
