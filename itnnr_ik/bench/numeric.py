"""Adapters of iterative solvers: roboticstoolbox, optik and TRAC-IK."""

from __future__ import annotations

import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.bench.arms import BenchArm
from itnnr_ik.bench.peers import UnsupportedArm, element_transforms

Array = NDArray[np.float64]

#: Tolerance of solvers that sum up squared errors: that of 4e-7 in metres and radians together.
_SQUARED_TOLERANCE = 1e-13
_FREE_AXES: Sequence[str] = ("0 0 1", "0 1 0", "1 0 0")  # of extra joints at the tip


class RoboticsToolbox:
    """roboticstoolbox-python's Levenberg–Marquardt in C, with restarts; a free roll is an extra joint."""

    name = "roboticstoolbox ik_LM"

    def __init__(self, arm: BenchArm) -> None:
        from roboticstoolbox import ET, ETS

        parts: list[Any] = []
        bounds = np.stack(arm.bounds, axis=1)
        *transforms, last = element_transforms(arm)
        for transform, limits, revolute in zip(transforms, bounds, arm.revolute, strict=True):
            joint = ET.Rz if revolute else ET.tz
            parts += [ET.SE3(transform), joint(qlim=list(limits))]
        parts.append(ET.SE3(last))
        self._free = np.zeros(_free_joints(arm)[0])
        if len(self._free):
            parts.append(ET.Rz(qlim=[-np.pi, np.pi]))
        self._n = arm.chain.n_joints
        options: dict[str, Any] = {"tol": _SQUARED_TOLERANCE, "joint_limits": True}
        if arm.solver.task.kind == "position":
            options["mask"] = np.array([1.0, 1.0, float(not arm.solver.task.planar), 0.0, 0.0, 0.0])
        ik_lm = ETS(parts).ik_LM
        self.solve = lambda pose, state: ik_lm(pose, q0=state, **options)

    def arguments(self, transform: Array, target: Array, state: Array) -> tuple[Any, ...]:
        return np.ascontiguousarray(transform), np.concatenate([state, self._free])

    def positions(self, answer: Any) -> Array | None:
        return np.asarray(answer.q)[: self._n] if answer.success else None


class Optik:
    """optik, in Rust, on one thread; orientation has the weight 0 in a position task."""

    name = "optik"

    def __init__(self, arm: BenchArm) -> None:
        import optik

        if not arm.revolute.all():
            raise UnsupportedArm("takes no prismatic joints (it would end this process)")
        position = arm.solver.task.kind == "position"
        free = 0 if position else _free_joints(arm)[0]
        with _urdf_file(arm, free, limited=True) as (path, tip):  # it takes no continuous joints
            robot = optik.Robot.from_urdf_file(path, arm.chain.base_link, tip)
        robot.set_parallelism(1)
        weights = {"angular_weight": [0.0] * 3} if position else {}
        config = optik.SolverConfig(max_time=0.1, max_restarts=10**6, tol_f=_SQUARED_TOLERANCE, **weights)
        self._free, self._n = np.zeros(free), arm.chain.n_joints
        self.solve = lambda pose, state: robot.ik(config, pose, state)

    def arguments(self, transform: Array, target: Array, state: Array) -> tuple[Any, ...]:
        return np.ascontiguousarray(transform), np.concatenate([state, self._free])

    def positions(self, answer: Any) -> Array | None:
        return None if answer is None else np.asarray(answer[0])[: self._n]


class TracIK:
    """TRAC-IK by pytracik, for 5 ms at most; extra joints at the tip free what the task leaves free."""

    name = "pytracik"

    def __init__(self, arm: BenchArm) -> None:
        from trac_ik import TracIK as Solver

        free = sum(_free_joints(arm))
        with _urdf_file(arm, free) as (path, tip):
            solver = Solver(arm.chain.base_link, tip, path, timeout=0.005, epsilon=1e-7)
        self._free, self._n = np.zeros(free), arm.chain.n_joints
        self.solve = solver.ik

    def arguments(self, transform: Array, target: Array, state: Array) -> tuple[Any, ...]:
        position, rotation = transform[:3, 3].copy(), transform[:3, :3].copy()
        return position, rotation, np.concatenate([state, self._free])

    def positions(self, answer: Any) -> Array | None:
        return None if answer is None else np.asarray(answer)[: self._n]


def _free_joints(arm: BenchArm) -> tuple[int, int]:
    """Extra joints at the tip: about z for a free roll, and about z, y and x for a free orientation."""
    return {"pose": (0, 0), "pointing": (1, 0), "position": (0, 3)}[arm.solver.task.kind]


@contextmanager
def _urdf_file(arm: BenchArm, free: int, limited: bool = False) -> Iterator[tuple[str, str]]:
    """The arm's URDF as a file, with ``free`` extra joints at its tip, and the name of the last link.

    With ``limited``, continuous joints become revolute ones within ±π.
    """
    robot, link = ElementTree.fromstring(arm.chain.urdf), arm.chain.tip_link
    for i, axis in enumerate(_FREE_AXES[:free]):
        joint = ElementTree.SubElement(robot, "joint", name=f"spare_joint_{i}", type="continuous")
        ElementTree.SubElement(robot, "link", name=f"spare_{i}")
        ElementTree.SubElement(joint, "parent", link=link)
        link = f"spare_{i}"
        ElementTree.SubElement(joint, "child", link=link)
        ElementTree.SubElement(joint, "axis", xyz=axis)
    for joint in robot.iterfind("joint[@type='continuous']") if limited else ():
        joint.set("type", "revolute")
        for limit in joint.findall("limit"):
            joint.remove(limit)
        ElementTree.SubElement(joint, "limit", lower=str(-np.pi), upper=str(np.pi), velocity="7", effort="1")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "arm.urdf"
        ElementTree.ElementTree(robot).write(path)
        yield str(path), link
