"""Lock one joint of the panda, narrow another's limits, and solve with the six joints that are left."""

from __future__ import annotations

import numpy as np

from itnnr_ik import IKSolver

panda = IKSolver.load("panda")
LOCKED, ANGLE = "panda_joint3", 0.3  # [rad]
NARROW, LOWER, UPPER = "panda_joint4", -2.4, -1.2  # [rad]
solver = IKSolver.from_urdf(panda.arm.urdf, locked={LOCKED: ANGLE}, limits={NARROW: (LOWER, UPPER)})
print("moving:", ", ".join(solver.arm.joint_names))

# Targets that these six joints reach, and where the answers put the whole arm's tool.
targets = solver.target_at(solver.arm.sample(200, np.random.default_rng(0)))
solutions = solver.solve_batch(targets)
joints = np.insert(solutions.positions, panda.arm.joint_names.index(LOCKED), ANGLE, axis=1)  # (200, 7)
error = np.linalg.norm(panda.forward(joints)[:, :3] - targets[:, :3], axis=1).max()
if not (solutions.converged.all() and error <= solver.tolerance):
    raise SystemExit(f"CHECK FAILED: {solutions.converged.sum()} solved, the whole arm is off by {error:g} m")
print(f"{len(targets)} targets solved; the whole arm, {LOCKED} at {ANGLE} rad, is off by {error:.0e} m")

# The packaged limits of the other joint are wider, and are used where nothing narrows them.
column = panda.arm.joint_names.index(NARROW)
narrow, wide = joints[:, column], panda.solve_batch(targets).positions[:, column]
beyond = (wide < LOWER) | (wide > UPPER)
if narrow.min() < LOWER or narrow.max() > UPPER or not beyond.any():
    raise SystemExit(
        f"CHECK FAILED: from {narrow.min():g} to {narrow.max():g} rad, {beyond.sum()} beyond it else"
    )
print(f"{NARROW} stays from {LOWER} to {UPPER} rad; without own limits {beyond.sum()} answers leave that")
