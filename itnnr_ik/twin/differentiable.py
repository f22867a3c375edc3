"""A forward function computed outside torch, with its derivatives, as part of a torch graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

Function = Callable[[NDArray[Any]], NDArray[Any]]


class _NumpyFunction(torch.autograd.Function):
    """y = f(x), row by row, with the vector-Jacobian product from f's derivatives."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, values: Function, derivatives: Function) -> Tensor:
        ctx.save_for_backward(x)
        ctx.derivatives = derivatives
        return torch.as_tensor(values(x.detach().double().numpy())).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (x,) = ctx.saved_tensors
        derivatives = torch.as_tensor(ctx.derivatives(x.detach().double().numpy())).to(x.dtype)
        return torch.einsum("bmn,bm->bn", derivatives, gradients[0]), None, None


def apply(x: Tensor, values: Function, derivatives: Function) -> Tensor:
    """Outputs (b, m) for inputs (b, n).

    Args:
        x: Inputs.
        values: NumPy inputs (b, n) to outputs (b, m).
        derivatives: NumPy inputs (b, n) to derivatives (b, m, n).
    """
    outputs: Tensor = _NumpyFunction.apply(x, values, derivatives)  # type: ignore[no-untyped-call]
    return outputs
