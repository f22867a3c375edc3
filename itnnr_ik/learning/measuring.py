"""Measures the tip errors of learned and other solvers on held-out data."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.spatial import cKDTree

from itnnr_ik.learning.forward import HarmonicFit, fit_harmonics
from itnnr_ik.learning.preparing import Prepared
from itnnr_ik.learning.series import Array
from itnnr_ik.solver import IKSolver

#: Forward kinematics that errors are measured with: joint positions (p, n) [rad] to tips (p, m) [m].
ReferenceForward = Callable[[Array], Array]

#: Name of the baseline: the recorded posture with the nearest tip.
NEAREST = "nearest recorded"
#: Largest number of held-out postures that are solved for.
_MAX_POSTURES = 2000


def fit_reference(prepared: Prepared, fit: HarmonicFit) -> HarmonicFit | None:
    """A forward function fitted to the held-out data alone; None if there is too little."""
    pairs = prepared.pairs
    try:
        return fit_harmonics(pairs.positions[pairs.held_out], pairs.tips[pairs.held_out], fit.order)
    except ValueError:
        return None


def measure(
    prepared: Prepared, fit: HarmonicFit, solvers: Mapping[str, IKSolver], reference: ReferenceForward
) -> dict[str, dict[str, float]]:
    """Errors of the tip for targets at held-out postures.

    Args:
        prepared: The recording.
        fit: Its inliers are the recorded poses for the baseline.
        solvers: The solvers to measure, by name.
        reference: Forward kinematics that targets and errors are computed with.

    Returns:
        ``median_m`` and ``p95_m`` [m] for each solver, and for `NEAREST`: taking the recorded posture whose
        measured tip is nearest to the target (kNN lookup).
    """
    pairs = prepared.pairs
    held_out = pairs.positions[pairs.held_out]
    targets = reference(held_out[np.unique(np.linspace(0, len(held_out) - 1, _MAX_POSTURES).astype(int))])
    found = {name: solver.solve_batch(targets).positions for name, solver in solvers.items()}
    recorded = cKDTree(pairs.tips[pairs.training][fit.inliers])
    found[NEAREST] = pairs.positions[pairs.training][fit.inliers][recorded.query(targets)[1]]
    result = {}
    for name, positions in found.items():
        errors = np.linalg.norm(reference(positions) - targets, axis=1)
        median, p95 = np.quantile(errors, [0.5, 0.95]).tolist()
        result[name] = {"median_m": median, "p95_m": p95}
    return result
