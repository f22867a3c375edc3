"""The true kinematics behind a synthetic recording, which the arm's URDF need not match."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from itnnr_ik.arms import Arm

#: File of a synthetic recording's folder that holds its truth.
TRUTH = "truth.json"
#: How a bent arm differs from its URDF: links [1], joints [rad] and base [m].
_LINKS, _JOINTS, _BASE = 0.05, math.radians(3.0), 0.01


@dataclass(frozen=True)
class TrueKinematics:
    """An arm whose joints and base are not quite where they are thought to be.

    Args:
        arm: The arm, with its true link lengths.
        joint_offsets: (n,) in [rad], added to the joint positions that the arm tells.
        base_shift: (m,) in [m], where the base truly is.
    """

    arm: Arm
    joint_offsets: tuple[float, ...]
    base_shift: tuple[float, ...]

    @classmethod
    def exact(cls, arm: Arm) -> TrueKinematics:
        """As the arm is thought to be."""
        return cls(arm, (0.0,) * arm.n_joints, (0.0,) * arm.n_coordinates)

    @classmethod
    def bent(cls, arm: Arm, rng: np.random.Generator) -> TrueKinematics:
        """Each link 5 % longer or shorter, each joint off by 3° to either side, the base by 1 cm."""
        signs = rng.choice([-1.0, 1.0], size=len(arm.link_lengths))
        lengths = np.array(arm.link_lengths) * (1.0 + _LINKS * signs)
        offsets = _JOINTS * rng.choice([-1.0, 1.0], size=arm.n_joints)
        shift = rng.normal(size=arm.n_coordinates)
        shift *= _BASE / np.linalg.norm(shift)
        return cls(arm.with_changes(lengths.tolist()), tuple(offsets.tolist()), tuple(shift.tolist()))

    def forward(self, positions: Any) -> np.ndarray:
        """Where the tip truly is (…, m) [m] at the joint positions (…, n) [rad] that the arm tells."""
        told = np.asarray(positions, dtype=float)
        tips: np.ndarray = self.arm.forward(told + self.joint_offsets) + self.base_shift
        return tips

    def save(self, folder: Path, notes: dict[str, Any]) -> None:
        """Write it to a recording's folder, with ``notes`` of JSON types on what else is known."""
        data = {
            "arm": self.arm.to_dict(),
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
            data = json.loads(file.read_text(encoding="utf-8"))
            arm = Arm.from_dict(data["arm"])
            return cls(arm, tuple(data["joint_offsets"]), tuple(data["base_shift"]))
        except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{file} does not hold the truth of a synthetic recording: {error}") from None
