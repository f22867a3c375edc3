"""Retimed paths keep their limits, by finite differences, and are always at one of them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from itnnr_ik.cli import main
from itnnr_ik.robot import load_robot

LINE = "x,y\n" + "".join(f"{1.2 + 0.01 * i},{1.2 - 0.02 * i}\n" for i in range(20))


@pytest.fixture
def needs_toppra() -> None:
    pytest.importorskip("toppra", reason="retiming needs toppra")


@pytest.mark.usefixtures("needs_toppra")
@pytest.mark.parametrize("name", ["three_link", "ur5e"])
@pytest.mark.parametrize("count", [2, 5, 200])
def test_it_keeps_the_limits_and_is_fast(name: str, count: int) -> None:
    """The motion goes from rest to rest through every posture, always at a velocity or acceleration limit."""
    from itnnr_ik.cartesian.retiming import retime

    arm = load_robot(name)
    lap = np.linspace(0.0, 2.0 * np.pi, count + 1)[:-1]
    phases = np.arange(arm.n_joints)
    positions = 0.7 * np.sin(np.outer(lap, 1.0 + 0.5 * phases) + phases)
    acceleration = np.linspace(4.0, 6.0, arm.n_joints)
    motion = retime(arm, positions, acceleration, 4000.0)
    assert motion.velocities is not None
    step = motion.times[1]
    speed = np.diff(motion.positions, axis=0) / step
    change = np.diff(speed, axis=0) / step
    np.testing.assert_allclose(0.5 * (motion.velocities[1:] + motion.velocities[:-1]), speed, atol=1e-3)
    load = np.maximum(
        (np.abs(speed[1:]) / arm.velocity).max(axis=1), (np.abs(change) / acceleration).max(axis=1)
    )
    assert load.max() <= 1.0
    assert np.median(load) > 0.95
    np.testing.assert_allclose(motion.velocities[[0, -1]], 0.0, atol=1e-6)
    for posture in positions:
        near = np.abs(motion.positions - posture).max(axis=1).min()
        assert near < np.abs(speed).max() * step
    np.testing.assert_allclose(motion.positions[[0, -1]], positions[[0, -1]], atol=1e-9)


@pytest.mark.usefixtures("needs_toppra")
def test_a_path_that_stands_still() -> None:
    """A path without motion takes no time, and repeated targets are accepted."""
    from itnnr_ik.cartesian.retiming import retime

    arm = load_robot("two_link")
    still = retime(arm, np.full((3, 2), 0.4), np.ones(2), 100.0)
    assert still.times.tolist() == [0.0]
    once = retime(arm, np.array([[0.0, 0.0], [0.3, 0.1], [0.5, 0.4]]), np.ones(2), 100.0)
    twice = retime(arm, np.array([[0.0, 0.0], [0.3, 0.1], [0.3, 0.1], [0.5, 0.4]]), np.ones(2), 100.0)
    np.testing.assert_array_equal(once.positions, twice.positions)


@pytest.mark.usefixtures("needs_toppra")
def test_a_spline_beyond_a_limit_is_refused() -> None:
    """A spline that leaves the limits between distant targets at a limit is refused."""
    from itnnr_ik.cartesian.retiming import retime

    arm = load_robot("two_link")
    high = arm.upper[0]
    positions = np.array([[high - 1.0, 0.0], [high, 0.1], [high, 0.4], [high - 1.0, 0.5]])
    with pytest.raises(ValueError, match=f"{arm.joint_names[0]} would go .* beyond its limit"):
        retime(arm, positions, np.ones(2), 100.0)


@pytest.mark.usefixtures("needs_toppra")
def test_more_samples_than_memory_are_refused() -> None:
    """Before they are made, with what to change."""
    from itnnr_ik.cartesian.retiming import retime

    with pytest.raises(ValueError, match="take a smaller --rate"):
        retime(load_robot("two_link"), np.array([[0.0, 0.0], [0.3, 0.1]]), np.ones(2), 1e13)


@pytest.mark.usefixtures("needs_toppra")
def test_the_command_samples_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Samples with times are written as CSV and as a trajectory, though the path has no times."""
    source, output = tmp_path / "line.csv", tmp_path / "joints.csv"
    source.write_text(LINE)
    options = ["--acceleration", "2", "--rate", "50", "-o", str(output), "--record", str(tmp_path / "bag")]
    assert main(["path", str(source), "--arm", "two_link", *options]) == 0
    assert "from rest to rest" in capsys.readouterr().out
    header, *rows = (line.split(",") for line in output.read_text().splitlines())
    assert header == ["t", *load_robot("two_link").joint_names]
    times = np.array(rows, dtype=float)[:, 0]
    assert times[0] == 0.0
    assert 0.5 / 50.0 < np.diff(times).max() <= 1.0 / 50.0 + 1e-12
    assert (tmp_path / "bag" / "metadata.yaml").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--acceleration 0", "--acceleration must be one positive number or 2 of them, got [0.0]"),
        ("--acceleration 1,2,3", "or 2 of them, got [1.0, 2.0, 3.0]"),
        ("--acceleration 1 --rate 0", "--rate must be positive in Hz, got 0"),
        ("--rate 250", "--rate goes with --acceleration"),
    ],
)
def test_limits_that_cannot_be(
    options: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Invalid limits are refused with a message of one line, before planning."""
    (tmp_path / "line.csv").write_text(LINE)
    assert main(["path", str(tmp_path / "line.csv"), "--arm", "two_link", *options.split()]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert message in output.err
    assert output.err.count("\n") == 1


def test_a_path_with_gaps_is_not_retimed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report lists the gaps, and no file is written."""
    (tmp_path / "line.csv").write_text(LINE + "30,0\n")
    command = ["path", str(tmp_path / "line.csv"), "--arm", "two_link", "--acceleration", "1"]
    assert main([*command, "-o", str(tmp_path / "joints.csv")]) == 1
    output = capsys.readouterr()
    assert "out of reach" in output.out
    assert output.err == "itnnr-ik path: a path with gaps is not retimed, and nothing is written\n"
    assert not (tmp_path / "joints.csv").exists()


def test_without_toppra(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says what to install; without --acceleration toppra is not needed."""
    monkeypatch.setitem(sys.modules, "toppra", None)
    (tmp_path / "line.csv").write_text(LINE)
    command = ["path", str(tmp_path / "line.csv"), "--arm", "two_link"]
    assert main([*command, "--acceleration", "1"]) == 1
    assert "retiming needs toppra: pip install" in capsys.readouterr().err
    assert main(command) == 0
