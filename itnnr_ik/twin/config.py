"""How a twin network is built and trained: the paper's configuration and the better one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class PlateauSchedule:
    """Adam in epochs, the rate halved when validation stalls, best weights kept (Appendix B).

    Args:
        learning_rate: Initial rate: 1e-5 for F, 1e-4 for a learned forward function.
        batch_size: Pairs a step.
        patience: Epochs without a better validation loss before the rate is halved.
        stop_after: Epochs without a better validation loss before training ends.
        max_epochs: Epochs at most.
    """

    learning_rate: float = 1e-5
    batch_size: int = 32
    patience: int = 40
    stop_after: int = 100
    max_epochs: int = 2000


@dataclass(frozen=True)
class CosineSchedule:
    """Adam for a fixed number of steps, the rate falling to zero along half a cosine."""

    learning_rate: float = 2e-3
    batch_size: int = 512
    steps: int = 20_000


@dataclass(frozen=True)
class TwinConfig:
    """Network and training of F.

    Args:
        hidden: Width of each hidden layer.
        activation: ``relu`` or ``silu``.
        zero_anchored: See `NetworkSpec`.
        loss: ``label`` is the mean absolute error of F against x_new − x_anchor. ``consistency`` is
            ‖f(x_anchor + F) − y_new‖ / ‖y_new − y_anchor‖ + ``pull`` · ‖F‖², on pairs at all distances up to
            the radius: where two inputs are both right, a label averages them and f does not. It needs
            a differentiable forward function.
        pull: Weight of ‖F‖², which chooses the smallest of all consistent adjustments.
        schedule: Optimisation.
    """

    hidden: tuple[int, ...]
    activation: str
    zero_anchored: bool
    loss: str
    schedule: PlateauSchedule | CosineSchedule
    pull: float = 0.0

    def __post_init__(self) -> None:
        if self.loss not in ("label", "consistency"):
            raise ValueError(f"loss must be 'label' or 'consistency', got {self.loss!r}")

    def to_dict(self) -> dict[str, Any]:
        """JSON types, for a model's metadata."""
        return {**asdict(self), "hidden": list(self.hidden)}


#: The paper's network and schedule (Appendix B).
PUBLISHED = TwinConfig((640, 640), "relu", False, "label", PlateauSchedule())

#: Smaller and more accurate where the forward function is known: the default for the arms.
CONSISTENT = TwinConfig((64, 64), "silu", True, "consistency", CosineSchedule(), pull=1e-4)
