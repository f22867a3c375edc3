"""One formula for NumPy arrays and torch tensors."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np


def namespace(values: Any) -> Any:
    """NumPy or torch, whichever ``values`` belongs to; torch is never imported for it."""
    torch = sys.modules.get("torch")
    return torch if torch is not None and isinstance(values, torch.Tensor) else np
