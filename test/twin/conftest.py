"""Training in tests uses one thread."""

from __future__ import annotations

import importlib.util

import pytest


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """On a busy machine, the threads of networks this small spend their time on waiting for each other."""
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(1)
