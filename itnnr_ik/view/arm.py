"""Draws an arm in the browser's scene, with parts that move with its joints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import trimesh
import viser
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from itnnr_ik.robot import KinematicChain
from itnnr_ik.robot.transforms import turning_z_to
from itnnr_ik.solver import IKSolver
from itnnr_ik.view.frames import LinkFrames
from itnnr_ik.view.palette import LINK, Color
from itnnr_ik.view.shapes import Part, chain_parts
from itnnr_ik.view.visuals import mesh_parts

Array = NDArray[np.float64]

#: Radii of the rod and the ball that represent a learned arm, of which only the tip is known, in reaches.
_ROD_RADIUS, _TIP_RADIUS = 0.01, 0.03
#: Size of a ghost's parts relative to those of the arm.
_GHOST_SCALE = 0.92


class Shape:
    """The shape of an arm, shared by all drawings of it.

    Args:
        solver: The arm and its tool.
        folder: Folder of its URDF, where meshes may be.

    Attributes:
        missing: Meshes that were not found; the arm is drawn from its joints if there are any.
    """

    def __init__(self, solver: IKSolver, folder: Path | None = None) -> None:
        self.solver = solver
        self.missing: list[str] = []
        self.frames: LinkFrames | None = None
        self.parts: list[Part] = []
        if isinstance(solver.arm, KinematicChain):
            self.frames = LinkFrames(solver.arm)
            self.parts, self.missing = mesh_parts(solver.arm, folder)
            self.parts = self.parts or chain_parts(solver.arm, solver.task.tool)


class ArmDrawing:
    """One drawing of an arm.

    Args:
        scene: The scene to draw in.
        name: Name of its scene node.
        shape: Shape of the arm.
        color: Colour of all parts; None for their own colours.
        opacity: From 0 to 1.
    """

    def __init__(
        self,
        scene: viser.SceneApi,
        name: str,
        shape: Shape,
        color: Color | None = None,
        opacity: float | None = None,
    ) -> None:
        self._shape, self._scene = shape, scene
        self._root = scene.add_frame(name, show_axes=False)
        self._shown: Array | None = None
        self._clickable: list[viser.MeshHandle] = []
        self._links: list[viser.FrameHandle] = []
        if shape.frames is not None:
            self._links = [scene.add_frame(f"{name}/{k}", show_axes=False) for k in range(len(shape.frames))]
        for number, (frame, mesh, own_color) in enumerate(shape.parts):
            if color is not None and frame == 0:
                continue  # it would hide the base of the arm itself
            if color is not None:
                mesh = _shrink(mesh)
            self._add(f"{name}/{frame}/{number}", mesh, color or own_color, opacity)
        if shape.frames is None:
            reach = shape.solver.arm.reach or 1.0
            ball = trimesh.creation.icosphere(radius=_TIP_RADIUS * reach)
            rod = trimesh.creation.cylinder(_ROD_RADIUS * reach, 1.0)
            rod.apply_translation([0.0, 0.0, 0.5])
            self._tip = self._add(f"{name}/tip", ball, color or LINK, opacity)
            self._rod = self._add(f"{name}/rod", rod, color or LINK, opacity)

    def show(self, positions: Array | None) -> None:
        """Draw the arm at joint positions (n,); hide it for None."""
        if self._shown is not None and positions is not None and np.array_equal(self._shown, positions):
            return
        self._shown = None if positions is None else positions.copy()
        if self._root.visible != (positions is not None):
            self._root.visible = positions is not None
        if positions is None:
            return
        if self._shape.frames is None:
            self._show_rod(positions)
            return
        transforms = self._shape.frames.at(positions)
        quaternions = Rotation.from_matrix(transforms[:, :3, :3]).as_quat()[:, [3, 0, 1, 2]]
        for link, transform, quaternion in zip(self._links, transforms, quaternions, strict=True):
            link.position, link.wxyz = transform[:3, 3], quaternion

    @property
    def tip(self) -> Array:
        """Drawn position (3,) of a learned arm's tip, in [m]."""
        return np.asarray(self._tip.position)

    def on_click(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when it is clicked."""
        for handle in self._clickable:
            handle.on_click(lambda _: callback())

    def _add(self, name: str, mesh: trimesh.Trimesh, color: Color, opacity: float | None) -> viser.MeshHandle:
        ghost = opacity is not None
        handle = self._scene.add_mesh_simple(
            name,
            np.asarray(mesh.vertices),
            np.asarray(mesh.faces),
            color=color,
            opacity=opacity,
            cast_shadow=not ghost,
            receive_shadow=not ghost,
        )
        self._clickable.append(handle)
        return handle

    def _show_rod(self, positions: Array) -> None:
        """Draw a rod from the base's origin to the tip of a learned arm."""
        start, end = self._shape.solver.arm.skeleton(positions)[[0, -1]]
        offset = end - start
        length = float(np.linalg.norm(offset))
        self._tip.position, self._rod.position = end, start
        if length > 0.0:
            turn = Rotation.from_matrix(turning_z_to(offset / length))
            self._rod.wxyz = turn.as_quat()[[3, 0, 1, 2]]
            self._rod.scale = (1.0, 1.0, length)


def _shrink(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """A slightly smaller copy, so that of two coinciding arms one hides the other."""
    slim = mesh.copy()
    middle = slim.bounds.mean(axis=0)
    slim.vertices = middle + _GHOST_SCALE * (slim.vertices - middle)
    return slim
