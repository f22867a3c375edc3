"""Reads the visual elements of a URDF: meshes, where their files are found, and simple shapes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import trimesh
from numpy.typing import NDArray

from itnnr_ik.files import read_bytes
from itnnr_ik.forms import reason
from itnnr_ik.robot import KinematicChain
from itnnr_ik.robot.description import Description
from itnnr_ik.robot.joint import Joint
from itnnr_ik.robot.origin import read_origin
from itnnr_ik.robot.urdf import parse_urdf
from itnnr_ik.robot.xml import parse_xml
from itnnr_ik.view.frames import LinkFrames
from itnnr_ik.view.palette import LINK, Color
from itnnr_ik.view.shapes import Part

Array = NDArray[np.float64]

#: Largest mesh file [bytes], and largest number of visual elements of a robot.
_MAX_FILE_SIZE, _MAX_VISUALS = 64 * 2**20, 500
_PACKAGE, _FILE = "package://", "file://"


def mesh_parts(chain: KinematicChain, folder: Path | None) -> tuple[list[Part], list[str]]:
    """Parts of an arm from the visual elements of its URDF, if it has meshes and all are found.

    Links off the chain are drawn with their joints at zero.

    Args:
        chain: The arm.
        folder: Folder of its URDF: relative names are searched there, and packages also above it.

    Returns:
        The parts, none if the arm has no meshes or one is missing; and messages on those that are missing or
        cannot be read.
    """
    root = parse_xml(chain.urdf, chain.name)
    visuals = [
        (link.get("name", ""), visual) for link in root.findall("link") for visual in link.findall("visual")
    ][:_MAX_VISUALS]
    if not any(visual.find("geometry/mesh") is not None for _, visual in visuals):
        return [], []
    try:
        placements = _link_placements(chain, parse_urdf(chain.urdf, chain.name))
        colors = {material.get("name"): _rgba(material) for material in root.findall("material")}
    except ValueError as error:  # of joints off the chain, which were not parsed before
        return [], [str(error)]
    parts, missing = [], []
    for link, visual in visuals:
        if link not in placements:
            continue
        frame, place = placements[link]
        try:
            mesh = _shape(visual, folder)
            if mesh is None:
                continue
            mesh.apply_transform(place @ read_origin(visual, f"a <visual> of link {link!r}"))
            parts.append(Part(frame, mesh, _color(visual, colors)))
        except (OSError, ValueError) as error:
            missing.append(str(error))
    return ([], missing) if missing else (parts, [])


def find_mesh(name: str, folder: Path | None) -> Path:
    """The file of a mesh: an absolute or relative path, ``file://…`` or ``package://NAME/…``.

    Raises:
        ValueError: There is none; the message names it.
    """
    if name.startswith(_PACKAGE):
        package, _, rest = name[len(_PACKAGE) :].partition("/")
        candidates = [share / rest for share in _package_folders(package, folder)]
    else:
        path = Path(name.removeprefix(_FILE))
        candidates = [path] if path.is_absolute() else [folder / path] if folder else []
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise ValueError(f"no mesh {name}")


def _package_folders(package: str, folder: Path | None) -> Iterator[Path]:
    """Possible folders of a package: installed, in the ROS package path, or above the URDF."""
    try:
        from ament_index_python.packages import get_package_share_directory

        yield Path(get_package_share_directory(package))
    except (ImportError, LookupError, ValueError, OSError):
        pass  # no ROS, or no such package in it
    for place in filter(None, os.environ.get("ROS_PACKAGE_PATH", "").split(os.pathsep)):
        yield Path(place) / package
    for above in [] if folder is None else [folder.resolve(), *folder.resolve().parents]:
        if above.name == package:
            yield above
        yield above / package


def _link_placements(chain: KinematicChain, robot: Description) -> dict[str, tuple[int, Array]]:
    """For each link below the base, the index of its frame of `LinkFrames` and its transform (4, 4) there."""
    at_zero = chain.elements.copy()
    at_zero[:, 15] = 0.0  # of mimics, too, as in the walk below
    frames = LinkFrames(replace(chain, elements=at_zero)).at(np.zeros(chain.n_joints))
    path = robot.path(chain.base_link, chain.tip_link)
    frame_numbers = iter(range(1, len(frames)))
    element = {joint.name: next(frame_numbers) for joint in path if _is_element(chain, joint, robot)}
    below: dict[str, list[Joint]] = {}
    for joint in robot.joints.values():
        below.setdefault(joint.parent, []).append(joint)
    found: dict[str, tuple[int, Array]] = {}
    waiting: list[tuple[str, int, Array]] = [(chain.base_link, 0, np.eye(4))]
    while waiting:
        link, frame, pose = waiting.pop()
        found[link] = (frame, np.linalg.inv(frames[frame]) @ pose)
        for joint in below.get(link, []):
            child_pose = pose @ joint.origin() @ joint.motion(chain.locked.get(joint.name, 0.0))
            waiting.append((joint.child, element.get(joint.name, frame), child_pose))
    return found


def _is_element(chain: KinematicChain, joint: Joint, robot: Description) -> bool:
    if not joint.moves or joint.name in chain.locked:
        return False
    mimic = joint.mimic()
    return mimic is None or (mimic.multiplier != 0.0 and mimic.joint not in chain.locked)


def _shape(visual: ElementTree.Element, folder: Path | None) -> trimesh.Trimesh | None:
    """A mesh or a solid; None for a sphere or cylinder of radius 0, which trimesh cannot make."""
    geometry = visual.find("geometry")
    shape = None if geometry is None else next(iter(geometry), None)
    if shape is None:
        raise ValueError("a <visual> without geometry")
    if shape.tag == "mesh":
        return _mesh(shape, folder)
    solid: trimesh.Trimesh
    if shape.tag == "box":
        solid = trimesh.creation.box(_numbers(shape.get("size"), 3))
    elif shape.tag == "cylinder":
        radius, length = (_numbers(shape.get(key), 1)[0] for key in ("radius", "length"))
        if radius == 0.0:
            return None
        solid = trimesh.creation.cylinder(radius, length)
    elif shape.tag == "sphere":
        (radius,) = _numbers(shape.get("radius"), 1)
        if radius == 0.0:
            return None
        solid = trimesh.creation.icosphere(radius=radius)
    else:
        raise ValueError(f"no geometry <{shape.tag[:40]}>")
    return solid


def _mesh(shape: ElementTree.Element, folder: Path | None) -> trimesh.Trimesh:
    name = shape.get("filename", "")
    path = find_mesh(name, folder)
    content = read_bytes(path, _MAX_FILE_SIZE)
    try:
        mesh = trimesh.load_mesh(trimesh.util.wrap_as_stream(content), file_type=path.suffix[1:].lower())
        if isinstance(mesh, trimesh.Scene):
            mesh = mesh.to_mesh()
    except Exception as error:  # each format's reader has its own
        raise ValueError(f"cannot read mesh {name}: {reason(error)}") from error
    if not isinstance(mesh, trimesh.Trimesh) or not len(mesh.faces):
        raise ValueError(f"no triangles in mesh {name}")
    mesh.apply_transform(np.diag([*_numbers(shape.get("scale", "1 1 1"), 3), 1.0]))
    return mesh


def _color(visual: ElementTree.Element, named: dict[str | None, Color | None]) -> Color:
    material = visual.find("material")
    if material is None:
        return LINK
    return _rgba(material) or named.get(material.get("name")) or LINK


def _rgba(material: ElementTree.Element) -> Color | None:
    color = material.find("color")
    if color is None:
        return None
    red, green, blue, _ = (round(255.0 * min(max(x, 0.0), 1.0)) for x in _numbers(color.get("rgba"), 4))
    return red, green, blue


def _numbers(text: str | None, count: int) -> list[float]:
    values: Iterable[str] = (text or "").split()
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        numbers = []
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise ValueError(f"expected {count} numbers in a <visual>, got {(text or '')[:60]!r}")
    return numbers
