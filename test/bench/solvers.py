"""Solvers whose answers are known beforehand."""

from __future__ import annotations

from typing import Any

import numpy as np

from itnnr_ik.bench.arms import BenchArm, load_arms
from itnnr_ik.bench.draws import Draws

Array = np.ndarray


def bench_arm(name: str) -> BenchArm:
    """A packaged arm, or one of the tests."""
    (arm,), missing = load_arms([name])
    assert missing == []
    return arm


class Perfect:
    """A solver that answers with the posture that made the target."""

    name = "perfect"

    def __init__(self, drawn: Draws) -> None:
        self._postures = {
            target.tobytes(): posture for target, posture in zip(drawn.targets, drawn.postures, strict=True)
        }
        self.solve = lambda target: self._postures[target.tobytes()]

    def arguments(self, transform: Array, target: Array, state: Array) -> tuple[Any, ...]:
        return (target,)

    def positions(self, answer: Any) -> Array | None:
        return answer


class Stubborn:
    """A solver that answers with the current state."""

    name = "stubborn"

    def __init__(self) -> None:
        self.solve = lambda state: state

    def arguments(self, transform: Array, target: Array, state: Array) -> tuple[Any, ...]:
        return (state,)

    def positions(self, answer: Any) -> Array | None:
        return answer


class Silent(Stubborn):
    """A solver that never finds anything."""

    name = "silent"

    def positions(self, answer: Any) -> Array | None:
        return None
