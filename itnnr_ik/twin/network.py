"""The twin network F in torch, for training (paper, section 4.1 and Appendix B)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

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

    def __init__(self, spec: NetworkSpec, generator: torch.Generator) -> None:
        super().__init__()
        self.spec = spec
        self.layers = multilayer_perceptron(spec.layer_sizes, spec.activation, generator)

    def forward(self, y_new: Tensor, y_anchor: Tensor, x_anchor: Tensor) -> Tensor:
        """Adjustments (b, n) from targets (b, m), anchor outputs (b, m) and anchor inputs (b, n)."""
        spec = self.spec
        if not spec.zero_anchored:
            published: Tensor = self.layers(torch.cat([y_new, y_anchor, x_anchor], dim=1))
            return published
        if spec.periodic:
            features = torch.cat([torch.cos(x_anchor), torch.sin(x_anchor)], dim=1)
        else:
            features = x_anchor / spec.x_scale
        change = (y_new - y_anchor) / spec.y_scale
        both = torch.cat(
            [torch.cat([change, features], dim=1), torch.cat([torch.zeros_like(change), features], dim=1)]
        )
        moved, still = self.layers(both).chunk(2)
        adjustment: Tensor = moved - still
        return adjustment
