"""What must never get into the repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_MACHINE_PATH = re.compile(r"(?<![\w.~])/(?:home|root|Users|work|workspace)/\w")
_REGISTRY = re.compile(
    r"https?://[^\s\"'<>]*(?:pypi|pythonhosted|download\.pytorch|/simple\b)|index-url[= ]\S"
)
_PICKLE_SUFFIXES = {".pkl", ".pickle", ".pt", ".pth", ".joblib", ".npy", ".npz"}
_MAX_MODEL_BYTES = 2_000_000
_MAX_PICTURE_BYTES = 1_000_000


def _is_text(path: Path) -> bool:
    content = path.read_bytes()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in content


@pytest.mark.parametrize("pattern", [_MACHINE_PATH, _REGISTRY], ids=["machine path", "registry address"])
def test_no_text_ties_it_to_one_machine(
    root: Path, repository_files: list[Path], pattern: re.Pattern[str]
) -> None:
    """No file names a folder of one machine or the address of a package registry."""
    found = [
        f"{file}: {match.group()}"
        for file in repository_files
        if _is_text(root / file)
        for match in pattern.finditer((root / file).read_text(encoding="utf-8"))
    ]
    assert found == []


def test_the_patterns_find_what_they_are_for() -> None:
    """The two patterns above match a typical offender each, and leave relative paths alone."""
    assert _MACHINE_PATH.search("folder = '" + "/ho" + "me/user/models'")
    assert _REGISTRY.search("pip install torch --index" + "-url https://" + "wheels.example/cpu")
    assert _REGISTRY.search("https:" + "//pypi.example/torch")
    assert not _MACHINE_PATH.search("build/home/x, ../work/x and ~/work/x")


def test_no_pickles(repository_files: list[Path]) -> None:
    """Nothing that runs code when it is loaded."""
    assert [file for file in repository_files if file.suffix in _PICKLE_SUFFIXES] == []


def test_binaries_are_models_and_pictures(root: Path, repository_files: list[Path]) -> None:
    """Binary files are weights of models and the documentation's pictures, nothing else."""
    binaries = [file for file in repository_files if not _is_text(root / file)]
    weights = [file for file in binaries if file.match("itnnr_ik/models/*/weights.safetensors")]
    pictures = [
        file for file in binaries if file.parts[0] == "docs" and file.suffix in {".png", ".jpg", ".gif"}
    ]
    assert weights, "no model found"
    assert sorted({*binaries} - {*weights, *pictures}) == []
    assert [file for file in pictures if (root / file).stat().st_size > _MAX_PICTURE_BYTES] == []


def test_models_are_small(root: Path, repository_files: list[Path]) -> None:
    """Each model folder stays below 2 MB."""
    sizes: dict[Path, int] = {}
    for file in repository_files:
        if file.is_relative_to("itnnr_ik/models") and len(file.parts) > 3:
            sizes[file.parent] = sizes.get(file.parent, 0) + (root / file).stat().st_size
    assert sizes, "no model found"
    assert {str(folder): size for folder, size in sizes.items() if size >= _MAX_MODEL_BYTES} == {}
