"""``itnnr-ik bench node`` as a whole, small: real nodes in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "itnnr_ik.cli", "bench", "node", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300.0)


@pytest.mark.slow
@pytest.mark.parametrize("arm", ["yaw_pitch_pitch"])
def test_echo_and_node_side_by_side(arm: str) -> None:
    """Both are answered, the newest target always, and no queue grows at a rate above what can be solved."""
    result = bench("--arm", arm, "--seconds", "2", "--rates", "100", "1000", "--json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["arm"] == arm
    assert [row["rate"] for row in report["rates"]] == [100.0, 1000.0]
    for row in report["rates"]:
        assert row["ratio"] == row["node"]["median"] / row["echo"]["median"] > 0.0
        for side in (row["echo"], row["node"]):
            assert side["sent"] == side["answered"] + side["dropped"] == 2 * row["rate"]
            assert side["newest_answered"]
            assert side["growth"] < 2.5, "the second half is not slower: nothing is worked off"


@pytest.mark.slow
def test_the_table() -> None:
    """A row for each node and rate."""
    result = bench("--seconds", "0.4", "--rates", "200")
    assert result.returncode == 0, result.stderr
    _, name, head, echo, node = result.stdout.splitlines()
    assert name == "two_link"
    assert "median ms" in head
    assert echo.split()[:2] == ["200", "echo"]
    assert node.split()[:2] == ["200", "ik_node"]


@pytest.mark.parametrize(("option", "text"), [("--seconds=0", "positive"), ("--rates=0", "from 1 to 2000")])
def test_a_value_that_cannot_be_used(option: str, text: str) -> None:
    """One line that says what was expected."""
    result = bench(option)
    assert result.returncode == 1
    assert result.stderr.startswith(f"itnnr-ik bench: {option.split('=')[0]} must be")
    assert text in result.stderr
    assert len(result.stderr.splitlines()) == 1
