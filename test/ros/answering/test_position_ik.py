"""The service compute_ik, where moveit_msgs is installed."""

from __future__ import annotations

import numpy as np
import pytest
from probe import Probe

from itnnr_ik.robot import load_robot

moveit = pytest.importorskip(
    "moveit_msgs.srv", reason="needs moveit_msgs, which comes with a ROS 2 installation only"
)

ARM = load_robot("two_link")
TARGET = (1.71, 0.48)


def test_one_solve_on_request(probe: Probe) -> None:
    """From the state in the request, or the robot's; errors have MoveIt's codes; nothing is published."""
    from moveit_msgs.msg import MoveItErrorCodes

    # Not even then is the closest point to a target out of reach a success: nothing could say how far it is.
    probe.start_ik_node("-p", "unreachable:=closest", "-p", "end_effector_link:=tool0")
    probe.repeat_until(
        lambda: probe.send_joint_state(ARM.joint_names, (-0.2, 0.9)),
        lambda: probe.ask(probe.target(*TARGET))[0]["code"] == "solved",
        "a solution",
    )
    probe.clear()

    def ask(x: float, y: float, state: tuple[float, ...] = (), link: str = "", frame: str = "base_link"):  # type: ignore[no-untyped-def]
        request = moveit.GetPositionIK.Request()
        request.ik_request.pose_stamped = probe.target(x, y, frame=frame)
        request.ik_request.ik_link_name = link
        if state:
            request.ik_request.robot_state.joint_state.name = list(ARM.joint_names)
            request.ik_request.robot_state.joint_state.position = list(state)
        return probe.call(moveit.GetPositionIK, "compute_ik", request)

    up = ask(*TARGET, link="tool0")
    down = ask(*TARGET, state=(0.6, -0.9))
    for response in (up, down):
        assert response.error_code.val == MoveItErrorCodes.SUCCESS
        positions = response.solution.joint_state.position
        np.testing.assert_allclose(ARM.forward(positions)[:2], TARGET, atol=1e-6)
    assert up.solution.joint_state.position[1] > 0.0 > down.solution.joint_state.position[1]
    assert ask(5.0, 0.0).error_code.val == MoveItErrorCodes.NO_IK_SOLUTION
    assert ask(*TARGET, link="hand").error_code.val == MoveItErrorCodes.INVALID_LINK_NAME
    assert ask(*TARGET, frame="nowhere").error_code.val == MoveItErrorCodes.FRAME_TRANSFORM_FAILURE
    broken = ask(*TARGET, state=(float("nan"), 0.0))
    assert broken.error_code.val == MoveItErrorCodes.INVALID_ROBOT_STATE
    assert probe.solutions == []
