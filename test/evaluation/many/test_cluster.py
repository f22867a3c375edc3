"""A Dask cluster of a real scheduler and two workers, as processes: the same results, and nothing is lost."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from arm_recordings import bag, states
from dask_cluster import cluster
from json_lines import lines

from itnnr_ik.cli import main
from itnnr_ik.evaluation.many.cluster import run_on_cluster
from itnnr_ik.evaluation.many.evaluator import Result
from itnnr_ik.evaluation.many.places import Place


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with two workers."""
    with cluster(tmp_path_factory.mktemp("cluster")) as (address, _):
        yield address


def test_results_are_the_local_ones_in_the_order_given(
    running: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recordings by relative path and by address give local results, also with a failure among them."""
    monkeypatch.chdir(tmp_path)
    for i in range(6):
        bag(tmp_path / f"bag_{i}", joint_states=states(90 - 10 * i))
    (tmp_path / "bag_2" / "bag_2.mcap").write_bytes(b"no recording")
    given = [*(f"bag_{i}" for i in (3, 0, 2, 5, 1)), f"file://{tmp_path / 'bag_4'}"]
    command = ["evaluate", *given, "--arm", "two_link", "--json"]
    assert main(command) == 1
    local = lines(capsys.readouterr().out)
    assert main([*command, "--dask", running]) == 1
    assert lines(capsys.readouterr().out) == local
    assert [row["path"] for row in local] == given
    assert [row.get("targets") for row in local] == [59, 89, None, 39, 79, 49]


@pytest.mark.slow
def test_pages_are_written_here(running: str, tmp_path: Path) -> None:
    """Pages are written by the client, not by the workers."""
    given = [str(bag(tmp_path / name, joint_states=states(50))) for name in ("a", "b", "c")]
    page = tmp_path / "page.html"
    assert main(["evaluate", *given, "--arm", "two_link", "--dask", running, "--html", str(page)]) == 0
    reports = sorted(tmp_path.glob("page_reports/*.html"))
    assert [report.name for report in reports] == ["0001_a.html", "0002_b.html", "0003_c.html"]
    assert all("<svg" in report.read_text(encoding="utf-8") for report in reports)


def _evaluate_slowly(place: Place) -> Result:
    """Replaces the evaluator, and takes some time."""
    time.sleep(0.3)
    return Result(place.name, error=f"{place.name} done")


@pytest.mark.slow
def test_a_lost_workers_recordings_are_done_by_another(tmp_path: Path) -> None:
    """A worker is killed during one recording, and holds results of others."""
    places = [Place(str(i), str(i)) for i in range(20)]
    evaluator: Any = _evaluate_slowly
    found: dict[int, Any] = {}
    with cluster(tmp_path) as (address, workers):
        for number, result in run_on_cluster(address)(evaluator, places):
            found[number] = result.error
            if len(found) == 4:
                workers[0].kill()
                workers[0].wait()
        assert workers[1].poll() is None
    assert found == {i: f"{i} done" for i in range(20)}


def test_a_scheduler_that_is_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing scheduler, or one without workers, is reported in one line."""
    monkeypatch.setattr("itnnr_ik.evaluation.many.cluster._CONNECT_TIMEOUT", 5.0)
    recording = bag(tmp_path / "bag", joint_states=states(20))
    command = ["evaluate", str(recording), "--arm", "two_link", "--dask"]
    with cluster(tmp_path, workers=0) as (address, _):
        assert main([*command, address]) == 1
    assert "has no worker" in capsys.readouterr().err
    monkeypatch.setattr("itnnr_ik.evaluation.many.cluster._CONNECT_TIMEOUT", 0.5)
    assert main([*command, address]) == 1
    assert f"no Dask scheduler at {address}" in capsys.readouterr().err


def test_without_dask_it_is_told_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says how to install dask, which is optional."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    recording = bag(tmp_path / "bag", joint_states=states(20))
    assert main(["evaluate", str(recording), "--arm", "two_link", "--dask", "tcp://127.0.0.1:9"]) == 1
    assert "--dask needs dask.distributed: pip install itnnr_ik[dask]" in capsys.readouterr().err
