"""The server of the view: which pages may connect to it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from types import SimpleNamespace

import pytest
import viser
import websockets.asyncio.server

from itnnr_ik import IKSolver
from itnnr_ik.view.serving import serve


def status_for(server: viser.ViserServer, origin: str | None) -> int:
    """Status of a request to connect from a page of an origin, or from a program, which sends none."""
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version": "13",
        **({} if origin is None else {"Origin": origin}),
    }
    connection = HTTPConnection("127.0.0.1", server.get_port(), timeout=60.0)
    connection.request("GET", "/", headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_pages_of_other_sites_are_refused() -> None:
    """A page from elsewhere cannot connect, though a browser on this machine shows it."""
    with ExitStack() as stack:
        server, _ = serve(IKSolver.load("two_link"), None, 0, stack)
        own = (None, "http://127.0.0.1:8080", "http://localhost", "http://[::1]:9000")
        assert [status_for(server, origin) for origin in own] == [101] * len(own)
        others = (
            "https://evil.example",
            "http://localhost.evil.example:8080",
            "http://evil.example:8080",
            "null",
        )
        assert [status_for(server, origin) for origin in others] == [403] * len(others)


def test_servers_may_start_at_once() -> None:
    """In several threads: each refuses other pages, and websockets is left as it was."""
    before, solver = websockets.asyncio.server.serve, IKSolver.load("two_link")
    with ExitStack() as stack, ThreadPoolExecutor(4) as threads:
        started = [threads.submit(serve, solver, None, 0, stack) for _ in range(4)]
        for future in started:
            assert status_for(future.result()[0], "https://evil.example") == 403
    assert websockets.asyncio.server.serve is before


def test_a_server_that_cannot_be_restricted_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """A viser that serves by other means than expected ends with an error, and its server is stopped."""
    stopped: list[bool] = []
    server = SimpleNamespace(stop=lambda: stopped.append(True))
    monkeypatch.setattr(viser, "ViserServer", lambda **_: server)
    with ExitStack() as stack, pytest.raises(RuntimeError, match="cannot keep pages of other sites out"):
        serve(IKSolver.load("two_link"), None, 0, stack)
    assert stopped == [True]
