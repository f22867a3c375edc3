"""NumPy arrays and torch tensors: one formula for both, and torch only where it is needed."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np


def namespace(values: Any) -> Any:
    """NumPy or torch, whichever ``values`` belongs to; torch is never imported for it."""
    torch = sys.modules.get("torch")
    return torch if torch is not None and isinstance(values, torch.Tensor) else np


def use_torch() -> None:
    """Make torch ready for training here: on one thread.

    Networks this small gain nothing from more, and one makes a run repeat itself bit by bit.

    Raises:
        ImportError: There is no torch; the message says what to install.
    """
    try:
        import torch
    except ImportError:
        raise ImportError("training needs torch: install the CPU build, see the README") from None
    torch.set_num_threads(1)
