"""What the node works with: every change at run time is taken whole, or not at all."""

from __future__ import annotations

import numpy as np
import pytest
from configurations import configured

from itnnr_ik.ros.setup.configuration import Configuration, check_changes
from itnnr_ik.ros.setup.parameters import ParameterError


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    """As the node has it without any parameter given."""
    return configured("two_link")


def test_several_changes_at_once(configuration: Configuration) -> None:
    """All of them, the solver's tolerance included; integers are numbers too."""
    changes = {"tolerance": 0.01, "orientation_tolerance": 0.1, "max_joint_step": 1}
    changed = check_changes(configuration, changes)
    assert changed is not None
    assert changed.solver.tolerance == 0.01
    assert changed.solver.solve([2.005, 0.0]).converged
    assert (changed.max_joint_step, changed.solver.orientation_tolerance) == ((1.0,), 0.1)
    assert (configuration.solver.tolerance, configuration.max_joint_step) == (1e-6, (0.3,))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"max_velocity": 1.0, "tolerance": "fine"},
            "'tolerance' must be a number from 1e-09 to 0.1, got 'fine'",
        ),
        ({"max_velocity": 1.0, "unreachable": "ask"}, "must be one of ['reject', 'closest'], got 'ask'"),
        ({"max_acceleration": 1e-4}, "'max_acceleration' must be a number from 0.01 to 1e+06, or a list"),
        ({"model": "three_link"}, "'model' must be left alone until the node is cleaned up"),
        ({"joints": ["a", "b"]}, "'joints' must be left alone"),
    ],
)
def test_one_wrong_change_refuses_them_all(configuration: Configuration, changes: dict, text: str) -> None:
    """With a text that says what was expected and what came."""
    with pytest.raises(ParameterError) as caught:
        check_changes(configuration, changes)
    assert text in str(caught.value)


def test_before_it_is_configured_everything_may_change() -> None:
    """To any value of the right kind; what is rclpy's own is left to it."""
    assert check_changes(None, {"model": "three_link", "use_sim_time": True}) is None
    with pytest.raises(ParameterError, match="'model' must be text"):
        check_changes(None, {"model": 3})


def test_what_does_not_go_together_is_refused(configuration: Configuration) -> None:
    """Commands without joint states."""
    from dataclasses import replace

    commanding = replace(configuration, command_out_type="std_msgs/Float64MultiArray")
    with pytest.raises(ParameterError, match="'require_joint_states' must be true where commands are sent"):
        commanding.changed({"require_joint_states": False})


def test_each_joint_has_limits_of_its_own() -> None:
    """One number for all of them, or one for each; a joint's own speed in the URDF where that is lower."""
    panda = configured("panda")
    np.testing.assert_allclose(panda.limits.velocity, np.minimum(0.9 * panda.solver.arm.velocity, 2.0))
    faster = panda.changed({"max_velocity": 2.2, "max_joint_step": [0.1 * (i + 1) for i in range(7)]})
    np.testing.assert_allclose(faster.limits.velocity, np.minimum(0.9 * panda.solver.arm.velocity, 2.2))
    assert faster.limits.velocity.min() < faster.limits.velocity.max() == 2.2
    np.testing.assert_allclose(faster.limits.step, 0.1 * np.arange(1, 8))
    braked = panda.changed({"max_acceleration": [1.0, 9.0, 9, 9, 9, 9, 2.0], "max_jerk": 50})
    np.testing.assert_array_equal(braked.limits.acceleration, [1.0, *[9.0] * 5, 2.0])
    np.testing.assert_array_equal(braked.limits.jerk, 50.0)
    with pytest.raises(ParameterError, match=r"one number or 7, one for each of .*, got \[1.0, 2.0\]"):
        panda.changed({"max_velocity": [1, 2]})
