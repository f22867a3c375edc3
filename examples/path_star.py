"""Draw a star on a tilted plane with the ur5e, its pen upright on the plane, and end where it began."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.spatial.transform import Rotation

from itnnr_ik import IKSolver

CENTER, RADIUS, LEAN = np.array([0.45, 0.15, 0.35]), 0.12, np.radians(30.0)  # [m], [m], [rad]
plane = Rotation.from_euler("y", LEAN)  # its x and y axes lie in the plane, its z axis leaves it
pen = (plane * Rotation.from_euler("x", np.pi)).as_quat()  # z of the tool points into the plane

# Every second corner of a pentagon in turn makes the star; a stroke has forty targets.
angles = np.radians(90.0 + 144.0 * np.arange(6))
corners = RADIUS * np.stack([np.cos(angles), np.sin(angles), np.zeros(6)], axis=1)
along = np.arange(40)[:, None] / 40
strokes = [start + along * (end - start) for start, end in pairwise(corners)]
points = CENTER + plane.apply(np.concatenate([*strokes, corners[:1]]))
targets = np.concatenate([points, np.tile(pen, (len(points), 1))], axis=1)  # (201, 7)

solver = IKSolver.load("ur5e")
path = solver.solve_path(targets, closed=True)
step = np.abs(np.diff(path.positions, axis=0)).max()
print(f"{len(path)} targets, {len(path.gaps)} gaps; no joint moves by more than {step:.3f} rad a step")

reached = solver.forward(path.positions)
height = np.abs(plane.inv().apply(reached[:, :3] - CENTER)[:, 2]).max()
error = np.linalg.norm(reached[:, :3] - points, axis=1).max()
lean = (Rotation.from_quat(reached[:, 3:]) * Rotation.from_quat(pen).inv()).magnitude().max()
closes = np.abs(path.positions[-1] - path.positions[0]).max()
longest = np.linalg.norm(np.diff(points, axis=0), axis=1).max()

if path.gaps or not (error <= solver.tolerance and lean <= solver.orientation_tolerance):
    raise SystemExit(f"CHECK FAILED: {len(path.gaps)} gaps, off by {error:g} m and {lean:g} rad")
if step > 0.1 or closes > 1e-6:
    raise SystemExit(
        f"CHECK FAILED: a step of {step:g} rad, and {closes:g} rad from the first posture to the last"
    )
print(f"the pen is on the plane to {height:.0e} m, upright to {lean:.0e} rad, {1e3 * longest:.1f} mm a step")
print("and the joints end where they began")
