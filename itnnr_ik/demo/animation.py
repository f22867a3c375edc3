"""The animation of a demo: the arms as they moved, drawn by MuJoCo without a screen."""

from __future__ import annotations

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
from itnnr_ik.robot import KinematicChain
from itnnr_ik.ros.simulation.mujoco_model import arm_spec, load_mujoco
from itnnr_ik.solver import IKSolver

_FRAME_RATE = 20.0  # [Hz]
#: The last seconds of a run are shown: for a curve of the demo one lap, so that the animation has no end.
_LONGEST = 6.0  # [s]
_TRAIL = 1.2  # [s] of the tool's path stay visible
_WIDTH, _HEIGHT = 300, 260  # [pixels] of one arm's picture
_OVERSAMPLING = 2
_COLORS = 96

#: The floor in this light, so that no horizon is seen.
_BACKGROUND = (0.966, 0.982, 0.998)
_FLOOR = (0.90, 0.915, 0.93, 1.0)
_PEDESTAL = (0.45, 0.49, 0.54, 1.0)
_JOINT = (0.16, 0.19, 0.24, 1.0)
_LINKS = ((0.47, 0.38, 0.68, 1.0), (0.11, 0.29, 0.40, 1.0), (0.16, 0.50, 0.52, 1.0))
_PATH = (0.72, 0.75, 0.79, 1.0)
_TRACE = (0.93, 0.45, 0.13, 1.0)
_TARGET = (0.82, 0.10, 0.16, 0.75)
_TEXT = (40, 48, 60)
_TITLE = 15  # [pixels]
#: As shares of the arm's reach: how far the floor is below an arm on a pedestal, that one's radius, and that
#: of links without a shape of their own.
_BELOW, _PEDESTAL_RADIUS, _LINK_RADIUS = 0.1, 0.04, 0.03
#: Distance of the camera in lengths of what is to be seen, which so many postures tell, and how far above its
#: middle it looks, below the title.
_DISTANCE, _SKELETONS, _UPWARDS = 1.15, 20, 0.03


def check_animation(path: Path) -> None:
    """Find out before the demo whether `animate` can work.

    Raises:
        ValueError: The path has no folder, or is not that of a GIF.
        ImportError: MuJoCo cannot be loaded.
        RuntimeError: It cannot draw without a screen.
    """
    check_folder_of(path)
    if path.suffix.lower() != ".gif":
        raise ValueError(f"the animation must be a .gif file, got {path}")
    if sys.platform == "linux" and not os.environ.get("MUJOCO_GL"):
        # MuJoCo looks at it once, and without it aborts the process where there is no screen.
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
    # One palette for all frames: with one each, colours that stand still would flicker.
    sample = Image.new("RGB", (frames[0].width, _HEIGHT * 4))
    for k in range(4):
        sample.paste(frames[k * count // 4], (0, _HEIGHT * k))
    palette = sample.quantize(_COLORS, dither=Image.Dither.NONE)
    shown = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    shown[0].save(
        path, save_all=True, append_images=shown[1:], duration=round(1e3 / _FRAME_RATE), loop=0, optimize=True
    )


def _frames(solver: IKSolver, recording: Recording) -> list[Image.Image]:
    """The last seconds of a run, frame by frame."""
    arm = solver.arm
    if not isinstance(arm, KinematicChain):
        raise ValueError(f"{arm.name} was learned from a recording and has no links to animate")
    if len(recording.joint_states) < 2 or len(recording.targets) < 2:
        raise ValueError(f"no joint states of {arm.name} to animate")
    stamps = np.array([stamp for stamp, _ in recording.joint_states])
    target_stamps = np.array([target.stamp for target in recording.targets])
    end = min(stamps[-1], target_stamps[-1])
    start = max(stamps[0], target_stamps[0], end - round(1e9 * _LONGEST))
    seconds, target_seconds = 1e-9 * (stamps - start), 1e-9 * (target_stamps - start)
    positions = np.array([positions for _, positions in recording.joint_states])
    targets = solver.in_space([target.target for target in recording.targets])
    tips = solver.point_at(positions)
    path = targets[target_seconds >= -0.05][::4]  # a lap's ends overlap
    shown = positions[seconds >= 0.0]
    skeletons = [arm.skeleton(posture) for posture in shown[:: max(1, len(shown) // _SKELETONS)]]
    stage = _Stage(arm, np.concatenate([path, *skeletons]))
    frames = []
    try:
        for time in np.arange(round(1e-9 * (end - start) * _FRAME_RATE)) / _FRAME_RATE:
            trail = tips[(time - _TRAIL <= seconds) & (seconds <= time)][::3]
            image = stage.draw(_at(time, seconds, positions), path, trail, _at(time, target_seconds, targets))
            frames.append(_with_title(image, arm.name))
    finally:
        stage.close()
    return frames


class _Stage:
    """The arm on a floor, with light and a camera.

    Args:
        arm: What is shown.
        points: (p, 3) in [m], in the arm's base link, that are to be in the picture.
    """

    def __init__(self, arm: KinematicChain, points: np.ndarray) -> None:
        self._mujoco = load_mujoco()
        self._thickness = 0.006 * arm.reach
        # An arm that stays above its base and does not lie on it stands on the floor, another on a pedestal.
        stands = points[:, 2].min() >= -0.01 * arm.reach and arm.skeleton(np.zeros(arm.n_joints))[1, 2] > 0.0
        floor = 0.0 if stands else points[:, 2].min() - _BELOW * arm.reach
        points = np.vstack([points, [0.0, 0.0, floor]])
        lowest, highest = points.min(axis=0), points.max(axis=0)
        self._model = self._compile(arm, floor)
        self._data = self._mujoco.MjData(self._model)
        base = self._data.body(arm.base_link)
        self._mujoco.mj_forward(self._model, self._data)
        self._turn, self._origin = base.xmat.reshape(3, 3).copy(), base.xpos.copy()
        self._joints = [int(self._model.joint(name).qposadr[0]) for name in arm.joint_names]
        size = (_HEIGHT * _OVERSAMPLING, _WIDTH * _OVERSAMPLING)
        self._renderer = self._mujoco.Renderer(self._model, *size)
        self._camera = self._mujoco.MjvCamera()
        size_of_all = float(np.linalg.norm(highest - lowest))
        middle = 0.5 * (lowest + highest) + [0.0, 0.0, _UPWARDS * size_of_all]
        self._camera.lookat[:] = self._placed(middle)
        self._camera.distance = _DISTANCE * size_of_all
        self._camera.azimuth, self._camera.elevation = (90.0, -52.0) if arm.is_planar else (55.0, -20.0)

    def draw(
        self, positions: np.ndarray, path: np.ndarray, trail: np.ndarray, target: np.ndarray
    ) -> Image.Image:
        """The arm at ``positions`` (n,), two lines of points (p, 3) [m], the target (3,) [m]."""
        self._data.qpos[self._joints] = positions
        self._mujoco.mj_forward(self._model, self._data)
        self._renderer.update_scene(self._data, self._camera)
        self._line(path, 0.6 * self._thickness, _PATH)
        self._line(trail, self._thickness, _TRACE)
        size = np.full(3, 4.5 * self._thickness)
        self._add(self._mujoco.mjtGeom.mjGEOM_SPHERE, size, self._placed(target), _TARGET)
        image = Image.fromarray(self._renderer.render())
        return image.resize((_WIDTH, _HEIGHT), Image.Resampling.LANCZOS)

    def close(self) -> None:
        """Give the graphics memory back."""
        self._renderer.close()

    def _placed(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 3) [m] of the arm's base link, in the scene."""
        placed: np.ndarray = points @ self._turn.T + self._origin
        return placed

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
        """Give a body and those on it their colours, after ``number`` that move, and shapes if they lack."""
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

    def _line(self, points: np.ndarray, radius: float, color: Sequence[float]) -> None:
        capsule = self._mujoco.mjtGeom.mjGEOM_CAPSULE
        for start, end in pairwise(self._placed(points)):
            geom = self._add(capsule, np.zeros(3), start, color)
            self._mujoco.mjv_connector(geom, capsule, radius, start, end)

    def _add(self, kind: Any, size: np.ndarray, place: np.ndarray, color: Sequence[float]) -> Any:
        scene = self._renderer.scene
        geom = scene.geoms[scene.ngeom]
        self._mujoco.mjv_initGeom(geom, kind, size, place, np.eye(3).ravel(), np.array(color, np.float32))
        geom.category = self._mujoco.mjtCatBit.mjCAT_DECOR
        scene.ngeom += 1
        return geom


def _with_title(image: Image.Image, title: str) -> Image.Image:
    font = ImageFont.load_default(_TITLE)
    ImageDraw.Draw(image).text((_WIDTH / 2.0, 16.0), title, fill=_TEXT, font=font, anchor="mm")
    return image


def _at(time: float, times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """``values`` (t, k) at one moment (k,)."""
    return np.array([np.interp(time, times, column) for column in values.T])
