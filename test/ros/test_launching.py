"""What the launch files have in common."""

from __future__ import annotations

from pathlib import Path

import pytest

from itnnr_ik.ros.launching import existing_file


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """A folder is none; the message says which argument and what came."""
    file = tmp_path / "mine.yaml"
    file.touch()
    assert existing_file(str(file)) == str(file)
    for path in (tmp_path, tmp_path / "mine.yml"):
        with pytest.raises(
            ValueError, match=r"a file of parameters as params_file, got '.*': there is no such"
        ):
            existing_file(str(path))
