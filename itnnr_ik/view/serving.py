"""The web server of the view, for this machine alone."""

from __future__ import annotations

import io
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from pathlib import Path
from threading import Lock
from typing import Any

import viser
import websockets.asyncio.server

from itnnr_ik.solver import IKSolver
from itnnr_ik.view.arm import Shape

#: The loopback address: other machines cannot open the view.
HOST = "127.0.0.1"
#: Origins of pages that may connect: this machine's, whatever port is forwarded; programs send none. A page
#: of another site could otherwise move the arm.
_ORIGINS = (None, re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?"))
#: Held while a function of websockets and stdout are replaced, which two threads must not do at once.
_starting = Lock()
_BRAND = (38, 103, 166)


def serve(
    solver: IKSolver, folder: Path | None, port: int, stack: ExitStack
) -> tuple[viser.ViserServer, Shape]:
    """Start the server, which ends with ``stack``.

    Args:
        solver: The arm.
        folder: Folder of its URDF, where meshes may be.
        port: Port to serve on; 0 for any free one.
        stack: Stops the server when it is closed.

    Raises:
        OSError: The port is taken.
        RuntimeError: Pages of other sites cannot be refused.
    """
    shape = Shape(solver, folder)
    with _own_pages_only(), redirect_stdout(io.StringIO()):  # suppresses its greeting
        server = viser.ViserServer(host=HOST, port=_free(port), label=solver.arm.name, verbose=False)
        stack.callback(_stop, server)
    server.gui.configure_theme(
        control_width="medium", show_logo=False, show_share_button=False, brand_color=_BRAND
    )
    return server, shape


@contextmanager
def _own_pages_only() -> Iterator[None]:
    """The server that is started meanwhile refuses pages of other sites.

    viser has no option for that, so `websockets.asyncio.server.serve`, which takes the allowed origins, is
    replaced until viser has called it. Other servers that start meanwhile are restricted, too.

    Raises:
        RuntimeError: viser did not call it, so its server would accept every page.
    """
    module, started = websockets.asyncio.server, []

    def restricted(*args: Any, **options: Any) -> Any:
        started.append(True)
        return original(*args, origins=_ORIGINS, **options)

    with _starting:
        original = module.serve
        vars(module)["serve"] = restricted
        try:
            yield
        finally:
            vars(module)["serve"] = original
    if not started:
        raise RuntimeError(f"cannot keep pages of other sites out of the view with viser {viser.__version__}")


def _stop(server: viser.ViserServer) -> None:
    with redirect_stdout(io.StringIO()):  # suppresses its message
        server.stop()


def _free(port: int) -> int:
    """The port if it is free, or a free one for 0; viser would silently choose another if it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise OSError(f"cannot serve on port {port}: {error.strerror}; give another --port") from error
        return int(probe.getsockname()[1])
