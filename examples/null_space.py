"""Follow a circle with the panda twice: a preferred posture puts the elbow left or right in null space."""

from __future__ import annotations

import numpy as np

from itnnr_ik import IKSolver

panda = IKSolver.load("panda")
start = np.array([0.0, -0.3, 0.0, -2.2, 0.0, 2.0, 0.8])  # [rad]: the elbow is in the middle
preferred = {
    "left": np.array([0.8, -0.4, -0.9, -2.2, 0.3, 2.0, 0.8]),
    "right": np.array([-0.8, -0.4, 0.9, -2.2, -0.3, 2.0, 0.8]),
}

# Two laps of a circle with a radius of 8 cm, the tool turned as it is.
angles = np.linspace(0.0, 4.0 * np.pi, 401)
targets = np.tile(panda.forward(start), (len(angles), 1))  # (401, 7)
targets[:, 0] += 0.08 * (np.cos(angles) - 1.0)
targets[:, 1] += 0.08 * np.sin(angles)


def follow(solver: IKSolver) -> np.ndarray:
    """Joint positions (401, 7) [rad], each solved from the ones before."""
    followed, current = [], start
    for target in targets:
        current = solver.solve(target, current=current).positions
        followed.append(current)
    return np.array(followed)


ends = {}
for side, posture in preferred.items():
    joints = follow(IKSolver.from_urdf(panda.arm.urdf, task="pose", posture=posture))
    error = np.linalg.norm(panda.forward(joints)[:, :3] - targets[:, :3], axis=1).max()
    step = np.abs(np.diff(joints, axis=0)).max()
    distances = [np.abs(joints[i] - posture).max() for i in (0, -1)]
    ends[side] = joints[-1]
    print(f"{side:5} preferred: from {distances[0]:.2f} to {distances[1]:.2f} rad from it,", end=" ")
    print(f"at most {step:.3f} rad a target; off by {error:.0e} m")
    if not (error <= panda.tolerance and step < 0.05 and distances[1] < 0.7 * distances[0]):
        raise SystemExit(f"CHECK FAILED: off by {error:g} m, {distances} rad from the preferred posture")

difference = np.abs(ends["left"] - ends["right"]).max()
tools = np.abs(panda.forward(ends["left"]) - panda.forward(ends["right"])).max()
if not (difference > 1.0 and tools < 1e-5):
    raise SystemExit(f"CHECK FAILED: {difference:g} rad apart, the tools {tools:g}")
print(f"the tool ends at the same pose, the joints {difference:.2f} rad apart")
