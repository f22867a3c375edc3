"""A search in the form that the compiled functions take, with scratch memory for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.solver.buffers import Search, memory_size, pack

Array = NDArray[np.float64]


class PreparedSearch:
    """A search, and what belongs to it alone: a solver gets a new one as a whole, while threads may solve.

    Attributes:
        search: As given.
        model: The same as one array.
        joints: Of its problem.
        memories: Scratch memory for reuse by later solves.
    """

    def __init__(self, search: Search) -> None:
        self.search, self.model = search, pack(search)
        self.joints = search.problem.joints
        self.memories: list[Array] = []
        self._memory_size = memory_size(search)

    def take_memory(self) -> Array:
        """Scratch memory of one thread, to be appended to `memories` after its use."""
        try:
            return self.memories.pop()
        except IndexError:
            return self.new_memory()

    def new_memory(self) -> Array:
        """Scratch memory of one thread."""
        return np.empty(self._memory_size)
