"""The service ``compute_ik``: one pose, one solution, sent nowhere (moveit_msgs/GetPositionIK)."""

from __future__ import annotations

from typing import Any

from itnnr_ik.ros.answer import Answerer
from itnnr_ik.ros.messages import quote, quote_all
from itnnr_ik.ros.status import Code, RejectedError

#: Constant of MoveItErrorCodes for what a target can be rejected for; NO_IK_SOLUTION for the others.
_ERRORS = {
    Code.WRONG_FRAME: "FRAME_TRANSFORM_FAILURE",
    Code.INVALID_JOINT_STATE: "INVALID_ROBOT_STATE",
    Code.SOLVER_ERROR: "FAILURE",
}


def answer_request(request: Any, response: Any, answerer: Answerer, now: float) -> Any:
    """Fill in the response to a PositionIKRequest: the nearest solution to the state in it, or an error code.

    Where the request's robot state has none of the joints, the newest joint state counts. Orientation counts
    as the task says; constraints and collisions are not looked at.

    Args:
        request: ``ik_request`` of the service's request.
        response: The service's response.
        answerer: Solves.
        now: Time on the node's clock, in [s].
    """
    codes = type(response.error_code)
    try:
        links = [name for name in (request.ik_link_name, *request.ik_link_names) if name]
        tip = answerer.configuration.end_effector_link
        if any(name != tip for name in links):
            code, text = codes.INVALID_LINK_NAME, f"expected link {quote(tip)}, got {quote_all(links)}"
        else:
            pose = request.pose_stamped
            if request.pose_stamped_vector:
                (pose, *_) = request.pose_stamped_vector
            response.solution.joint_state = answerer.query(pose, request.robot_state.joint_state, now)
            code, text = codes.SUCCESS, ""
    except RejectedError as rejection:
        code = getattr(codes, _ERRORS.get(rejection.code, "NO_IK_SOLUTION"))
        text = str(rejection)
    response.error_code.val = code
    if hasattr(response.error_code, "message"):  # since Jazzy
        response.error_code.message = text
    return response
