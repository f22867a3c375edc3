"""README, docs and what goes with them: links lead somewhere, Python runs, commands that are shown exist."""

from __future__ import annotations

import io
import re
import shlex
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from itnnr_ik import IKSolver
from itnnr_ik.cli import main

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "examples/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
#: Lines of README, and of any other page.
MAX_README_LINES, MAX_PAGE_LINES = 150, 250

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")
_COMMAND = re.compile(r"(?:^|[/ ])itnnr-ik (.*)$")


def _ids(pages: list[Path]) -> list[str]:
    return [str(page.relative_to(ROOT)) for page in pages]


def _anchors(page: Path) -> set[str]:
    """Anchors that GitHub makes of the headings."""
    prose = _FENCE.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _python(page: Path) -> list[str]:
    return [
        text for _, language, text in _FENCE.findall(page.read_text(encoding="utf-8")) if language == "python"
    ]


def _commands(page: Path) -> list[str]:
    """What follows `itnnr-ik` in blocks of code, continued lines joined, and in backticks."""
    text = page.read_text(encoding="utf-8")
    blocks = [block for _, language, block in _FENCE.findall(text) if not language]
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"`(itnnr-ik [^`]+)`", _FENCE.sub("", text).replace("\n", " "))
    found = [match.group(1) for line in lines if (match := _COMMAND.search(line.split("  #")[0]))]
    return sorted({command for command in found if "COMMAND" not in command})


@cache
def _help(words: tuple[str, ...]) -> str:
    """What a subcommand says of itself."""
    said = io.StringIO()
    with redirect_stdout(said), pytest.raises(SystemExit) as ended:
        main([*words, "--help"])
    assert ended.value.code == 0
    return said.getvalue()


@pytest.mark.parametrize("page", PAGES, ids=_ids(PAGES))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file that there is, and a heading in it."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in (first or second for first, second in _LINK.findall(text)):
        if "://" in target:
            continue
        name, _, heading = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{target} in {page.name}"
        assert file.is_relative_to(ROOT), f"{target} in {page.name}"
        if heading:
            assert heading in _anchors(file), f"{target} in {page.name}"


def test_every_page_is_linked_from_the_readme() -> None:
    """Every page is linked, because a page that nothing leads to is not read."""
    linked = set(_LINK.findall(PAGES[0].read_text(encoding="utf-8")))
    assert set(_ids(PAGES[1:])) <= {first for first, _ in linked}


def test_the_readme_is_short() -> None:
    """The README fits on a few screens; everything else is on pages under docs/."""
    assert len(PAGES[0].read_text(encoding="utf-8").splitlines()) <= MAX_README_LINES


@pytest.mark.parametrize("page", PAGES[1:], ids=_ids(PAGES[1:]))
def test_a_page_is_one_sitting(page: Path) -> None:
    """No page is so long that it must have two subjects."""
    assert len(page.read_text(encoding="utf-8").splitlines()) <= MAX_PAGE_LINES


def test_every_dependency_has_its_reason() -> None:
    """Whatever the lists of requirements name is in the table of docs/development.md, with no empty cell."""
    page = (ROOT / "docs" / "development.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", page.partition("## Dependencies")[2], re.MULTILINE)
    words = [word.lower() for needs, *_ in rows for word in re.findall(r"[\w.-]+", needs)]
    named = {name for word in words for name in (word.replace(".", "-"), *word.split("."))}
    for file in sorted((ROOT / "requirements").glob("*.txt")):
        if not file.stem.startswith("pins"):  # what they bring along
            for name in re.findall(r"^[A-Za-z][\w-]*", file.read_text(encoding="utf-8"), re.MULTILINE):
                short = {"ros": "rclpy", "colcon": "colcon"}.get(name.split("-")[0], name.removesuffix("-py"))
                assert short.removesuffix("-python").lower() in named, f"{name} of {file.name}"


@pytest.mark.parametrize(
    ("name", "result"), [("README.md", "s"), ("docs/getting_started.md", "s"), ("docs/paths.md", "path")]
)
def test_python_runs(name: str, result: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page run one after the other, and what they solve converges."""
    monkeypatch.chdir(tmp_path)  # one writes a file
    blocks = _python(ROOT / name)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, name, "exec"), names)
    assert np.all(getattr(names[result], "converged", False))


def test_what_the_readme_says_is_printed() -> None:
    """The comment below the README's print has what it printed."""
    (block,) = _python(PAGES[0])
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(block, "README.md", "exec"), {})
    assert printed.getvalue()
    assert re.findall(r"^# (.+)$", block, re.MULTILINE) == printed.getvalue().splitlines()


@pytest.mark.parametrize(
    ("page", "command"),
    [(page, command) for page in PAGES for command in _commands(page)],
    ids=lambda value: value.name if isinstance(value, Path) else None,
)
def test_commands_exist(page: Path, command: str) -> None:
    """The subcommand has a help, and that has every option that is shown."""
    words = shlex.split(command.replace("…", " "))
    first = next((i for i, word in enumerate(words) if word.startswith("-")), len(words))
    said = _help(tuple(words[:first]))
    for option in (word.split("=")[0] for word in words[first:] if re.match(r"--?[a-zA-Z]", word)):
        assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", said), f"{option} of itnnr-ik {command}"


def test_every_command_is_on_the_first_page() -> None:
    """Getting started has a row for each that `itnnr-ik --help` lists."""
    page = (ROOT / "docs" / "getting_started.md").read_text(encoding="utf-8")
    listed = re.findall(r"^    (\w+) ", _help(()), re.MULTILINE)
    assert listed
    assert set(re.findall(r"^\| `itnnr-ik (\w+)` \|", page, re.MULTILINE)) == set(listed)


def test_tests_that_are_named_exist() -> None:
    """A page that points to a test for what it says points to one that there is."""
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"\btest_\w+\.py\b", text))
    assert named
    assert named <= {path.name for path in (ROOT / "test").rglob("test_*.py")}


def test_what_it_finds() -> None:
    """The searches above find a command in a block, one in a sentence, and a heading."""
    page = ROOT / "docs" / "paper.md"
    assert any(command.startswith("paper") for command in _commands(page))
    assert len(_anchors(page)) > 1


def test_robots_in_the_text_can_be_solved() -> None:
    """A URDF that a page shows is one: `from_urdf` takes it and solves for a posture of it."""
    texts = [
        text
        for page in PAGES
        for _, language, text in _FENCE.findall(page.read_text(encoding="utf-8"))
        if language == "xml" and text.startswith("<robot")
    ]
    assert texts
    for text in texts:
        solver = IKSolver.from_urdf(text)
        posture = 0.5 * (solver.arm.lower + solver.arm.upper)
        assert solver.solve(solver.target_at(posture)).converged
