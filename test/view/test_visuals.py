"""Meshes of a URDF: found in many places, put where their links are, done without where one lacks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh

from itnnr_ik.robot import KinematicChain
from itnnr_ik.view.frames import LinkFrames
from itnnr_ik.view.palette import LINK
from itnnr_ik.view.visuals import find_mesh, mesh_parts

#: An arm whose axis is not z, with a link beside the chain and one between two of its joints that is fixed.
URDF = """<robot name="meshed">
  <material name="blue"><color rgba="0 0 1 1"/></material>
  <link name="base"><visual><geometry><box size="0.2 0.2 0.1"/></geometry></visual></link>
  <link name="upper"><visual><origin xyz="0 0 0.5" rpy="0 0 0"/><geometry>
    <mesh filename="{mesh}" scale="{scale}"/></geometry><material name="blue"/></visual></link>
  <link name="plate"><visual><geometry><sphere radius="0.05"/></geometry></visual></link>
  <link name="lower"><visual><geometry><cylinder radius="0.05" length="0.4"/></geometry>
    <material name=""><color rgba="1 0 0 1"/></material></visual></link>
  <link name="finger"><visual><geometry><box size="0.01 0.01 0.1"/></geometry></visual></link>
  <joint name="one" type="revolute"><parent link="base"/><child link="upper"/><origin xyz="0 0 0.1"/>
    <axis xyz="0 1 0"/><limit lower="-2" upper="2" velocity="1" effort="1"/></joint>
  <joint name="two" type="fixed"><parent link="upper"/><child link="plate"/><origin xyz="0 0 1"/></joint>
  <joint name="three" type="prismatic"><parent link="plate"/><child link="lower"/><axis xyz="1 0 0"/>
    <limit lower="0.1" upper="0.4" velocity="1" effort="1"/></joint>
  <joint name="grip" type="prismatic"><parent link="lower"/><child link="finger"/><origin xyz="0 0 0.3"/>
    <axis xyz="1 0 0"/><limit lower="0" upper="0.1" velocity="1" effort="1"/></joint>
</robot>"""


def write_mesh(path: Path) -> None:
    """A cube of a millimetre's numbers: 100 on each side."""
    path.parent.mkdir(parents=True, exist_ok=True)
    trimesh.creation.box((100.0, 100.0, 100.0)).export(path)


def chain(mesh: str, scale: str = "0.001 0.001 0.001") -> KinematicChain:
    return KinematicChain.from_urdf(URDF.format(mesh=mesh, scale=scale), "base", "lower")


@pytest.mark.parametrize("suffix", ["stl", "obj", "ply", "glb"])
def test_parts_are_where_their_links_are(tmp_path: Path, suffix: str) -> None:
    """Positions are as computed by hand: the cube is half-way up a leaning link, the rest shifted along x."""
    write_mesh(tmp_path / f"meshes/cube.{suffix}")
    arm = chain(f"meshes/cube.{suffix}")
    parts, missing = mesh_parts(arm, tmp_path)
    assert missing == []
    assert [part.frame for part in parts] == [0, 1, 1, 2, 2]
    lean, shift = 0.5, 0.25
    frames = LinkFrames(arm).at([lean, shift])
    centers = [part.mesh.copy().apply_transform(frames[part.frame]).bounds.mean(axis=0) for part in parts]
    along, across = np.array([np.sin(lean), 0.0, np.cos(lean)]), np.array([np.cos(lean), 0.0, -np.sin(lean)])
    foot = np.array([0.0, 0.0, 0.1])
    expected = [
        np.zeros(3),
        foot + 0.5 * along,
        foot + along,
        foot + along + shift * across,
        foot + 1.3 * along + shift * across,
    ]
    assert np.allclose(centers, expected, atol=1e-6)
    assert np.allclose(np.sort(parts[1].mesh.bounding_box_oriented.primitive.extents), 0.1)


def test_colours_are_those_of_the_materials(tmp_path: Path) -> None:
    """Colours come from named or inline materials, or are the default."""
    write_mesh(tmp_path / "cube.stl")
    parts, _ = mesh_parts(chain("cube.stl"), tmp_path)
    assert [part.color for part in parts] == [LINK, (0, 0, 255), LINK, (255, 0, 0), LINK]


@pytest.mark.filterwarnings("error")
def test_solids_of_radius_zero_are_not_drawn(tmp_path: Path) -> None:
    """A sphere or cylinder of radius 0 is left out, and the rest drawn."""
    write_mesh(tmp_path / "cube.stl")
    urdf = URDF.format(mesh="cube.stl", scale="1 1 1").replace('radius="0.05"', 'radius="0"')
    parts, missing = mesh_parts(KinematicChain.from_urdf(urdf, "base", "lower"), tmp_path)
    assert missing == []
    assert [part.frame for part in parts] == [0, 1, 2]
    assert all(np.isfinite(part.mesh.bounds).all() for part in parts)


def test_locked_joints_are_at_their_values(tmp_path: Path) -> None:
    """Links behind a locked joint are placed accordingly."""
    write_mesh(tmp_path / "cube.stl")
    urdf = URDF.format(mesh="cube.stl", scale="1 1 1")
    arm = KinematicChain.from_urdf(urdf, "base", "lower", locked={"three": 0.3})
    parts, _ = mesh_parts(arm, tmp_path)
    assert [part.frame for part in parts] == [0, 1, 1, 1, 1]
    placed = parts[3].mesh.copy().apply_transform(LinkFrames(arm).at([0.0])[1])
    assert np.allclose(placed.bounds.mean(axis=0), [0.3, 0.0, 1.1])


def test_an_arm_with_a_mesh_missing_is_drawn_without_any(tmp_path: Path) -> None:
    """The message names the mesh that is missing or invalid."""
    parts, missing = mesh_parts(chain("meshes/cube.stl"), tmp_path)
    assert parts == []
    assert missing == ["no mesh meshes/cube.stl"]
    (tmp_path / "bad.obj").write_text("nothing of a mesh")
    (tmp_path / "bad.stl").write_bytes(b"\0" * 90)
    for name in ("bad.obj", "bad.stl"):
        parts, missing = mesh_parts(chain(name), tmp_path)
        assert parts == []
        assert len(missing) == 1
        assert name in missing[0]


@pytest.mark.parametrize("scale", ["1 1", "one 1 1", "nan 1 1"])
def test_numbers_that_are_none_are_named(tmp_path: Path, scale: str) -> None:
    """Invalid numbers are named, and the arm is drawn from its joints."""
    write_mesh(tmp_path / "cube.stl")
    _, missing = mesh_parts(chain("cube.stl", scale), tmp_path)
    assert missing == [f"expected 3 numbers in a <visual>, got {scale!r}"]


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        (
            '<origin xyz="0 0 0.5"',
            '<origin xyz="0 0 up"',
            "of a <visual> of link 'upper' must",
        ),
        ('rgba="1 0 0 1"', 'rgba="red"', "expected 4 numbers in a <visual>, got 'red'"),
        ('rgba="0 0 1 1"', 'rgba="0 0 1"', "expected 4 numbers in a <visual>, got '0 0 1'"),
        ('<origin xyz="0 0 0.3"/>', '<origin xyz="0 0"/>', "xyz in <origin> of joint 'grip' must"),
    ],
)
def test_what_only_a_drawing_needs_does_not_keep_it_from_being_shown(
    tmp_path: Path, right: str, wrong: str, told: str
) -> None:
    """With an invalid origin, colour or joint off the chain the arm is drawn from its joints."""
    write_mesh(tmp_path / "cube.stl")
    arm = chain("cube.stl")
    assert right in arm.urdf
    parts, missing = mesh_parts(replace(arm, urdf=arm.urdf.replace(right, wrong)), tmp_path)
    assert parts == []
    assert len(missing) == 1
    assert told in missing[0]


def test_a_visual_is_turned_by_a_quaternion_as_by_angles(tmp_path: Path) -> None:
    """A quaternion in newer URDF files has the same effect as angles."""
    write_mesh(tmp_path / "cube.stl")
    arm = chain("cube.stl", "0.003 0.002 0.001")
    angles, quaternion = (
        mesh_parts(replace(arm, urdf=arm.urdf.replace('rpy="0 0 0"', turned)), tmp_path)[0][1]
        for turned in ('rpy="0 0 0.4"', f'quat_xyzw="0 0 {np.sin(0.2)} {np.cos(0.2)}"')
    )
    assert np.allclose(angles.mesh.vertices, quaternion.mesh.vertices)
    assert not np.allclose(angles.mesh.vertices, mesh_parts(arm, tmp_path)[0][1].mesh.vertices)


def test_an_arm_without_meshes_has_none(tmp_path: Path) -> None:
    """Simple shapes alone are not used, because drawing from the joints shows more."""
    urdf = URDF.replace('<mesh filename="{mesh}" scale="{scale}"/>', '<sphere radius="1"/>')
    assert mesh_parts(KinematicChain.from_urdf(urdf, "base", "lower"), tmp_path) == ([], [])


def test_packages_are_looked_for_above_the_urdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Meshes are found in the URDF's own package, a package beside it, or the ROS package path."""
    own, beside, elsewhere = tmp_path / "ws/arm", tmp_path / "ws/hand", tmp_path / "other/tool"
    for package in (own, beside, elsewhere):
        write_mesh(package / "meshes/a.stl")
    urdf = own / "urdf"
    urdf.mkdir()
    assert find_mesh("package://arm/meshes/a.stl", urdf) == own / "meshes/a.stl"
    assert find_mesh("package://hand/meshes/a.stl", urdf) == beside / "meshes/a.stl"
    with pytest.raises(ValueError, match=r"no mesh package://tool/meshes/a\.stl"):
        find_mesh("package://tool/meshes/a.stl", urdf)
    monkeypatch.setenv("ROS_PACKAGE_PATH", str(tmp_path / "other"))
    assert find_mesh("package://tool/meshes/a.stl", urdf) == elsewhere / "meshes/a.stl"
    assert find_mesh(f"file://{own}/meshes/a.stl", None) == own / "meshes/a.stl"
