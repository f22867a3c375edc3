"""Drawings laid into a plane, and SVG files that are refused."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from itnnr_ik import IKSolver
from itnnr_ik.cartesian.outline import read_outline
from itnnr_ik.cartesian.plane import Plane, place_outline
from itnnr_ik.cli import main
from itnnr_ik.task import Task

pytest.importorskip("svgelements", reason="drawings need svgelements")

FLAT = np.array([0.4, 0.1, 0.3, 0.0, 0.0, 0.0, 1.0])
POSITION, PLANAR = Task("position", False, 0.3), Task("position", True, 0.3)
POSE = Task("pose", False, 0.3)


def drawing(folder: Path, content: str, before: str = "", **attributes: str) -> Path:
    """An SVG file with some elements in it."""
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    more = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    file = folder / "drawing.svg"
    file.write_text(f'<?xml version="1.0"?>{before}<svg {spaces} {more}>{content}</svg>', encoding="utf-8")
    return file


def targets_of(file: Path, task: Task = POSITION, pose: np.ndarray = FLAT, **numbers: float) -> np.ndarray:
    return place_outline(read_outline(file), Plane(pose, numbers.pop("size", 0.2), **numbers), task).targets


def test_a_circle_is_one(tmp_path: Path) -> None:
    """A circle has the given size, is centred on the plane's pose, evenly sampled and closed."""
    points = targets_of(drawing(tmp_path, '<circle cx="7" cy="-3" r="5"/>'), step=0.004)
    away = points - FLAT[:3]
    np.testing.assert_allclose(np.linalg.norm(away, axis=1), 0.1, atol=1e-5)
    np.testing.assert_allclose(away[:, 2], 0.0, atol=1e-15)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert steps.max() <= 0.004
    assert np.ptp(steps) <= 1e-4 * steps.max()
    np.testing.assert_allclose(points[0], points[-1], atol=1e-9)


def test_up_is_up_and_corners_are_kept(tmp_path: Path) -> None:
    """SVG's y axis is turned upwards, and corners are kept however long the step is."""
    file = drawing(tmp_path, '<path d="M 0 0 L 0 20 L 10 20"/>')
    points = targets_of(file, size=2.0, step=10.0)
    np.testing.assert_allclose(points - FLAT[:3], [[-0.5, 1.0, 0.0], [-0.5, -1.0, 0.0], [0.5, -1.0, 0.0]])


@pytest.mark.parametrize("curve", ["C 0 30 40 30 40 0", "Q 10 60 40 0", "A 25 15 20 0 1 40 0"])
def test_curves_are_sampled_by_their_length(tmp_path: Path, curve: str) -> None:
    """Steps along a curve are of even length, though its parameter does not run evenly."""
    points = targets_of(drawing(tmp_path, f'<path d="M 0 0 {curve}"/>'), step=0.002)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert steps.max() <= 0.002
    assert np.ptp(steps) <= 0.01 * steps.max()


def test_transforms_and_reuse_count(tmp_path: Path) -> None:
    """A square that is moved and used again is drawn where it is used; hidden shapes are not drawn."""
    square = '<defs><rect id="s" width="10" height="10"/></defs>'
    again = '<g transform="translate(100 0) scale(2)"><use href="#s"/></g><use xlink:href="#s" y="40"/>'
    hidden = '<rect x="-500" width="9" height="9" style="display:none"/>'
    outline = read_outline(drawing(tmp_path, square + again + hidden))
    assert len(outline.strokes) == 2
    low, high = outline.box()
    np.testing.assert_allclose([*low, *high], [0.0, -50.0, 120.0, 0.0], atol=1e-9)


@pytest.mark.parametrize(
    "hidden",
    [
        '<symbol id="s">{}</symbol>',
        "<mask>{}</mask>",
        "<g><marker>{}</marker></g>",
        "<clipPath>{}</clipPath>",
        '<g visibility="hidden">{}</g>',
        '<g style="visibility: collapse">{}</g>',
    ],
)
def test_what_no_browser_draws_is_not_drawn(tmp_path: Path, hidden: str) -> None:
    """Definitions are drawn where they are used only, and hidden shapes not at all."""
    content = f'{hidden.format("""<circle r="50"/>""")}<rect width="3" height="4"/>'
    assert len(read_outline(drawing(tmp_path, content)).strokes) == 1
    if "symbol" in hidden:
        low, high = read_outline(drawing(tmp_path, f'{content}<use href="#s" x="10"/>')).box()
        np.testing.assert_allclose([*low, *high], [-40.0, -50.0, 60.0, 50.0], atol=1e-9)


@pytest.mark.parametrize(
    ("place", "box"),
    [
        ('width="100" height="100"', [0.0, -100.0, 100.0, 0.0]),
        ('x="7" y="3" width="100" height="50" transform="translate(1000)"', [1032.0, -53.0, 1082.0, -3.0]),
        ("", [0.0, -40.0, 40.0, 0.0]),  # all of the drawing
    ],
)
def test_a_symbol_is_fitted_into_where_it_is_used(tmp_path: Path, place: str, box: list[float]) -> None:
    """A symbol's view box is scaled to the width and height of each use, and centred there."""
    symbol = '<symbol id="s" viewBox="0 0 10 10"><path d="M 0 0 H 10 V 10"/></symbol>'
    for link in ("href", "xlink:href"):
        file = drawing(tmp_path, f'{symbol}<use {link}="#s" {place}/>', width="40", height="40")
        np.testing.assert_allclose(np.concatenate(read_outline(file).box()), box, atol=1e-9)


TRANSFORMS = {
    "turned": ("rotate(30)", [[0.75**0.5, -0.5], [0.5, 0.75**0.5]]),
    "mirrored": ("scale(1 -1)", [[1.0, 0.0], [0.0, -1.0]]),
    "stretched": ("scale(3 0.5)", [[3.0, 0.0], [0.0, 0.5]]),
    "sheared": ("matrix(1 0.5 -0.3 2 0 0)", [[1.0, -0.3], [0.5, 2.0]]),
}


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize(
    "shape",
    [
        '<rect x="-4" y="-2" width="8" height="4" {}/>',
        '<ellipse rx="4" ry="2" {}/>',
        '<path d="M -4 0 A 4 2 0 0 1 4 0 A 4 2 0 0 1 -4 0" {}/>',
        '<g {}><circle r="2" transform="scale(2 1)"/></g>',
    ],
)
def test_every_shape_has_its_transform(tmp_path: Path, shape: str, transform: str) -> None:
    """Mapped back by its transform, what is drawn lies on the shape."""
    text, matrix = TRANSFORMS[transform]
    outline = read_outline(drawing(tmp_path, shape.format(f'transform="{text}"')))
    drawn = np.concatenate([segment.points(0.5) for stroke in outline.strokes for segment in stroke])
    x, y = np.linalg.solve(matrix, (drawn * [1.0, -1.0]).T) / [[4.0], [2.0]]
    size = np.maximum(np.abs(x), np.abs(y)) if "rect" in shape else np.hypot(x, y)
    np.testing.assert_allclose(size, 1.0, atol=1e-9)


def test_the_pen_is_lifted_between_strokes(tmp_path: Path) -> None:
    """The pen moves up, over and down along the plane's normal, in steps no longer than on the plane."""
    file = drawing(tmp_path, '<path d="M 0 0 H 10 M 0 5 H 10"/><line x1="0" y1="9" x2="10" y2="9"/>')
    turn = Rotation.from_euler("xyz", [0.4, -0.3, 1.0])
    pose = np.concatenate([FLAT[:3], turn.as_quat()])
    targets = targets_of(file, POSE, pose, lift=0.03, step=0.005)
    flat = turn.inv().apply(targets[:, :3] - FLAT[:3])
    assert flat[:, 2].min() >= -1e-12
    assert flat[:, 2].max() == pytest.approx(0.03)
    drawn = flat[np.abs(flat[:, 2]) < 1e-9]
    np.testing.assert_allclose(np.unique(drawn[:, 1].round(6)), [-0.09, -0.01, 0.09], atol=1e-6)
    over = flat[flat[:, 2] > 0.029]
    assert over[:, 1].max() - over[:, 1].min() == pytest.approx(0.18)
    assert np.linalg.norm(np.diff(targets[:, :3], axis=0), axis=1).max() <= 0.005 + 1e-12
    for quaternion in targets[:, 3:]:
        into = Rotation.from_quat(quaternion).apply([0.0, 0.0, 1.0])
        np.testing.assert_allclose(into, -turn.apply([0.0, 0.0, 1.0]), atol=1e-12)


def test_planar_arms_do_not_lift(tmp_path: Path) -> None:
    """A planar arm joins strokes by lines, with a note, and refuses lifts and a tilted plane."""
    file = drawing(tmp_path, '<path d="M 0 0 H 10 M 0 5 H 10"/><text>words</text>')
    path = place_outline(read_outline(file), Plane(FLAT, 0.2), PLANAR)
    assert path.targets.shape[1] == 2
    assert [note.partition(":")[0] for note in path.notes] == ["text is not drawn", "the pen is not lifted"]
    with pytest.raises(ValueError, match="--lift must be 0"):
        targets_of(file, PLANAR, lift=0.01)
    with pytest.raises(ValueError, match="does not lean"):
        targets_of(file, PLANAR, np.array([0.4, 0.1, 0.0, 0.1, 0.0, 0.0, 1.0]))


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ({"size": 0.0}, "--size must be positive"),
        ({"step": -1.0}, "--step must be positive"),
        ({"step": 1e-9}, "take a larger --step"),
        ({"lift": np.nan}, "--lift must be 0 or more"),
    ],
)
def test_bad_numbers_are_refused(tmp_path: Path, numbers: dict[str, float], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        targets_of(drawing(tmp_path, '<circle r="5"/>'), **numbers)
    with pytest.raises(ValueError, match="--plane must be"):
        targets_of(drawing(tmp_path, '<circle r="5"/>'), pose=np.zeros(7))


@pytest.mark.parametrize("lift", [1e6, 1e300])
def test_a_lift_of_too_many_targets_is_refused_before_they_are_made(tmp_path: Path, lift: float) -> None:
    file = drawing(tmp_path, '<path d="M 0 0 H 1"/><path d="M 3 0 H 4"/>')
    with pytest.raises(ValueError, match="take a larger --step"):
        targets_of(file, lift=lift)


BOMB = '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {after} "{f"&{name};" * 10}">' for name, after in pairwise("abcdefghi")
)  # fmt: skip
REFUSED = {
    "entities": ("<desc>&i;</desc>", BOMB + "]>", "defines entities"),
    "files": (
        "<desc>&x;</desc>",
        '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        "defines entities",
    ),
    "itself": ('<g id="a"><use href="#a"/></g>', "", "uses something else in turn"),
    "uses of uses": (
        '<circle id="a" r="1"/><g id="b"><use href="#a"/></g><use href="#b"/>',
        "",
        "uses something else in turn",
    ),
    "too many": (
        f'<g id="a">{"<path/>" * 2000}</g>{"""<use href="#a"/>""" * 100}',
        "",
        "at most 100000 elements",
    ),
    "deep": ("<g>" * 200 + "</g>" * 200, "", "nested at most 100 deep"),
    "nothing": ("<g/>", "", "expected at least one shape"),
    "a point": ('<path d="M 1 1 L 1 1"/>', "", "expected at least one shape"),
    "numbers": ('<path d="M 0 0 L 1e999 3"/>', "", "finite numbers|cannot read"),
    "letters": ('<path d="M 0 0 L q"/>', "", "cannot read"),
    "cut off": (
        '<circle r="5"/><path d="M 0 0 L 10 0 L 10"/>',
        "",
        "cannot read to its end: 'M 0 0 L 10 0 L 10'",
    ),
    "only a start": ('<circle r="5"/><path d="M 0 0 L 10"/>', "", "cannot read to its end"),
    "no command": ('<path d="M 0 0 L 10 0 x 5 5"/>', "", "cannot read to its end"),
    "open": ("<g>", "", "no well-formed SVG"),
    "prefix": ('<path d="M 0 0 L 1 1" inkscape:label="a"/>', "", "no well-formed SVG: unbound prefix"),
    "transform": ('<path d="M 0 0 L 1 1" transform="rotate(a)"/>', "", "cannot read"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_not_safe_or_not_drawn_is_refused(tmp_path: Path, kind: str) -> None:
    """Unsafe or empty drawings are refused in one line; a document type without entities is allowed."""
    content, before, text = REFUSED[kind]
    with pytest.raises(ValueError, match=text) as caught:
        read_outline(drawing(tmp_path, content, before))
    assert "\n" not in str(caught.value)
    plain = (
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
    )
    assert len(read_outline(drawing(tmp_path, '<circle r="5"/>', plain)).strokes) == 1


def test_other_files_are_no_drawings(tmp_path: Path) -> None:
    file = tmp_path / "page.svg"
    file.write_text("<html/>")
    with pytest.raises(ValueError, match="outermost element is 'html'"):
        read_outline(file)
    file.write_bytes(b" " * 6_000_000)
    with pytest.raises(ValueError, match="at most 2 MB"):
        read_outline(file)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(OSError, match="Not a regular file"):
        read_outline(file)


def test_the_command_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Forward kinematics gives the drawing; its options are required, and refused for other paths."""
    file = drawing(tmp_path, '<path d="M 0 0 H 100 V 60 Z"/><circle cx="50" cy="20" r="9"/>')
    where = ["--plane=0.45,0.15,0.3,0,0,0,1", "--size", "0.2", "--lift", "0.02"]
    output = tmp_path / "joints.csv"
    assert main(["path", str(file), "--arm", "ur5e", *where, "-o", str(output)]) == 0
    positions = np.loadtxt(output, delimiter=",", skiprows=1)
    reached = IKSolver.load("ur5e").forward(positions)[:, :3] - FLAT[:3]
    np.testing.assert_allclose(reached.min(axis=0), [-0.05, -0.01, 0.0], atol=1e-5)
    np.testing.assert_allclose(reached.max(axis=0), [0.15, 0.11, 0.02], atol=1e-5)
    assert main(["path", str(file), "--arm", "ur5e", "--size", "0.2"]) == 1
    assert "expected --plane and --size" in capsys.readouterr().err
    table = tmp_path / "path.csv"
    table.write_text("x,y\n1,0.5\n")
    assert main(["path", str(table), "--arm", "two_link", "--size", "1"]) == 1
    assert "--size goes with an SVG drawing" in capsys.readouterr().err
