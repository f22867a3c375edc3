"""Domains for nodes that hear nobody else."""

from __future__ import annotations

import os
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


def test_nobody_is_given_the_same_domain_twice() -> None:
    """Neither here nor in another process that searches from the same place, before anybody listens there."""
    domains = [isolated_environment(Path("logs"))["ROS_DOMAIN_ID"] for _ in range(2)]
    command = [sys.executable, "-c", SEARCH, str(os.getpid())]
    domains.append(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())
    assert len({*domains, os.environ["ROS_DOMAIN_ID"]}) == 4
