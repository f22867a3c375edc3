"""Evaluates one recording of many, in any process; errors become part of its result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from itnnr_ik.evaluation.many.places import Place
from itnnr_ik.evaluation.measures import Evaluation
from itnnr_ik.evaluation.offline import Model, evaluate_models
from itnnr_ik.evaluation.output import PageMaker
from itnnr_ik.evaluation.replay import Selection
from itnnr_ik.printable import one_line


@dataclass(frozen=True)
class Result:
    """The result of a recording.

    Attributes:
        name: Name of its place.
        evaluations: One for each model; none if it failed.
        pages: Their HTML pages, if requested.
        error: Why it failed, in one line; empty if it did not.
    """

    name: str
    evaluations: tuple[Evaluation, ...] = ()
    pages: tuple[str, ...] = ()
    error: str = ""

    @classmethod
    def failed(cls, name: str, error: BaseException | str) -> Result:
        """The result of a recording that could not be evaluated."""
        text = str(error)
        if not isinstance(error, (str, ValueError, OSError, ImportError, RuntimeError)) or not text:
            text = f"{type(error).__name__}: {text}"
        return cls(name, error=one_line(text))

    def to_json(self) -> Iterator[dict[str, Any]]:
        """As JSON types: an object for each model, or one with the error."""
        if self.error:
            yield {"path": self.name, "error": self.error}
        for evaluation in self.evaluations:
            yield {"path": self.name, **evaluation.to_json()}


@dataclass(frozen=True)
class Evaluator:
    """Evaluates recordings with the same options; can be sent to another process.

    Args:
        models: One, or several that are compared on the targets of the first.
        selection: The parts of each recording that are replayed.
        pages: Whether to make HTML pages.
        jumps: See `itnnr_ik.evaluation.measures.Tally`.
    """

    models: tuple[Model, ...]
    selection: Selection
    pages: bool = False
    jumps: int = 0

    def __call__(self, place: Place) -> Result:
        """Evaluate one."""
        makers = [PageMaker(model.solver) for model in self.models] if self.pages else []
        listeners = [[maker.add] for maker in makers] or [[] for _ in self.models]
        try:
            with place.local() as path:
                evaluations = evaluate_models(path, self.models, self.selection, listeners, jumps=self.jumps)
            pages = [maker.page(evaluation) for maker, evaluation in zip(makers, evaluations, strict=False)]
        # An error in one recording must not stop the others.
        except Exception as error:
            return Result.failed(place.name, error)
        return Result(place.name, tuple(evaluations), tuple(pages))
