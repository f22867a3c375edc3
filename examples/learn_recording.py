"""Learn an arm from a recording alone, and come nearer to targets than by a URDF that is not quite true."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from itnnr_ik import IKSolver
from itnnr_ik.learning.learn import learn, prepare
from itnnr_ik.learning.synthetic import record
from itnnr_ik.recording import Bag

by_urdf = IKSolver.load("three_link")

with tempfile.TemporaryDirectory() as folder:
    # In place of your own: links are off by 5 % and joints by 3° from what the URDF says, and every pose has
    # 1 % of the reach as noise. The truth is known here, and used only at the end.
    truth = record(Path(folder) / "recording", by_urdf.arm, minutes=2.0, bent=True)
    with Bag(Path(folder) / "recording") as bag:
        learned = learn(prepare(bag), steps=1000).solver
        learned.save(Path(folder) / "model")  # for `model:=…` of the node, too
    by_data = IKSolver.load(Path(folder) / "model")

postures = by_data.arm.sample(500, np.random.default_rng(1))
targets = truth.forward(postures)  # (500, 2) [m], which the arm truly reaches


def median_error(solver: IKSolver) -> float:
    """Median of the true distance [m] of the tool from its target."""
    reached = truth.forward(solver.solve_batch(targets).positions)
    return float(np.median(np.linalg.norm(reached - targets, axis=1)))


learned_error, urdf_error = median_error(by_data), median_error(by_urdf)
print(f"learned from the recording: off by {1e3 * learned_error:.1f} mm")
print(f"by the URDF:                off by {1e3 * urdf_error:.1f} mm")
if learned_error > 0.2 * urdf_error:
    raise SystemExit(f"CHECK FAILED: {learned_error:g} m, by the URDF {urdf_error:g} m")
print("what was learned is at least five times nearer")
