"""Architecture of a twin network F as plain data, shared by torch (training) and NumPy (solving)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from itnnr_ik.forms import checked, shown

#: Most hidden layers, and the range of scales.
_MAX_LAYERS, MIN_SCALE, _MAX_SCALE = 32, 1e-12, 1e12
_FORM = {
    "n_x": int,
    "n_y": int,
    "hidden": [int],
    "activation": str,
    "scales?": {
        "change": [float],
        "y_mean": [float],
        "y_spread": [float],
        "x_spread": float,
        "adjustment": float,
    },
    "periodic": bool,
}


@dataclass(frozen=True)
class Scales:
    """Units of the inputs and outputs of the zero-anchored form.

    Args:
        change: A typical change y_new − y_anchor, per output (m).
        y_mean, y_spread: Mean and standard deviation of y_anchor, per output (m).
        x_spread: Largest |x| of the anchors: x is taken to be centred at 0.
        adjustment: A typical adjustment of x.
    """

    change: tuple[float, ...]
    y_mean: tuple[float, ...]
    y_spread: tuple[float, ...]
    x_spread: float
    adjustment: float

    @property
    def typical_change(self) -> float:
        """Mean of ``change`` over the outputs."""
        return sum(self.change) / len(self.change)


@dataclass(frozen=True)
class NetworkSpec:
    """Architecture of F(y_new, y_anchor, x_anchor) → x_new − x_anchor (paper, equation 5).

    Two forms:

    * Published (no ``scales``): a multilayer perceptron of (y_new, y_anchor, x_anchor), as in Appendix B.
    * Zero-anchored: N(Δy, y_anchor, x_anchor) − N(0, y_anchor, x_anchor) with Δy = y_new − y_anchor, each
      in units of its scale. No change of y gives exactly no change of x, which is the shortest loop
      consistency condition (equation 3 with both points equal), and errors shrink with Δy.

    Args:
        n_x: Dimension n of x.
        n_y: Dimension m of y.
        hidden: Width of each hidden layer.
        activation: ``relu`` or ``silu``.
        scales: Zero-anchored form only.
        periodic: Zero-anchored form only: x are angles and enter as cosine and sine.
    """

    n_x: int
    n_y: int
    hidden: tuple[int, ...] = (640, 640)
    activation: str = "relu"
    scales: Scales | None = None
    periodic: bool = False

    def __post_init__(self) -> None:
        if self.activation not in ("relu", "silu"):
            raise ValueError(f"activation must be 'relu' or 'silu', got {shown(self.activation)}")
        if self.n_x < 1 or self.n_y < 1 or not self.hidden or min(self.hidden) < 1:
            raise ValueError(f"dimensions and layer widths must be positive, got {shown(self)}")
        if len(self.hidden) > _MAX_LAYERS:
            raise ValueError(f"a network can have {_MAX_LAYERS} hidden layers, got {len(self.hidden)}")
        if self.scales is None:
            if self.periodic:
                raise ValueError("periodic features belong to the zero-anchored form")
            return
        per_output = (self.scales.change, self.scales.y_mean, self.scales.y_spread)
        if {len(values) for values in per_output} != {self.n_y}:
            raise ValueError(f"scales of y need {self.n_y} values each, got {shown(self.scales)}")
        scales = (*self.scales.change, *self.scales.y_spread, self.scales.x_spread, self.scales.adjustment)
        if not all(MIN_SCALE <= scale <= _MAX_SCALE for scale in scales):
            raise ValueError(
                f"scales must be positive, from {MIN_SCALE:g} to {_MAX_SCALE:g}, got {shown(self.scales)}"
            )

    @property
    def zero_anchored(self) -> bool:
        """Which of the two forms."""
        return self.scales is not None

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Widths from input to output layer."""
        anchor_features = 2 * self.n_x if self.periodic else self.n_x
        n_in = 2 * self.n_y + anchor_features
        return (n_in, *self.hidden, self.n_x)

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases."""
        sizes = self.layer_sizes
        return sum((a + 1) * b for a, b in pairwise(sizes))

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        data = asdict(self)
        if self.scales is None:
            del data["scales"]
        return {key: _json(value) for key, value in data.items()}

    @classmethod
    def from_dict(cls, data: Any) -> NetworkSpec:
        """The spec that `to_dict` described.

        Raises:
            ValueError: ``data`` does not describe one.
        """
        given = _tuples(checked(data, _FORM, "network"))
        if "scales" in given:
            given["scales"] = Scales(**given["scales"])
        return cls(**given)


def _tuples(value: Any) -> Any:
    """The same with tuples in place of lists."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(value) if isinstance(value, list) else value


def _json(value: Any) -> Any:
    """The same with lists in place of tuples, as JSON would give it back."""
    if isinstance(value, dict):
        return {key: _json(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value
