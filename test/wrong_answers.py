"""Answers that are off by a tenth of a radian, for programs that have to notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

import itnnr_ik.twin.uncertainty
from itnnr_ik import IKSolver, Solution

_OFF = 0.1  # [rad]
#: In a folder on PYTHONPATH as sitecustomize.py, it spoils the answers of every Python that starts.
SITECUSTOMIZE = "import wrong_answers\nwrong_answers.spoil()\n"


def spoil(put: Callable[[Any, str, Any], None] = setattr) -> None:
    """Replace, by ``put``, whatever answers targets: the solver's methods, and the twin's own predictions."""
    for name in ("solve", "solve_batch", "solve_path", "branches"):
        put(IKSolver, name, _spoiled(getattr(IKSolver, name)))
    put(itnnr_ik.twin.uncertainty, "uncertainty", _spoiled(itnnr_ik.twin.uncertainty.uncertainty))


def _spoiled(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def wrong(*args: Any, **options: Any) -> Any:
        found = method(*args, **options)
        return [_moved(one) for one in found] if isinstance(found, list) else _moved(found)

    return wrong


def _moved(answer: Any) -> Any:
    if isinstance(answer, Solution):
        return answer._replace(positions=answer.positions + _OFF)
    field = "positions" if hasattr(answer, "positions") else "x"
    return replace(answer, **{field: getattr(answer, field) + _OFF})
