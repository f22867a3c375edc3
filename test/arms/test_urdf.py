"""The URDF of an arm, read by a library that knows nothing of the formula."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from itnnr_ik.arms import ARMS, Arm, to_urdf

VARIANTS = {
    **ARMS,
    "two_link_other": ARMS["two_link"].with_changes((0.65, 1.45), ((-1.9, -0.3), (0.4, 2.9)), ("a", "b")),
    "three_link_other": ARMS["three_link"].with_changes((0.5, 1.25, 0.125)),
    "yaw_pitch_pitch_other": ARMS["yaw_pitch_pitch"].with_changes((0.3, 0.55)),
}
#: Keeps links that a fixed joint holds, the tip among them.
_KEEP_FIXED_LINKS = '<mujoco><compiler fusestatic="false"/></mujoco></robot>'


def _loaded(arm: Arm) -> tuple[Any, Any, Any]:
    mujoco = pytest.importorskip("mujoco", reason="reads the URDF with MuJoCo")
    model = mujoco.MjModel.from_xml_string(to_urdf(arm).replace("</robot>", _KEEP_FIXED_LINKS))
    return mujoco, model, mujoco.MjData(model)


@pytest.mark.parametrize("variant", VARIANTS)
def test_its_tip_moves_as_the_formula_says(variant: str) -> None:
    """MuJoCo puts the tip frame where `forward` does, at random joint positions."""
    arm = VARIANTS[variant]
    mujoco, model, data = _loaded(arm)
    for positions in arm.sample(100, np.random.default_rng(0)):
        for name, value in zip(arm.joint_names, positions, strict=True):
            data.joint(name).qpos[0] = value
        mujoco.mj_forward(model, data)
        tip = data.body(arm.tip_name).xpos
        np.testing.assert_allclose(tip[: arm.n_coordinates], arm.forward(positions), atol=1e-9)
        np.testing.assert_allclose(tip[arm.n_coordinates :], 0.0, atol=1e-12)


@pytest.mark.parametrize("variant", VARIANTS)
def test_its_joints_have_the_names_and_limits_of_the_arm(variant: str) -> None:
    """In the order base to tip, with limits to ten digits."""
    arm = VARIANTS[variant]
    _, model, _ = _loaded(arm)
    assert tuple(model.joint(i).name for i in range(model.njnt)) == arm.joint_names
    assert model.jnt_limited.all()
    np.testing.assert_allclose(model.jnt_range.T, arm.limits, atol=1e-9)


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_is_a_chain_from_the_base_to_the_tip(variant: str) -> None:
    """Every joint of the file hangs on the link before it, and its moving links have mass."""
    arm = VARIANTS[variant]
    robot = ElementTree.fromstring(to_urdf(arm))
    links = [*arm.link_names, arm.tip_name]
    assert [link.get("name") for link in robot.findall("link")] == links
    ends = [[joint.find(end).get("link") for end in ("parent", "child")] for joint in robot.findall("joint")]
    assert ends == [list(pair) for pair in pairwise(links)]
    masses = [float(mass.get("value", "nan")) for mass in robot.iter("mass")]
    assert len(masses) == arm.n_joints
    assert min(masses) > 0.0


@pytest.mark.parametrize("name", ARMS)
@pytest.mark.parametrize("file", ["urdf/{}.urdf", "itnnr_ik/models/{}/arm.urdf"])
def test_the_files_in_the_repository_are_up_to_date(root: Path, name: str, file: str) -> None:
    """They are what `to_urdf` writes today."""
    assert (root / file.format(name)).read_text(encoding="utf-8") == to_urdf(ARMS[name])
