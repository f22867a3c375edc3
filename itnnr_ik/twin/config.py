"""How a twin network is built and trained: the paper's configuration and the better one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class PlateauSchedule:
    """Adam in epochs, the rate halved when validation stalls, best weights kept.

    Appendix B describes it, and the author's programs have its numbers.

    Args:
        learning_rate: Initial rate: 1e-5 for F, 1e-4 for a learned forward function.
        batch_size: Pairs a step.
        patience: Epochs without a validation loss better by ``min_delta`` before the rate is halved.
        stop_after: Epochs without a better validation loss before training ends.
        max_epochs: Epochs at most.
        min_delta: Smaller improvements do not keep the rate up.
    """

    learning_rate: float = 1e-5
    batch_size: int = 32
    patience: int = 40
    stop_after: int = 100
    max_epochs: int = 2000
    min_delta: float = 1e-4


@dataclass(frozen=True)
class CosineSchedule:
    """Adam for a fixed number of steps, the rate falling to zero along half a cosine."""

    learning_rate: float = 1e-2
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
            ‖f(x_anchor + F) − y_new‖ / ‖y_new − y_anchor‖ + ``pull`` · ‖F‖²: where two inputs are both right,
            a label averages them and f does not. It needs a differentiable forward function.
        schedule: Optimisation.
        pull: Weight of ‖F‖², which chooses the smallest of all consistent adjustments.
        pairs: For a known f: ``perturbed`` pairs a fresh input with a point around it (section 4.3).
            ``anchored`` pairs a fresh input's output with the anchors nearest to it in y, as at
            inference; the label of such a pair is one of many, so it goes with the consistency loss.
    """

    hidden: tuple[int, ...]
    activation: str
    zero_anchored: bool
    loss: str
    schedule: PlateauSchedule | CosineSchedule
    pull: float = 0.0
    pairs: str = "perturbed"

    def __post_init__(self) -> None:
        if self.loss not in ("label", "consistency"):
            raise ValueError(f"loss must be 'label' or 'consistency', got {self.loss!r}")
        if self.pairs not in ("perturbed", "anchored"):
            raise ValueError(f"pairs must be 'perturbed' or 'anchored', got {self.pairs!r}")
        if self.pairs == "anchored" and self.loss == "label":
            raise ValueError("anchored pairs have no label of their own: they need the consistency loss")

    def to_dict(self) -> dict[str, Any]:
        """JSON types, for a model's metadata."""
        return {**asdict(self), "hidden": list(self.hidden)}


#: The paper's network and schedule (Appendix B, and the author's programs).
PUBLISHED = TwinConfig((640, 640), "relu", False, "label", PlateauSchedule())

#: For the arms: small, quick to evaluate, and trained for any anchor, so that the current state can be one.
CONSISTENT = TwinConfig((64, 64), "silu", True, "consistency", CosineSchedule(), pull=1e-4)

#: The most accurate in one pass from a given set of anchors.
ANCHORED = TwinConfig(
    (128, 128, 128), "silu", True, "consistency", CosineSchedule(steps=6000), pull=1e-4, pairs="anchored"
)
