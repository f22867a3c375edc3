"""The view of a running node: its joint positions, targets and solutions."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable

import numpy as np
import viser
from numpy.typing import NDArray

from itnnr_ik.robot.frame_names import without_slash
from itnnr_ik.view.arm import Shape
from itnnr_ik.view.link import NodeLink, NodeSnapshot
from itnnr_ik.view.palette import GHOST, MISSED, REACHED, SOLUTION, Color
from itnnr_ik.view.readout import angle, length, microseconds, note, panel, scientific
from itnnr_ik.view.sliders import JointSliders
from itnnr_ik.view.stage import Stage

Array = NDArray[np.float64]

#: Smallest period of the targets that are sent during a drag, in [s].
_SEND_PERIOD = 0.02
#: Smallest periods of redrawing the scene and of rewriting the text, in [s].
_DRAW_PERIOD, _TEXT_PERIOD = 1.0 / 30.0, 0.25
#: Age of the last joint state [s] from which on joint states are reported missing.
_JOINT_STATE_TIMEOUT = 1.0
#: Rows of the panel: status key, name, and the function that formats the value.
_STATUS_ROWS = {
    "residual": ("residual", length),
    "orientation_error": ("orientation error", lambda error: scientific(error, "rad")),
    "displacement": ("joint displacement", angle),
    "solve_time": ("solve time", microseconds),
}


class LiveView:
    """Shows a node; targets are sent only when the user has switched that on.

    Args:
        server: The server of the view.
        shape: Shape of the arm.
        link: The connection to the node.
    """

    def __init__(self, server: viser.ViserServer, shape: Shape, link: NodeLink) -> None:
        self.server, self._solver, self._link = server, shape.solver, link
        self._events: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._pending_target: Array | None = None
        self._send_due = self._draw_due = self._text_due = 0.0
        self.stage = Stage(server, shape, 1, SOLUTION)
        self.stage.arm.show(None)
        self.stage.target.visible = False
        self.stage.on_drag(self._on_drag)
        self._text = server.gui.add_html("")
        server.gui.add_html(note("white: the joints; green: the solution; axes: the target"))
        self.switch = server.gui.add_checkbox(
            "publish targets", False, hint="drag the target to send it: the robot may move"
        )
        self.switch.on_update(lambda _: self._events.put(self._on_switch))
        with server.gui.add_folder("Joints"):
            self.sliders = JointSliders(server.gui, shape.solver.arm, lambda *_: None)
        for slider in self.sliders.handles:
            slider.disabled = True

    def tick(self, now: float) -> None:
        """Draw the latest messages, and send the newest dragged target."""
        while not self._events.empty():
            self._events.get()()
        if self._pending_target is not None and now >= self._send_due:
            target, self._pending_target, self._send_due = self._pending_target, None, now + _SEND_PERIOD
            self._link.send(target)
        if now >= self._draw_due:
            self._draw_due = now + _DRAW_PERIOD
            snapshot = self._link.snapshot
            self._draw(snapshot)
            if now >= self._text_due:
                self._text_due = now + _TEXT_PERIOD
                self._draw_panel(snapshot)

    def _on_drag(self, pose: Array) -> None:
        if self._link.sending:
            self._pending_target = pose

    def _on_switch(self) -> None:
        """Switch sending; the target's control then appears at the tool, or disappears."""
        self._pending_target = None
        self._link.switch(self.switch.value)
        joints = self._link.snapshot.joints
        if self.switch.value and joints is not None:
            pose = self._solver.forward(joints)
            if len(pose) < 7 or not self._solver.task.has_orientation:
                pose = np.concatenate([self._solver.point_at(joints), [0.0, 0.0, 0.0, 1.0]])
            self.stage.show_target(pose)

    def _draw(self, snapshot: NodeSnapshot) -> None:
        stage = self.stage
        with self.server.atomic():
            stage.arm.show(snapshot.joints)
            stage.show_ghosts([] if snapshot.solution is None else [snapshot.solution])
            stage.show_goal(snapshot.target if self._in_base(snapshot) else None)
            if stage.target.visible != self._link.sending:
                stage.target.visible = self._link.sending
            missed = snapshot.status.get("code") in ("unreachable", "closest")
            if snapshot.joints is not None and snapshot.target is not None and self._in_base(snapshot):
                stage.show_miss(self._solver.point_at(snapshot.joints), snapshot.target[:3], missed)

    def _in_base(self, snapshot: NodeSnapshot) -> bool:
        """Whether the target is in the arm's base frame; only the node can transform other frames."""
        return without_slash(snapshot.frame) in ("", without_slash(self._solver.arm.base_link))

    def _draw_panel(self, snapshot: NodeSnapshot) -> None:
        """Update sliders and text, less often than the scene, so that numbers can be read."""
        if snapshot.joints is not None:
            self.sliders.show(snapshot.joints)
        text = describe(snapshot, self._link.sending, time.monotonic())
        if text != self._text.content:
            self._text.content = text


def describe(snapshot: NodeSnapshot, sending: bool, now: float) -> str:
    """The text of the panel, as HTML."""
    title, color = _title(snapshot, now)
    rows = []
    for key, (name, text) in _STATUS_ROWS.items():
        if (value := _number(snapshot.status.get(key))) is not None:
            rows.append((name, text(value)))
    rows.append(("target frame", snapshot.frame or "none yet"))
    rows.append(("other senders of targets", str(snapshot.senders)))
    remark = snapshot.text if snapshot.status.get("code") not in (None, "solved") else ""
    if sending and snapshot.senders:
        remark = f"somebody else publishes targets, too; {remark}".rstrip("; ")
    return panel(title, color, rows) + (note(remark) if remark else "")


def _title(snapshot: NodeSnapshot, now: float) -> tuple[str, Color]:
    if snapshot.received is None:
        return "Waiting for joint states", GHOST
    if now - snapshot.received > _JOINT_STATE_TIMEOUT:
        return f"No joint states for {now - snapshot.received:.0f} s", MISSED
    code = snapshot.status.get("code")
    if code is None:
        return "No target yet", GHOST
    return code.replace("_", " ").capitalize(), REACHED if code == "solved" else MISSED


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
