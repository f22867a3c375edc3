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
    followed, now = [], start
    for target in targets:
        now = solver.solve(target, current=now).positions
        followed.append(now)
    return np.array(followed)


ends = {}
for side, posture in preferred.items():
    joints = follow(IKSolver.from_urdf(panda.arm.urdf, task="pose", posture=posture))
    off = np.linalg.norm(panda.forward(joints)[:, :3] - targets[:, :3], axis=1).max()
    step = np.abs(np.diff(joints, axis=0)).max()
    away = [np.abs(joints[i] - posture).max() for i in (0, -1)]
    ends[side] = joints[-1]
    print(f"{side:5} preferred: from {away[0]:.2f} to {away[1]:.2f} rad from it,", end=" ")
    print(f"at most {step:.3f} rad a target; off by {off:.0e} m")
    if not (off <= panda.tolerance and step < 0.05 and away[1] < 0.7 * away[0]):
        raise SystemExit(f"CHECK FAILED: off by {off:g} m, {away} rad from the preferred posture")

apart = np.abs(ends["left"] - ends["right"]).max()
tools = np.abs(panda.forward(ends["left"]) - panda.forward(ends["right"])).max()
if not (apart > 1.0 and tools < 1e-5):
    raise SystemExit(f"CHECK FAILED: {apart:g} rad apart, the tools {tools:g}")
print(f"the tool ends at the same pose, the joints {apart:.2f} rad apart")
