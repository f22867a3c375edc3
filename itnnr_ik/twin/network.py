"""The twin network F in torch, for training (paper, section 4.1 and Appendix B)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from itnnr_ik.twin.evaluator import TwinEvaluator
from itnnr_ik.twin.spec import NetworkSpec

_ACTIVATIONS = {"relu": nn.ReLU, "silu": nn.SiLU}


def multilayer_perceptron(
    sizes: tuple[int, ...], activation: str, generator: torch.Generator
) -> nn.Sequential:
    """Linear layers of the given widths with Glorot-uniform weights and zero biases, linear output.

    That initialisation is the default of the library that the paper used (Appendix B).
    """
    layers: list[nn.Module] = []
    for i, (n_in, n_out) in enumerate(pairwise(sizes)):
        linear = nn.Linear(n_in, n_out)
        nn.init.xavier_uniform_(linear.weight, generator=generator)
        nn.init.zeros_(linear.bias)
        layers.append(linear)
        if i < len(sizes) - 2:
            layers.append(_ACTIVATIONS[activation]())
    return nn.Sequential(*layers)


class TwinNetwork(nn.Module):
    """F(y_new, y_anchor, x_anchor) → predicted x_new − x_anchor (equation 5)."""

    change: Tensor
    y_mean: Tensor
    y_spread: Tensor

    def __init__(self, spec: NetworkSpec, generator: torch.Generator) -> None:
        super().__init__()
        self.spec = spec
        self.layers = multilayer_perceptron(spec.layer_sizes, spec.activation, generator)
        if spec.scales is not None:
            for name in ("change", "y_mean", "y_spread"):
                values = torch.tensor(getattr(spec.scales, name), dtype=torch.float32)
                self.register_buffer(name, values, persistent=False)

    def forward(self, y_new: Tensor, y_anchor: Tensor, x_anchor: Tensor) -> Tensor:
        """Adjustments (b, n) from targets (b, m), anchor outputs (b, m) and anchor inputs (b, n)."""
        scales = self.spec.scales
        if scales is None:
            published: Tensor = self.layers(torch.cat([y_new, y_anchor, x_anchor], dim=1))
            return published
        known = [(y_anchor - self.y_mean) / self.y_spread]
        known += [x_anchor.cos(), x_anchor.sin()] if self.spec.periodic else [x_anchor / scales.x_spread]
        change = (y_new - y_anchor) / self.change
        both = torch.cat([torch.cat([step, *known], dim=1) for step in (change, torch.zeros_like(change))])
        moved, unchanged = self.layers(both).chunk(2)
        adjustment: Tensor = (moved - unchanged) * scales.adjustment
        return adjustment

    def evaluator(self) -> TwinEvaluator:
        """The same function without torch, once it is trained."""
        weights = {name: value.numpy() for name, value in self.state_dict().items()}
        return TwinEvaluator(self.spec, weights)
