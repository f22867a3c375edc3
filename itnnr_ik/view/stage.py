"""The browser's scene: the arm on a grid, its target, ghosts of other postures, lines and clouds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import viser
from numpy.typing import ArrayLike, NDArray

from itnnr_ik.solver import IKSolver
from itnnr_ik.view.arm import ArmDrawing, Shape
from itnnr_ik.view.palette import GHOST, GOAL, MISSED, Color

Array = NDArray[np.float64]

#: Size of the target's control, width of lines and radius of points, in reaches.
_CONTROL_SIZE, _LINE_WIDTH, _POINT_RADIUS = 0.26, 0.008, 0.011
#: Direction from the arm to the camera, for spatial and planar arms, and its distance in reaches.
_CAMERA_DIRECTION, _PLANAR_CAMERA_DIRECTION, _CAMERA_DISTANCE = (1.0, -0.85, 0.5), (0.0, -0.5, 1.0), 2.1
_FIELD_OF_VIEW = 0.62  # [rad]
#: Shift of the camera [reaches] that moves the arm to the left, away from the panel.
_CAMERA_SHIFT = 0.16
_GHOST_OPACITY = 0.33
#: Length of the axes of a target that is not dragged, in reaches.
_GOAL_AXES = 0.13
#: Possible sizes of the grid's cells [m]; the one nearest to a tenth of the reach is taken.
_CELL_SIZES = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)


class Stage:
    """Draws an arm, its target, ghosts, lines and clouds; state is kept elsewhere, as in `Posing`.

    Args:
        server: The server of the scene.
        shape: Shape of the arm.
        ghosts: Largest number of ghosts, which show other postures.
        ghost_color: Their colour.
    """

    def __init__(
        self, server: viser.ViserServer, shape: Shape, ghosts: int = 0, ghost_color: Color = GHOST
    ) -> None:
        self._scene = server.scene
        self._solver = shape.solver
        self._reach = shape.solver.arm.reach or 1.0
        self._clouds: dict[str, viser.PointCloudHandle] = {}
        self._lines: dict[str, viser.LineSegmentsHandle] = {}
        self._set_up(server)
        self.arm = ArmDrawing(self._scene, "/arm", shape)
        self.ghosts = [
            ArmDrawing(self._scene, f"/ghosts/{i}", shape, ghost_color, _GHOST_OPACITY) for i in range(ghosts)
        ]
        for ghost in self.ghosts:
            ghost.show(None)
        self.target = self._add_target()
        self.goal = self._scene.add_frame(
            "/goal",
            axes_length=_GOAL_AXES * self._reach,
            axes_radius=_GOAL_AXES * self._reach / 14.0,
            origin_radius=_GOAL_AXES * self._reach / 5.0,
            origin_color=GOAL,
            visible=False,
        )
        self._dragged: Callable[[Array], None] = lambda _: None
        self.target.on_update(self._on_target)

    def on_drag(self, callback: Callable[[Array], None]) -> None:
        """Call ``callback`` with the target's pose (7,) whenever it is dragged."""
        self._dragged = callback

    def show_ghosts(self, postures: Sequence[Array]) -> None:
        """Draw other postures (n,) as ghosts, as many as there are ghosts."""
        for i, ghost in enumerate(self.ghosts):
            ghost.show(postures[i] if i < len(postures) else None)

    def show_target(self, pose: Array) -> None:
        """Put the target at a pose (7,)."""
        if np.array_equal(self.target.position, pose[:3]) and np.array_equal(
            self.target.wxyz, pose[[6, 3, 4, 5]]
        ):
            return
        self.target.position = pose[:3]
        self.target.wxyz = pose[[6, 3, 4, 5]]

    def show_goal(self, pose: Array | None) -> None:
        """Show a target that is not dragged at a pose (7,); hide it for None."""
        if pose is not None:
            self.goal.position, self.goal.wxyz = pose[:3], pose[[6, 3, 4, 5]]
        if self.goal.visible != (pose is not None):
            self.goal.visible = pose is not None

    def show_miss(self, tool: Array, target: Array, missed: bool) -> None:
        """Show a line from tool to target, positions (3,) [m], if the target was missed."""
        points = np.array([[tool, target]]) if missed else None
        self.show_lines("miss", points, MISSED, 1.5 * _LINE_WIDTH)

    def show_lines(self, name: str, points: Array | None, colors: Any, width: float = _LINE_WIDTH) -> None:
        """Show lines (l, 2, 3) in [m] in place of earlier ones of this name; None removes them."""
        old = self._lines.get(name)
        if points is not None and old is not None and np.array_equal(old.points, points.astype(np.float32)):
            return
        if old is not None:
            self._lines.pop(name).remove()
        if points is not None and len(points):
            self._lines[name] = self._scene.add_line_segments(
                f"/lines/{name}", points, colors, thickness=width * self._reach
            )

    def show_cloud(
        self, name: str, points: Array | None, colors: Any = None, size: float = _POINT_RADIUS
    ) -> None:
        """Show points (p, 3) in [m] in place of earlier ones of this name; None removes them."""
        if (old := self._clouds.pop(name, None)) is not None:
            old.remove()
        if points is not None and len(points):
            self._clouds[name] = self._scene.add_point_cloud(
                f"/clouds/{name}",
                points,
                colors,
                point_size=size * self._reach,
                point_shape="circle",
                precision="float32",
            )

    def shown(self) -> set[str]:
        """Names of the lines and clouds that are shown."""
        return {*self._lines, *self._clouds}

    def _on_target(self, event: viser.TransformControlsEvent) -> None:
        pose = np.concatenate([event.target.position, event.target.wxyz[[1, 2, 3, 0]]])
        # What comes from a browser may hold NaN, or no rotation.
        if event.client is not None and np.isfinite(pose).all() and pose[3:].any():
            self._dragged(pose)

    def _add_target(self) -> viser.TransformControlsHandle:
        task = self._solver.task
        return self._scene.add_transform_controls(
            "/target",
            scale=_CONTROL_SIZE * self._reach,
            active_axes=(True, True, not task.planar),
            disable_rotations=not task.has_orientation,
            depth_test=False,
            line_width=3.0,
        )

    def _set_up(self, server: viser.ViserServer) -> None:
        """Floor, light and camera."""
        solver, reach = self._solver, self._reach
        cell = min(_CELL_SIZES, key=lambda size: abs(np.log(size / (0.1 * reach))))
        lowest = self._floor()
        self._scene.set_up_direction("+z")
        self._scene.add_grid(
            "/floor",
            infinite_grid=True,
            cell_size=cell,
            section_size=5.0 * cell,
            cell_color=(222, 227, 234),
            section_color=(196, 205, 217),
            fade_distance=9.0 * reach,
            shadow_opacity=0.14,
            position=(0.0, 0.0, lowest),
        )
        look_at = self._look_at_point(lowest)
        eye = np.array(_PLANAR_CAMERA_DIRECTION if solver.task.planar else _CAMERA_DIRECTION)
        eye *= _CAMERA_DISTANCE * reach / np.linalg.norm(eye)
        right = np.cross([0.0, 0.0, 1.0], eye)
        look_at = look_at + _CAMERA_SHIFT * reach * right / np.linalg.norm(right)
        server.initial_camera.position = look_at + eye
        server.initial_camera.look_at = look_at
        server.initial_camera.fov = _FIELD_OF_VIEW

    def _floor(self) -> float:
        """Height of the floor [m], just below the base, or below the plane of a planar arm."""
        if self._solver.task.planar:
            return self._solver.plane_height - 0.06 * self._reach
        return -1e-3 * self._reach

    def _look_at_point(self, floor: float) -> Array:
        """The point (3,) [m] that the camera looks at."""
        if self._solver.task.planar:
            return np.array([0.4 * self._reach, 0.0, floor])
        return np.array([0.2 * self._reach, 0.1 * self._reach, 0.36 * self._reach])


def skeleton_lines(solver: IKSolver, postures: ArrayLike) -> Array:
    """Lines (l, 2, 3) in [m] along the arm at each of some postures (p, n), base to tool."""
    lines = []
    for posture in np.asarray(postures, dtype=float):
        points = solver.skeleton_at(posture)
        lines.append(np.stack([points[:-1], points[1:]], axis=1))
    return np.concatenate(lines) if lines else np.empty((0, 2, 3))
