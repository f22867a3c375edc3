"""Other people's solvers, where they are installed: each turned into ``solve(target, start)``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.arms import Arm, to_urdf

Array = NDArray[np.float64]


class Peer(Protocol):
    """A solver of one target."""

    name: str

    def solve(self, target: Array, start: Array) -> Array:
        """Joint positions (n,) in [rad] for a target (m,) in [m], started from (n,)."""


class RoboticsToolbox:
    """roboticstoolbox-python's Levenberg–Marquardt in C, with restarts."""

    name = "roboticstoolbox ik_LM"

    def __init__(self, arm: Arm) -> None:
        from roboticstoolbox import ET, ERobot
        from spatialmath import SE3

        chain = None
        lengths = (0.0,) * (arm.n_joints - len(arm.link_lengths)) + arm.link_lengths
        for i, (low, high, length) in enumerate(zip(arm.lower, arm.upper, lengths, strict=True)):
            pitches = arm.family == "yaw_pitch" and i > 0
            joint = ET.Ry(flip=True) if pitches else ET.Rz()
            joint.qlim = [low, high]
            chain = joint if chain is None else chain * joint
            chain = chain * ET.tx(length)
        self._chain = ERobot(chain).ets()
        self._pose = SE3
        self._mask = np.array([1.0, 1.0, float(arm.n_coordinates == 3), 0.0, 0.0, 0.0])
        self._arm = arm

    def solve(self, target: Array, start: Array) -> Array:
        pose = self._pose.Trans(*target, *([0.0] * (3 - len(target)))).A
        return np.asarray(self._chain.ik_LM(pose, q0=start, mask=self._mask, tol=1e-13)[0])


class Optik:
    """optik, in Rust: position alone weighs."""

    name = "optik"

    def __init__(self, arm: Arm) -> None:
        import optik

        with _urdf_file(to_urdf(arm)) as path:
            self._robot = optik.Robot.from_urdf_file(path, arm.base_link, arm.tip_name)
        self._config = optik.SolverConfig(max_time=0.01, tol_f=1e-13, angular_weight=[0.0] * 3)

    def solve(self, target: Array, start: Array) -> Array:
        pose = np.eye(4)
        pose[: len(target), 3] = target
        found = self._robot.ik(self._config, pose, start)
        return start if found is None else np.asarray(found[0])


class TracIK:
    """TRAC-IK through pytracik, which asks for an orientation: a free wrist at the tip provides any."""

    name = "pytracik"

    def __init__(self, arm: Arm) -> None:
        from trac_ik import TracIK as Solver

        parent, wrist = arm.tip_name, ""
        for i, axis in enumerate(("1 0 0", "0 1 0", "0 0 1")):
            wrist += (
                f'<link name="wrist_{i}"/><joint name="wrist_joint_{i}" type="continuous">'
                f'<parent link="{parent}"/><child link="wrist_{i}"/><axis xyz="{axis}"/></joint>'
            )
            parent = f"wrist_{i}"
        with _urdf_file(to_urdf(arm).replace("</robot>", wrist + "</robot>")) as path:
            self._solver = Solver(
                base_link_name=arm.base_link, tip_link_name=parent, urdf_path=path, epsilon=1e-7
            )
        self._n = arm.n_joints

    def solve(self, target: Array, start: Array) -> Array:
        position = np.zeros(3)
        position[: len(target)] = target
        found = self._solver.ik(position, np.eye(3), np.concatenate([start, np.zeros(3)]))
        return start if found is None else np.asarray(found)[: self._n]


@contextmanager
def _urdf_file(text: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "arm.urdf"
        path.write_text(text, encoding="utf-8")
        yield str(path)


def installed_peers(arm: Arm) -> tuple[list[Peer], list[str]]:
    """The peers that can be imported, and a line for each that cannot."""
    peers: list[Peer] = []
    missing = []
    for peer in (RoboticsToolbox, Optik, TracIK):
        try:
            peers.append(peer(arm))
        except ImportError as error:
            missing.append(f"{peer.name}: not installed ({error})")
    return peers, missing
