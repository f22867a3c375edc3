"""What the node works with: every change at run time is taken whole, or not at all."""

from __future__ import annotations

import pytest

from itnnr_ik import IKSolver
from itnnr_ik.ros.parameters import ParameterError
from itnnr_ik.ros.settings import PARAMETERS, Settings, check_changes


@pytest.fixture(scope="module")
def settings() -> Settings:
    """As the node has them without any parameter given."""
    values = {p.name: p.check(p.default) for p in PARAMETERS if p.name not in ("tolerance", "joints")}
    return Settings(solver=IKSolver.load("two_link"), joints=("joint_1", "joint_2"), **values)


def test_several_changes_at_once(settings: Settings) -> None:
    """All of them, the solver's tolerance included; integers are numbers too."""
    changed = check_changes(settings, {"tolerance": 0.01, "max_joint_step": 1, "unreachable": "closest"})
    assert changed is not None
    assert changed.solver.tolerance == 0.01
    assert changed.solver.solve([2.005, 0.0]).converged
    assert (changed.max_joint_step, changed.unreachable) == (1.0, "closest")
    assert (settings.solver.tolerance, settings.max_joint_step) == (1e-6, 0.3)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"max_velocity": 1.0, "tolerance": "fine"},
            "'tolerance' must be a number from 1e-09 to 0.1, got 'fine'",
        ),
        ({"max_velocity": 1.0, "unreachable": "ask"}, "must be one of ['reject', 'closest'], got 'ask'"),
        ({"max_acceleration": 1e-4}, "'max_acceleration' must be 0 or at least 0.001, got 0.0001"),
        ({"model": "three_link"}, "'model' must be left alone until the node is cleaned up"),
        ({"joints": ["a", "b"]}, "'joints' must be left alone"),
    ],
)
def test_one_wrong_change_refuses_them_all(settings: Settings, changes: dict, text: str) -> None:
    """With a text that says what was expected and what came."""
    with pytest.raises(ParameterError) as caught:
        check_changes(settings, changes)
    assert text in str(caught.value)


def test_before_it_is_configured_everything_may_change() -> None:
    """To any value of the right kind; what is rclpy's own is left to it."""
    assert check_changes(None, {"model": "three_link", "use_sim_time": True}) is None
    with pytest.raises(ParameterError, match="'model' must be text"):
        check_changes(None, {"model": 3})


def test_what_does_not_go_together_is_refused(settings: Settings) -> None:
    """Commands without joint states, and a stream of messages that have no times."""
    from dataclasses import replace

    commanding = replace(settings, command_out_type="std_msgs/Float64MultiArray")
    with pytest.raises(ParameterError, match="'require_joint_states' must be true where commands are sent"):
        commanding.changed({"require_joint_states": False})
    with pytest.raises(ParameterError, match="'streaming' must be false with std_msgs/Float64MultiArray"):
        commanding.changed({"streaming": True})
