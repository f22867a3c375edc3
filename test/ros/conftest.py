"""A probe to start and talk to nodes; the folder is skipped where rclpy cannot be imported."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from skipped import skipped_module

try:
    import rclpy
except ImportError as error:
    _MISSING = f"needs ROS 2's rclpy, which cannot be imported: {error}"
else:
    _MISSING = ""
    from enclaves import check_middleware, environment, make_keystore
    from probe import Probe


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    return skipped_module(module_path, parent, _MISSING)


@pytest.fixture(scope="session", autouse=True)
def ros() -> Iterator[None]:
    """One participant for all probes."""
    rclpy.init()
    yield
    rclpy.try_shutdown()


@pytest.fixture(scope="module")
def shared_probe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    """One namespace for all tests of a module."""
    probe = Probe(tmp_path_factory.mktemp("processes"))
    yield probe
    probe.close()


@pytest.fixture
def probe(tmp_path: Path) -> Iterator[Probe]:
    """A namespace for one test."""
    probe = Probe(tmp_path)
    yield probe
    probe.close()


@pytest.fixture
def secured(probe: Probe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The keystore of a secured graph: whatever the probe starts from now on needs an enclave of it."""
    keystore = make_keystore(tmp_path, probe.namespace)
    check_middleware(keystore)
    for name, value in environment(keystore).items():
        monkeypatch.setenv(name, value)
    return keystore
