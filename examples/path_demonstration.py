"""Replay a demonstration with the three_link at four times the speed, less where its joints ask for it."""

from __future__ import annotations

import numpy as np

from itnnr_ik import IKSolver

FASTER = 4.0
solver = IKSolver.load("three_link")
limits = solver.arm.velocity  # [rad/s]

# The arm was led by hand for 8 s; recorded were the points (400, 2) of the tool in its plane.
recorded = np.linspace(0.0, 8.0, 400)  # [s]
lap = 2.0 * np.pi * recorded / 8.0
hand = np.stack([0.6 * np.sin(lap), 0.7 + 0.4 * np.cos(2.0 * lap), -0.5 + 0.5 * np.sin(3.0 * lap)], axis=1)
points = solver.target_at(hand)  # [m]

path = solver.solve_path(points, current=hand[0], times=recorded / FASTER)
for slow in path.slow_downs:
    print(f"targets {slow.first:3} to {slow.last:3} take up to {slow.factor:.2f} times as long")

error = np.linalg.norm(solver.target_at(path.positions) - points, axis=1).max()
if path.gaps or error > solver.tolerance:
    raise SystemExit(f"CHECK FAILED: {len(path.gaps)} gaps, and off by {error:g} m")
print(f"the tool goes through all {len(path)} points to {error:.0e} m")

steps, by_hand = np.abs(np.diff(path.positions, axis=0)), np.abs(np.diff(hand, axis=0))
if steps.max() > by_hand.max():
    raise SystemExit(f"CHECK FAILED: a step of {steps.max():g} rad, by hand {by_hand.max():g} rad")
print(f"no joint moves by more than {steps.max():.4f} rad a step; by hand it was {by_hand.max():.4f} rad")

assert path.times is not None
taken, wanted = np.diff(path.times), np.diff(recorded / FASTER)
load = (steps / taken[:, None] / limits).max(axis=1)  # largest share of a velocity limit
later = taken > wanted * (1.0 + 1e-6)
if load.max() > 1.0 + 1e-6 or load[later].min() < 1.0 - 1e-6 or later.all():
    raise SystemExit(
        f"CHECK FAILED: {load.max():g} of a limit, {load[later].min():g} where it was slowed down"
    )
print(f"{path.times[-1]:.2f} s, not {recorded[-1] / FASTER:.2f} s: every slower step is at a velocity limit")
