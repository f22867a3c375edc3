"""Point the gripper of the five-joint so101 straight down at places on a table, its roll left free."""

from __future__ import annotations

import numpy as np

from itnnr_ik import IKSolver

# The last joint turns about the pointing axis itself, so that only directions in the plane of the arm can be
# reached; straight down is one, but for the six digits that the URDF's angles have.
URDF_ANGLES = 1e-4
arm = IKSolver.load("so101").arm
solver = IKSolver.from_urdf(arm.urdf, task="pointing", tool_axis=[0, 0, 1], orientation_tolerance=URDF_ANGLES)

DOWN = [0.0, 0.0, -1.0]
current = np.zeros(5)
worst_error, worst_angle = 0.0, 0.0
for y in np.linspace(-0.1, 0.1, 5):
    place = [0.22, y, 0.05]
    solution = solver.solve([*place, *DOWN], current=current)  # (6,): position [m] and direction
    if not solution.converged:
        raise SystemExit(f"CHECK FAILED: {place} is off by {solution.residual:g} m")
    current = solution.positions
    axis = solver.arm.transforms(current)[:3, 2]  # the gripper's z axis in the base frame
    worst_angle = max(worst_angle, float(np.linalg.norm(axis - DOWN)))
    worst_error = max(worst_error, float(np.linalg.norm(solver.arm.forward(current)[:3] - place)))
    print(f"y = {y:5.2f} m:", np.round(current, 3))

if worst_error > solver.tolerance or worst_angle > URDF_ANGLES:
    raise SystemExit(f"CHECK FAILED: off by {worst_error:g} m and {worst_angle:g} rad")
print(f"straight down to {worst_angle:.0e} rad, in place to {worst_error:.0e} m")

# A pose will do as a target, too: of its quaternion only the direction of the tool's z axis counts.
half = 0.5 * np.pi / 4
upside_down = [[1.0, 0.0, 0.0, 0.0], [np.cos(half), np.sin(half), 0.0, 0.0]]  # one turned by 45° about z
answers = [solver.solve([*place, *quaternion], current=current).positions for quaternion in upside_down]
if np.abs(answers[0] - answers[1]).max() > 1e-6:
    raise SystemExit("CHECK FAILED: the roll of the target changed the answer")
print("the roll of the target makes no difference")
