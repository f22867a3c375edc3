"""Criteria of the solver's performance, mostly ratios to other solvers, each with a bound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from itnnr_ik.bench.arms import PAPER_ARMS
from itnnr_ik.bench.quality import ALL, POSTURE

if TYPE_CHECKING:
    from itnnr_ik.bench.solve import ArmReport

_OURS, _LM = "itnnr_ik", "roboticstoolbox ik_LM"
#: Largest ratios of the time of `solve` to that of ik_LM, medians and 99th percentile.
_MAX_PAPER_MEDIAN, _MAX_PAPER_TRACKING, _MAX_POSE_MEDIAN, _MAX_POSE_P99 = 1.0, 0.5, 0.8, 0.35
#: Smallest ratio of the batch rate to that of the checkout.
_MIN_BATCH_RATIO = 3.0
#: Largest ratio of the median displacement to that of the nearest solution, and largest shares farther away.
_MAX_DISPLACEMENT_RATIO, _MAX_FARTHER_ANYWHERE, _MAX_FARTHER_CLOSE, _MAX_FARTHER_NEAR = 1.01, 0.01, 0.005, 0.0
_MIN_BRANCHES = 0.999
#: Largest ratio of a step on a regular path to the path's own; with redundant joints after a margin [rad].
_MAX_STEP_RATIO, _MAX_SPARE_STEP_RATIO, _SPARE_STEP_MARGIN = 1.5, 3.0, 0.02
#: Longest time to the first answer [s], with compiled code cached on disk and without.
_MAX_FIRST_ANSWER, _MAX_UNCACHED_ANSWER = 3.0, 30.0


@dataclass(frozen=True)
class Criterion:
    """One criterion for one arm.

    Attributes:
        arm: Name of the arm.
        what: Name of the measured quantity.
        value: Its measured value.
        bound: Its bound: a lower one with ``least``, otherwise an upper one.
        least: See ``bound``.
        held: Whether the criterion holds.
    """

    arm: str
    what: str
    value: float
    bound: float
    least: bool
    held: bool


def criteria(reports: Sequence[ArmReport]) -> list[Criterion]:
    """All criteria for which the reports have values."""
    held = []
    for report in reports:
        for what, value, bound, least in _report_criteria(report):
            # With NaN no criterion holds.
            holds = value >= bound if least else value <= bound
            held.append(Criterion(report.name, what, value, bound, least, holds))
    return held


def _report_criteria(report: ArmReport) -> Iterator[tuple[str, float, float, bool]]:
    ours, rival = _find(report.random, _OURS), _find(report.random, _LM)
    assert ours is not None
    paper, pose = report.name in PAPER_ARMS, report.kind == "pose"
    yield "random targets solved", ours.solved, 1.0, True
    if rival is not None and (paper or pose):
        bound = _MAX_PAPER_MEDIAN if paper else _MAX_POSE_MEDIAN
        yield "median time over ik_LM's", ours.median_us / rival.median_us, bound, False
    if rival is not None and pose:
        yield "p99 time over ik_LM's", ours.p99_us / rival.p99_us, _MAX_POSE_P99, False
    yield from _tracking_criteria(report, paper)
    yield from _nearness_criteria(report)
    if report.branches is not None and report.branches.known == ALL:
        yield "certified branches found", report.branches.share, _MIN_BRANCHES, True
    for states in (False, True):
        batches = [rate for rate in report.batch if rate.states == states]
        how = "from states" if states else "without states"
        if batches:
            yield f"batch {how} solved", batches[0].solved, 1.0, True
        # The criterion is about batches without states.
        if len(batches) > 1 and not states:
            yield (
                f"batch rate over {batches[1].solver}'s",
                batches[0].rate / batches[1].rate,
                _MIN_BATCH_RATIO,
                True,
            )
    if report.first is not None:
        yield "first answer [s]", report.first.answer_s, _MAX_FIRST_ANSWER, False
        if report.first.first_day_s is not None:
            yield "first answer on the first day [s]", report.first.first_day_s, _MAX_UNCACHED_ANSWER, False


def _tracking_criteria(report: ArmReport, paper: bool) -> Iterator[tuple[str, float, float, bool]]:
    regular, rival = _find(report.regular, _OURS), _find(report.regular, _LM)
    wide = _find(report.wide, _OURS)
    if wide is not None:
        yield "path targets solved, anywhere", wide.solved, 1.0, True
    if regular is None:
        return
    yield "path targets solved", regular.solved, 1.0, True
    if paper and rival is not None:
        ratio = regular.median_us / rival.median_us
        yield "median time over ik_LM's, tracking", ratio, _MAX_PAPER_TRACKING, False
    if report.spare_joints:
        excess = max(
            (step - _SPARE_STEP_MARGIN) / own
            for step, own in zip(regular.steps, regular.own_steps, strict=True)
        )
        yield (
            f"largest step less {_SPARE_STEP_MARGIN} rad over the path's",
            excess,
            _MAX_SPARE_STEP_RATIO,
            False,
        )
    else:
        yield "largest step over the path's", regular.ratio, _MAX_STEP_RATIO, False


def _nearness_criteria(report: ArmReport) -> Iterator[tuple[str, float, float, bool]]:
    for near in report.near:
        where = "anywhere" if near.within is None else f"within {near.within} rad"
        farther = f"share more than {near.margin} rad farther than"
        if near.known == POSTURE:
            bound = _MAX_FARTHER_ANYWHERE if near.within is None else _MAX_FARTHER_CLOSE
            yield f"{farther} the posture, from {where}", near.farther, bound, False
        elif near.within is None:
            yield (
                "displacement over the nearest's",
                near.displacement / near.best,
                _MAX_DISPLACEMENT_RATIO,
                False,
            )
        else:
            yield f"{farther} the nearest, from {where}", near.farther, _MAX_FARTHER_NEAR, False


_T = TypeVar("_T")


def _find(results: Sequence[_T], name: str) -> _T | None:
    return next((result for result in results if getattr(result, "solver", None) == name), None)
