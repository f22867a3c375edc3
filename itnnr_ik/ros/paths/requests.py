"""Requests for whole paths, and their answers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from trajectory_msgs.msg import JointTrajectory

from itnnr_ik.ros.answering.answer import Answerer, Values
from itnnr_ik.ros.answering.frames import Frames
from itnnr_ik.ros.answering.position_ik import UnknownLinkError, set_refusal
from itnnr_ik.ros.paths.cartesian_path import Followed, fill_response, read_lines, solve_lines
from itnnr_ik.ros.paths.joint_path import Start, read_path, solve_poses, stamp_of
from itnnr_ik.ros.paths.worker import Worker
from itnnr_ik.ros.status import Code, RejectedError


class PathRequests:
    """Answers each request once: by the node's state at its reception, and on the worker's thread.

    Args:
        worker: Solves one path at a time.
        answerer: Gives the joint state and the transforms of frames.
        publish: Called with the trajectory for a path of poses.
        report: Called with the code, the text and the values of its status.
    """

    def __init__(
        self,
        worker: Worker,
        answerer: Answerer,
        publish: Callable[[JointTrajectory], None],
        report: Callable[[Code, str, Values], None],
    ) -> None:
        self._worker, self._answerer = worker, answerer
        self._publish, self._report = publish, report

    def solve(self, data: bytes, now: float, check: Callable[[], None]) -> None:
        """Take a serialized nav_msgs/Path, at a time [s] on the node's clock, unless ``check`` refuses it."""
        values: Values = {"stamp": stamp_of(data)}
        try:
            check()
            start = Start(self._answerer.configuration, self._answerer.current(now), self._answerer.turns)
            job = partial(_solve, start, self._answerer.frames, data, values)
            self._worker.start(job, partial(self._solved, values))
        except RejectedError as rejection:
            self._report(rejection.code, str(rejection), values)

    def _solved(self, values: Values, ended: Future[JointTrajectory]) -> None:
        try:
            self._publish(ended.result())
        except RejectedError as rejection:
            # A copy: a job that continues after it was cancelled still writes to its values.
            self._report(rejection.code, str(rejection), dict(values))
        else:
            self._report(Code.SOLVED, Code.SOLVED.value, values)

    def follow(self, request: Any, response: Any, send: Callable[[Any], None], now: float) -> None:
        """Take a request of GetCartesianPath, at a time [s] on the node's clock; ``send`` answers it."""
        try:
            lines = read_lines(request, self._answerer, now)
            self._worker.start(partial(solve_lines, lines), partial(self._followed, request, response, send))
        except (UnknownLinkError, RejectedError) as refusal:
            set_refusal(response, refusal)
            send(response)

    def _followed(
        self,
        request: Any,
        response: Any,
        send: Callable[[Any], None],
        ended: Future[tuple[Followed, JointTrajectory]],
    ) -> None:
        try:
            fill_response(response, request.header, *ended.result())
        except RejectedError as rejection:
            set_refusal(response, rejection)
        send(response)


def _solve(start: Start, frames: Frames, data: bytes, values: Values) -> JointTrajectory:
    path = read_path(data)
    return solve_poses(start, frames, path.header, path.poses, values)
