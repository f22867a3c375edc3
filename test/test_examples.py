"""The example programs: each runs, says that its claim holds, and fails where it does not."""

from __future__ import annotations

import ast
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from itnnr_ik import IKSolver, Solution

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))
NAMES = [path.name for path in EXAMPLES]
MOST_LINES = 60


def _run(example: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, example, *arguments], cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_its_claim_holds(example: Path, tmp_path: Path) -> None:
    """It ends with status 0 in an empty folder, says something, and leaves no file behind."""
    result = _run(example, tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout
    assert result.stderr == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_it_is_short_and_says_what_it_is(example: Path) -> None:
    """One sentence on top, and no more lines than fit on a screen or two."""
    text = example.read_text(encoding="utf-8")
    sentence = ast.get_docstring(ast.parse(text)) or ""
    assert sentence.endswith((".", "?"))
    assert "\n" not in sentence
    assert len(text.splitlines()) <= MOST_LINES


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_it_fails_where_the_claim_does_not_hold(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every answer off by a tenth of a radian, it ends with a message, which is exit status 1."""

    def off(method: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(*args: Any, **options: Any) -> Any:
            found = method(*args, **options)
            if isinstance(found, list):
                return [solution._replace(positions=solution.positions + 0.1) for solution in found]
            if isinstance(found, Solution):
                return found._replace(positions=found.positions + 0.1)
            return replace(found, positions=found.positions + 0.1)

        return wrong

    for name in ("solve", "solve_batch", "solve_path", "branches"):
        monkeypatch.setattr(IKSolver, name, off(getattr(IKSolver, name)))
    monkeypatch.setattr(sys, "argv", [str(example)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(example), run_name="__main__")
    assert str(ended.value.code).startswith("NOT SO")


def test_the_batch_draws_its_map_where_asked(tmp_path: Path) -> None:
    """--output names the picture."""
    batch = next(path for path in EXAMPLES if path.stem == "batch")
    result = _run(batch, tmp_path, "--size", "9", "--output", "map.png")
    assert result.returncode == 0, result.stdout + result.stderr
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
