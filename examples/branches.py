"""List every branch of one pose of the ur5e, nearest to the present joint positions first."""

from __future__ import annotations

import numpy as np

from itnnr_ik import IKSolver

solver = IKSolver.load("ur5e")
target = [0.4, 0.2, 0.3, 1.0, 0.0, 0.0, 0.0]  # x, y, z [m] and quaternion: the tool points down
current = np.array([0.0, -1.57, 1.57, -1.57, -1.57, 0.0])  # [rad]

branches = solver.branches(target, current=current)
for branch in branches:
    print(f"{branch.displacement:5.2f} rad away:", np.round(branch.positions, 2))

changes = [branch.displacement for branch in branches]
reached = np.array([solver.forward(branch.positions)[:3] for branch in branches])
error = np.linalg.norm(reached - target[:3], axis=1).max()
gaps = [
    np.abs(one.positions - other.positions).max() for i, one in enumerate(branches) for other in branches[:i]
]
answer = solver.solve(target, current=current)

if len(branches) != 8:
    raise SystemExit(f"CHECK FAILED: eight branches expected, {len(branches)} found")
if not (error <= solver.tolerance and min(gaps) > 0.1):
    raise SystemExit(f"CHECK FAILED: off by {error:g} m, or two are the same ({min(gaps):g} rad apart)")
if changes != sorted(changes) or answer.displacement > changes[0] + 1e-4:
    raise SystemExit(f"CHECK FAILED: solve went {answer.displacement:g} rad, the nearest is {min(changes):g}")
print(f"eight branches, each at the target to {error:.0e} m; solve takes the nearest")
