"""A view that ticks in a thread of its own, as `itnnr-ik view` does in the main one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from itnnr_ik.cli.view import address

_PERIOD = 0.02  # [s]
TIMEOUT = 60.0  # [s]


class ViewThread:
    """Ticks within a ``with`` statement; what a tick raises is raised at its end.

    Args:
        view: As `itnnr_ik.cli.view.open_view` opens it.
    """

    def __init__(self, view: Any) -> None:
        self.view = view
        self.url = address(view)
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> ViewThread:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Until ``condition`` holds; an AssertionError that says ``what`` did not come."""
        deadline = time.monotonic() + TIMEOUT
        while not condition():
            assert self._error is None, f"the view failed: {self._error!r}"
            assert time.monotonic() < deadline, f"{what} did not come within {TIMEOUT:g} s"
            time.sleep(_PERIOD)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self.view.tick(time.monotonic())
                time.sleep(_PERIOD)
        except Exception as error:
            self._error = error
