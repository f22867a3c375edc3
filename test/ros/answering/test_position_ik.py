"""The service compute_ik: what it answers, and the service itself where moveit_msgs is installed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from configurations import NOW, answerer_of
from geometry_msgs.msg import PoseStamped
from probe import Probe
from sensor_msgs.msg import JointState

from itnnr_ik.robot import load_robot
from itnnr_ik.ros.answering.answer import Answerer
from itnnr_ik.ros.answering.position_ik import answer_request

ARM = load_robot("two_link")
TARGET = (1.71, 0.48)


class ErrorCode:
    """Stands in for MoveItErrorCodes."""

    SUCCESS, NO_IK_SOLUTION, ROBOT_STATE_STALE = 1, -31, -23
    val, message = 0, ""


def ask_for(answerer: Answerer, now: float, *poses: PoseStamped) -> Any:
    """The response to a request for poses, without a robot state."""
    request = SimpleNamespace(
        ik_link_name="",
        ik_link_names=[],
        pose_stamped=PoseStamped(),
        pose_stamped_vector=list(poses),
        robot_state=SimpleNamespace(joint_state=JointState()),
    )
    response = SimpleNamespace(solution=SimpleNamespace(joint_state=None), error_code=ErrorCode())
    return answer_request(request, response, answerer, now)


def test_one_pose_is_solved_for(probe: Probe) -> None:
    """Of several the others would be left out, and the answer be called a success."""
    answerer, target = answerer_of(probe, "two_link", (-0.2, 0.9)), probe.target(*TARGET)
    found = ask_for(answerer, NOW, target)
    assert found.error_code.val == ErrorCode.SUCCESS
    np.testing.assert_allclose(ARM.forward(found.solution.joint_state.position)[:2], TARGET, atol=1e-6)
    refused = ask_for(answerer, NOW, target, probe.target(1.0, 0.5))
    assert refused.error_code.val == ErrorCode.NO_IK_SOLUTION
    assert refused.error_code.message == "expected one pose, for the one tip of the arm, got 2"
    assert refused.solution.joint_state is None


def test_an_old_joint_state_is_not_a_target_out_of_reach(probe: Probe) -> None:
    """Who asks shall not look for another target."""
    answerer = answerer_of(probe, "two_link", (-0.2, 0.9))
    assert ask_for(answerer, NOW + 1.0, probe.target(*TARGET)).error_code.val == ErrorCode.ROBOT_STATE_STALE
    assert ask_for(answerer, NOW, probe.target(9.0, 0.0)).error_code.val == ErrorCode.NO_IK_SOLUTION


def test_one_solve_on_request(probe: Probe) -> None:
    """From the state in the request, or the robot's; errors have MoveIt's codes; nothing is published."""
    moveit = pytest.importorskip(
        "moveit_msgs.srv", reason="needs moveit_msgs, which comes with a ROS 2 installation only"
    )
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
