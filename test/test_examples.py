"""Each example program runs, prints that its claim holds, and fails if it does not."""

from __future__ import annotations

import ast
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import wrong_answers

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
NAMES = [path.name for path in EXAMPLES]
MAX_LINES = 60
#: What an example needs that not everybody has, and those that take more than seconds.
NEEDS = {"learn_recording": "torch", "track_with_node": "rclpy", "uncertainty": "torch"}
SLOW = ("evaluate_recording", "learn_recording", "path_demonstration", "track_with_node", "uncertainty")
#: Those that start processes of their own.
STARTERS = ("track_with_node",)


def _runs(of: list[Path]) -> pytest.MarkDecorator:
    marks = {path: [pytest.mark.slow] if path.stem in SLOW else [] for path in of}
    return pytest.mark.parametrize(
        "example", [pytest.param(path, id=path.name, marks=marks[path]) for path in of]
    )


def _check_needs(example: Path) -> None:
    if (needed := NEEDS.get(example.stem)) is not None:
        pytest.importorskip(needed, reason=f"{example.name} needs {needed}")


def _run(example: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, example, *arguments], cwd=folder, capture_output=True, text=True)


@_runs(EXAMPLES)
def test_its_claim_holds(example: Path, tmp_path: Path) -> None:
    """An example ends with status 0 in an empty folder, prints something, and leaves no file behind."""
    _check_needs(example)
    result = _run(example, tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout
    assert result.stderr == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_it_is_short_and_says_what_it_is(example: Path) -> None:
    """An example begins with one sentence, and fits on a screen or two."""
    text = example.read_text(encoding="utf-8")
    sentence = ast.get_docstring(ast.parse(text)) or ""
    assert sentence.endswith((".", "?"))
    assert "\n" not in sentence
    assert len(text.splitlines()) <= MAX_LINES


@_runs([path for path in EXAMPLES if path.stem not in STARTERS])
def test_it_fails_where_the_claim_does_not_hold(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every answer off by a tenth of a radian, an example ends with a message and exit status 1."""
    _check_needs(example)
    wrong_answers.spoil(monkeypatch.setattr)
    monkeypatch.setattr(sys, "argv", [str(example)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(example), run_name="__main__")
    assert str(ended.value.code).startswith("CHECK FAILED")


@_runs([path for path in EXAMPLES if path.stem in STARTERS])
def test_it_fails_where_the_node_is_wrong(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An example fails, too, if the wrong answers are those of another process."""
    _check_needs(example)
    (tmp_path / "sitecustomize.py").write_text(wrong_answers.SITECUSTOMIZE, encoding="utf-8")
    places = [str(tmp_path), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, places)))
    result = _run(example, tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    said = result.stderr.splitlines()[-1]
    assert said.startswith("CHECK FAILED")
    assert not said.startswith("CHECK FAILED: 0 answered")


def test_every_example_is_in_the_table() -> None:
    """examples/README.md has a line for each example."""
    table = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| \[(\w+\.py)\]\(\1\) \|", table, re.MULTILINE)) == NAMES


def test_the_batch_draws_its_map_where_asked(tmp_path: Path) -> None:
    """With --output the example writes its picture."""
    batch = next(path for path in EXAMPLES if path.stem == "batch")
    result = _run(batch, tmp_path, "--size", "9", "--output", "map.png")
    assert result.returncode == 0, result.stdout + result.stderr
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
