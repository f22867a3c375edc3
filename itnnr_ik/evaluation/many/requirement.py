"""Requirements for an evaluation, such as ``residual_p99<=1e-5``, for continuous integration."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, get_type_hints

from itnnr_ik.evaluation.measures import Evaluation
from itnnr_ik.recording.statistics import Statistics

_OPERATORS = {">=": operator.ge, "<=": operator.le, "==": operator.eq, ">": operator.gt, "<": operator.lt}
_FORM = re.compile(r"\s*(\w+)\s*(>=|<=|==|>|<)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*", re.ASCII)
_GROUPS = ("all", "moving", "standstill", "singular")
_PARTS = tuple(field.name for field in fields(Statistics))
_DERIVED = ("messages_per_second", "out_of_reach", "outside_data")


@dataclass(frozen=True)
class Requirement:
    """A bound on one measure.

    Attributes:
        name: One of `names`.
        comparison: ``>=``, ``<=``, ``==``, ``>`` or ``<``.
        bound: In SI units; for ``solved`` in per cent of the reachable targets.
    """

    name: str
    comparison: str
    bound: float

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """Read a requirement.

        Raises:
            ValueError: The form is another one, the bound is not finite, or the name is unknown; the message
                lists the known names.
        """
        match = _FORM.fullmatch(text)
        if match is None or not math.isfinite(float(match[3])):
            raise ValueError(f"expected a requirement such as solved>=99.9, got {text!r:.80}")
        if match[1] not in names():
            raise ValueError(f"no number {match[1]!r:.80} to require; there are {', '.join(names())}")
        return cls(match[1], match[2], float(match[3]))

    def violation(self, evaluation: Evaluation) -> str | None:
        """How an evaluation violates it, in words; None if it does not. Unknown values are violations."""
        value = measures(evaluation)[self.name]
        if value is not None and _OPERATORS[self.comparison](value, self.bound):
            return None
        found = "not known" if value is None or math.isnan(value) else f"{value:.9g}"
        return f"{self.name} is {found}, required {self.comparison} {self.bound:.9g}"


@cache
def names() -> tuple[str, ...]:
    """Names of the measures as in the JSON of an evaluation; nested names are joined by underscores."""
    return tuple(_names())


def _names() -> Iterator[str]:
    for name, kind in get_type_hints(Evaluation).items():
        if kind in (int, float, float | None):
            yield name
        elif kind == Statistics | None:
            yield from (f"{name}_{part}" for part in _PARTS)
        elif kind == Mapping[str, Statistics]:
            yield from (f"{name}_{group}_{part}" for group in _GROUPS for part in _PARTS)
    yield from _DERIVED


def measures(evaluation: Evaluation) -> dict[str, float | None]:
    """Values of all `names`; None for those that could not be measured."""
    e = evaluation
    found: dict[str, Any] = {}
    _flatten("", e.to_json(), found)
    found["solved"] = 100.0 * e.solved / e.reachable if e.reachable else None
    found.update(out_of_reach=e.out_of_reach, outside_data=e.outside_data)
    return {name: found.get(name) for name in names()}


def _flatten(prefix: str, values: Mapping[str, Any], found: dict[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(value, Mapping):
            _flatten(f"{prefix}{name}_", value, found)
        else:
            found[f"{prefix}{name}"] = value
