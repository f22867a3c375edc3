"""What the solver promises beside its rivals, as ratios with a bound each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from itnnr_ik.bench.arms import PAPER
from itnnr_ik.bench.quality import ALL, POSTURE

if TYPE_CHECKING:
    from itnnr_ik.bench.solve import ArmReport

_OURS, _LM = "itnnr_ik", "roboticstoolbox ik_LM"
#: Bounds of median and 99th percentile of the time of `solve` over those of ik_LM.
_PAPER_MEDIAN, _PAPER_TRACKING, _POSE_MEDIAN, _POSE_P99 = 1.0, 0.5, 0.8, 0.35
#: Least rate of a batch over that of the checkout.
_BATCH = 3.0
#: Median displacement over that of the nearest of all solutions, and the shares that may be farther.
_NEAREST, _FARTHER_ANYWHERE, _FARTHER_CLOSE, _FARTHER_NEAR = 1.01, 0.01, 0.005, 0.0
_BRANCHES = 0.999
#: Largest step on a path off singular postures over the path's own; with spare joints and so much more [rad].
_STEP, _SPARE_STEP, _SPARE_MORE = 1.5, 3.0, 0.02
#: Seconds to the first answer, with compiled code on disk and without.
_ANSWER, _FIRST_DAY = 3.0, 30.0


@dataclass(frozen=True)
class Criterion:
    """One promise for one arm.

    Attributes:
        arm: Its name.
        what: What is measured.
        value: What was measured.
        bound: What it must be: at least that much with ``least``, at most otherwise.
        least: See ``bound``.
        held: Whether it is.
    """

    arm: str
    what: str
    value: float
    bound: float
    least: bool
    held: bool


def criteria(reports: Sequence[ArmReport]) -> list[Criterion]:
    """All promises that the reports say something about."""
    held = []
    for report in reports:
        for what, value, bound, least in _measured(report):
            # A value that is not a number holds nothing.
            good = value >= bound if least else value <= bound
            held.append(Criterion(report.name, what, value, bound, least, good))
    return held


def _measured(report: ArmReport) -> Iterator[tuple[str, float, float, bool]]:
    ours, rival = _of(report.random, _OURS), _of(report.random, _LM)
    assert ours is not None
    paper, pose = report.name in PAPER, report.kind == "pose"
    yield "random targets solved", ours.solved, 1.0, True
    if rival is not None and (paper or pose):
        bound = _PAPER_MEDIAN if paper else _POSE_MEDIAN
        yield "median time over ik_LM's", ours.median_us / rival.median_us, bound, False
    if rival is not None and pose:
        yield "p99 time over ik_LM's", ours.p99_us / rival.p99_us, _POSE_P99, False
    yield from _tracked(report, paper)
    yield from _near(report)
    if report.branches is not None and report.branches.known == ALL:
        yield "certified branches found", report.branches.share, _BRANCHES, True
    for states in (False, True):
        batches = [rate for rate in report.batch if rate.states == states]
        how = "from states" if states else "without states"
        if batches:
            yield f"batch {how} solved", batches[0].solved, 1.0, True
        # The promise is about batches without states.
        if len(batches) > 1 and not states:
            yield f"batch rate over {batches[1].solver}'s", batches[0].rate / batches[1].rate, _BATCH, True
    if report.first is not None:
        yield "first answer [s]", report.first.answer_s, _ANSWER, False
        if report.first.first_day_s is not None:
            yield "first answer on the first day [s]", report.first.first_day_s, _FIRST_DAY, False


def _tracked(report: ArmReport, paper: bool) -> Iterator[tuple[str, float, float, bool]]:
    regular, rival = _of(report.regular, _OURS), _of(report.regular, _LM)
    wide = _of(report.wide, _OURS)
    if wide is not None:
        yield "path targets solved, anywhere", wide.solved, 1.0, True
    if regular is None:
        return
    yield "path targets solved", regular.solved, 1.0, True
    if paper and rival is not None:
        ratio = regular.median_us / rival.median_us
        yield "median time over ik_LM's, tracking", ratio, _PAPER_TRACKING, False
    if report.spare_joints:
        excess = max(
            (step - _SPARE_MORE) / own for step, own in zip(regular.steps, regular.own_steps, strict=True)
        )
        yield f"largest step less {_SPARE_MORE} rad over the path's", excess, _SPARE_STEP, False
    else:
        yield "largest step over the path's", regular.ratio, _STEP, False


def _near(report: ArmReport) -> Iterator[tuple[str, float, float, bool]]:
    for near in report.near:
        where = "anywhere" if near.within is None else f"within {near.within} rad"
        farther = f"share more than {near.margin} rad farther than"
        if near.known == POSTURE:
            bound = _FARTHER_ANYWHERE if near.within is None else _FARTHER_CLOSE
            yield f"{farther} the posture, from {where}", near.farther, bound, False
        elif near.within is None:
            yield "displacement over the nearest's", near.displacement / near.best, _NEAREST, False
        else:
            yield f"{farther} the nearest, from {where}", near.farther, _FARTHER_NEAR, False


_T = TypeVar("_T")


def _of(results: Sequence[_T], name: str) -> _T | None:
    return next((result for result in results if getattr(result, "solver", None) == name), None)
