"""The package as pip and colcon install it from a copy of the repository."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import Distribution
from pathlib import Path
from xml.etree import ElementTree

import pytest

NAME = "itnnr_ik"
EXECUTABLES = ("ik_node", "simulator", "target_source", "target_marker", "evaluator")
SHARED_FOLDERS = ("launch", "config", "rviz")
COLCON: list[str | Path] = [
    sys.executable,
    "-c",
    "import sys; sys.argv[0] = 'colcon'; from colcon_core.command import main; sys.exit(main())",
]


def _needs(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"needs {module}, which is not installed")


def _run(command: list[str | Path], cwd: Path) -> str:
    """Run to a successful end; what it printed."""
    result = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert result.returncode == 0, result.stdout
    return result.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, root: Path, repository_files: list[Path]) -> Path:
    """A fresh copy, because builds leave files behind that later builds would install."""
    folder = tmp_path_factory.mktemp("workspace") / NAME
    for file in repository_files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / file, folder / file, follow_symlinks=False)
    return folder


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Path:
    """What `pip install .` installs, in a prefix of its own."""
    _needs("setuptools")
    if importlib.util.find_spec("setuptools.command.bdist_wheel") is None:
        _needs("wheel")  # without which setuptools before 70.1 builds none
    folder = tmp_path_factory.mktemp("prefix")
    options = [
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--ignore-installed",
        "--no-compile",
    ]
    _run([sys.executable, "-m", "pip", "install", *options, "--prefix", folder, "."], source)
    return folder


@pytest.fixture(scope="module")
def site_packages(prefix: Path) -> Path:
    return next(prefix.glob(f"lib/python*/site-packages/{NAME}")).parent


@pytest.fixture(scope="module")
def installed(site_packages: Path) -> Distribution:
    return Distribution.at(next(site_packages.glob("*.dist-info")))


@pytest.fixture(scope="module")
def manifest(root: Path) -> ElementTree.Element:
    return ElementTree.parse(root / "package.xml").getroot()


def test_manifest_and_metadata_agree(manifest: ElementTree.Element, installed: Distribution) -> None:
    """package.xml and setup.py say the same about the package."""
    metadata = installed.metadata
    maintainer = manifest.find("maintainer")
    assert maintainer is not None
    assert {tag: manifest.findtext(tag) for tag in ("name", "version", "description", "license")} == {
        "name": metadata["Name"].replace("-", "_"),
        "version": metadata["Version"],
        "description": metadata["Summary"],
        "license": metadata.get("License-Expression") or metadata["License"],
    }
    assert (maintainer.text, maintainer.get("email")) == (
        metadata["Maintainer"],
        metadata["Maintainer-email"],
    )


def test_manifest_is_valid(root: Path) -> None:
    """ROS's own parser reads package.xml, without a warning."""
    _needs("catkin_pkg")
    from catkin_pkg.package import parse_package

    warnings: list[str] = []
    package = parse_package(str(root), warnings=warnings)
    package.validate(warnings=warnings)
    assert warnings == []
    assert package.get_build_type() == "ament_python"


#: Packages that are called otherwise than what is imported from them; ROS's tf2_ros is the one for C++.
CALLED = {
    "PIL": "pillow",
    "backports": "backports-zstd",
    "ruamel": "ruamel-yaml",
    "tf2_ros": "tf2_ros_py",
}


def test_every_ros_package_that_is_imported_is_declared(root: Path, manifest: ElementTree.Element) -> None:
    """What the nodes and the launch file import is in package.xml, so that rosdep installs it."""
    sources = [*(root / NAME).rglob("*.py"), *(root / "launch").glob("*.py")]
    imported = {
        CALLED.get(name, name)
        for file in sources
        for name in re.findall(r"^\s*(?:from|import) (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
        if re.fullmatch(r"rclpy|launch(_ros)?|ament_\w+|tf2_\w+|\w+_(msgs|srvs|interfaces)", name)
    }
    assert "rclpy" in imported
    assert imported - {element.text for element in manifest.iter("exec_depend")} == set()


def _third_party_imports(file: Path) -> set[str]:
    """Top-level modules of other packages that a file imports, also where it does so by name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module or "")
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "importlib.import_module":
            found |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
    # Of Python 3.14 on.
    known = {*sys.stdlib_module_names, "compression", NAME}
    return {name.partition(".")[0] for name in found} - known


def test_every_package_that_is_imported_is_declared(
    root: Path, manifest: ElementTree.Element, installed: Distribution
) -> None:
    """In setup.py or, if it comes with ROS, package.xml; what else is compared with is in bench.txt alone."""
    required = {re.split(r"[^\w-]", text)[0]: "extra ==" in text for text in installed.requires or []}
    depends = {element.text or "" for element in manifest.iter("exec_depend")}
    declared = {*required, *(name.removeprefix("ros-").replace("-", "_") for name in required)}
    declared |= {*depends, *(name.removeprefix("python3-") for name in depends)}
    imported = {
        CALLED.get(name, name)
        for file in (path.relative_to(root) for path in (root / NAME).rglob("*.py"))
        for name in _third_party_imports(root / file)
        if file.parts[1] != "bench"
    }
    assert {"lz4", "distributed", "mujoco", "rclpy", "ruamel-yaml"} <= imported
    assert imported - declared == set()
    assert {name for name, optional in required.items() if not optional} - imported == set()


def test_every_requirement_is_pinned(root: Path, installed: Distribution) -> None:
    """What the package requires, extras included, is in the lists of requirements, and those are pinned."""
    lists = [(root / "requirements" / f"{name}.txt").read_text() for name in ("run", "ros", "test", "train")]
    listed = {name for text in lists for name in re.findall(r"^[a-z][\w-]*", text, re.MULTILINE)}
    files = [root / "requirements" / f"pins{of}.txt" for of in ("", "-kilted", "-jazzy")]
    common, kilted, jazzy = (
        set(re.findall(r"^([\w-]+)==", file.read_text(), re.MULTILINE)) for file in files
    )
    required = {re.split(r"[^\w-]", requirement)[0] for requirement in installed.requires or []}
    assert "numpy" in required
    assert required - listed == set()
    assert listed - {*common, *kilted, "torch"} == set()
    assert listed - {*common, *jazzy, "torch"} == set()


def test_shared_files_are_installed(prefix: Path, repository_files: list[Path], root: Path) -> None:
    """`ros2` finds the package's marker, manifest, launch file, parameters, RViz setup and URDFs."""
    share = prefix / "share" / NAME
    assert (prefix / "share/ament_index/resource_index/packages" / NAME).is_file()
    expected = [Path("package.xml"), *(file for file in repository_files if file.parts[0] in SHARED_FOLDERS)]
    assert {file.parts[0] for file in expected} == {"package.xml", *SHARED_FOLDERS}
    for file in expected:
        assert (share / file).read_bytes() == (root / file).read_bytes(), file
    robots = {path.name: path.read_bytes() for path in (root / NAME / "robot" / "urdf").iterdir()}
    assert {path.name: path.read_bytes() for path in (share / "urdf").iterdir()} == robots
    assert robots


def test_code_and_models_are_installed(site_packages: Path, repository_files: list[Path], root: Path) -> None:
    """Every file of the Python package, models and the marker of its types included, and nothing else."""
    expected = {file for file in repository_files if file.parts[0] == NAME}
    assert {file.parts[1] for file in expected} >= {"models", "py.typed"}
    found = {file.relative_to(site_packages) for file in (site_packages / NAME).rglob("*") if file.is_file()}
    assert found == expected
    for file in expected:
        assert (site_packages / file).read_bytes() == (root / file).read_bytes(), file


def test_console_scripts_resolve(prefix: Path, installed: Distribution) -> None:
    """Each console script is installed and names a function that there is."""
    scripts = {script.name: script for script in installed.entry_points.select(group="console_scripts")}
    assert set(scripts) == {"itnnr-ik", *EXECUTABLES}
    for name in scripts:
        assert os.access(prefix / "bin" / name, os.X_OK)
    assert callable(scripts["itnnr-ik"].load())
    _needs("rclpy")
    for name in EXECUTABLES:
        assert callable(scripts[name].load())


@pytest.mark.parametrize("name", EXECUTABLES)
def test_executable_for_ros2_run(prefix: Path, site_packages: Path, name: str) -> None:
    """`ros2 run` finds the executable, and it is the node: it says what is wrong with its parameter."""
    _needs("rclpy")
    executable = prefix / "lib" / NAME / name
    result = subprocess.run(
        [executable, "--ros-args", "-p", "model:=nowhere"],
        cwd=prefix,
        env={
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": str(site_packages),
        },
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1, result.stderr
    assert "no model 'nowhere'" in result.stderr


@pytest.fixture(scope="module")
def workspace(source: Path) -> Path:
    """A colcon workspace with the package, built."""
    _needs("colcon_core")
    _needs("colcon_ros")
    _run([*COLCON, "build"], source.parent)
    return source.parent


def test_colcon_build(workspace: Path) -> None:
    """`colcon build` installs marker, shared files and executables where `ros2` looks."""
    install = workspace / "install" / NAME
    assert (install / "share/ament_index/resource_index/packages" / NAME).is_file()
    for folder in SHARED_FOLDERS:
        assert list((install / "share" / NAME / folder).iterdir())
    for name in EXECUTABLES:
        assert os.access(install / "lib" / NAME / name, os.X_OK)


def test_colcon_test(workspace: Path) -> None:
    """`colcon test` runs pytest and counts its tests."""
    _run(
        [*COLCON, "test", "--pytest-args", "test/test_package.py", "-k", "is_valid or ros_package"], workspace
    )
    summary = _run([*COLCON, "test-result", "--all"], workspace)
    assert "Summary: 2 tests, 0 errors, 0 failures, 0 skipped" in summary
