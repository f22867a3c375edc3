"""Where recordings are found, and how what an address names is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from arm_recordings import bag, states

from itnnr_ik.cli import main
from itnnr_ik.evaluation.many.places import Place, find_recordings


def tree(root: Path) -> Path:
    """Recordings ``root``, ``root/b``, ``root/b/inner`` and ``root/é z``."""
    for folder in ("", "b", "b/inner", "é z"):
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / "x_0.mcap").touch()
    (root / "empty" / "deep").mkdir(parents=True)
    return root


def found(*texts: str | Path) -> list[str]:
    return [place.name for place in find_recordings([str(text) for text in texts])]


def test_every_folder_with_a_data_file_is_a_recording(tmp_path: Path) -> None:
    """Nested recordings are found too; folders are sorted by path, arguments stay in order."""
    root = tree(tmp_path / "root")
    below = [str(root / folder) for folder in ("", "b", "b/inner", "é z")]
    assert found(root) == [str(Path(name)) for name in below]
    assert found(root / "é z", root / "b") == [below[3], below[1], below[2]]
    assert found(root / "b" / "x_0.mcap", root / "empty", "nowhere") == [
        str(root / "b" / "x_0.mcap"),
        str(root / "empty"),
        "nowhere",
    ]


def test_links_are_followed_once(tmp_path: Path) -> None:
    """Loops of links end, and a recording with two links to it is found once."""
    root = tree(tmp_path / "root")
    (root / "b" / "loop").symlink_to(root)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "y.bag").touch()
    for name in ("one", "two"):
        (root / name).symlink_to(outside)
    names = [Path(name).relative_to(root).as_posix() for name in found(root)]
    assert names == [".", "b", "b/inner", "one", "é z"]


def test_paths_are_absolute_for_other_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other processes may have another working directory."""
    monkeypatch.chdir(tmp_path)
    assert Place.of("x/y").address == str(tmp_path / "x" / "y")
    assert Place.of("s3://x/y").address == "s3://x/y"


@pytest.mark.parametrize("one_file", [False, True])
def test_an_address_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str], one_file: bool) -> None:
    """A folder or a file in another file system is copied, and the copy is removed at the end."""
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    recording = bag(tmp_path / "bag", joint_states=states(30))
    memory.put(str(recording), f"/store/{tmp_path.name}/day/bag", recursive=True)
    memory.put(str(recording), f"/store/{tmp_path.name}/day/.trash/bag", recursive=True)
    address = f"memory://store/{tmp_path.name}/day"
    if one_file:
        (name,) = [file.name for file in recording.glob("*.mcap")]
        address = f"{address}/bag/{name}"
    assert main(["evaluate", address, str(recording), "--arm", "two_link"]) == 0
    said = capsys.readouterr().out
    assert "2 of 2 recordings evaluated" in said
    assert "100 % of 58 reachable targets solved (58)" in said
    (place,) = find_recordings([address])
    assert place.path is None
    with place.local() as path:
        assert path.exists()
        assert path.name == ("bag" if not one_file else name)
    assert not path.exists()


def test_an_address_that_leads_nowhere_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The row of an invalid address has the reason."""
    pytest.importorskip("fsspec")
    recording = bag(tmp_path / "bag", joint_states=states(20))
    assert main(["evaluate", str(recording), "memory://no/where", "--arm", "two_link"]) == 1
    assert "failed: there is nothing at memory://no/where" in capsys.readouterr().out
    assert main(["evaluate", "nonsense://no/where", "--arm", "two_link"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "nonsense" in line
