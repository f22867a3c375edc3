"""The true kinematics of a synthetic recording, which may differ from the arm's URDF."""

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
#: Its form, see `itnnr_ik.forms`, and its largest size [bytes].
_FORM = {"arm": {**SOURCE, "urdf": str}, "joint_offsets": [float], "base_shift": [float], ...: object}
_MAX_FILE_SIZE = 2**23
#: Errors of a bent arm: relative link lengths [1], offsets of revolute joints [rad] and of the base [m].
_LINK_ERROR, _JOINT_ERROR, _BASE_ERROR = 0.05, math.radians(3.0), 0.01


@dataclass(frozen=True)
class TrueKinematics:
    """An arm with errors of its links, joints and base.

    Args:
        arm: The arm, with its true links.
        joint_offsets: (n,) in [rad], added to the reported joint positions.
        base_shift: (m,) in [m], the true position of the base; 2 coordinates of a planar arm, else 3.
    """

    arm: KinematicChain
    joint_offsets: tuple[float, ...]
    base_shift: tuple[float, ...]

    @classmethod
    def exact(cls, arm: KinematicChain) -> TrueKinematics:
        """An arm without errors."""
        return cls(arm, (0.0,) * arm.n_joints, (0.0,) * _n_coordinates(arm))

    @classmethod
    def bent(cls, arm: KinematicChain, rng: np.random.Generator) -> TrueKinematics:
        """An arm with random errors: links by ±5 %, revolute joints by ±3°, the base by 1 cm."""
        links = _link_joints(arm)
        scales = 1.0 + _LINK_ERROR * rng.choice([-1.0, 1.0], size=len(links))
        bent = _with_scaled_links(arm, dict(zip(links, scales.tolist(), strict=True)))
        offsets = _JOINT_ERROR * rng.choice([-1.0, 1.0], size=arm.n_joints)
        offsets[[kind == "prismatic" for kind in arm.joint_types]] = 0.0
        shift = rng.normal(size=_n_coordinates(arm))
        shift *= _BASE_ERROR / np.linalg.norm(shift)
        return cls(bent, tuple(offsets.tolist()), tuple(shift.tolist()))

    def poses(self, positions: Any) -> Array:
        """True poses (…, 7) of the tip at reported joint positions (…, n).

        As x, y, z [m], qx, qy, qz, qw in the nominal base frame.
        """
        poses = self.arm.forward(np.asarray(positions, dtype=float) + self.joint_offsets)
        poses[..., : len(self.base_shift)] += self.base_shift
        return poses

    def forward(self, positions: Any) -> Array:
        """The position (…, m) [m] of `poses`: x and y of a planar arm, else x, y and z."""
        return self.poses(positions)[..., : len(self.base_shift)]

    def save(self, folder: Path, notes: dict[str, Any]) -> None:
        """Write the true kinematics to a recording's folder, with further ``notes`` in JSON types."""
        data = {
            "arm": self.arm.source,
            "joint_offsets": list(self.joint_offsets),
            "base_shift": list(self.base_shift),
            **notes,
        }
        (folder / TRUTH).write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> TrueKinematics:
        """Read the true kinematics of a synthetic recording from its folder or its file.

        Raises:
            ValueError: There is no such file, or it has other contents.
        """
        file = path / TRUTH if path.is_dir() else path
        try:
            data = checked(read_json(file, _MAX_FILE_SIZE), _FORM, "the truth")
            if not data["arm"]["urdf"].startswith("<"):
                raise ValueError("its urdf must be URDF text")
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


def _link_joints(arm: KinematicChain) -> list[str]:
    """Names of the joints, base to tip, at a distance from the joint before them: each ends a link."""
    path = parse_urdf(arm.urdf, arm.name).path(arm.base_link, arm.tip_link)
    return [joint.name for joint in path if joint.origin()[:3, 3].any()]


def _with_scaled_links(arm: KinematicChain, scales: dict[str, float]) -> KinematicChain:
    """``arm`` with the distances of joints from the joints before them scaled, by name."""
    root = parse_xml(arm.urdf, "URDF text")
    for element in root.findall("joint"):
        origin, scale = element.find("origin"), scales.get(element.get("name", ""), 1.0)
        if origin is not None and scale != 1.0:
            scaled = [scale * float(number) for number in origin.get("xyz", "0 0 0").split()]
            origin.set("xyz", " ".join(map(repr, scaled)))
    urdf = ElementTree.tostring(root, encoding="unicode")
    return KinematicChain.from_urdf(**{**arm.source, "urdf": urdf})
