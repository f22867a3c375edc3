"""Replay a recording of the ur5e and measure: residuals hide a wrong tool, joint differences give it away."""

from __future__ import annotations

import tempfile
from pathlib import Path

from itnnr_ik import IKSolver
from itnnr_ik.evaluation.measures import Evaluation
from itnnr_ik.evaluation.offline import evaluate_recording
from itnnr_ik.evaluation.replay import Selection
from itnnr_ik.learning.synthetic import Disturbances, record

LONGER = 0.02  # [m]
solver = IKSolver.load("ur5e")
mistaken = IKSolver.from_urdf(solver.arm.urdf, tool=[0.0, 0.0, LONGER])

with tempfile.TemporaryDirectory() as folder:
    # In place of your own: joint states and tip poses of 12 s (rosbag2, mcap), without noise.
    recording = Path(folder) / "recording"
    record(recording, solver.arm, minutes=0.2, disturbances=Disturbances(0.0, 0.0, 0.0, 0.0, 0.0))
    right = evaluate_recording(recording, solver, "as recorded", Selection())
    wrong = evaluate_recording(recording, mistaken, "tool 2 cm longer", Selection())


def figures(found: Evaluation) -> tuple[float, float]:
    """Largest residual [m], and the median of the largest difference from the recorded joints [rad]."""
    if found.residual is None:
        raise SystemExit(f"CHECK FAILED: none of {found.targets} targets is solved ({found.model})")
    return found.residual.max, found.displacement["moving"].median


for found in (right, wrong):
    residual, difference = figures(found)
    print(f"{found.model}: {found.solved} of {found.targets} solved, {found.branch_changes} branch changes;")
    print(f"  residual {residual:.0e} m at most, {difference:.1e} rad from the recorded joints")

residual, difference = figures(right)
wrong_residual, wrong_difference = figures(wrong)
if right.solved != right.targets or right.branch_changes or residual > solver.tolerance:
    raise SystemExit(f"CHECK FAILED: {right.solved} of {right.targets} solved, off by {residual:g} m")
# Each of six joints, less than 1 m from the tip, moves it by less than 1 m for each rad.
if not difference < LONGER / 6.0 < wrong_difference or wrong_residual > solver.tolerance:
    raise SystemExit(
        f"CHECK FAILED: {difference:g} rad from the recorded joints, with the wrong tool {wrong_difference:g}"
    )
print("both have small residuals; only the right tool gives the recorded joints")
