"""How far from their targets learned solvers and others end, on what was held out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.spatial import cKDTree

from itnnr_ik.learning.forward import HarmonicFit, fit_harmonics
from itnnr_ik.learning.preparing import Prepared
from itnnr_ik.learning.series import Array
from itnnr_ik.solver import IKSolver

#: Where the tip is: joint positions (p, n) [rad] to (p, m) [m].
Judge = Callable[[Array], Array]

#: What a solver is compared with.
NEAREST = "nearest recorded"
#: Held-out postures that are solved for, at most.
_MEASURED = 2000


def judge_of(prepared: Prepared, fit: HarmonicFit) -> HarmonicFit | None:
    """A forward function from the held-out blocks alone, to judge by; None where they are too short."""
    pairs = prepared.pairs
    try:
        return fit_harmonics(pairs.positions[pairs.held_out], pairs.tips[pairs.held_out], fit.order)
    except ValueError:
        return None


def measure(
    prepared: Prepared, fit: HarmonicFit, solvers: Mapping[str, IKSolver], judge: Judge
) -> dict[str, dict[str, float]]:
    """How far from a target the tip ends, for targets at held-out postures.

    Args:
        prepared: The recording.
        fit: Says which recorded poses are no outliers.
        solvers: To be measured, by name.
        judge: Says where the tip is at a posture.

    Returns:
        ``median_m`` and ``p95_m`` [m] for each solver, and for `NEAREST`: taking the recorded posture whose
        measured tip is nearest to the target (kNN lookup).
    """
    pairs = prepared.pairs
    held_out = pairs.positions[pairs.held_out]
    targets = judge(held_out[np.unique(np.linspace(0, len(held_out) - 1, _MEASURED).astype(int))])
    found = {name: solver.solve_batch(targets).positions for name, solver in solvers.items()}
    recorded = cKDTree(pairs.tips[pairs.training][fit.inliers])
    found[NEAREST] = pairs.positions[pairs.training][fit.inliers][recorded.query(targets)[1]]
    result = {}
    for name, positions in found.items():
        errors = np.linalg.norm(judge(positions) - targets, axis=1)
        median, p95 = np.quantile(errors, [0.5, 0.95]).tolist()
        result[name] = {"median_m": median, "p95_m": p95}
    return result
