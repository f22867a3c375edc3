"""Results of `bench solve` as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from itnnr_ik.bench.criteria import Criterion

if TYPE_CHECKING:
    from itnnr_ik.bench.race import Tracked
    from itnnr_ik.bench.solve import ArmReport


def arm_lines(report: ArmReport) -> list[str]:
    """The results of one arm as tables."""
    lines = [report.title]
    lines.append(
        f"  {'random targets':24}{'solved %':>10}{'median µs':>11}{'p99 µs':>9}"
        f"{'ours ÷ median':>15}{'ours ÷ p99':>12}{'change rad':>12}"
    )
    first = report.random[0]
    for row in report.random:
        lines.append(
            f"  {row.solver:24}{100 * row.solved:10.2f}{row.median_us:11.1f}{row.p99_us:9.0f}"
            f"{first.median_us / row.median_us:15.2f}{first.p99_us / row.p99_us:12.2f}"
            f"{row.displacement:12.3f}"
        )
    if report.swings:
        lines += _tracked_lines(
            f"{len(report.swings)} paths off singular postures (singular values ≥ {report.singular:.2g}), "
            f"joints swing over {100 * min(report.swings):.0f} to {100 * max(report.swings):.0f} %",
            report.regular,
        )
    lines += _tracked_lines("paths anywhere, joints swing over 60 %", report.wide)
    lines += _nearness_lines(report)
    if report.branches is not None:
        found = report.branches
        lines.append(
            f"  branches: {100 * found.share:.2f} % of {found.certified} known ones ({found.known}) found; "
            f"{found.poses} targets, {found.mean:.2f} each, median {found.median_us:.0f} µs"
        )
    for rate in report.batch:
        ours = next(one for one in report.batch if one.states == rate.states)
        lines.append(
            f"  batch of {rate.targets} {'from states' if rate.states else 'without states'}, {rate.solver}: "
            f"{rate.rate:.0f} targets/s a core, {100 * rate.solved:.2f} % solved, "
            f"ours ÷ {ours.rate / rate.rate:.2f}"
        )
    if report.first is not None:
        cold = report.first.first_day_s
        lines.append(
            f"  from URDF to the first answer: {report.first.answer_s:.2f} s"
            f"{'' if cold is None else f', {cold:.1f} s with nothing compiled'}"
            f"; import {report.first.import_s:.2f} s"
        )
    return lines + [f"  {line}" for line in report.missing]


def criteria_lines(criteria: Sequence[Criterion]) -> list[str]:
    """The criteria as a table, and how many of them hold."""
    lines = [f"{'arm':20}{'criterion':62}{'measured':>10}{'bound':>10}"]
    for c in criteria:
        bound = f"{'≥' if c.least else '≤'} {c.bound:g}"
        lines.append(f"{c.arm:20}{c.what:62}{c.value:10.4g}{bound:>10}  {'ok' if c.held else 'NOT HELD'}")
    return [*lines, f"{sum(c.held for c in criteria)} of {len(criteria)} held"]


def without_nan(value: Any) -> Any:
    """JSON types with None for numbers that could not be measured."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _nearness_lines(report: ArmReport) -> list[str]:
    lines = [
        f"  {'nearness, states':20}{'compared with':>14}{'targets':>9}{'solved %':>10}{'change':>8}"
        f"{'best':>8}{'ratio':>8}{'farther by':>18}{'worst rad':>11}"
    ]
    for near in report.near:
        where = "anywhere" if near.within is None else f"within {near.within:g} rad"
        farther = f"> {near.margin:g}: {100 * near.farther:.3f} %"
        lines.append(
            f"  {where:20}{near.known:>14}{near.count:9}{100 * near.solved:10.2f}{near.displacement:8.3f}"
            f"{near.best:8.3f}{near.displacement / near.best:8.4f}{farther:>18}{near.worst:11.3f}"
        )
    return lines


def _tracked_lines(title: str, rows: Sequence[Tracked]) -> list[str]:
    if not rows:
        return []
    lines = [
        f"  {title}",
        f"  {'':24}{'solved %':>10}{'median µs':>11}{'p99 µs':>9}{'ours ÷ median':>15}{'largest step':>14}",
    ]
    for row in rows:
        lines.append(
            f"  {row.solver:24}{100 * row.solved:10.2f}{row.median_us:11.1f}{row.p99_us:9.0f}"
            f"{rows[0].median_us / row.median_us:15.2f}{row.ratio:12.2f} ×"
        )
    return lines
