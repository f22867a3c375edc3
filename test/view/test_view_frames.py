"""Frames of the links, against chains from URDF that end at each link."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik.robot import PACKAGED, KinematicChain, load_robot
from itnnr_ik.robot.urdf import parse_urdf
from itnnr_ik.view.frames import LinkFrames


@pytest.mark.parametrize("arm", PACKAGED)
def test_each_frame_moves_as_its_link_does(arm: str) -> None:
    """A link's own chain puts it where its frame does, but for a fixed transform between the two."""
    chain = load_robot(arm)
    frames = LinkFrames(chain)
    path = parse_urdf(chain.urdf, arm).path(chain.base_link, chain.tip_link)
    links = [joint.child for joint in path if joint.moves]
    assert len(frames) == len(links) + 1
    q = chain.sample(3, np.random.default_rng(1))
    for k, link in enumerate(links, 1):
        own = KinematicChain.from_urdf(chain.urdf, chain.base_link, link)
        poses = own.transforms(q[:, : own.n_joints])
        between = [
            np.linalg.inv(frames.at(posture)[k]) @ pose for posture, pose in zip(q, poses, strict=True)
        ]
        assert np.allclose(between, between[0], atol=1e-12)
        assert np.allclose(between[0][:3, 3], 0.0, atol=1e-12)


def test_the_base_stays() -> None:
    """The base frame is independent of the joints."""
    assert np.array_equal(LinkFrames(load_robot("panda")).at(np.zeros(7))[0], np.eye(4))
