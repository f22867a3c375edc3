"""The view in a real Chromium without a screen: it draws, and what people do there moves the arm."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bag_writer import pose, write_bag
from browser import Browser
from numpy.typing import NDArray
from scene_camera import SceneCamera
from view_thread import ViewThread

from itnnr_ik import IKSolver

pytestmark = pytest.mark.slow
SIZE = (900, 560)

OpenView = Callable[..., ViewThread]
Browse = Callable[[ViewThread], Browser]
Array = NDArray[np.float64]


@pytest.fixture
def browse() -> Iterator[Browse]:
    """Opens the page of a view; it ends before the view does."""
    pages: list[Browser] = []

    def open_page(view: ViewThread) -> Browser:
        pages.append(Browser(view.url, SIZE))
        pages[-1].wait(lambda: "Reached" in pages[-1].text, "the readout")
        pages[-1].clean()
        return pages[-1]

    yield open_page
    for page in pages:
        page.close()


def like(pixels: NDArray[np.uint8], hue: str) -> NDArray[np.bool_]:
    """Which pixels of a page are a ghost's orange, or a drum's blue."""
    red, green, blue = (pixels[..., i].astype(int) for i in range(3))
    if hue == "orange":
        return (red > 200) & (red - blue > 60) & (abs(green - (red + blue) // 2) < 45)
    return (blue - red > 15) & (blue < 140)


def count(page: Browser, hue: str) -> int:
    return int(like(page.pixels()[:, : SIZE[0] * 2 // 3], hue).sum())


def test_the_page_draws_the_arm_and_its_other_branches(open_view: OpenView, browse: Browse) -> None:
    """The blue drums and the orange ghosts are seen, and the ghosts no more once they are switched off."""
    thread = open_view("ur5e")
    page = browse(thread)
    page.wait(lambda: count(page, "blue") > 1000 and count(page, "orange") > 1000, "arm and ghosts")
    page.tick_box("other branches")
    thread.wait(lambda: not thread.view.postures, "the box")
    page.wait(lambda: count(page, "orange") < 200, "an arm alone")
    assert count(page, "blue") > 1000


def test_dragging_the_target_moves_the_arm(open_view: OpenView, browse: Browse) -> None:
    """Dragging the arrow along z raises target and tool on the same branch."""
    thread = open_view("ur5e")
    page, view = browse(thread), thread.view
    camera = SceneCamera(view.server, SIZE)
    before, positions = view.posing.pose, view.posing.positions
    axis = -np.eye(3)[2]  # the tool points down, and so does its z axis
    arrow = before[:3] + 0.8 * view.stage.target.scale * axis
    start, end = camera.pixel(arrow), camera.pixel(arrow - 0.08 * axis)
    page.wait(lambda: _dragged(page, view, start, end, before), "a drag")
    thread.wait(lambda: view.posing.solution.converged, "a solution")
    assert view.posing.pose[2] > before[2] + 0.02
    assert np.allclose(view.posing.pose[:2], before[:2], atol=1e-3)
    assert 1e-3 < np.abs(view.posing.positions - positions).max() < 1.0
    tool = view.posing.solver.forward(view.posing.positions)
    assert np.allclose(tool[:3], view.posing.pose[:3], atol=1e-5)


def _dragged(page: Browser, view: Any, start: Array, end: Array, before: Array) -> bool:
    """Whether a drag moved the target: a page that was not drawn yet takes none."""
    page.drag(tuple(start), tuple(end - start))
    deadline = time.monotonic() + 10.0
    while time.monotonic() < deadline and abs(view.posing.pose[2] - before[2]) < 0.02:
        time.sleep(0.05)
    return bool(abs(view.posing.pose[2] - before[2]) >= 0.02)


def test_a_click_on_a_ghost_goes_to_its_branch(open_view: OpenView, browse: Browse) -> None:
    """The arm takes a posture that was a ghost, and the target stays."""
    thread = open_view("ur5e")
    page, view = browse(thread), thread.view
    page.wait(lambda: count(page, "orange") > 1000, "ghosts")
    target, before = view.posing.target, view.posing.positions
    ghosts = [ghost.copy() for ghost in view.postures]
    seen = like(page.pixels(), "orange")
    seen[:, SIZE[0] * 2 // 3 :] = False
    # In the middle of much orange, far from the target's handles.
    columns, rows = np.meshgrid(np.arange(4, SIZE[0] - 4, 4), np.arange(4, SIZE[1] - 4, 4))
    places = np.column_stack([columns.ravel(), rows.ravel()])
    inside = [bool(seen[row - 4 : row + 5, column - 4 : column + 5].all()) for column, row in places]
    away = np.linalg.norm(places - SceneCamera(view.server, SIZE).pixel(target[:3]), axis=1)
    page.click(tuple(places[np.argmax(np.where(inside, away, 0.0))]))
    thread.wait(lambda: np.abs(view.posing.positions - before).max() > 0.1, "another posture")
    assert min(np.abs(ghost - view.posing.positions).max() for ghost in ghosts) < 1e-4
    assert np.array_equal(view.posing.target, target)


def test_a_target_out_of_reach_is_shown_as_such(open_view: OpenView, browse: Browse) -> None:
    """The page says so, and a line leads from the tool to the target."""
    thread = open_view("two_link")
    page = browse(thread)
    thread.view._on_drag(np.array([2.4, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]))
    page.wait(lambda: "Out of reach" in page.text, "the words")
    assert "400.0 mm" in page.text
    assert thread.view.stage.shown() == {"miss"}


def test_a_recording_plays_in_the_page(open_view: OpenView, tmp_path: Path) -> None:
    """Its button starts it, and the page shows later and later times."""
    angles = np.linspace(0.0, 1.0, 1000)
    solver = IKSolver.load("two_link")
    tips = solver.forward(np.column_stack([angles, 0.5 + angles]))
    rows = [
        (10**18 + 10**7 * i, pose(10**18 + 10**7 * i, (*tip[:2], 0.0), "base_link"))
        for i, tip in enumerate(tips)
    ]
    thread = open_view("two_link", "--recording", str(write_bag(tmp_path / "b", "mcap", {"/pose": rows})))
    page = Browser(thread.url, SIZE)
    try:
        page.wait(lambda: "Solved" in page.text, "the first moment")
        page.press("Play")
        page.wait(lambda: "Pause" in page.text and thread.view.time > 0.5, "time")
    finally:
        page.close()
