"""A layered graph of postures, and the path through it with the smallest largest step.

A layer holds the postures of one target. Where a joint's limits are wider than a turn, each posture stands
for all its *copies*, whole turns apart: they are told apart by a code, turn by turn of each joint.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.compiled import compiled, inlined, kernel

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Places = NDArray[np.int32]


class Joints(NamedTuple):
    """What the graph knows of the joints.

    Attributes:
        lower, upper: Limits (n,); lower is 0 for a joint without.
        turns: (n,) Length of a turn that changes nothing; 0 where the limits leave no room for two.
        weights: (n,) What a unit of motion counts [rad].
        copies: (n,) In how many turns a posture may be; 1 for a joint without limits.
        free: (n,) Joints without limits: which turn they are in does not matter.
    """

    lower: Array
    upper: Array
    turns: Array
    weights: Array
    copies: Indices
    free: NDArray[np.bool_]


class Layers(NamedTuple):
    """Postures of m targets, layer by layer.

    Attributes:
        starts: (m + 1,) First posture of each layer.
        q: (N, n) Joint positions; joints with turns in the lowest one within the limits.
        follows: (N,) The posture in the next layer that it goes on to; −1 for none.
        reach: (N,) Largest step [rad] to a posture of another track.
        switch_cost: What such a step adds [rad] to a sum.
        pairs: (m,) Where the pairs of each layer's postures and the next one's begin in the next array.
        allowed: Which pairs may be joined, row by row; empty for all.
    """

    starts: Indices
    q: Array
    follows: Indices
    reach: Array
    switch_cost: float
    pairs: Indices
    allowed: NDArray[np.bool_]


@kernel
def code_of(joints: Joints, turn: Indices) -> int:
    """The number of a copy whose joints are in turns (n,), counted from 0; −1 where there is none."""
    code = 0
    for i in range(turn.shape[0]):
        if not 0 <= turn[i] < joints.copies[i]:
            return -1
        code = code * joints.copies[i] + turn[i]
    return code


@kernel
def turns_of(joints: Joints, code: int, turn: Indices) -> None:
    """Write the turns (n,) of a copy."""
    for i in range(turn.shape[0] - 1, -1, -1):
        turn[i] = code % joints.copies[i]
        code //= joints.copies[i]


@kernel
def is_within(joints: Joints, q: Array, turn: Indices) -> bool:
    """Whether a copy is within the limits."""
    for i in range(q.shape[0]):
        if joints.copies[i] > 1 and q[i] + joints.turns[i] * turn[i] > joints.upper[i]:
            return False
    return True


@kernel
def step_between(joints: Joints, a: Array, b: Array, most: float, shift: Indices) -> float:
    """Largest joint change [rad] from one posture (n,) to another, the short way round; inf beyond ``most``.

    The turns (n,) by which the other one's copy differs from the one's are written.
    """
    largest = 0.0
    for i in range(a.shape[0]):
        change = b[i] - a[i]
        shift[i] = 0
        if joints.turns[i] > 0.0:
            whole = math.floor(change / joints.turns[i] + 0.5)
            change -= joints.turns[i] * whole
            if not joints.free[i]:
                shift[i] = -int(whole)
        largest = max(largest, joints.weights[i] * abs(change))
        if largest > most:
            return np.inf
    return largest


@kernel
def spread(
    joints: Joints, q: Array, shift: Indices, step: float, by_sum: bool, costs: Array, others: Array,
    came: Places, node: int, turn: Indices,
) -> bool:  # fmt: skip
    """Step from the copies (C,) of a posture to those of another, ``q`` (n,); whether one gets there."""
    reached = False
    for code in range(costs.shape[0]):
        if costs[code] == np.inf:
            continue
        cost = costs[code] + step if by_sum else max(costs[code], step)
        turns_of(joints, code, turn)
        for i in range(turn.shape[0]):
            turn[i] += shift[i]
        other = code_of(joints, turn)
        if other >= 0 and is_within(joints, q, turn):
            reached = True
            if cost < others[other]:
                others[other], came[other] = cost, node
    return reached


@compiled
def sweep(
    joints: Joints,
    layers: Layers,
    first: int,
    begin: Array,
    most: float,
    by_sum: bool,
    came: Places,
    costs: Array,
) -> int:
    """Go through the layers from ``first`` on, as far as a path leads.

    Args:
        begin: (b, C) Costs of the copies of the postures in the first layer; infinite for those outside the
            limits.
        most: Largest step [rad].
        by_sum: A path costs the sum of its steps; else the largest.
        came: (N, C), written: the posture, counted in its layer, from which each copy is reached; −1 where it
            is not.
        costs: (2, b, C), written: ``costs[0]`` are those in the last layer that is reached.

    Returns:
        The last layer that is reached.
    """
    n = joints.lower.shape[0]
    turn, shift = np.empty(n, np.int64), np.empty(n, np.int64)
    costs[0, : begin.shape[0]] = begin
    for k in range(first, layers.starts.shape[0] - 2):
        low, high, end = layers.starts[k], layers.starts[k + 1], layers.starts[k + 2]
        costs[1, : end - high] = np.inf
        came[high:end] = -1
        reached = False
        for a in range(low, high):
            if costs[0, a - low].min() == np.inf:
                continue
            for b in range(high, end):
                pair = layers.pairs[k] + (a - low) * (end - high) + b - high
                if layers.allowed.shape[0] > 0 and not layers.allowed[pair]:
                    continue
                step = _step_cost(joints, layers, a, b, most, by_sum, shift)
                if step < np.inf and spread(
                    joints, layers.q[b], shift, step, by_sum, costs[0, a - low], costs[1, b - high], came[b],
                    a - low, turn,
                ):  # fmt: skip
                    reached = True
        if not reached:
            return k
        costs[0, : end - high] = costs[1, : end - high]
    return int(layers.starts.shape[0] - 2)


@inlined
def _step_cost(
    joints: Joints, layers: Layers, a: int, b: int, most: float, by_sum: bool, shift: Indices
) -> float:
    """Cost of the step from posture ``a`` to ``b`` of the next layer, inf where it is too large.

    ``shift`` (n,) is written as by `step_between`.
    """
    bound = most
    if layers.follows[a] != b:
        bound = min(most, max(layers.reach[a], layers.reach[b]))
    step = step_between(joints, layers.q[a], layers.q[b], bound, shift)
    if by_sum and layers.follows[a] != b:
        step += layers.switch_cost
    return step


@compiled
def trace(
    joints: Joints, layers: Layers, first: int, last: int, node: int, code: int, came: Places, out: Array
) -> None:  # fmt: skip
    """Write the joint positions (last − first + 1, n) of the path that ends in a copy."""
    n = joints.lower.shape[0]
    turn, shift = np.empty(n, np.int64), np.empty(n, np.int64)
    turns_of(joints, code, turn)
    for k in range(last, first - 1, -1):
        for i in range(n):
            out[k - first, i] = layers.q[node, i] + joints.turns[i] * turn[i]
        if k == first:
            break
        before = layers.starts[k - 1] + came[node, code]
        step_between(joints, layers.q[before], layers.q[node], np.inf, shift)
        for i in range(n):
            turn[i] -= shift[i]
        node, code = before, code_of(joints, turn)


@compiled
def steps_of_pairs(joints: Joints, layers: Layers, steps: Array) -> None:
    """Write the largest joint change [rad] of every pair, infinite beyond what they reach."""
    shift = np.empty(joints.lower.shape[0], np.int64)
    for k in range(layers.starts.shape[0] - 2):
        low, high, end = layers.starts[k], layers.starts[k + 1], layers.starts[k + 2]
        pair = layers.pairs[k]
        for a in range(low, high):
            for b in range(high, end):
                bound = max(layers.reach[a], layers.reach[b])
                steps[pair] = step_between(joints, layers.q[a], layers.q[b], bound, shift)
                pair += 1


@compiled
def are_new(joints: Joints, q: Array, known: Array, apart: float) -> NDArray[np.bool_]:
    """Which postures (b, n) are ``apart`` [rad] from all known ones (k, n)."""
    new = np.ones(q.shape[0], np.bool_)
    for b in range(q.shape[0]):
        new[b] = next_new(joints, q[b : b + 1], 0, known, apart) == 0
    return new


@compiled
def next_new(joints: Joints, q: Array, first: int, known: Array, apart: float) -> int:
    """The first of postures (b, n) from one on that is ``apart`` [rad] from all others (k, n); b for none."""
    shift = np.empty(joints.lower.shape[0], np.int64)
    for b in range(first, q.shape[0]):
        new = True
        for k in range(known.shape[0]):
            if step_between(joints, q[b], known[k], apart, shift) < apart:
                new = False
                break
        if new:
            return b
    return int(q.shape[0])


@compiled
def copies_within(joints: Joints, q: Array, inside: NDArray[np.bool_]) -> None:
    """Write which copies (b, C) of postures (b, n) are within the limits."""
    turn = np.empty(q.shape[1], np.int64)
    for b in range(q.shape[0]):
        for code in range(inside.shape[1]):
            turns_of(joints, code, turn)
            inside[b, code] = is_within(joints, q[b], turn)
