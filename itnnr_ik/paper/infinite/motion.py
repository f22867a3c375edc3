"""The redundant three-link arm: displacements of answers compared with the smallest possible ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from itnnr_ik.solver import IKSolver

Array = NDArray[np.float64]

#: Distances [m] from the current tip to the target.
_MIN_DISTANCE, _MAX_DISTANCE = 0.02, 0.2
#: Largest residual [m] of a solution with the smallest displacement.
_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Motion:
    """Joint displacements of answers to b targets, divided by the smallest that reach each target.

    Attributes:
        name: Source of the answers.
        norm: Ratio (b,) of the Euclidean norms of the joint displacement.
        largest: Ratio (b,) of the largest joint displacements.
        error: Distance (b,) [m] from the answers' tips to the targets.
        outside: Which answers (b,) violate joint limits; the smallest displacements keep them.
    """

    name: str
    norm: Array
    largest: Array
    error: Array
    outside: NDArray[np.bool_]


def compare_motion(count: int = 300, seed: int = 0) -> list[Motion]:
    """Motion of the packaged three-link model, for random states and targets 2 to 20 cm from their tips.

    For one pass of F from the current state, `IKSolver.solve` with the current state, and one pass of F from
    the known posture that is nearest in y. Targets that the solver does not reach are left out.
    """
    solver = IKSolver.load("three_link")
    arm, twin = solver.arm, solver.twin
    assert twin is not None
    rng = np.random.default_rng(seed)
    current = arm.sample(count, rng)
    tips = solver.target_at(current)
    direction, distance = rng.uniform(-np.pi, np.pi, count), rng.uniform(_MIN_DISTANCE, _MAX_DISTANCE, count)
    targets = tips + distance[:, None] * np.stack([np.cos(direction), np.sin(direction)], axis=1)
    solved = [solver.solve(target, state) for target, state in zip(targets, current, strict=True)]
    kept = np.array([solution.converged for solution in solved])
    found = np.array([solution.positions for solution in solved])[kept]
    current, tips, targets = current[kept], tips[kept], targets[kept]
    least = np.array([least_motion(solver, *row) for row in zip(current, targets, found, strict=True)])
    answers = {
        "one pass, current state as anchor": twin.adjust(targets, current, tips),
        "solver, current state given": found,
        "one pass, anchor nearest in y": twin.predictions(targets, 1)[:, 0],
    }
    return [
        Motion(
            name,
            np.linalg.norm(positions - current, axis=1) / least[:, 0],
            np.abs(positions - current).max(axis=1) / least[:, 1],
            solver.errors(positions, targets)[0],
            ((positions < arm.lower) | (positions > arm.upper)).any(axis=1),
        )
        for name, positions in answers.items()
    ]


def least_motion(solver: IKSolver, current: Array, target: Array, known: Array) -> tuple[float, float]:
    """Smallest displacement from ``current`` (n,) [rad] that brings the tip to ``target`` (m,) [m].

    By sequential quadratic programming within the joint limits, from the current state and from a ``known``
    solution (n,), which is a candidate, too.

    Returns:
        The smallest Euclidean norm, and the smallest largest joint displacement [rad].
    """
    n, rows = len(current), np.zeros((len(target), 1))
    bounds = [*zip(solver.arm.lower, solver.arm.upper, strict=True), (0.0, None)]
    # An additional variable bounds every joint's displacement: minimising it is smooth, unlike the maximum.
    sides = np.block([[-np.eye(n), np.ones((n, 1))], [np.eye(n), np.ones((n, 1))]])
    offset = np.concatenate([current, -current])
    at_target: dict[str, Any] = {
        "type": "eq",
        "fun": lambda z: solver.target_at(z[:n]) - target,
        "jac": lambda z: np.hstack([solver.jacobian(z[:n]), rows]),
    }
    bounded: dict[str, Any] = {"type": "ineq", "fun": lambda z: sides @ z + offset, "jac": lambda z: sides}
    last = np.append(np.zeros(n), 1.0)
    problems: tuple[tuple[Any, Any, list[dict[str, Any]]], ...] = (
        (
            lambda z: 0.5 * np.sum((z[:n] - current) ** 2),
            lambda z: np.append(z[:n] - current, 0.0),
            [at_target],
        ),
        (lambda z: z[n], lambda z: last, [at_target, bounded]),
    )
    candidates = [known]
    for objective, gradient, constraints in problems:
        for start in (current, known):
            z = minimize(
                objective,
                np.append(start, np.abs(start - current).max()),
                jac=gradient,
                method="SLSQP",
                bounds=bounds,
                constraints=constraints,
                options={"ftol": 1e-12},
            ).x[:n]
            if np.linalg.norm(solver.target_at(z) - target) <= _TOLERANCE:
                candidates.append(z)
    moves = np.array(candidates) - current
    return float(np.linalg.norm(moves, axis=1).min()), float(np.abs(moves).max(axis=1).min())
