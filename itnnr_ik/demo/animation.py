"""The animation of a demo: the recorded motion of the arms, rendered by MuJoCo without a screen."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from itnnr_ik.demo.plan import Result
from itnnr_ik.demo.recording import Recording
from itnnr_ik.files import check_folder_of
from itnnr_ik.forms import reason
from itnnr_ik.recording.replacing import replace_file
from itnnr_ik.robot import KinematicChain
from itnnr_ik.ros.simulation.mujoco_model import arm_spec, load_mujoco
from itnnr_ik.solver import IKSolver

_FRAME_RATE = 20.0  # [Hz]
#: Duration that is shown, up to the end of a run: one lap of a demo curve, so that the animation loops.
_MAX_DURATION = 6.0  # [s]
_TRAIL_DURATION = 1.2  # [s] for which the tool's path stays visible
_WIDTH, _HEIGHT = 300, 260  # [pixels] of one arm's picture
_OVERSAMPLING = 2
_COLORS = 96

#: Colour of the floor as it is lit, so that there is no visible horizon.
_BACKGROUND = (0.966, 0.982, 0.998)
_FLOOR = (0.90, 0.915, 0.93, 1.0)
_PEDESTAL = (0.45, 0.49, 0.54, 1.0)
_JOINT = (0.16, 0.19, 0.24, 1.0)
_LINKS = ((0.47, 0.38, 0.68, 1.0), (0.11, 0.29, 0.40, 1.0), (0.16, 0.50, 0.52, 1.0))
_PATH = (0.72, 0.75, 0.79, 1.0)
_TRACE = (0.93, 0.45, 0.13, 1.0)
_TARGET = (0.82, 0.10, 0.16, 0.75)
_TEXT = (40, 48, 60)
_TITLE_SIZE = 15  # [pixels]
#: Distance of the floor below an arm on a pedestal, radius of the pedestal, and radius of links that have no
#: shape, in reaches.
_PEDESTAL_HEIGHT, _PEDESTAL_RADIUS, _LINK_RADIUS = 0.1, 0.04, 0.03
#: The camera sees an extent that is found from a number of postures. Its distance, and how far it looks above
#: the middle, to leave room for the title, are in extents.
_CAMERA_DISTANCE, _N_VIEW_POSTURES, _CAMERA_RAISE = 1.15, 20, 0.03


def check_animation(path: Path) -> None:
    """Check before the demo whether `animate` will work.

    Raises:
        ValueError: The path has no folder, or is not that of a GIF.
        ImportError: MuJoCo cannot be loaded.
        RuntimeError: It cannot draw without a screen.
    """
    check_folder_of(path)
    if path.suffix.lower() != ".gif":
        raise ValueError(f"the animation must be a .gif file, got {path}")
    if sys.platform == "linux" and not os.environ.get("MUJOCO_GL"):
        # MuJoCo reads it once when imported; without it and without a screen it aborts the process.
        if "mujoco" in sys.modules:
            raise RuntimeError("MuJoCo has been loaded for drawing on a screen: set MUJOCO_GL=egl before")
        os.environ["MUJOCO_GL"] = "egl"
    mujoco = load_mujoco()
    try:
        mujoco.Renderer(mujoco.MjSpec().compile(), 8, 8).close()
    except Exception as error:  # whatever the graphics library raises
        raise RuntimeError(
            f"MuJoCo cannot draw without a screen (MUJOCO_GL={os.environ.get('MUJOCO_GL', '')}): "
            f"{reason(error)}; on Debian and Ubuntu it needs libegl1 and libgl1-mesa-dri"
        ) from error


def animate(results: Sequence[Result], path: Path) -> None:
    """Write the first run of every arm, side by side, to the GIF ``path``.

    Raises:
        ValueError: A run has no joint states to show, or its arm was learned and has no links.
    """
    first = {id(result.plan): result for result in reversed(results)}
    print("drawing the animation, a minute or so", file=sys.stderr, flush=True)
    strips = [_frames(result.plan.solver, result.recording) for result in reversed(first.values())]
    count = min(map(len, strips))
    frames = []
    for i in range(count):
        frame = Image.new("RGB", (_WIDTH * len(strips), _HEIGHT))
        for j, strip in enumerate(strips):
            frame.paste(strip[i], (_WIDTH * j, 0))
        frames.append(frame)
    # One palette for all frames, because different palettes make static colours flicker.
    sample = Image.new("RGB", (frames[0].width, _HEIGHT * 4))
    for k in range(4):
        sample.paste(frames[k * count // 4], (0, _HEIGHT * k))
    palette = sample.quantize(_COLORS, dither=Image.Dither.NONE)
    shown = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    animation, options = io.BytesIO(), {"duration": round(1e3 / _FRAME_RATE), "loop": 0, "optimize": True}
    shown[0].save(animation, "GIF", save_all=True, append_images=shown[1:], **options)
    replace_file(path, animation.getvalue())


def _frames(solver: IKSolver, recording: Recording) -> list[Image.Image]:
    """Render the frames of the end of a run."""
    arm = solver.arm
    if not isinstance(arm, KinematicChain):
        raise ValueError(f"{arm.name} was learned from a recording and has no links to animate")
    seen = [target for target in recording.targets if np.isfinite(target.target).all()]
    if len(recording.joint_states) < 2 or len(seen) < 2:
        raise ValueError(f"no joint states of {arm.name} to animate")
    stamps = np.array([stamp for stamp, _ in recording.joint_states])
    target_stamps = np.array([target.stamp for target in seen])
    end = min(stamps[-1], target_stamps[-1])
    start = max(stamps[0], target_stamps[0], end - round(1e9 * _MAX_DURATION))
    seconds, target_seconds = 1e-9 * (stamps - start), 1e-9 * (target_stamps - start)
    positions = np.array([positions for _, positions in recording.joint_states])
    targets = solver.in_space([target.target for target in seen])
    tips = solver.point_at(positions)
    path = targets[target_seconds >= -0.05][::4]  # a lap's ends overlap
    shown = positions[seconds >= 0.0]
    skeletons = [arm.skeleton(posture) for posture in shown[:: max(1, len(shown) // _N_VIEW_POSTURES)]]
    stage = _Stage(arm, np.concatenate([path, *skeletons]))
    frames = []
    try:
        for time in np.arange(max(1, round(1e-9 * (end - start) * _FRAME_RATE))) / _FRAME_RATE:
            trail = tips[(time - _TRAIL_DURATION <= seconds) & (seconds <= time)][::3]
            posture, target = (
                _interpolate(time, seconds, positions),
                _interpolate(time, target_seconds, targets),
            )
            image = stage.draw(posture, path, trail, target)
            frames.append(_with_title(image, arm.name))
    finally:
        stage.close()
    return frames


class _Stage:
    """The scene: an arm on a floor, with light and a camera.

    Args:
        arm: The arm.
        points: (p, 3) in [m] in the arm's base link that must be visible.
    """

    def __init__(self, arm: KinematicChain, points: np.ndarray) -> None:
        self._mujoco = load_mujoco()
        self._thickness = 0.006 * arm.reach
        # An arm is on the floor if it stays above its base and stands upright, otherwise on a pedestal.
        upright = arm.skeleton(np.zeros(arm.n_joints))[1, 2] > 0.0
        on_floor = points[:, 2].min() >= -0.01 * arm.reach and upright
        floor = 0.0 if on_floor else points[:, 2].min() - _PEDESTAL_HEIGHT * arm.reach
        points = np.vstack([points, [0.0, 0.0, floor]])
        lowest, highest = points.min(axis=0), points.max(axis=0)
        self._model = self._compile(arm, floor)
        self._data = self._mujoco.MjData(self._model)
        base = self._data.body(arm.base_link)
        self._mujoco.mj_forward(self._model, self._data)
        self._base_rotation, self._base_position = base.xmat.reshape(3, 3).copy(), base.xpos.copy()
        self._joints = [int(self._model.joint(name).qposadr[0]) for name in arm.joint_names]
        size = (_HEIGHT * _OVERSAMPLING, _WIDTH * _OVERSAMPLING)
        self._renderer = self._mujoco.Renderer(self._model, *size)
        self._camera = self._mujoco.MjvCamera()
        extent = float(np.linalg.norm(highest - lowest))
        middle = 0.5 * (lowest + highest) + [0.0, 0.0, _CAMERA_RAISE * extent]
        self._camera.lookat[:] = self._to_scene(middle)
        self._camera.distance = _CAMERA_DISTANCE * extent
        self._camera.azimuth, self._camera.elevation = (90.0, -52.0) if arm.is_planar else (55.0, -20.0)

    def draw(
        self, positions: np.ndarray, path: np.ndarray, trail: np.ndarray, target: np.ndarray
    ) -> Image.Image:
        """Render the arm at ``positions`` (n,), two lines of points (p, 3) [m], and the target (3,) [m]."""
        self._data.qpos[self._joints] = positions
        self._mujoco.mj_forward(self._model, self._data)
        self._renderer.update_scene(self._data, self._camera)
        self._add_line(path, 0.6 * self._thickness, _PATH)
        self._add_line(trail, self._thickness, _TRACE)
        size = np.full(3, 4.5 * self._thickness)
        self._add_geom(self._mujoco.mjtGeom.mjGEOM_SPHERE, size, self._to_scene(target), _TARGET)
        image = Image.fromarray(self._renderer.render())
        return image.resize((_WIDTH, _HEIGHT), Image.Resampling.LANCZOS)

    def close(self) -> None:
        """Free the graphics memory."""
        self._renderer.close()

    def _to_scene(self, points: np.ndarray) -> np.ndarray:
        """Transform points (..., 3) [m] from the arm's base link to the scene."""
        in_scene: np.ndarray = points @ self._base_rotation.T + self._base_position
        return in_scene

    def _compile(self, arm: KinematicChain, floor: float) -> Any:
        mujoco = self._mujoco
        spec = arm_spec(arm)
        visual = spec.visual.global_
        visual.offwidth, visual.offheight = _WIDTH * _OVERSAMPLING, _HEIGHT * _OVERSAMPLING
        spec.visual.quality.shadowsize = 2048
        spec.visual.headlight.ambient = [0.55] * 3
        spec.visual.headlight.diffuse = [0.0] * 3
        spec.visual.headlight.specular = [0.0] * 3
        spec.add_texture(
            name="sky",
            type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
            builtin=mujoco.mjtBuiltin.mjBUILTIN_FLAT,
            rgb1=_BACKGROUND,
            rgb2=_BACKGROUND,
            width=16,
            height=96,
        )
        for body in spec.worldbody.bodies:
            self._paint(body, 0, _LINK_RADIUS * arm.reach)
        world = spec.worldbody
        world.add_light(
            pos=[0.4 * arm.reach, -0.6 * arm.reach, 2.0 * arm.reach],
            dir=[0.1, 0.3, -1.0],
            type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
            diffuse=[0.55] * 3,
            specular=[0.0] * 3,
        )
        world.add_geom(
            type=mujoco.mjtGeom.mjGEOM_PLANE, pos=[0.0, 0.0, floor], size=[20.0, 20.0, 0.1], rgba=_FLOOR
        )
        if floor < 0.0:
            world.add_geom(
                type=mujoco.mjtGeom.mjGEOM_CYLINDER,
                pos=[0.0, 0.0, floor / 2.0],
                size=[_PEDESTAL_RADIUS * arm.reach, -floor / 2.0, 0.0],
                rgba=_PEDESTAL,
            )
        return spec.compile()

    def _paint(self, body: Any, number: int, radius: float) -> None:
        """Colour a body and its descendants by the number of moving bodies, and add missing shapes."""
        capsule, sphere = self._mujoco.mjtGeom.mjGEOM_CAPSULE, self._mujoco.mjtGeom.mjGEOM_SPHERE
        number += bool(body.joints)
        if not body.geoms:
            if body.joints:
                body.add_geom(type=sphere, size=[1.4 * radius, 0.0, 0.0])
            for child in body.bodies:
                if np.linalg.norm(child.pos) > radius:
                    ends = [0.0, 0.0, 0.0, *child.pos]
                    body.add_geom(type=capsule, fromto=ends, size=[radius, 0.0, 0.0])
        for geom in body.geoms:
            geom.rgba = _JOINT if geom.type == sphere else _LINKS[number % len(_LINKS)]
        for child in body.bodies:
            self._paint(child, number, radius)

    def _add_line(self, points: np.ndarray, radius: float, color: Sequence[float]) -> None:
        capsule = self._mujoco.mjtGeom.mjGEOM_CAPSULE
        for start, end in pairwise(self._to_scene(points)):
            geom = self._add_geom(capsule, np.zeros(3), start, color)
            self._mujoco.mjv_connector(geom, capsule, radius, start, end)

    def _add_geom(self, kind: Any, size: np.ndarray, position: np.ndarray, color: Sequence[float]) -> Any:
        scene = self._renderer.scene
        geom = scene.geoms[scene.ngeom]
        self._mujoco.mjv_initGeom(geom, kind, size, position, np.eye(3).ravel(), np.array(color, np.float32))
        geom.category = self._mujoco.mjtCatBit.mjCAT_DECOR
        scene.ngeom += 1
        return geom


def _with_title(image: Image.Image, title: str) -> Image.Image:
    font = ImageFont.load_default(_TITLE_SIZE)
    ImageDraw.Draw(image).text((_WIDTH / 2.0, 16.0), title, fill=_TEXT, font=font, anchor="mm")
    return image


def _interpolate(time: float, times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """``values`` (t, k) interpolated at one time (k,)."""
    return np.array([np.interp(time, times, column) for column in values.T])
