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


def run_node(name: str, make_node: Callable[[], Node], args: Sequence[str] | None) -> int:
    """Run a node until it is interrupted.

    The single-threaded executor, because rclpy's others are slower and lose messages at depth 1.

    Returns:
        0 once it was interrupted; 1, after one line that says why, where it cannot start.
    """
    try:
        rclpy.init(args=None if args is None else list(args))
        node = make_node()
    except KeyboardInterrupt:
        rclpy.try_shutdown()
        return 0
    except (ValueError, OSError, RuntimeError, ParameterException) as error:
        get_logger(name).fatal(" ".join(str(error).split()))
        rclpy.try_shutdown()
        return 1
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        while rclpy.ok():
            executor.spin_once(timeout_sec=_LONGEST_WAIT)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except RuntimeError:
        # A signal that comes during a callback invalidates the context, and the callback's publish fails.
        if rclpy.ok():
            raise
    finally:
        rclpy.try_shutdown()
    return 0
