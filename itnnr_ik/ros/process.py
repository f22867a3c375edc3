"""A node as a process: start it, spin it in one thread, and end it with an exit status."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.logging import get_logger
from rclpy.node import Node

#: rclpy.spin() waits without a limit, and sleeps through one SIGTERM in five where no message comes.
_LONGEST_WAIT = 0.5  # [s]
#: What keeps a node from starting, and is told in one line.
_CANNOT_START = (ValueError, OSError, RuntimeError, ParameterException)


def run_node(name: str, make_node: Callable[[], Node], args: Sequence[str] | None) -> int:
    """Run a node until it is interrupted.

    The single-threaded executor, because rclpy's others are slower and lose messages at depth 1.

    Returns:
        0 once it was interrupted; 1, after one line that says why, where it cannot start.
    """
    initialised, node = False, None
    try:
        rclpy.init(args=None if args is None else list(args))
        initialised = True
        node = make_node()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        while rclpy.ok():
            executor.spin_once(timeout_sec=_LONGEST_WAIT)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except Exception as error:
        # A signal invalidates the context at any moment, and whatever uses it next fails.
        interrupted = initialised and not rclpy.ok()
        if not interrupted:
            if node is not None or not isinstance(error, _CANNOT_START):
                raise
            get_logger(name).fatal(" ".join(str(error).split()))
            return 1
    finally:
        rclpy.try_shutdown()
    return 0
