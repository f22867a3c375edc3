"""Candidates of arms with joints to spare: postures along the curves of solutions, at some of the targets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.paths.graph import Joints, Layers, are_new, next_new, steps_of_pairs
from itnnr_ik.paths.kinematics import HISTORY, Kinematics, displacement
from itnnr_ik.paths.planner import Planner, Request
from itnnr_ik.paths.relaxation import relax
from itnnr_ik.paths.solution import Stretch
from itnnr_ik.paths.tracks import bounds_of, lowest, read_joints

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

#: Spacing [rad] of samples along a curve of solutions; a posture at least the second distance [rad] from all
#: samples lies on another curve.
_SPACING, _DISTINCT = 0.12, 0.1
#: With more than one spare joint solutions form a surface: distance [rad] of its samples, and most samples
#: of a target, as all pairs of neighbouring targets' are compared.
_DISTINCT_ON_SURFACE, _MAX_POSTURES = 0.4, 300
#: Distances between key targets, where curves are sampled, as `Kinematics.distances` has them: tried in this
#: order. The most targets from one key target to the next, and what a distance of zero counts as.
_DISTANCES, _MAX_STRIDE, _MIN_DISTANCE = (0.25, 0.4, 0.15), 10, 1e-9
#: Largest step [rad] between postures of neighbouring key targets.
_MAX_STEP = 1.5
#: Largest deviation from the straight line between two postures, a quarter and three quarters along it, as a
#: share of the step; how much the two may differ; and a margin [rad] for both.
_DEVIATION, _DEVIATION_CHANGE, _DEVIATION_MARGIN = 0.2, 0.08, 0.02

#: Pairs are kept up to these multiples of the best path's largest step, tried in order, and a margin [rad].
_STEP_RATIOS, _STEP_MARGIN = (1.2, 2.0, 4.0), 0.05
#: A path of at least so many steps, one of which exceeds this quantile by this ratio, is planned again with
#: other key targets.
_OUTLIER_RATIO, _OUTLIER_QUANTILE, _MIN_STEPS = 1.2, 0.98, 20
#: A step longer than this multiple of the median step and a margin [rad] is a jump.
_JUMP_RATIO, _JUMP_MARGIN = 6.0, 0.2
#: Largest distance [rad] before relaxation from the last posture of a closed path to the first, and from the
#: state to the first for that step to be made small.
_MAX_CLOSING_STEP = 0.4


def choose_targets(arm: Kinematics, distance: float) -> Indices:
    """Key targets, where curves are sampled: the first, the last, and one about every ``distance``.

    They are evenly spaced, so that the largest step between them predicts the largest between targets.
    """
    mean = float(arm.distances().mean()) if arm.count > 1 else distance
    stride = int(min(max(distance / max(mean, _MIN_DISTANCE), 1.0), _MAX_STRIDE))
    return np.append(np.arange(0, arm.count - 1, stride), arm.count - 1)


def sample_curves(arm: Kinematics, joints: Joints, targets: Indices) -> Layers:
    """Samples of the curves of solutions of key targets (c,), a layer for each."""
    layers: list[Array] = []
    for target in targets.tolist():
        seeds = arm.branches(target)
        if layers:
            seeds = np.concatenate([seeds, layers[-1]])
        layers.append(_with_curves(arm, joints, target, np.empty((0, len(joints.lower))), seeds))
    # A curve that the branches of a target miss is found from the targets beside it.
    for i in range(len(targets) - 2, -1, -1):
        layers[i] = _with_curves(arm, joints, int(targets[i]), layers[i], layers[i + 1])
    layers = [lowest(joints, layer) for layer in layers]
    q = np.concatenate(layers)
    starts = np.concatenate([[0], np.cumsum([len(layer) for layer in layers])]).astype(np.int64)
    sizes = np.diff(starts)
    pairs = np.concatenate([[0], np.cumsum(sizes[:-1] * sizes[1:])])
    allowed = np.ones(pairs[-1], dtype=np.bool_)
    return Layers(starts, q, np.full(len(q), -1), np.full(len(q), _MAX_STEP), 0.0, pairs, allowed)


def keep_on_sheet(arm: Kinematics, joints: Joints, layers: Layers, targets: Indices, most: float) -> Layers:
    """The same layers, without pairs farther apart than ``most`` [rad] or on different sheets of solutions.

    Between two postures on the same sheet, solutions deviate from the straight line to one side; between two
    sheets, first to one side and then to the other.
    """
    bounds = bounds_of(arm, joints)
    steps = np.empty(len(layers.allowed))
    steps_of_pairs(joints, layers, steps)
    allowed = steps <= most
    chosen = np.flatnonzero(allowed)
    layer = np.searchsorted(layers.pairs, chosen, side="right") - 1
    inside = chosen - layers.pairs[layer]
    widths = np.diff(layers.starts)[layer + 1]
    a = layers.q[layers.starts[layer] + inside // widths]
    b = layers.q[layers.starts[layer + 1] + inside % widths]
    whole = np.where(joints.turns > 0.0, joints.turns, np.inf)
    change = b - a - joints.turns * np.round((b - a) / whole)
    allowed[chosen], asides = True, []
    for part in (0.25, 0.75):
        start = a + part * change
        places = targets[layer] + part * (targets[layer + 1] - targets[layer])
        q, solved = arm.refine(places, start, bounds)
        asides.append(q - start)
        aside = displacement(joints.weights, q - start)
        allowed[chosen] &= solved & (aside <= _DEVIATION * steps[chosen] + _DEVIATION_MARGIN)
    differ = displacement(joints.weights, asides[1] - asides[0])
    allowed[chosen] &= differ <= _DEVIATION_CHANGE * steps[chosen] + _DEVIATION_MARGIN
    return layers._replace(allowed=allowed)


def _with_curves(arm: Kinematics, joints: Joints, target: int, known: Array, seeds: Array) -> Array:
    """Known postures (b, n) of a target, and samples of the curves that seeds (s, n) lead to."""
    bounds = bounds_of(arm, joints)
    seeds, solved = arm.refine(np.full(len(seeds), target), seeds, bounds)
    seeds = seeds[solved]
    new = _DISTINCT if arm.spare == 1 else _DISTINCT_ON_SURFACE
    place = next_new(joints, seeds, 0, known, new)
    while place < len(seeds) and (arm.spare == 1 or len(known) < _MAX_POSTURES):
        more = seeds[place : place + 1]
        if arm.spare == 1:
            curve = arm.trace_self_motion(target, more[0], _SPACING, bounds)
            more = np.concatenate([more, curve[are_new(joints, curve, known, 0.5 * _SPACING)]])
        known = np.concatenate([known, more])
        place = next_new(joints, seeds, place + 1, known, new)
    return known


def _joined(
    arm: Kinematics, joints: Joints, layers: Layers, targets: Indices, request: Request
) -> list[Stretch]:
    """Stretches of layers, each on one sheet of solutions where possible."""
    loose = Planner(arm, joints, layers).join(*request)
    most = max((largest_step(arm, stretch.positions) for stretch in loose), default=0.0)
    for factor in _STEP_RATIOS:
        farthest = factor * most + _STEP_MARGIN
        kept = keep_on_sheet(arm, joints, layers, targets, farthest)
        stretches = Planner(arm, joints, kept).join(*request)
        if len(stretches) <= len(loose):
            return stretches
        if farthest >= _MAX_STEP:  # all pairs have been looked at
            break
    return loose


def largest_step(arm: Kinematics, positions: Array) -> float:
    """Largest joint change [rad] from a posture (m, n) to the next."""
    return float(displacement(arm.weights, np.diff(positions, axis=0)).max(initial=0.0))


def find_curves(arm: Kinematics, current: Array | None, closed: bool) -> list[Stretch]:
    """Stretches of an arm with spare joints: planned over samples of key targets, then relaxed."""
    joints = read_joints(arm, current)
    best: list[Stretch] = []
    tried: set[int] = set()
    for distance in _DISTANCES:
        targets = choose_targets(arm, distance)
        if len(targets) in tried:
            continue
        tried.add(len(targets))
        layers = sample_curves(arm, joints, targets)
        if not len(layers.q):
            break
        found = _joined(arm, joints, layers, targets, Request(current, closed, _MAX_CLOSING_STEP))
        stretches = [part for stretch in found for part in _filled(arm, stretch, targets, current, closed)]
        if not best or _rank(arm, stretches) < _rank(arm, best):
            best = stretches
        if len(best) == 1 and _is_even(arm, best[0].positions):
            break
    return _completed(arm, _extended(arm, best), current)


def _rank(arm: Kinematics, stretches: list[Stretch]) -> tuple[int, int, float]:
    """Sort key, the smaller the better: missing targets, number of stretches, largest step."""
    left = arm.count - sum(len(stretch.positions) for stretch in stretches)
    largest = max((largest_step(arm, stretch.positions) for stretch in stretches), default=0.0)
    return left, len(stretches), largest


def _is_even(arm: Kinematics, positions: Array) -> bool:
    """Whether no step is an outlier."""
    steps = displacement(arm.weights, np.diff(positions, axis=0))
    return len(steps) < _MIN_STEPS or steps.max() <= _OUTLIER_RATIO * np.quantile(steps, _OUTLIER_QUANTILE)


def _filled(
    arm: Kinematics, stretch: Stretch, targets: Indices, current: Array | None, closed: bool
) -> list[Stretch]:
    """Interpolate a stretch of key targets to all targets, relax it, and cut it where targets are missed."""
    keys = targets[stretch.first : stretch.end]
    first, count = int(keys[0]), int(keys[-1] - keys[0]) + 1
    places = np.arange(count) + first
    columns = [np.interp(places, keys, column) for column in stretch.positions.T]
    positions = np.ascontiguousarray(np.stack(columns, axis=1))
    bounds = np.array([arm.lower, arm.upper])
    before = None
    if (
        first == 0
        and current is not None
        and displacement(arm.weights, positions[0] - current) <= _MAX_CLOSING_STEP
    ):
        before = current
    closes = displacement(arm.weights, positions[-1] - positions[0]) <= _MAX_CLOSING_STEP
    around = closed and count == arm.count and closes
    if around:
        q, solved = relax(arm, first, positions[:-1], bounds, closed=True, before=before)
        q, solved = np.concatenate([q, q[:1]]), np.append(solved, solved[0])
    else:
        q, solved = relax(arm, first, positions, bounds, before=before)
    steps = displacement(arm.weights, np.diff(q, axis=0))
    jumps = steps > _JUMP_RATIO * np.median(steps) + _JUMP_MARGIN if len(steps) else np.zeros(0, np.bool_)
    parts, start = [], 0
    for end in range(1, count + 1):
        if end == count or jumps[end - 1] or not solved[end] or not solved[end - 1]:
            if solved[start:end].all():
                parts.append(Stretch(first + start, q[start:end]))
            start = end
    return parts


def _extended(arm: Kinematics, stretches: list[Stretch]) -> list[Stretch]:
    """Stretches continued at both ends, as far as solutions can be followed."""
    bounds = np.array([arm.lower, arm.upper])
    longer: list[Stretch] = []
    for i, stretch in enumerate(stretches):
        before = longer[-1].end if longer else 0
        after = stretches[i + 1].first if i + 1 < len(stretches) else arm.count
        q = stretch.positions
        head = arm.follow(stretch.first, stretch.first - before, -1, q[:HISTORY], bounds)
        tail = arm.follow(stretch.end - 1, after - stretch.end, 1, q[: -HISTORY - 1 : -1], bounds)
        longer.append(Stretch(stretch.first - len(head), np.concatenate([head[::-1], q, tail])))
    return longer


def _completed(arm: Kinematics, stretches: list[Stretch], current: Array | None) -> list[Stretch]:
    """These stretches, and between them stretches of all other targets that have a solution."""
    bounds = np.array([arm.lower, arm.upper])
    whole: list[Stretch] = []
    target = 0
    for following in (*stretches, Stretch(arm.count, np.empty((0, len(arm.lower))))):
        while target < following.first:
            q = arm.solution(target, whole[-1].positions[-1] if whole else current)
            if len(q):
                more = arm.follow(target, following.first - target - 1, 1, q, bounds)
                whole.append(Stretch(target, np.concatenate([q, more])))
            target = whole[-1].end if len(q) else target + 1
        whole.append(following)
        target = following.end
    return whole[:-1]
