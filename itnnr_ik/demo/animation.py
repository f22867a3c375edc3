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

from itnnr_ik.arms import Arm
from itnnr_ik.demo.plan import Result
from itnnr_ik.demo.recording import Recording
from itnnr_ik.ros.mujoco_arm import arm_spec, load_mujoco

_FRAME_RATE = 20.0  # [Hz]
#: The last seconds of a run are shown: for a curve of the demo one lap, so that the animation has no end.
_LONGEST = 5.0  # [s]
_TRAIL = 1.2  # [s] of the tip's way stay visible
_WIDTH, _HEIGHT = 300, 260  # [pixels] of one arm's picture
_OVERSAMPLING = 2
_COLORS = 96

#: The floor in this light, so that no horizon is seen.
_BACKGROUND = (0.966, 0.982, 0.998)
_FLOOR = (0.90, 0.915, 0.93, 1.0)
_PEDESTAL = (0.45, 0.49, 0.54, 1.0)
_JOINT = (0.16, 0.19, 0.24, 1.0)
_LINKS = ((0.11, 0.29, 0.40, 1.0), (0.16, 0.50, 0.52, 1.0), (0.47, 0.38, 0.68, 1.0))
_PATH = (0.72, 0.75, 0.79, 1.0)
_TRACE = (0.93, 0.45, 0.13, 1.0)
_TARGET = (0.82, 0.10, 0.16, 0.75)
_TEXT = (40, 48, 60)
_TITLE = 15  # [pixels]


def check_animation(path: Path) -> None:
    """Find out before the demo whether `animate` can work.

    Raises:
        ValueError: The path has no folder, or is not that of a GIF.
        ImportError: MuJoCo cannot be loaded.
        RuntimeError: It cannot draw without a screen.
    """
    if path.suffix.lower() != ".gif" or not path.resolve().parent.is_dir():
        raise ValueError(f"the animation must be a .gif file in a folder that there is, got {path}")
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
            f"{' '.join(str(error).split())}; on Debian and Ubuntu it needs libegl1 and libgl1-mesa-dri"
        ) from error


def animate(results: Sequence[Result], path: Path) -> None:
    """Write the first run of every arm, side by side, to the GIF ``path``.

    Raises:
        ValueError: A run has no joint states to show.
    """
    first = {id(result.plan): result for result in reversed(results)}
    print("drawing the animation, a minute or so", file=sys.stderr, flush=True)
    strips = [_frames(result.plan.arm, result.recording) for result in reversed(first.values())]
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


def _frames(arm: Arm, recording: Recording) -> list[Image.Image]:
    """The last seconds of a run, frame by frame."""
    if len(recording.joint_states) < 2 or len(recording.targets) < 2:
        raise ValueError(f"no joint states of {arm.name} to animate")
    stamps = np.array([stamp for stamp, _ in recording.joint_states])
    target_stamps = np.array([target.stamp for target in recording.targets])
    end = min(stamps[-1], target_stamps[-1])
    start = max(stamps[0], target_stamps[0], end - round(1e9 * _LONGEST))
    seconds, target_seconds = 1e-9 * (stamps - start), 1e-9 * (target_stamps - start)
    positions = np.array([positions for _, positions in recording.joint_states])
    targets = arm.in_space([target.position for target in recording.targets])
    tips = arm.in_space(arm.forward(positions))
    path = targets[target_seconds >= -0.05][::4]  # a lap's ends overlap
    stage = _Stage(arm)
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
    """

    def __init__(self, arm: Arm) -> None:
        self._mujoco = load_mujoco()
        in_space = arm.n_coordinates == 3
        floor = -0.75 * arm.reach / 2.0 if in_space else -0.3
        self._model = self._compile(arm, floor)
        self._data = self._mujoco.MjData(self._model)
        size = (_HEIGHT * _OVERSAMPLING, _WIDTH * _OVERSAMPLING)
        self._renderer = self._mujoco.Renderer(self._model, *size)
        self._camera = self._mujoco.MjvCamera()
        self._camera.lookat[:] = (0.5 * arm.reach, 0.0, -0.1 if in_space else -0.15)
        self._camera.distance = 1.25 * arm.reach
        self._camera.azimuth, self._camera.elevation = (55.0, -20.0) if in_space else (90.0, -52.0)
        self._thickness = 0.006 * arm.reach

    def draw(
        self, positions: np.ndarray, path: np.ndarray, trail: np.ndarray, target: np.ndarray
    ) -> Image.Image:
        """The arm at ``positions`` (n,) [rad], two lines of points (p, 3) [m], the target (3,) [m]."""
        self._data.qpos[:] = positions
        self._mujoco.mj_forward(self._model, self._data)
        self._renderer.update_scene(self._data, self._camera)
        self._line(path, 0.6 * self._thickness, _PATH)
        self._line(trail, self._thickness, _TRACE)
        self._add(self._mujoco.mjtGeom.mjGEOM_SPHERE, np.full(3, 4.5 * self._thickness), target, _TARGET)
        image = Image.fromarray(self._renderer.render())
        return image.resize((_WIDTH, _HEIGHT), Image.Resampling.LANCZOS)

    def close(self) -> None:
        """Give the graphics memory back."""
        self._renderer.close()

    def _compile(self, arm: Arm, floor: float) -> Any:
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
        for i, link in enumerate(arm.link_names[1:]):
            rod, joint = spec.body(link).geoms
            rod.rgba, joint.rgba = _LINKS[i % len(_LINKS)], _JOINT
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
        world.add_geom(
            type=mujoco.mjtGeom.mjGEOM_CYLINDER,
            pos=[0.0, 0.0, floor / 2.0],
            size=[0.08, -floor / 2.0, 0.0],
            rgba=_PEDESTAL,
        )
        return spec.compile()

    def _line(self, points: np.ndarray, radius: float, color: Sequence[float]) -> None:
        capsule = self._mujoco.mjtGeom.mjGEOM_CAPSULE
        for start, end in pairwise(points):
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
