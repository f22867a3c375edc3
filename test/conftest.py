"""Common ground of all tests: ROS 2 nodes that hear only each other, and the files of the repository."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from ctypes.util import find_library
from pathlib import Path

import hypothesis
import pytest

from itnnr_ik.ros.running.processes import isolated_environment

ROOT = Path(__file__).parents[1]

# A busy machine is slow, and no test is about that.
hypothesis.settings.register_profile(
    "suite",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    print_blob=True,
)
hypothesis.settings.load_profile("suite")

# What a script runs in its background ignores Ctrl-C, and so does whatever that starts: here it shall not.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Set before any test imports rclpy, which reads it at start: a domain that no other run on this machine uses,
# nor another worker of this one (1 to 100, the first free one counted from the process id), discovery on this
# machine only, logs elsewhere.
_ros_logs = tempfile.TemporaryDirectory(prefix="itnnr_ik_test_")
os.environ.update(isolated_environment(Path(_ros_logs.name)))
os.environ.setdefault("FASTDDS_DEFAULT_PROFILES_FILE", str(ROOT / "test" / "fastdds.xml"))
# MuJoCo reads it when it is imported, by whichever test is first; where EGL is missing, that would fail.
if sys.platform == "linux" and find_library("EGL"):
    os.environ.setdefault("MUJOCO_GL", "egl")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """On a busy machine, the threads of networks this small spend their time on waiting for each other."""
    try:
        import torch
    except ImportError:
        return
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def repository_files() -> list[Path]:
    """What git tracks or would track, relative to the repository."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"needs a git checkout: {error}")
    return [Path(name) for name in listing.split("\0") if name and (ROOT / name).is_file()]
