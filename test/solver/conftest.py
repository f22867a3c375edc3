"""The packaged models, loaded once."""

from __future__ import annotations

import pytest

from itnnr_ik import IKSolver
from itnnr_ik.arms import ARMS


@pytest.fixture(scope="session", params=list(ARMS))
def solver(request: pytest.FixtureRequest) -> IKSolver:
    """The default solver of each of the three arms in turn."""
    return IKSolver.load(request.param)


@pytest.fixture(scope="session")
def two_link() -> IKSolver:
    return IKSolver.load("two_link")


@pytest.fixture(scope="session")
def three_link() -> IKSolver:
    return IKSolver.load("three_link")
