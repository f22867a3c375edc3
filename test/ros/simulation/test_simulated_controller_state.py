"""The state that the simulated controller publishes."""

from __future__ import annotations

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectoryPoint

from itnnr_ik.ros.simulation import controller_state as module
from itnnr_ik.ros.simulation.trajectory_controller import TrajectoryController


class HumbleState:
    """Stands in for JointTrajectoryControllerState as Humble has it, without a speed scaling."""

    __slots__ = ("error", "feedback", "header", "joint_names", "output", "reference")

    def __init__(self, joint_names: list[str]) -> None:
        self.joint_names, self.header = joint_names, Header()


def test_humble_knows_no_speed_scaling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does the state there."""
    monkeypatch.setattr(module, "JointTrajectoryControllerState", HumbleState)
    controller, rest = TrajectoryController(("joint_1",), 100.0), np.zeros(1)
    controller.activate(rest, rest)
    state = module.controller_state(("joint_1",), controller, rest, rest, Time(sec=1))
    assert isinstance(state.reference, JointTrajectoryPoint)
    assert list(state.reference.positions) == [0.0]
