"""The folders of the package and the arrows between them: who may import whom."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "itnnr_ik"
#: What everybody may import: no folder, and they import nothing but each other.
TOOLS = {"arrays", "compiled", "files", "forms", "interrupts", "options", "plotting", "printable"}
_CORE = {"solver", "paths", "task", "twin", "robot"}
_RECORDINGS = {"evaluation", "recording", "targets"}
ARROWS = {
    "robot": set(),
    "twin": set(),
    "paths": set(),
    "task": {"robot"},
    "solver": _CORE - {"solver"},
    "targets": _CORE,
    "recording": {"robot"},
    "evaluation": {"recording", "targets", *_CORE},
    "learning": {*_RECORDINGS, *_CORE},
    "cartesian": {*_RECORDINGS, *_CORE},
    "ros": {"learning", *_RECORDINGS, *_CORE},
    "demo": {"ros", "learning", *_RECORDINGS, *_CORE},
    "bench": {"ros", "learning", *_RECORDINGS, *_CORE},
    "view": {"ros", "learning", *_RECORDINGS, *_CORE},
    "paper": {"solver", "twin"},
}
#: Of the folders in ros/: beside these, the modules that all nodes share.
ROS_ARROWS = {
    "control": set(),
    "controller": {"control"},
    "running": set(),
    "targets": set(),
    "setup": {"control"},
    "simulation": {"setup", "control"},
    "answering": {"setup", "control"},
    "paths": {"answering", "setup", "control"},
}
ROS_SHARED = {"interfaces", "messages", "receiving", "status", "throttle", "time_messages"}
ARROWS["cli"] = {folder for folder in ARROWS if folder != "cli"}


def imported(file: Path, within: str = "itnnr_ik") -> set[str]:
    """The folders and modules right in a package that a module imports, in its functions, too."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            names = [node.module or ""]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        depth = within.count(".") + 1
        found |= {name.split(".")[depth] for name in names if name.startswith(f"{within}.")}
    return found


def test_folders_import_along_the_arrows() -> None:
    """Every file imports only what its folder may, by the arrows of docs/development.md, without a circle."""
    TopologicalSorter(ARROWS).prepare()  # raises where they go in a circle
    folders = {path.name for path in PACKAGE.iterdir() if list(path.glob("*.py"))}
    assert folders == set(ARROWS)
    for folder, arrows in ARROWS.items():
        files = list((PACKAGE / folder).rglob("*.py"))
        for file in files:
            assert imported(file) <= {folder, *arrows, *TOOLS}, file
        assert files


def test_folders_of_ros_import_along_the_arrows() -> None:
    """Folders of ros import along their arrows, and none imports a node."""
    TopologicalSorter(ROS_ARROWS).prepare()
    ros = PACKAGE / "ros"
    assert {path.name for path in ros.iterdir() if list(path.glob("*.py"))} == set(ROS_ARROWS)
    for folder, arrows in ROS_ARROWS.items():
        for file in (ros / folder).rglob("*.py"):
            assert imported(file, "itnnr_ik.ros") <= {folder, *arrows, *ROS_SHARED}, file
    for name in ROS_SHARED:
        assert imported(ros / f"{name}.py", "itnnr_ik.ros") <= ROS_SHARED, name


def test_tools_know_nothing_of_the_folders() -> None:
    """Every module beside the folders is one of the tools."""
    modules = {path.stem: path for path in PACKAGE.glob("*.py") if path.stem != "__init__"}
    assert set(modules) == TOOLS
    for path in modules.values():
        assert imported(path) <= TOOLS, path


def test_nobody_reaches_into_the_solver() -> None:
    """Private attributes of a solver are used inside the package solver only."""
    for file in PACKAGE.rglob("*.py"):
        if PACKAGE / "solver" in file.parents:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Attribute) and node.attr.startswith("_")):
                continue
            owner = node.value
            name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            assert "solver" not in name, f"{file}:{node.lineno} uses {name}.{node.attr}"
