"""The service ``compute_ik``: one pose, one solution, no command (moveit_msgs/GetPositionIK)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from itnnr_ik.ros.answering.answer import Answerer
from itnnr_ik.ros.messages import quote, quote_all
from itnnr_ik.ros.status import Code, RejectedError

#: Constants of MoveItErrorCodes by the code of a rejection; NO_IK_SOLUTION for the others.
_ERRORS = {
    Code.WRONG_FRAME: "FRAME_TRANSFORM_FAILURE",
    Code.INVALID_JOINT_STATE: "INVALID_ROBOT_STATE",
    Code.NO_JOINT_STATE: "ROBOT_STATE_STALE",
    Code.STALE_JOINT_STATE: "ROBOT_STATE_STALE",
    Code.SOLVER_ERROR: "FAILURE",
    Code.BUSY: "FAILURE",
    Code.CANCELLED: "PREEMPTED",
}


def answer_request(request: Any, response: Any, answerer: Answerer, now: float) -> Any:
    """Fill in the response to a PositionIKRequest: the nearest solution to the state in it, or an error code.

    Where the request's robot state has none of the joints, the newest joint state counts. Orientation counts
    as the task says; constraints and collisions are not checked.

    Args:
        request: ``ik_request`` of the service's request.
        response: The service's response.
        answerer: Solves.
        now: Time on the node's clock, in [s].
    """
    try:
        check_links([request.ik_link_name, *request.ik_link_names], answerer.configuration.end_effector_link)
        pose = request.pose_stamped
        if request.pose_stamped_vector:
            pose, *others = request.pose_stamped_vector
            if others:
                text = f"expected one pose, for the one tip of the arm, got {1 + len(others)}"
                raise RejectedError(Code.INVALID_TARGET, text)
        response.solution.joint_state = answerer.query(pose, request.robot_state.joint_state, now)
        set_error_code(response, "SUCCESS", "")
    except (UnknownLinkError, RejectedError) as refusal:
        set_refusal(response, refusal)
    return response


class UnknownLinkError(ValueError):
    """A request is about a link that is not the arm's tip."""


def check_links(names: Iterable[str], tip: str) -> None:
    """Raise UnknownLinkError if a name that is not empty differs from the tip's."""
    links = [name for name in names if name]
    if any(name != tip for name in links):
        raise UnknownLinkError(f"expected link {quote(tip)}, got {quote_all(links)}")


def set_refusal(response: Any, refusal: UnknownLinkError | RejectedError) -> None:
    """Fill in a response's error code by the reason for a refusal."""
    if isinstance(refusal, UnknownLinkError):
        set_error_code(response, "INVALID_LINK_NAME", str(refusal))
    else:
        set_error_code(response, _ERRORS.get(refusal.code, "NO_IK_SOLUTION"), str(refusal))


def set_error_code(response: Any, name: str, text: str) -> None:
    """Fill in a response's error code by its name in MoveItErrorCodes and, since Jazzy, its text."""
    response.error_code.val = getattr(type(response.error_code), name)
    if hasattr(response.error_code, "message"):
        response.error_code.message = text
