"""What each part of ours is worth, on points that are neither test nor training points."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik.paper.data import draw_dataset
from itnnr_ik.paper.problems import PROBLEMS

torch = pytest.importorskip("torch", reason="the variants are trained")

from itnnr_ik.paper.effort import Effort  # noqa: E402
from itnnr_ik.paper.validation import validate  # noqa: E402


@pytest.mark.slow
def test_no_part_is_measured_on_test_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """Validation does not depend on test points; more answers are never worse, and the step helps."""
    problem, brief = PROBLEMS["5"], Effort(steps=40)
    found = validate(problem, 0, brief)

    def without(*arguments: object) -> object:
        data = draw_dataset(*arguments)
        data.x_test.fill(np.nan)
        data.y_test.fill(np.nan)
        return data

    monkeypatch.setattr("itnnr_ik.paper.validation.draw_dataset", without)
    assert validate(problem, 0, brief) == found
    alone, step, both = found.values()
    for i in (0, 1):
        assert both[i] <= step[i] < alone[i]
