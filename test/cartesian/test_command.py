"""`itnnr-ik path`: what it writes, measured by forward kinematics, and what it refuses."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from itnnr_ik import IKSolver
from itnnr_ik.cartesian.table import joint_table
from itnnr_ik.cli import main

COUNT = 80
HEADER = "x,y,z,qx,qy,qz,qw"


@pytest.fixture(scope="module")
def ur5e() -> IKSolver:
    return IKSolver.load("ur5e")


@pytest.fixture(scope="module")
def two_link() -> IKSolver:
    return IKSolver.load("two_link")


def circle(radius: float = 0.1) -> np.ndarray:
    """A closed path of poses (m, 7) whose tool points down."""
    lap = np.linspace(0.0, 2.0 * np.pi, COUNT)
    points = [0.45 + radius * np.cos(lap), 0.15 + radius * np.sin(lap), np.full(COUNT, 0.3)]
    return np.stack([*points, *np.tile([[1.0], [0.0], [0.0], [0.0]], COUNT)], axis=1)


def write(file: Path, header: str, rows: np.ndarray) -> str:
    lines = [",".join(map(repr, row)) for row in rows.tolist()]
    file.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return str(file)


def read(file: Path) -> tuple[list[str], np.ndarray]:
    with file.open(encoding="utf-8") as text:
        header, *rows = csv.reader(text)
    return header, np.array(rows, dtype=float)


def test_the_joint_path_goes_through_the_targets(ur5e: IKSolver, tmp_path: Path) -> None:
    """Each line of the CSV reaches its target within the limits, in small steps, and the path closes."""
    targets = circle()
    source, output = write(tmp_path / "circle.csv", HEADER, targets), tmp_path / "joints.csv"
    assert main(["path", source, "--arm", "ur5e", "--closed", "-o", str(output)]) == 0
    header, positions = read(output)
    assert header == list(ur5e.arm.joint_names)
    assert (ur5e.arm.lower <= positions).all()
    assert (positions <= ur5e.arm.upper).all()
    reached = ur5e.forward(positions)
    np.testing.assert_allclose(reached[:, :3], targets[:, :3], atol=1e-6)
    np.testing.assert_allclose(np.abs((reached[:, 3:] * targets[:, 3:]).sum(axis=1)), 1.0, atol=1e-9)
    assert np.abs(np.diff(positions, axis=0)).max() < 0.1
    np.testing.assert_allclose(positions[-1], positions[0], atol=1e-9)


def test_times_keep_the_velocity_limits(ur5e: IKSolver, tmp_path: Path) -> None:
    """A path requested in a tenth of a second takes longer; column t may stand anywhere."""
    rows = np.column_stack([np.linspace(3.0, 3.1, COUNT), circle()])
    source, output = write(tmp_path / "circle.csv", f"t,{HEADER}", rows), tmp_path / "joints.csv"
    assert main(["path", source, "--arm", "ur5e", "-o", str(output)]) == 0
    header, table = read(output)
    assert header == ["t", *ur5e.arm.joint_names]
    speed = np.abs(np.diff(table[:, 1:], axis=0)) / np.diff(table[:, 0])[:, None]
    assert (speed <= ur5e.arm.velocity * (1.0 + 1e-6)).all()
    assert table[0, 0] == 3.0
    assert table[-1, 0] > 3.2


def test_gaps_are_a_table_and_status_1(
    two_link: IKSolver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line out of the workspace has a gap from the first target beyond the stretched arm."""
    stretched = two_link.target_at(np.zeros(2))
    rows = np.linspace(0.8, 1.2, 41)[:, None] * stretched
    source = write(tmp_path / "line.csv", "x,y", rows)
    beyond = int(np.flatnonzero(np.linalg.norm(rows, axis=1) > np.linalg.norm(stretched) + 1e-6)[0])
    assert main(["path", source, "--arm", "two_link", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    (gap,) = report["gaps"]
    assert (gap["first"], gap["last"], gap["reason"]) == (beyond, 40, "out of reach")
    assert gap["amount"] == pytest.approx(0.2 * np.linalg.norm(stretched), abs=1e-6)
    np.testing.assert_allclose(gap["at_m"][:2], rows[beyond])
    assert (report["targets"], report["reached"]) == (41, beyond)
    assert main(["path", source, "--arm", "two_link"]) == 1
    line = next(line for line in capsys.readouterr().out.splitlines() if line.endswith("out of reach"))
    assert line.split()[:2] == [str(beyond), "40"]


def test_the_start_decides_between_branches(two_link: IKSolver, tmp_path: Path) -> None:
    """The start decides whether the elbow is up or down."""
    rows = two_link.target_at(np.linspace([0.2, 0.5], [0.4, 0.9], 20))
    source, output = write(tmp_path / "line.csv", "x,y", rows), tmp_path / "joints.csv"
    for side in (1.0, -1.0):
        start = f"--start={0.5 - 0.3 * side},{0.5 * side}"
        assert main(["path", source, "--arm", "two_link", start, "-o", str(output)]) == 0
        assert (side * read(output)[1][:, 1] > 0.0).all()


def test_a_urdf_with_links_and_task(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Columns in any order, blank lines and a byte order mark are fine; a position task uses x, y, z only."""
    urdf = root / "test" / "urdf" / "puma560.urdf"
    solver = IKSolver.from_urdf(urdf, task="position")
    targets = solver.forward(np.linspace(np.full(6, 0.3), np.full(6, 0.5), 9))
    file = tmp_path / "poses.csv"
    write(file, "qw, qz, qy, qx, z, y, x", targets[:, ::-1])
    file.write_text("\ufeff" + file.read_text(encoding="utf-8").replace("\n", "\n\n"), encoding="utf-8")
    links = f"--base {solver.arm.base_link} --tip {solver.arm.tip_link}"  # type: ignore[union-attr]
    command = f"path {file} --urdf {urdf} {links} --task position -o {tmp_path / 'joints.csv'} --json"
    assert main(command.split()) == 0
    assert json.loads(capsys.readouterr().out)["task"] == "position"
    positions = read(tmp_path / "joints.csv")[1]
    np.testing.assert_allclose(solver.forward(positions)[:, :3], targets[:, :3], atol=1e-6)


@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_the_picture(two_link: IKSolver, tmp_path: Path, suffix: str, magic: bytes) -> None:
    """A picture of a path with a gap and times has the format of its suffix."""
    rows = np.linspace(0.8, 1.2, 20)[:, None] * two_link.target_at(np.zeros(2))
    source = write(tmp_path / "line.csv", "t,x,y", np.column_stack([np.arange(20.0), rows]))
    picture = tmp_path / f"joints{suffix}"
    assert main(["path", source, "--arm", "two_link", "--picture", str(picture)]) == 1
    assert picture.read_bytes().startswith(magic)


def test_names_in_pictures_are_no_formulas(two_link: IKSolver, tmp_path: Path) -> None:
    """A joint's name may have characters that matplotlib would take for mathematics."""
    urdf = tmp_path / "arm.urdf"
    urdf.write_text(two_link.arm.urdf.replace("joint_1", "a$b^$_1"))  # type: ignore[union-attr]
    source = write(tmp_path / "line.csv", "x,y", two_link.target_at(np.linspace([0.2, 0.5], [0.3, 0.6], 5)))
    options = ["--urdf", str(urdf), "--picture", str(tmp_path / "joints.svg")]
    assert main(["path", source, *options]) == 0


def test_files_are_replaced_whole(two_link: IKSolver, tmp_path: Path) -> None:
    """An existing file is replaced, a link stays a link, and no other file is left behind."""
    source = write(tmp_path / "line.csv", "x,y", two_link.target_at(np.linspace([0.2, 0.5], [0.3, 0.6], 5)))
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    link.symlink_to(real)
    assert main(["path", source, "--arm", "two_link", "--output", str(link)]) == 0
    assert link.is_symlink()
    assert len(real.read_text().splitlines()) == 6
    assert {file.name for file in tmp_path.iterdir()} == {"line.csv", "real.csv", "link.csv"}


def test_names_of_joints_are_quoted() -> None:
    """A reader of CSV finds the names again, whatever is in them, and every digit."""
    names, rows = ("a,b", 'the "wrist"', "c d"), np.array([[0.1, -1e-17, 1.0 / 3.0]])
    header, row = csv.reader(joint_table(names, rows, np.array([2.5])).splitlines())
    assert header == ["t", *names]
    assert [float(number) for number in row] == [2.5, *rows[0].tolist()]


def test_the_input_is_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An output must not be the input, by its name or by a link, nor another output."""
    source = tmp_path / "line.csv"
    source.write_text("x,y\n1,1\n")
    os.link(source, tmp_path / "hard.csv")
    (tmp_path / "soft.csv").symlink_to(source)
    for name in ("line.csv", "hard.csv", "soft.csv", f"../{tmp_path.name}/line.csv"):
        assert main(["path", str(source), "--arm", "two_link", "-o", str(tmp_path / name)]) == 1
        assert "is the input or another output" in capsys.readouterr().err
    both = ["-o", str(tmp_path / "a.png"), "--picture", str(tmp_path / "a.png")]
    assert main(["path", str(source), "--arm", "two_link", *both]) == 1
    assert "is the input or another output" in capsys.readouterr().err
    assert source.read_text() == "x,y\n1,1\n"


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("x;y\n1;1\n", "", "expected the columns x, y and, if there are times, t in the first line of"),
        ("x,y,yaw\n1,1,0\n", "", "got x, y, yaw"),
        ("x,y,x\n1,1,0\n", "", "got x, y, x"),
        ("x,y,z\n1,1,0\n", "--task pose --arm ur5e", "expected the columns x, y, z, qx, qy, qz, qw and"),
        ("", "", "is empty"),
        ("x,y\n", "", "expected at least one line of numbers below the header"),
        ("x,y\n1,1\n1\n", "", "expected 2 numbers in line 3"),
        ("x,y\n1,one\n", "", "for y in line 2"),
        ("x,y\n1,1_0\n", "", "got '1_0'"),
        ("x,y\n1,nan\n", "", "expected a finite number, of at most 1e+18 in size, for y in line 2"),
        ("x,y\n1e160,1\n", "", "got '1e160'"),
        ("t,x,y\n0,1,1\n\n0,1,1\n", "", "expected times that increase, got 0 s in line 4"),
        ("t,x,y\n1750000000.2,1,1\n1750000000.1,1,1\n", "", "got 1750000000.1 s in line 3 of path.csv"),
        (f"{HEADER}\n.4,.2,.3,0,0,0,0\n", "--arm ur5e", "expected a quaternion that is not zero in line 2"),
        ("x,y\n1,1\n", "--start 1", "expected current joint positions of shape (2,)"),
        ("x,y\n1,1\n1,0.9\n", "--closed", "last target of a closed path"),
        (
            "x,y\n1,1\n",
            "--picture joints.gif",
            "expected a picture ending in .png, .svg, .pdf, got joints.gif",
        ),
        ("x,y\n1,1\n", "-o nowhere/joints.csv", "to write joints.csv to"),
        ("x,y\n1,1\n", "--base base_link", "--base goes with a URDF"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_written(
    text: str,
    options: str,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The exit status is 1, and the message names the faulty line of the file."""
    monkeypatch.chdir(tmp_path)
    Path("path.csv").write_text(text)
    words = ["path", "path.csv", "-o", "joints.csv", *options.split()]
    assert main(words if "--arm" in words else [*words, "--arm", "two_link"]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("itnnr-ik path: ")
    assert message in output.err
    assert output.err.count("\n") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["path.csv"]


def test_coordinates_far_away_fit_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Targets far away are out of reach, and their coordinates are rounded in the table."""
    (tmp_path / "path.csv").write_text("x,y\n1e17,1\n")
    assert main(["path", str(tmp_path / "path.csv"), "--arm", "two_link"]) == 1
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "out of reach" in line)
    assert "1.0e+17" in line and len(line) < 110


def test_a_pipe_or_a_device_is_no_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pipes and devices are refused without waiting for their content."""
    os.mkfifo(tmp_path / "pipe.csv")
    for file in (str(tmp_path / "pipe.csv"), "/dev/zero"):
        assert main(["path", file, "--arm", "two_link"]) == 1
        assert "Not a regular file" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n", b"x,y\n1,\x00\n"], ids=["png", "zero byte"])
def test_what_is_no_csv(content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no CSV is refused with a message of one line."""
    (tmp_path / "path.csv").write_bytes(content)
    for name in ("path.csv", "missing.csv"):
        assert main(["path", str(tmp_path / name), "--arm", "two_link"]) == 1
        error = capsys.readouterr().err
        assert error.startswith("itnnr-ik path: ")
        assert name in error
        assert error.count("\n") == 1
