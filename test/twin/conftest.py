"""Training in tests uses one thread."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """On a busy machine, the threads of networks this small spend their time on waiting for each other."""
    try:
        import torch
    except ImportError:
        return
    torch.set_num_threads(1)
