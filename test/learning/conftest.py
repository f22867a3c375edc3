"""Synthetic recordings that several tests learn from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from itnnr_ik.learning.synthetic import Disturbances, record
from itnnr_ik.learning.truth import TrueKinematics
from itnnr_ik.robot import load_robot

Recorder = Callable[..., tuple[Path, TrueKinematics]]


@pytest.fixture(scope="session")
def two_minutes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrueKinematics]:
    """Two minutes of a bent two-link arm, disturbed in every way."""
    folder = tmp_path_factory.mktemp("recordings") / "two_link"
    return folder, record(
        folder, load_robot("two_link"), minutes=2.0, disturbances=Disturbances(drop=0.05), bent=True, seed=1
    )
