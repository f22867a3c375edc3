"""Targets one after the other lead an arm through a singular posture, or no farther than to it."""

from __future__ import annotations

import numpy as np
import pytest
from probe import Probe

from itnnr_ik.robot import load_robot
from itnnr_ik.ros.answering.velocity_estimator import MAX_INTERVAL, VelocityEstimator

ARM = load_robot("two_link")
PERIOD = 0.02  # [s]


@pytest.mark.parametrize("pause", [0.0, 2.0 * MAX_INTERVAL])
def test_an_arm_is_led_through_the_stretched_posture(probe: Probe, pause: float) -> None:
    """From one elbow to the other; after a pause just before it, it bends to the side where it was.

    The robot follows the solutions, and tells of no velocity.
    """
    probe.start_ik_node()
    elbow = 0.2 - PERIOD * np.arange(25) + 0.3 * PERIOD
    path = np.stack([0.3 - 0.3 * elbow, elbow], axis=1)
    probe.send_first_joint_state(ARM.joint_names, path[0].tolist())
    stretched = int(np.flatnonzero(elbow < 0.0)[0])
    found = []
    for i, target in enumerate(ARM.forward(path)[:, :2]):
        if i == stretched:
            probe.spin_for(pause)
        _, _, solution = probe.ask(probe.target(*target.tolist()))
        assert solution is not None
        found.append(list(solution.position))
        probe.send_joint_state(ARM.joint_names, found[-1], settle=PERIOD)
    side = 1.0 if pause else -1.0
    assert np.array(found)[-1, 1] * side > 0.2
    assert np.abs(np.diff(found, axis=0)).max() < 3.0 * PERIOD


def test_velocity_is_the_difference_of_the_last_two() -> None:
    """Over time; a target that is sent again changes nothing, and one that came before nothing tells none."""
    estimator = VelocityEstimator()
    estimator.add(np.array([0.1, 0.2]), 10.0)
    assert estimator.at(10.0) is None
    estimator.add(np.array([0.11, 0.16]), 10.1)
    estimator.add(np.array([0.11, 0.16]), 10.2)
    estimate = estimator.at(10.2)
    assert estimate is not None
    np.testing.assert_allclose(estimate.velocity, [0.1, -0.4])
    assert 0.04 < estimate.max_displacement < 0.2
    estimator.reset()
    assert estimator.at(10.2) is None


def test_a_pause_ends_a_motion() -> None:
    """Until there are two solutions after it; so does a clock that was set back."""
    estimator = VelocityEstimator()
    estimator.add(np.array([0.1, 0.2]), 10.0)
    estimator.add(np.array([0.11, 0.16]), 10.1)
    assert estimator.at(10.1 + 0.99 * MAX_INTERVAL) is not None
    assert estimator.at(10.1 + 1.01 * MAX_INTERVAL) is None
    assert estimator.at(9.0) is None
    estimator.add(np.array([0.2, 0.3]), 10.2 + MAX_INTERVAL)
    assert estimator.at(10.2 + MAX_INTERVAL) is None
    estimator.add(np.array([0.2, 0.4]), 10.3 + MAX_INTERVAL)
    assert estimator.at(10.3 + MAX_INTERVAL) is not None
    estimator.add(np.array([0.2, 0.5]), 9.0)
    assert estimator.at(9.0) is None
