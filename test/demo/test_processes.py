"""Domains for nodes that hear nobody else."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from itnnr_ik.ros.running.processes import isolated_environment

SEARCH = """
import os, sys
from pathlib import Path
from itnnr_ik.ros.running.processes import isolated_environment
os.getpid = lambda: int(sys.argv[1])
print(isolated_environment(Path("logs"))["ROS_DOMAIN_ID"])
"""


def found_by(process: int) -> str:
    """The domain that a process with that id finds; it ends, and keeps none."""
    command = [sys.executable, "-c", SEARCH, str(process)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_nobody_is_given_the_same_domain_twice() -> None:
    """Neither here nor in another process that searches from the same place, before anybody listens there."""
    domains = [isolated_environment(Path("logs"))["ROS_DOMAIN_ID"] for _ in range(2)]
    domains.append(found_by(os.getpid()))
    assert len({*domains, os.environ["ROS_DOMAIN_ID"]}) == 4


def test_a_domain_whose_first_participant_has_left_is_not_free() -> None:
    """Others may go on there, as the rest of a robot's nodes."""
    domain = found_by(os.getpid())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as third:
        third.bind(("", 7400 + 250 * int(domain) + 10 + 2 * 2))
        assert found_by(os.getpid()) != domain
