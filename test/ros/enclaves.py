"""Keystores that sros2 makes of the sample policies, and how a process is told of one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

POLICIES = Path(__file__).parents[2] / "config" / "security"
_OPEN = "import rclpy; rclpy.init(); rclpy.create_node('anybody')"


def make_keystore(folder: Path, namespace: str = "/", all_rights: bool = False) -> Path:
    """A new keystore in ``folder`` with an enclave for every policy, as if written for that namespace.

    With ``all_rights`` each may do everything, as sros2 has it without a policy. The test is skipped where
    sros2 is not installed.
    """
    pytest.importorskip("sros2", reason="needs sros2, which comes with a ROS 2 installation only")
    from sros2.keystore import create_enclave, create_keystore, create_permission

    keystore = folder / "keystore"
    create_keystore(keystore)
    for sample in POLICIES.glob("*.xml"):
        policy, (_, path) = folder / sample.name, enclave(sample.stem)
        create_enclave(keystore, path)
        if not all_rights:
            text = sample.read_text(encoding="utf-8").replace('ns="/"', f'ns="{namespace}"')
            policy.write_text(text, encoding="utf-8")
            create_permission(keystore, path, policy)
    return keystore


def environment(keystore: Path) -> dict[str, str]:
    """Variables with which a process does not start without an enclave of this keystore."""
    return {
        "ROS_SECURITY_ENABLE": "true",
        "ROS_SECURITY_STRATEGY": "Enforce",
        "ROS_SECURITY_KEYSTORE": str(keystore),
    }


def enclave(name: str) -> tuple[str, str]:
    """The argument after ``--ros-args`` for an enclave of a sample policy."""
    return "--enclave", f"/itnnr_ik/{name}"


def check_middleware(keystore: Path) -> None:
    """Skip the test where the middleware knows no security."""
    command = [sys.executable, "-c", _OPEN, "--ros-args", *enclave("operator")]
    variables = {**os.environ, **environment(keystore)}
    tried = subprocess.run(command, env=variables, capture_output=True, text=True)
    if "doesn't have the security libraries" in tried.stderr:
        pytest.skip("needs a middleware built with security, which this ROS has not")
