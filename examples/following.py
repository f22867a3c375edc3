"""Two arms follow a target round a curve, each solve from the answer before: no joint ever jumps."""

from __future__ import annotations

import argparse

import numpy as np

from itnnr_ik import IKSolver
from itnnr_ik.targets import rest_positions

parser = argparse.ArgumentParser()
parser.add_argument("--output", metavar="GIF", help="animation to write")
output = parser.parse_args().output
FRAMES, LARGEST_STEP = 80, 0.25  # [rad]
# Where each is seen from: across and up in the picture, in the arm's base frame.
PANDA, PLANAR = [[-0.5, 0.866, 0.0], [-0.26, -0.15, 0.954]], [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]
runs = []
for arm, view, size in (("panda", PANDA, 0.25), ("three_link", PLANAR, 0.6)):
    solver = IKSolver.load(arm)
    state, skeletons, tips, largest = rest_positions(solver), [], [], 0.0
    center, m = solver.target_at(state), 2 if solver.task.planar else 3
    for turn in np.linspace(0.0, 2.0 * np.pi, FRAMES + 1):
        target = center.copy()
        target[:m] += (size * np.array([np.sin(turn), 0.5 * np.sin(2.0 * turn)]) @ view)[:m]
        answer = solver.solve(target, state)
        state, tip = answer.positions, solver.point_at(answer.positions)
        error, largest = np.linalg.norm(tip - solver.in_space(target)), max(largest, answer.displacement)
        if not answer.converged or error > solver.tolerance or answer.displacement > LARGEST_STEP:
            raise SystemExit(f"CHECK FAILED: {arm} off by {error:g} m, a step of {answer.displacement:g} rad")
        skeletons.append(np.vstack([solver.arm.skeleton(state), tip]) @ np.transpose(view))
        tips.append(tip @ np.transpose(view))
    print(f"{arm}: {len(tips)} targets reached, no joint by more than {largest:.2f} rad a step")
    runs.append((arm, skeletons, np.array(tips)))

if output:
    from matplotlib.animation import FuncAnimation, PillowWriter
    from matplotlib.figure import Figure

    figure, moving = Figure(figsize=(7.2, 3.4), layout="constrained"), []
    for axes, (arm, skeletons, tips) in zip(figure.subplots(1, 2), runs, strict=True):
        title = f"{arm}, curve {np.ptp(tips[:, 0]):.1f} m wide"
        axes.set(title=title, aspect="equal", adjustable="datalim", xticks=[], yticks=[], frame_on=False)
        axes.plot(*np.concatenate(skeletons).T, alpha=0.0)  # all that has to fit in
        axes.plot(*tips.T, color="#ccd4de", lw=2.5)
        axes.plot(0.0, 0.0, "s", ms=21, color="#60707c")
        links = axes.plot([], [], lw=12, color="#5b82ad", solid_capstyle="round", solid_joinstyle="round")
        joints = axes.plot([], [], "o", ms=9, mfc="white", mec="#1f3f68", mew=2.5)
        trail = axes.plot([], [], lw=3.5, color="#f28c28")
        goal = axes.plot([], [], "o", ms=10, color="#d8333f")
        moving.append((skeletons, tips, [*links, *joints, *trail, *goal]))

    def draw(i):
        for skeletons, tips, lines in moving:
            trail = tips[max(0, i - 14) : i + 1]
            for line, points in zip(lines, (skeletons[i], skeletons[i][:-1], trail, trail[-1:]), strict=True):
                line.set_data(*points.T)

    FuncAnimation(figure, draw, FRAMES).save(output, PillowWriter(fps=20), dpi=90)
