"""Helpers for formulas that take NumPy arrays as well as torch tensors, without importing torch."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np


def namespace(values: Any) -> Any:
    """The module of an array's functions, NumPy or torch; torch is never imported for it."""
    torch = sys.modules.get("torch")
    return torch if torch is not None and isinstance(values, torch.Tensor) else np


def use_torch() -> None:
    """Import torch and let it use one thread.

    Networks this small gain nothing from more threads, and with one a training is reproducible bit by bit.

    Raises:
        ImportError: torch is not installed; the message says what to install.
    """
    try:
        import torch
    except ImportError:
        raise ImportError("training needs torch: install the CPU build, see the README") from None
    torch.set_num_threads(1)
