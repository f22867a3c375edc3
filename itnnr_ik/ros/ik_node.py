"""The node ``itnnr_ik``: target poses and joint states in; joint solutions, commands and statuses out."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter

from itnnr_ik.forms import reason
from itnnr_ik.ros.active import Active
from itnnr_ik.ros.control import Motion
from itnnr_ik.ros.interfaces import NONE
from itnnr_ik.ros.paths import Worker
from itnnr_ik.ros.publishers import Publishers
from itnnr_ik.ros.running.process import run_node
from itnnr_ik.ros.setup.configuration import (
    Configuration,
    check_changes,
    declare_parameters,
    motion_of,
    read_configuration,
)
from itnnr_ik.ros.setup.settings import AUTOSTART
from itnnr_ik.ros.throttle import ThrottledLog

NAME = "itnnr_ik"

_SUCCESS, _FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class IKNode(LifecycleNode):
    """Answers every target with exactly one status, and with a joint solution where there is one.

    Configuring loads the robot and compiles the solver, activating opens the subscriptions, and deactivating
    closes them at once; messages received before are forgotten, but not the set-points sent to a controller.
    With the parameter ``autostart`` the first two happen at start. Topics, services and parameters are in
    docs/ros_interface.md.

    Raises:
        ValueError: With ``autostart``, a parameter's value cannot be used, or the robot or model cannot.
    """

    def __init__(self) -> None:
        super().__init__(NAME)
        self._configuration: Configuration | None = None
        self._own_publishers: Publishers | None = None
        self._active: Active | None = None
        self._warnings = ThrottledLog(self.get_logger(), 1.0)
        self._worker = Worker(self)
        #: Outlasts transitions, as another person may have paused the robot than restarts the node.
        self._paused = False
        #: Outlasts them, too, as long as commands go to the same controller, which may still be moving.
        self._motion: Motion | None = None
        self._motion_parameters: tuple[object, ...] = ()
        self._failure: Exception | None = None
        declare_parameters(self)
        self.add_on_set_parameters_callback(self._on_parameters)
        self._starting = AUTOSTART.get(self)
        if self._starting:
            for trigger in (self.trigger_configure, self.trigger_activate):
                if trigger() != _SUCCESS:
                    raise self._failure or RuntimeError("could not be configured and activated")
            self._starting = False

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Check the parameters, compile the solver and create the publishers."""
        try:
            configuration = read_configuration(self)
            self._own_publishers = Publishers(self, configuration)
        except Exception as failure:
            return self._failed("configured", failure)
        self._warnings.period = configuration.warn_period
        self._configuration = configuration
        self._prepare_motion(configuration)
        # All that is loaded by now stays. Each garbage collection of it would block answers for 0.1 s.
        gc.unfreeze()  # collects what an earlier configuration left
        gc.collect()
        gc.freeze()
        return _SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Open the subscriptions, services and timers, without memory of an earlier activation."""
        assert self._configuration is not None and self._own_publishers is not None, "configured"
        try:
            parts = self._configuration, self._own_publishers, self._motion, self._worker
            self._active = Active(self, *parts, self._warnings, self._paused)
        except Exception as failure:
            return self._failed("activated", failure)
        return _SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the subscriptions, services and timers."""
        self._stop()
        return _SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Destroy the publishers; parameters keep their values."""
        self._destroy_publishers()
        return _SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop and destroy everything after a transition that failed half-way, to configure anew."""
        self.get_logger().error("a transition failed; configure the node again")
        self._stop()
        self._destroy_publishers()
        return _SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop and destroy the publishers, from any state."""
        self._stop()
        self._destroy_publishers()
        return _SUCCESS

    def _failed(self, what: str, failure: Exception) -> TransitionCallbackReturn:
        """Keep and log the reason why it cannot be ``what``: rclpy would swallow the exception."""
        self._failure = failure
        if not self._starting:  # otherwise it ends the process, and is logged there
            self.get_logger().error(f"cannot be {what}: {reason(failure)}")
        return _FAILURE

    def _prepare_motion(self, configuration: Configuration) -> None:
        kind, topic = configuration.command_out_type, configuration.command_out_topic
        motion_parameters = (
            kind,
            topic,
            configuration.joints,
            configuration.command_rate,
            configuration.following_tolerance,
        )
        if kind == NONE:
            self._motion = None
        elif self._motion is None or motion_parameters != self._motion_parameters:
            self._motion = motion_of(configuration)
        self._motion_parameters = motion_parameters

    def _stop(self) -> None:
        if self._active is not None:
            self._paused = self._active.paused
            self._active.close()
            self._active = None

    def _destroy_publishers(self) -> None:
        if self._own_publishers is not None:
            self._own_publishers.destroy()
        self._own_publishers = self._configuration = None

    def _on_parameters(self, parameters: Sequence[Parameter[Any]]) -> SetParametersResult:
        """Accept all changes or none."""
        deleted = [p.name for p in parameters if p.type_ is Parameter.Type.NOT_SET]
        if deleted:
            return SetParametersResult(
                successful=False, reason=f"expected a value of {deleted[0]}: parameters cannot be deleted"
            )
        try:
            configuration = check_changes(self._configuration, {p.name: p.value for p in parameters})
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self._configuration = configuration
        if configuration is not None:
            self._warnings.period = configuration.warn_period
            if self._active is not None:
                self._active.change(configuration)
        return SetParametersResult(successful=True)


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until it is interrupted."""
    status = run_node(NAME, IKNode, args)
    gc.unfreeze()  # the node is collected, too: ruckig lists objects that are left at exit
    return status


if __name__ == "__main__":
    sys.exit(main())
