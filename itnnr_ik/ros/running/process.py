"""A node as a process: start it, spin it in one thread, and end it with an exit status."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TypeVar

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.logging import get_logger
from rclpy.node import Node

from itnnr_ik.forms import reason

#: Longest wait of the executor: rclpy.spin() waits without a limit, and misses one SIGTERM in five.
_MAX_SPIN_TIME = 0.5  # [s]
#: Errors that prevent a node's start and are reported in one line.
_CANNOT_START = (ValueError, OSError, RuntimeError, ParameterException)


class _Interrupts:
    """Handles SIGINT: `KeyboardInterrupt` until the node spins, then nothing, as rclpy ends the spinning.

    rclpy's own handler calls this one. An exception might be raised in a finaliser, which prints and drops
    it.
    """

    def __init__(self) -> None:
        self.spinning = False
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._interrupt)  # after rclpy.init it would replace rclpy's own

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if not self.spinning:
            raise KeyboardInterrupt
        self.spinning = False  # a second one interrupts a long callback


def _nothing(node: Node) -> None:
    """The default for `serve` and `finish`."""


N = TypeVar("N", bound=Node)


def run_node(
    name: str,
    make_node: Callable[[], N],
    args: Sequence[str] | None,
    serve: Callable[[N], None] = _nothing,
    finish: Callable[[N], None] = _nothing,
) -> int:
    """Run a node until it is interrupted.

    The single-threaded executor, because rclpy's others are slower and lose messages at depth 1.

    Args:
        name: Of the logger if it cannot start.
        make_node: Makes the node, once rclpy is initialised.
        args: Of the command line; None for sys.argv.
        serve: Called between callbacks, at least twice a second.
        finish: Called after the interruption, when ROS is shut down.

    Returns:
        0 after an interruption; 1, after one line with the reason, if it cannot start or finish.
    """
    initialised, node, interrupts = False, None, _Interrupts()
    try:
        rclpy.init(args=None if args is None else list(args))
        initialised = True
        node = make_node()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        interrupts.spinning = True
        while rclpy.ok():
            executor.spin_once(timeout_sec=_MAX_SPIN_TIME)
            serve(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except Exception as error:
        # A signal invalidates the context at any moment, and whatever uses it next fails.
        interrupted = initialised and not rclpy.ok()
        if not interrupted:
            if node is not None or not isinstance(error, _CANNOT_START):
                raise
            get_logger(name).fatal(reason(error))
            return 1
    finally:
        rclpy.try_shutdown()
    try:
        if node is not None:
            finish(node)
    except (ValueError, OSError) as error:
        print(f"{name}: {reason(error)}", file=sys.stderr)
        return 1
    return 0
