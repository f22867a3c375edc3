"""A service that answers after its callback, over DDS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from probe import Probe
from processes import ANSWER_TIMEOUT, START_TIMEOUT
from std_srvs.srv import SetBool

from itnnr_ik.ros.paths.late_service import offer_late_service


def test_requests_are_answered_in_any_order(probe: Probe) -> None:
    """Each with its own response, while the node goes on."""
    waiting: list[tuple[SetBool.Response, Callable[[Any], None]]] = []

    def take(request: SetBool.Request, response: SetBool.Response, send: Callable[[Any], None]) -> None:
        response.success = request.data
        waiting.append((response, send))

    service = offer_late_service(probe.node, SetBool, "late", take)
    client = probe.node.create_client(SetBool, "late")
    probe.spin_until(client.service_is_ready, START_TIMEOUT, "the service")
    calls = []
    for data in (True, False):
        calls.append(client.call_async(SetBool.Request(data=data)))
        probe.spin_until(lambda: len(waiting) == len(calls), ANSWER_TIMEOUT, "a request")
    for i in (1, 0):
        assert not calls[i].done()
        response, send = waiting[i]
        send(response)
        probe.spin_until(calls[i].done, ANSWER_TIMEOUT, "a response")
    assert [call.result().success for call in calls] == [True, False]
    probe.node.destroy_client(client)
    probe.node.destroy_service(service)
