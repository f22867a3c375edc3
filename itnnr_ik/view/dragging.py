"""The view of an arm without a node: it follows a dragged target and joint sliders."""

from __future__ import annotations

import queue
from collections.abc import Callable
from functools import partial

import numpy as np
import viser
from numpy.typing import NDArray

from itnnr_ik.view.arm import Shape
from itnnr_ik.view.motion import Motion
from itnnr_ik.view.overlays import Overlays
from itnnr_ik.view.posing import Posing, initial_posture
from itnnr_ik.view.readout import note, readout
from itnnr_ik.view.sliders import JointSliders
from itnnr_ik.view.stage import Stage

Array = NDArray[np.float64]

_MAX_GHOSTS = 7
#: While a target is dragged, overlays, which are slow to compute, are redrawn with this period [s].
_OVERLAY_PERIOD = 0.1


class DragView:
    """Lets users move an arm. Their actions are queued for the thread that calls `tick`.

    Args:
        server: The server of the view.
        shape: Shape of the arm.

    Attributes:
        posing: The state of the arm and its target.
        stage, overlays, sliders: Scene and controls.
        postures: The other branches that are shown as ghosts, (n,) each.
    """

    def __init__(self, server: viser.ViserServer, shape: Shape) -> None:
        solver = shape.solver
        self.posing = Posing(solver, initial_posture(solver))
        self.postures: list[Array] = []
        self.server, self._motion = server, Motion(self.posing.positions)
        self._events: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._pending_target: Array | None = None
        self._stale, self._in_motion = True, False
        self._overlays_stale, self._overlays_due = True, 0.0
        self.stage = Stage(server, shape, _MAX_GHOSTS)
        self.stage.show_target(self.posing.pose)
        self.stage.on_drag(self._on_drag)
        for i, ghost in enumerate(self.stage.ghosts):
            ghost.on_click(partial(self._events.put, partial(self._go_to_ghost, i)))
        self._text = server.gui.add_html(readout(self.posing))
        if shape.missing:
            server.gui.add_html(note(f"{shape.missing[0]}: the arm is drawn from its joints"))
        with server.gui.add_folder("Show"):
            redraw = partial(self._events.put, lambda: None)
            self.overlays = Overlays(server.gui, self.stage, solver, redraw)
        with server.gui.add_folder("Joints"):
            self.sliders = JointSliders(server.gui, solver.arm, self._on_slide)
            reset = server.gui.add_button("Reset")
        reset.on_click(lambda _: self._events.put(self.posing.reset))

    def tick(self, now: float) -> None:
        """Handle the queued actions, and draw the state at ``now`` [s]."""
        self._handle_events()
        if self._stale:
            self._motion.move_to(self.posing.positions, now)
        # Draw once more after a motion, because its last frame was just before the end.
        if self._stale or self._in_motion:
            self._stale, self._in_motion = False, self._motion.moving(now)
            self._draw(self._motion.at(now))
        if self._overlays_stale and now >= self._overlays_due:
            self._overlays_stale, self._overlays_due = False, now + _OVERLAY_PERIOD
            self._draw_overlays()

    def _handle_events(self) -> None:
        while not self._events.empty():
            self._events.get()()
            self.stage.show_target(self.posing.pose)
            self._stale = self._overlays_stale = True
        target, self._pending_target = self._pending_target, None
        if target is not None:  # only the newest one is solved
            self.posing.set_target(target)
            self._stale = self._overlays_stale = True

    def _on_drag(self, pose: Array) -> None:
        self._pending_target = pose

    def _on_slide(self, joint: int, value: float) -> None:
        self._events.put(partial(self.posing.set_joint, joint, value))

    def _go_to_ghost(self, ghost: int) -> None:
        if ghost < len(self.postures):
            self.posing.go_to(self.postures[ghost])

    def _draw(self, shown: Array) -> None:
        posing = self.posing
        with self.server.atomic():
            self.stage.arm.show(shown)
            tool = posing.solver.point_at(shown)
            self.stage.show_miss(tool, posing.pose[:3], not posing.solution.converged)
        self.sliders.show(posing.positions)
        self._text.content = readout(posing)

    def _draw_overlays(self) -> None:
        """Draw branches, proposals and clouds."""
        wanted = self.overlays.branches.value
        self.postures = self.posing.branches(_MAX_GHOSTS) if wanted else []
        with self.server.atomic():
            self.stage.show_ghosts(self.postures)
            self.overlays.draw(self.posing)
