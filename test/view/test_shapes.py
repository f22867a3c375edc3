"""Arms without meshes: links between their joints, joints on their axes."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik import IKSolver
from itnnr_ik.robot import PACKAGED, KinematicChain
from itnnr_ik.view.frames import LinkFrames
from itnnr_ik.view.palette import BASE, JOINT, LINK
from itnnr_ik.view.shapes import chain_parts


@pytest.mark.parametrize("arm", PACKAGED)
def test_an_arm_is_drawn_along_its_skeleton(arm: str) -> None:
    """Every point of the skeleton is in a part or near one, at any posture; and no part is far off."""
    solver = IKSolver.load(arm)
    chain = solver.arm
    assert isinstance(chain, KinematicChain)
    parts = chain_parts(chain, solver.task.tool)
    frames = LinkFrames(chain)
    for q in chain.sample(3, np.random.default_rng(2)):
        placed = [part.mesh.copy().apply_transform(frames.at(q)[part.frame]) for part in parts]
        corners = np.concatenate([mesh.vertices for mesh in placed])
        for point in [*chain.skeleton(q), solver.point_at(q)]:
            assert np.linalg.norm(corners - point, axis=1).min() < 0.09 * chain.reach
        assert np.linalg.norm(corners, axis=1).max() < chain.farthest + 0.25 * chain.reach


def test_parts_have_the_colours_of_what_they_are() -> None:
    """Base, drums, flange and links have their colours."""
    solver = IKSolver.load("panda")
    assert isinstance(solver.arm, KinematicChain)
    colors = [part.color for part in chain_parts(solver.arm, solver.task.tool)]
    assert (colors.count(BASE), colors.count(JOINT)) == (1, 8)
    assert colors.count(LINK) >= 4


def test_a_joint_that_shifts_has_a_rod_of_its_stroke() -> None:
    """The rod of a prismatic joint is long enough at full stroke."""
    solver = IKSolver.load("scara")
    assert isinstance(solver.arm, KinematicChain)
    shifts = [k for k, row in enumerate(solver.arm.elements) if row[12] == 1.0]
    rods = [
        part
        for part in chain_parts(solver.arm, solver.task.tool)
        if part.color == JOINT and part.frame - 1 in shifts
    ]
    joint = int(solver.arm.elements[shifts[0], 13])
    assert [rod.mesh.extents[2] for rod in rods] == pytest.approx([solver.arm.upper[joint]])
