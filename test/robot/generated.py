"""Robots made up at random, and MuJoCo's forward kinematics and Jacobian of them as the oracle."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Array = NDArray[np.float64]

_BODY = '<inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>'
#: Keeps links that a fixed joint holds, the tip among them.
_KEEP_FIXED_LINKS = '<mujoco><compiler fusestatic="false"/></mujoco></robot>'


def link(name: str) -> str:
    """A link with a body, without which MuJoCo moves nothing."""
    return f'<link name="{name}">{_BODY}</link>'


def joint(
    name: str,
    kind: str,
    parent: str,
    child: str,
    *,
    xyz: str = "0 0 0",
    rpy: str = "0 0 0",
    axis: str | None = "0 0 1",
    limit: str | None = 'lower="-1" upper="2" velocity="3" effort="1"',
    mimic: str | None = None,
) -> str:
    """A joint; what is None is left out."""
    parts = [f'<parent link="{parent}"/><child link="{child}"/><origin xyz="{xyz}" rpy="{rpy}"/>']
    parts += [f'<axis xyz="{axis}"/>'] if axis is not None else []
    parts += [f"<limit {limit}/>"] if limit is not None and kind != "fixed" else []
    parts += [f"<mimic {mimic}/>"] if mimic is not None else []
    return f'<joint name="{name}" type="{kind}">{"".join(parts)}</joint>'


def robot(*parts: str, name: str = "made_up") -> str:
    """URDF text of a robot."""
    return f'<robot name="{name}">{"".join(parts)}</robot>'


def serial(*kinds: str, **options: Any) -> str:
    """URDF text of links l0, l1, … in a row, with joints j1, j2, … of these kinds between them."""
    links = [link(f"l{i}") for i in range(len(kinds) + 1)]
    joints = [joint(f"j{i}", kind, f"l{i - 1}", f"l{i}", **options) for i, kind in enumerate(kinds, 1)]
    return robot(*links, *joints)


@dataclass
class RandomRobot:
    """A serial robot with random origins and axes, from link l0 to the last one, and with a side branch."""

    urdf: str
    tip: str
    leaders: list[str]
    #: For each joint that moves: which leader moves it, ratio and offset.
    motions: dict[str, tuple[str, float, float]] = field(default_factory=dict)


def random_robot(seed: int) -> RandomRobot:
    """A robot with every kind of joint; even seeds also mimic, over one or two steps, before and after."""
    rng = np.random.default_rng(seed)
    kinds = ["revolute", "continuous", "prismatic", "fixed", "revolute", "prismatic", "fixed"]
    kinds += ["revolute", "continuous"][: seed % 3]
    rng.shuffle(kinds)
    moving = [f"j{i}" for i, kind in enumerate(kinds, 1) if kind != "fixed"]
    mimics: dict[str, tuple[str, float, float]] = {}
    if seed % 2 == 0:
        # The first follows the third, the last follows the first: before its leader, and a mimic of a mimic.
        mimics = {moving[0]: (moving[2], -1.5, 0.25), moving[-1]: (moving[0], 0.5, -0.125)}
    texts = [link("l0"), link("side"), joint("side_joint", "revolute", "l0", "side")]
    made = RandomRobot("", f"l{len(kinds)}", [name for name in moving if name not in mimics])
    for i, kind in enumerate(kinds, 1):
        name = f"j{i}"
        leader, ratio, offset = name, 1.0, 0.0
        while leader in mimics:
            leader, factor, shift = mimics[leader]
            ratio, offset = ratio * factor, ratio * shift + offset
        if kind != "fixed":
            made.motions[name] = (leader, ratio, offset)
        leads = mimics.get(name)
        texts += [
            link(f"l{i}"),
            joint(
                name,
                kind,
                f"l{i - 1}",
                f"l{i}",
                xyz=_text(rng.normal(0.0, 0.3, 3)),
                rpy=_text(rng.uniform(-np.pi, np.pi, 3)),
                axis=_text(rng.normal(0.0, 2.0, 3)),
                limit='lower="-2.5" upper="2.5" velocity="2" effort="1"' if kind != "continuous" else None,
                mimic=leads and f'joint="{leads[0]}" multiplier="{leads[1]}" offset="{leads[2]}"',
            ),
        ]
    made.urdf = robot(*texts)
    return made


def _text(values: Array) -> str:
    return " ".join(repr(float(value)) for value in values)


class Oracle:
    """MuJoCo's tip transform and Jacobian of a robot that the world holds by its root link."""

    def __init__(self, urdf: str, tip: str) -> None:
        self._mujoco = pytest.importorskip("mujoco", reason="compares with MuJoCo")
        self._model = self._mujoco.MjModel.from_xml_string(urdf.replace("</robot>", _KEEP_FIXED_LINKS))
        self._data = self._mujoco.MjData(self._model)
        self._tip = self._model.body(tip).id

    def place(self, positions: dict[str, float]) -> None:
        """Put joints at positions in [rad] or [m]."""
        for name, position in positions.items():
            self._data.joint(name).qpos[0] = position
        self._mujoco.mj_kinematics(self._model, self._data)
        self._mujoco.mj_comPos(self._model, self._data)

    def transform(self) -> Array:
        """Tip transform (4, 4)."""
        transform = np.eye(4)
        transform[:3, :3] = self._data.xmat[self._tip].reshape(3, 3)
        transform[:3, 3] = self._data.xpos[self._tip]
        return transform

    def column(self, name: str) -> Array:
        """Column (6,) of the tip's Jacobian that belongs to a joint."""
        jacobian = np.zeros((6, self._model.nv))
        self._mujoco.mj_jacBody(self._model, self._data, jacobian[:3], jacobian[3:], self._tip)
        column: Array = jacobian[:, self._model.joint(name).dofadr[0]]
        return column
