"""Frames of an arm's links, for drawing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from itnnr_ik.robot import KinematicChain

Array = NDArray[np.float64]


class LinkFrames:
    """The base frame, and the frame after each moving element of a chain, with z along the element's axis.

    Args:
        chain: A chain with L moving elements.
    """

    def __init__(self, chain: KinematicChain) -> None:
        end = np.zeros((1, 16))
        end[0, :12] = np.eye(4)[:3].reshape(-1)
        # The chain up to each element is a chain whose tip is that element's frame.
        self._parts = [
            replace(chain, elements=np.vstack([chain.elements[: k + 1], end]))
            for k in range(len(chain.elements) - 1)
        ]

    def __len__(self) -> int:
        return len(self._parts) + 1

    def at(self, positions: ArrayLike) -> Array:
        """Transforms (L + 1, 4, 4) in the base frame at joint positions (n,), the base first."""
        return np.stack([np.eye(4), *(part.transforms(positions) for part in self._parts)])
