"""Solve one pose of the panda from where its joints are, and confirm the answer by forward kinematics."""

from __future__ import annotations

import numpy as np

from itnnr_ik import IKSolver

solver = IKSolver.load("panda")  # IKSolver.from_urdf("arm.urdf", base=..., tip=...) for your own
current = np.array([0.0, -0.8, 0.0, -2.4, 0.0, 1.6, 0.8])  # [rad]

target = solver.forward(current)  # pose (7,) of the tool: x, y, z [m], qx, qy, qz, qw
target[:3] += [0.05, 0.10, -0.05]  # 12 cm from here, the tool turned as it is

solution = solver.solve(target, current=current)
print("joint positions [rad]  ", np.round(solution.positions, 4))
print("residual [m]           ", solution.residual)
print("orientation error [rad]", solution.orientation_error)
print("largest change [rad]   ", round(solution.displacement, 4))

reached = solver.forward(solution.positions)
error = np.linalg.norm(reached[:3] - target[:3])
angle = 2.0 * min(np.linalg.norm(reached[3:] - target[3:]), np.linalg.norm(reached[3:] + target[3:]))
within = np.all((solver.arm.lower <= solution.positions) & (solution.positions <= solver.arm.upper))

if not (
    solution.converged and error <= solver.tolerance and angle <= solver.orientation_tolerance and within
):
    raise SystemExit(f"CHECK FAILED: off by {error:g} m and {angle:g} rad, within the limits: {within}")
print(f"confirmed by forward kinematics: off by {error:.1e} m and {angle:.1e} rad, within the limits")
