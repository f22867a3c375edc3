"""The view of a running node: where its joints are, what it was asked for and what it answered."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable

import numpy as np
import viser
from numpy.typing import NDArray

from itnnr_ik.view.arm import Shape
from itnnr_ik.view.link import Heard, NodeLink
from itnnr_ik.view.palette import GHOST, MISSED, REACHED, SOLUTION, Color
from itnnr_ik.view.readout import angle, length, microseconds, note, panel, scientific
from itnnr_ik.view.sliders import JointSliders
from itnnr_ik.view.stage import Stage

Array = NDArray[np.float64]

#: Targets are sent no faster than this while one is dragged, in [s].
_SEND_PERIOD = 0.02
#: The scene is drawn anew, and the text is written anew, at intervals of so long [s] at least.
_DRAW_PERIOD, _TEXT_PERIOD = 1.0 / 30.0, 0.25
#: Joint states older than this are said to be missing, in [s].
_STALE = 1.0
#: What the panel shows of a status: by key, under which name, and how it is written.
_VALUES = {
    "residual": ("residual", length),
    "orientation_error": ("orientation error", lambda error: scientific(error, "rad")),
    "displacement": ("joint displacement", angle),
    "solve_time": ("solve time", microseconds),
}


class LiveView:
    """Shows a node; nothing is sent until somebody switches that on.

    Args:
        server: Shows it.
        shape: How the arm looks.
        link: Hears the node.
    """

    def __init__(self, server: viser.ViserServer, shape: Shape, link: NodeLink) -> None:
        self.server, self._solver, self._link = server, shape.solver, link
        self._events: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wish: Array | None = None
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
        self.switch.on_update(lambda _: self._events.put(self._switched))
        with server.gui.add_folder("Joints"):
            self.sliders = JointSliders(server.gui, shape.solver.arm, lambda *_: None)
        for slider in self.sliders.handles:
            slider.disabled = True

    def tick(self, now: float) -> None:
        """Draw what was heard last, and send the newest target, if there is one."""
        while not self._events.empty():
            self._events.get()()
        if self._wish is not None and now >= self._send_due:
            wish, self._wish, self._send_due = self._wish, None, now + _SEND_PERIOD
            self._link.send(wish)
        if now >= self._draw_due:
            self._draw_due = now + _DRAW_PERIOD
            heard = self._link.heard
            self._draw(heard)
            if now >= self._text_due:
                self._text_due = now + _TEXT_PERIOD
                self._write(heard)

    def _on_drag(self, pose: Array) -> None:
        if self._link.sending:
            self._wish = pose

    def _switched(self) -> None:
        """Show the control where the tool is, or no longer."""
        self._wish = None
        self._link.switch(self.switch.value)
        joints = self._link.heard.joints
        if self.switch.value and joints is not None:
            pose = self._solver.forward(joints)
            if len(pose) < 7 or not self._solver.task.has_orientation:
                pose = np.concatenate([self._solver.point_at(joints), [0.0, 0.0, 0.0, 1.0]])
            self.stage.show_target(pose)

    def _draw(self, heard: Heard) -> None:
        stage = self.stage
        with self.server.atomic():
            stage.arm.show(heard.joints)
            stage.show_ghosts([] if heard.solution is None else [heard.solution])
            stage.show_goal(heard.target if self._in_base(heard) else None)
            if stage.target.visible != self._link.sending:
                stage.target.visible = self._link.sending
            missed = heard.status.get("code") in ("unreachable", "closest")
            if heard.joints is not None and heard.target is not None and self._in_base(heard):
                stage.show_miss(self._solver.point_at(heard.joints), heard.target[:3], missed)

    def _in_base(self, heard: Heard) -> bool:
        """Whether the target is in the arm's base frame: only the node knows where others are."""
        return heard.frame in ("", self._solver.arm.base_link)

    def _write(self, heard: Heard) -> None:
        """Numbers change faster than they are read."""
        if heard.joints is not None:
            self.sliders.show(heard.joints)
        text = describe(heard, self._link.sending, time.monotonic())
        if text != self._text.content:
            self._text.content = text


def describe(heard: Heard, sending: bool, now: float) -> str:
    """What the panel says of a node, as HTML."""
    title, color = _title(heard, now)
    rows = []
    for key, (name, text) in _VALUES.items():
        if (value := _number(heard.status.get(key))) is not None:
            rows.append((name, text(value)))
    rows.append(("target frame", heard.frame or "none yet"))
    rows.append(("other senders of targets", str(heard.senders)))
    said = heard.text if heard.status.get("code") not in (None, "solved") else ""
    if sending and heard.senders:
        said = f"somebody else publishes targets, too; {said}".rstrip("; ")
    return panel(title, color, rows) + (note(said) if said else "")


def _title(heard: Heard, now: float) -> tuple[str, Color]:
    if heard.received is None:
        return "Waiting for joint states", GHOST
    if now - heard.received > _STALE:
        return f"No joint states for {now - heard.received:.0f} s", MISSED
    code = heard.status.get("code")
    if code is None:
        return "No target yet", GHOST
    return code.replace("_", " ").capitalize(), REACHED if code == "solved" else MISSED


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
