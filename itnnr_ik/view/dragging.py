"""The view of an arm alone: its target is dragged, its joints are slid, and it follows."""

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
from itnnr_ik.view.posing import Posing, opening_posture
from itnnr_ik.view.readout import note, readout
from itnnr_ik.view.sliders import JointSliders
from itnnr_ik.view.stage import Stage

Array = NDArray[np.float64]

_GHOSTS = 7
#: While a target is dragged, what takes longer than a solve is drawn anew at intervals of so long [s].
_SLOW_PERIOD = 0.1


class DragView:
    """Lets people move an arm. Whatever they do waits in line for the thread that calls `tick`.

    Args:
        server: Shows it.
        shape: How the arm looks.

    Attributes:
        posing: Where the arm and its target are.
        stage, overlays, sliders: What is seen of it.
        postures: The other branches that are shown as ghosts, (n,) each.
    """

    def __init__(self, server: viser.ViserServer, shape: Shape) -> None:
        solver = shape.solver
        self.posing = Posing(solver, opening_posture(solver))
        self.postures: list[Array] = []
        self.server, self._motion = server, Motion(self.posing.positions)
        self._events: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._aim: Array | None = None
        self._stale, self._moved = True, False
        self._slow_stale, self._slow_due = True, 0.0
        self.stage = Stage(server, shape, _GHOSTS)
        self.stage.show_target(self.posing.pose)
        self.stage.on_drag(self._on_drag)
        for i, ghost in enumerate(self.stage.ghosts):
            ghost.on_click(partial(self._events.put, partial(self._take, i)))
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
        """Do what was asked for since the last call, and draw it as it is at ``now`` [s]."""
        self._handle_events()
        if self._stale:
            self._motion.go(self.posing.positions, now)
        # Once more after a motion: before, it was nearly there.
        if self._stale or self._moved:
            self._stale, self._moved = False, self._motion.moving(now)
            self._draw(self._motion.at(now))
        if self._slow_stale and now >= self._slow_due:
            self._slow_stale, self._slow_due = False, now + _SLOW_PERIOD
            self._draw_slow()

    def _handle_events(self) -> None:
        while not self._events.empty():
            self._events.get()()
            self.stage.show_target(self.posing.pose)
            self._stale = self._slow_stale = True
        aim, self._aim = self._aim, None
        if aim is not None:  # the newest one: those before it no longer matter
            self.posing.aim(aim)
            self._stale = self._slow_stale = True

    def _on_drag(self, pose: Array) -> None:
        self._aim = pose

    def _on_slide(self, joint: int, value: float) -> None:
        self._events.put(partial(self.posing.set_joint, joint, value))

    def _take(self, ghost: int) -> None:
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

    def _draw_slow(self) -> None:
        """Branches, proposals and clouds."""
        wanted = self.overlays.branches.value
        self.postures = self.posing.branches(_GHOSTS) if wanted else []
        with self.server.atomic():
            self.stage.show_ghosts(self.postures)
            self.overlays.draw(self.posing)
