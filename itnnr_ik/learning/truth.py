"""The true kinematics behind a synthetic recording, which the arm's URDF need not match."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.files import read_json
from itnnr_ik.forms import checked
from itnnr_ik.robot import SOURCE, KinematicChain
from itnnr_ik.robot.urdf import parse_urdf
from itnnr_ik.robot.xml import parse_xml

Array = NDArray[np.float64]

#: File of a synthetic recording's folder that holds its truth.
TRUTH = "truth.json"
#: Its form, see `itnnr_ik.forms`, and largest size [bytes].
_FORM = {"arm": {**SOURCE, "urdf": str}, "joint_offsets": [float], "base_shift": [float], ...: object}
_MOST = 2**23
#: How a bent arm differs from its URDF: links [1], revolute joints [rad] and base [m].
_LINKS, _JOINTS, _BASE = 0.05, math.radians(3.0), 0.01


@dataclass(frozen=True)
class TrueKinematics:
    """An arm whose links, joints and base are not quite what they are thought to be.

    Args:
        arm: The arm, with its true links.
        joint_offsets: (n,) in [rad], added to the joint positions that the arm tells.
        base_shift: (m,) in [m], where the base truly is; 2 coordinates of a planar arm, else 3.
    """

    arm: KinematicChain
    joint_offsets: tuple[float, ...]
    base_shift: tuple[float, ...]

    @classmethod
    def exact(cls, arm: KinematicChain) -> TrueKinematics:
        """As the arm is thought to be."""
        return cls(arm, (0.0,) * arm.n_joints, (0.0,) * _n_coordinates(arm))

    @classmethod
    def bent(cls, arm: KinematicChain, rng: np.random.Generator) -> TrueKinematics:
        """Each link 5 % longer or shorter, each turning joint off by 3° to either side, the base by 1 cm."""
        links = _links(arm)
        scales = 1.0 + _LINKS * rng.choice([-1.0, 1.0], size=len(links))
        bent = _with_scaled_links(arm, dict(zip(links, scales.tolist(), strict=True)))
        offsets = _JOINTS * rng.choice([-1.0, 1.0], size=arm.n_joints)
        offsets[[kind == "prismatic" for kind in arm.joint_types]] = 0.0
        shift = rng.normal(size=_n_coordinates(arm))
        shift *= _BASE / np.linalg.norm(shift)
        return cls(bent, tuple(offsets.tolist()), tuple(shift.tolist()))

    def poses(self, positions: Any) -> Array:
        """Where the tip truly is (…, 7) at the joint positions (…, n) that the arm tells.

        As x, y, z [m], qx, qy, qz, qw in the frame that the base is thought to be at.
        """
        poses = self.arm.forward(np.asarray(positions, dtype=float) + self.joint_offsets)
        poses[..., : len(self.base_shift)] += self.base_shift
        return poses

    def forward(self, positions: Any) -> Array:
        """The position (…, m) [m] of `poses`: x and y of a planar arm, else x, y and z."""
        return self.poses(positions)[..., : len(self.base_shift)]

    def save(self, folder: Path, notes: dict[str, Any]) -> None:
        """Write it to a recording's folder, with ``notes`` of JSON types on what else is known."""
        data = {
            "arm": self.arm.source,
            "joint_offsets": list(self.joint_offsets),
            "base_shift": list(self.base_shift),
            **notes,
        }
        (folder / TRUTH).write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> TrueKinematics:
        """The truth of a synthetic recording: its folder, or the file.

        Raises:
            ValueError: There is none, or the file holds something else.
        """
        file = path / TRUTH if path.is_dir() else path
        try:
            data = checked(read_json(file, _MOST), _FORM, "the truth")
            arm = KinematicChain.from_urdf(**data["arm"])
            offsets, shift = data["joint_offsets"], data["base_shift"]
            if (len(offsets), len(shift)) != (arm.n_joints, _n_coordinates(arm)):
                raise ValueError(
                    f"{arm.name} has {arm.n_joints} joint_offsets and {_n_coordinates(arm)} numbers of "
                    f"base_shift, got {len(offsets)} and {len(shift)}"
                )
            return cls(arm, tuple(offsets), tuple(shift))
        except (OSError, ValueError) as error:
            raise ValueError(f"{file} does not hold the truth of a synthetic recording: {error}") from None


def _n_coordinates(arm: KinematicChain) -> int:
    return 2 if arm.is_planar else 3


def _links(arm: KinematicChain) -> list[str]:
    """Names of the joints, base to tip, that are not where the joint before them is: each ends a link."""
    path = parse_urdf(arm.urdf, arm.name).path(arm.base_link, arm.tip_link)
    return [joint.name for joint in path if joint.origin()[:3, 3].any()]


def _with_scaled_links(arm: KinematicChain, scales: dict[str, float]) -> KinematicChain:
    """``arm`` with the origins of joints, by name, so many times as far from the joint before them."""
    root = parse_xml(arm.urdf, "URDF text")
    for element in root.findall("joint"):
        origin, scale = element.find("origin"), scales.get(element.get("name", ""), 1.0)
        if origin is not None and scale != 1.0:
            scaled = [scale * float(number) for number in origin.get("xyz", "0 0 0").split()]
            origin.set("xyz", " ".join(map(repr, scaled)))
    urdf = ElementTree.tostring(root, encoding="unicode")
    return KinematicChain.from_urdf(**{**arm.source, "urdf": urdf})
