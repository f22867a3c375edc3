"""Other people's solvers that compute every solution: ssik and EAIK. Also the oracle for the nearest one."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.bench.arms import BenchArm
from itnnr_ik.bench.peers import Unsuited, element_transforms

Array = NDArray[np.float64]


class Ssik:
    """ssik's native artifact, which its ``ssik build`` makes for an arm: what its users deploy."""

    name = "ssik"

    def __init__(self, arm: BenchArm) -> None:
        import ssik  # noqa: F401
        import urchin  # noqa: F401  what `ssik build` reads URDF with

        if arm.solver.task.kind != "pose" or arm.chain.n_joints not in (6, 7) or not arm.turns.all():
            raise Unsuited("takes poses of arms of six or seven revolute joints")
        self._arm = arm
        self._module = _built(arm)
        solve = self._module.solve
        self.solve = lambda pose, state: solve(pose, max_solutions=1, q_seed=state)

    def ready(self, transform: Array, target: Array, state: Array) -> tuple[Any, ...]:
        return np.ascontiguousarray(transform), state

    def positions(self, answer: Any) -> Array | None:
        return np.asarray(answer[0].q) if answer else None

    def branches(self, transform: Array, state: Array) -> Array:
        """Every solution (b, n) within the limits, at the turn nearest to ``state`` (n,)."""
        every = self._module.solve(transform, enumerate_windings=False, respect_limits=False)
        positions = np.array([one.q for one in every]).reshape(-1, self._arm.chain.n_joints)
        return self._arm.nearest_turn(positions, state)


class Eaik:
    """EAIK: every solution, limits ignored; the nearest within them is picked in NumPy, as users must."""

    name = "EAIK"

    def __init__(self, arm: BenchArm) -> None:
        import eaik.pybindings.EAIK as eaik
        from eaik.IK_Robot import IKRobot

        if arm.solver.task.kind != "pose" or arm.chain.n_joints != 6 or not arm.turns.all():
            raise Unsuited("takes poses of arms of six revolute joints")
        frame, axes, offsets, last = np.eye(4), [], [], np.zeros(3)
        *transforms, tip = element_transforms(arm)
        for transform in transforms:
            frame = frame @ transform
            axes.append(frame[:3, 2])
            offsets.append(frame[:3, 3] - last)
            last = frame[:3, 3].copy()
        frame = frame @ tip
        offsets.append(frame[:3, 3] - last)
        # IKRobot's subclasses take one axis for all joints, or a URDF whose base and tip cannot be named.
        robot = IKRobot()
        robot._robot = eaik.Robot(np.array(axes).T, np.array(offsets).T, frame[:3, :3], [], True)
        if not robot.hasKnownDecomposition():
            raise Unsuited(f"has no closed form for this arm ({robot.getKinematicFamily()})")
        self._arm, self._ik = arm, robot.IK
        self.solve = self._nearest

    def ready(self, transform: Array, target: Array, state: Array) -> tuple[Any, ...]:
        return np.ascontiguousarray(transform), state

    def positions(self, answer: Any) -> Array | None:
        return None if answer is None else np.asarray(answer)

    def _nearest(self, pose: Array, state: Array) -> Array | None:
        found = self._ik(pose)
        if found.num_solutions() == 0:
            return None
        exact = found.Q[~np.asarray(found.is_LS, dtype=bool)]
        inside = self._arm.nearest_turn(exact, state)
        if not len(inside):
            return None
        nearest: Array = inside[np.abs(inside - state).max(axis=1).argmin()]
        return nearest


def _built(arm: BenchArm) -> Any:
    """The module that ``ssik build`` writes for an arm."""
    chain = arm.chain
    program = shutil.which("ssik", path=os.pathsep.join([str(Path(sys.executable).parent), os.defpath]))
    if program is None:
        raise ImportError("no command ssik")
    with tempfile.TemporaryDirectory() as folder:
        urdf, module = Path(folder) / "arm.urdf", Path(folder) / f"{arm.name}_ik.py"
        urdf.write_text(chain.urdf, encoding="utf-8")
        command = [program, "build", str(urdf), "--base", chain.base_link, "--ee", chain.tip_link]
        built = subprocess.run(
            [*command, "--out", str(module), "--no-validate"], capture_output=True, text=True, check=False
        )
        if built.returncode != 0:
            last = (built.stderr.strip() or built.stdout.strip() or "no message").splitlines()[-1]
            raise Unsuited(f"could not build its artifact: {last}")
        spec = importlib.util.spec_from_file_location(module.stem, module)
        assert spec is not None and spec.loader is not None
        loaded = importlib.util.module_from_spec(spec)
        sys.modules[module.stem] = loaded
        spec.loader.exec_module(loaded)
        return loaded
