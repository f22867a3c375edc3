"""What a twin network F computes, as plain data: shared by torch (training) and NumPy (solving)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True)
class NetworkSpec:
    """Architecture of F(y_new, y_anchor, x_anchor) → x_new − x_anchor (paper, equation 5).

    Two forms:

    * Published (``zero_anchored=False``): a multilayer perceptron of (y_new, y_anchor, x_anchor), as in
      Appendix B.
    * Zero-anchored: N(Δy / y_scale, features(x_anchor)) − N(0, features(x_anchor)) with
      Δy = y_new − y_anchor. No change of y gives exactly no change of x, which is the shortest loop
      consistency condition (equation 3 with both points equal), and errors shrink with Δy.

    Args:
        n_x: Dimension n of x.
        n_y: Dimension m of y.
        hidden: Width of each hidden layer.
        activation: ``relu`` or ``silu``.
        zero_anchored: Which of the two forms.
        periodic: Zero-anchored form only: x are angles and enter as cosine and sine.
        y_scale: Zero-anchored form only: a typical size of Δy.
        x_scale: Zero-anchored form only, not periodic: half the width of the domain of x.
    """

    n_x: int
    n_y: int
    hidden: tuple[int, ...] = (640, 640)
    activation: str = "relu"
    zero_anchored: bool = False
    periodic: bool = False
    y_scale: float = 1.0
    x_scale: float = 1.0

    def __post_init__(self) -> None:
        if self.activation not in ("relu", "silu"):
            raise ValueError(f"activation must be 'relu' or 'silu', got {self.activation!r}")
        if self.n_x < 1 or self.n_y < 1 or not self.hidden or min(self.hidden) < 1:
            raise ValueError(f"dimensions and layer widths must be positive, got {self}")
        if self.periodic and not self.zero_anchored:
            raise ValueError("periodic features belong to the zero-anchored form")

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Widths from input to output layer."""
        anchor_features = 2 * self.n_x if self.periodic else self.n_x
        n_in = (self.n_y if self.zero_anchored else 2 * self.n_y) + anchor_features
        return (n_in, *self.hidden, self.n_x)

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases."""
        sizes = self.layer_sizes
        return sum((a + 1) * b for a, b in pairwise(sizes))

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        return {**asdict(self), "hidden": list(self.hidden)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> NetworkSpec:
        """The spec that `to_dict` described."""
        return cls(**{**data, "hidden": tuple(data["hidden"])})
