"""Solve a grid of poses in one call: where over a table can the panda hold its tool straight down?"""

from __future__ import annotations

import argparse

import numpy as np

from itnnr_ik import IKSolver

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--output", metavar="FILE", help="picture of the map to write; none if not given")
parser.add_argument("--size", type=int, default=31, help="points along each side of the grid")
arguments = parser.parse_args()

solver = IKSolver.load("panda")
side = np.linspace(-1.0, 1.0, arguments.size)  # [m]
x, y = map(np.ravel, np.meshgrid(side, side))
targets = np.zeros((x.size, 7))
targets[:, 0], targets[:, 1], targets[:, 2] = x, y, 0.2
targets[:, 3] = 1.0  # the quaternion (1, 0, 0, 0): half a turn about x

solutions = solver.solve_batch(targets)
print(f"{solutions.converged.sum()} of {x.size} places can be reached")

# What is said to be reached is so by forward kinematics, and each row is what `solve` gives, to the last bit.
found = solutions.positions[solutions.converged]
error = np.linalg.norm(solver.forward(found)[:, :3] - targets[solutions.converged, :3], axis=1).max()
rows = np.linspace(0, x.size - 1, 7).astype(int)
same = all(np.array_equal(solver.solve(targets[i]).positions, solutions.positions[i]) for i in rows)
far = np.hypot(x, y) > 0.9  # the panda's data sheet says 0.855 m
if not (
    0 < len(found) < x.size and error <= solver.tolerance and same and not solutions.converged[far].any()
):
    raise SystemExit(f"CHECK FAILED: off by {error:g} m, rows as from solve: {same}")
print(f"off by {error:.1e} m at most; rows are the same as from solve")

if arguments.output:
    from matplotlib.figure import Figure

    axes = (figure := Figure(figsize=(5, 4.5))).subplots()
    shown = axes.scatter(x, y, c=np.log10(solutions.residual + 1e-12), s=20, marker="s")
    axes.set(xlabel="x [m]", ylabel="y [m]", title="panda, tool down at z = 0.2 m", aspect="equal")
    figure.colorbar(shown, label="log10 of the residual [m]")
    figure.savefig(arguments.output, dpi=120)
    print(f"picture: {arguments.output}")
