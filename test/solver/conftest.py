"""The packaged models, loaded once."""

from __future__ import annotations

import pytest

from itnnr_ik import IKSolver

#: The three arms whose exact solutions are known.
ARMS = ("two_link", "three_link", "yaw_pitch_pitch")


@pytest.fixture(scope="session", params=ARMS)
def solver(request: pytest.FixtureRequest) -> IKSolver:
    """The default solver of each of the three arms in turn."""
    return IKSolver.load(request.param)


@pytest.fixture(scope="session")
def two_link() -> IKSolver:
    return IKSolver.load("two_link")


@pytest.fixture(scope="session")
def three_link() -> IKSolver:
    return IKSolver.load("three_link")
