"""The animation shows arms that move, their paths and their targets."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from itnnr_ik import IKSolver
from itnnr_ik.demo.animation import animate, check_animation
from itnnr_ik.demo.plan import ArmPlan, Result, Run
from itnnr_ik.demo.recording import Expectation, Recording, SeenTarget, measure

pytest.importorskip("mujoco", reason="MuJoCo draws it")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where to write to; the test is skipped where nothing can be drawn without a screen."""
    path = tmp_path / "demo.gif"
    try:
        check_animation(path)
    except RuntimeError as error:
        pytest.skip(str(error))
    return path


def _result(name: str, start: int, count: int) -> Result:
    """The arm sweeps for ``count`` joint states and targets at 100 Hz, from ``start`` [ns] on."""
    solver = IKSolver.load(name)
    arm, recording = solver.arm, Recording()
    first, last = 0.75 * arm.lower + 0.25 * arm.upper, 0.25 * arm.lower + 0.75 * arm.upper
    for i, positions in enumerate(np.linspace(first, last, count)):
        recording.targets.append(SeenTarget(start + i * 10**7, solver.target_at(positions)))
        recording.joint_states.append((start + i * 10**7, positions))
    expected = Expectation(count, 1e-6)
    run = Run("sweep", {}, expected)
    return Result(
        ArmPlan(solver, name, arm.joint_names, None, (run,)),
        run,
        recording,
        measure(solver, "sweep", recording, expected),
    )


def test_arms_side_by_side(path: Path) -> None:
    """As many frames as the shortest run has, each unlike the one before, with arms in it."""
    runs = {"two_link": (10**18, 31), "yaw_pitch_pitch": (7, 41), "panda": (0, 36)}
    animate([_result(name, start, count) for name, (start, count) in runs.items()], path)
    with Image.open(path) as animation:
        assert animation.n_frames == 6  # 0.3 s at 20 Hz
        assert animation.width == 900
        frames = []
        for i in range(animation.n_frames):
            animation.seek(i)
            frames.append(np.asarray(animation.convert("RGB"), dtype=int))
    for before, after in itertools.pairwise(frames):
        for third in (slice(0, 300), slice(300, 600), slice(600, 900)):
            assert (np.abs(after - before)[:, third].max(axis=-1) > 60).sum() > 50
    # Something dark on a light ground in all of them.
    for third in np.split(frames[0], 3, axis=1):
        assert 0.01 < (third.max(axis=-1) < 128).mean() < 0.5


def test_a_short_run_and_targets_that_are_no_points(path: Path) -> None:
    """A run of 20 ms is one frame; what a tracker that sees nothing gives is not drawn.

    An old animation is replaced at once.
    """
    old = path.with_name("old.gif")
    old.write_text("old")
    path.hardlink_to(old)
    result = _result("two_link", 0, 3)
    result.recording.targets.insert(1, SeenTarget(5 * 10**6, np.full(2, np.nan)))
    animate([result], path)
    with Image.open(path) as animation:
        assert animation.n_frames == 1
        assert (np.asarray(animation.convert("RGB")).max(axis=-1) < 128).mean() > 0.01
    assert old.read_text() == "old"


def test_a_run_without_joint_states_is_named(path: Path) -> None:
    """Rather than drawn as an arm that stands still."""
    with pytest.raises(ValueError, match="no joint states of three_link to animate"):
        animate([_result("three_link", 0, 1)], path)


def test_what_cannot_be_written_is_found_before_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another format, a missing folder, no MuJoCo, no graphics: one line each."""
    for name, message in (("demo.png", r"must be a \.gif file"), ("missing/demo.gif", "no folder .*missing")):
        with pytest.raises(ValueError, match=message):
            check_animation(tmp_path / name)
    import mujoco

    def fails(*arguments: object) -> None:
        raise RuntimeError("no display,\nno EGL")

    monkeypatch.setattr(mujoco, "Renderer", fails)
    with pytest.raises(RuntimeError, match=r"cannot draw without a screen .*: no display, no EGL; on Debian"):
        check_animation(tmp_path / "demo.gif")
