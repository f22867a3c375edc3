"""Arms, loaded once."""

from __future__ import annotations

import pytest

from itnnr_ik import IKSolver


@pytest.fixture(scope="session")
def two_link() -> IKSolver:
    return IKSolver.load("two_link")
