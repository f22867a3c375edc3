"""Optional overlays of the view: proposals, the arm's reach, and a network's uncertainty."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import viser

from itnnr_ik.solver import IKSolver
from itnnr_ik.view.clouds import CELL_SIZE, ReachCloud, UncertaintyCloud
from itnnr_ik.view.palette import by_error, scaled
from itnnr_ik.view.posing import Posing
from itnnr_ik.view.stage import Stage, skeleton_lines

#: Errors, in reaches, that are drawn green and red.
_GOOD_ERROR, _BAD_ERROR = 1e-5, 5e-2
#: Size of the points of the uncertainty cloud, in reaches.
_POINT_SIZE = 0.009
#: Width of the proposals' lines, in reaches.
_LINE_WIDTH = 0.004


class Overlays:
    """Checkboxes, and the overlays that they show.

    Args:
        gui: The panel for the checkboxes.
        stage: The scene for the overlays.
        solver: The arm.
        changed: Called when a checkbox is clicked.
    """

    def __init__(
        self,
        gui: viser.GuiApi,
        stage: Stage,
        solver: IKSolver,
        changed: Callable[[], None],
    ) -> None:
        self._stage, self._solver = stage, solver
        self._scale = solver.arm.reach or 1.0
        self._reach: ReachCloud | None = None
        self._uncertainty = UncertaintyCloud(solver) if UncertaintyCloud.fits(solver) else None
        self._changed = changed
        self.branches = self._checkbox(gui, "other branches", "click one to go there", True)
        self.proposals = self._checkbox(
            gui, "proposals", "what the anchors near the target propose: green is near it, red is far"
        )
        self.reach = self._checkbox(
            gui, "reach", "where the tool gets to, in a slice through the target; bright: dexterous"
        )
        self.uncertainty = None
        if self._uncertainty is not None:
            self.uncertainty = self._checkbox(
                gui, "uncertainty", "the error that the network expects of itself, around the target"
            )

    def draw(self, posing: Posing) -> None:
        """Draw the overlays that are switched on, and remove the others."""
        self._draw_proposals(posing)
        self._draw_reach(posing)
        self._draw_uncertainty(posing)

    def _draw_proposals(self, posing: Posing) -> None:
        if not self.proposals.value:
            self._stage.show_lines("proposals", None, None)
            return
        postures, errors = self._solver.proposals(posing.target, posing.positions)
        lines = skeleton_lines(self._solver, postures)
        colors = by_error(errors, _GOOD_ERROR * self._scale, _BAD_ERROR * self._scale)
        each = np.repeat(colors, len(lines) // len(postures), axis=0)
        self._stage.show_lines("proposals", lines, np.repeat(each[:, None], 2, axis=1), _LINE_WIDTH)

    def _draw_reach(self, posing: Posing) -> None:
        if not self.reach.value:
            self._stage.show_cloud("reach", None)
            return
        self._reach = self._reach or ReachCloud(self._solver)
        points, dexterity = self._reach.slice(posing.pose[:3])
        self._stage.show_cloud(
            "reach", points, scaled(dexterity, 0.0, float(dexterity.max(initial=0.0))), 0.3 * CELL_SIZE
        )

    def _draw_uncertainty(self, posing: Posing) -> None:
        if self._uncertainty is None or self.uncertainty is None or not self.uncertainty.value:
            self._stage.show_cloud("uncertainty", None)
            return
        points, errors = self._uncertainty.around(posing.target)
        colors = by_error(errors, _GOOD_ERROR * self._scale, _BAD_ERROR * self._scale)
        self._stage.show_cloud("uncertainty", points, colors, _POINT_SIZE)

    def _checkbox(
        self, gui: viser.GuiApi, label: str, hint: str, value: bool = False
    ) -> viser.GuiCheckboxHandle:
        box = gui.add_checkbox(label, value, hint=hint)
        box.on_update(lambda _: self._changed())
        return box
