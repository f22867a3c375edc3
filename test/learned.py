"""A learned arm without a recording: the packaged network, and data of a part of the joint range."""

from __future__ import annotations

import numpy as np

from itnnr_ik.robot import KinematicChain, LearnedArm, harmonic, load_robot
from itnnr_ik.solver import IKSolver
from itnnr_ik.solver.coverage import Coverage
from itnnr_ik.solver.model import load_model
from itnnr_ik.task import Task


def learned_arm(arm: KinematicChain, order: int = 1, plane_height: float = 0.0) -> LearnedArm:
    """``arm`` as harmonics, fitted to exact tips; a planar one in a plane at ``plane_height`` [m]."""
    positions = arm.sample(3000, np.random.default_rng(0))
    products = harmonic.features(positions, order)
    tips = arm.forward(positions)[:, : 2 if arm.is_planar else 3]
    solution = np.linalg.lstsq(products, tips, rcond=None)[0]
    return LearnedArm(
        name="learned",
        joint_names=arm.joint_names,
        lower=arm.lower,
        upper=arm.upper,
        base_link="base_link",
        coefficients=solution.T.reshape(-1, *(2 * order + 1,) * arm.n_joints),
        plane_height=plane_height,
    )


def elbow_up_solver() -> IKSolver:
    """The two-link arm, recorded only with its second joint above 0.2 rad."""
    arm = load_robot("two_link")
    postures = arm.sample(20_000, np.random.default_rng(1))
    coverage = Coverage(postures[postures[:, 1] > 0.2], 0.1)
    learned = learned_arm(arm)
    return IKSolver(learned, Task.of_learned(learned), load_model("two_link").twin, coverage=coverage)
