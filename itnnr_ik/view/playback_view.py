"""The view of a recording: its targets, the recorded joints and the answers, along a time slider."""

from __future__ import annotations

from typing import Any

import numpy as np
import viser
from numpy.typing import NDArray

from itnnr_ik.view.arm import Shape
from itnnr_ik.view.palette import MISSED, PATH, REACHED, RECORDED
from itnnr_ik.view.playback import Moment, Playback
from itnnr_ik.view.readout import angle, length, note, panel
from itnnr_ik.view.stage import Stage

Array = NDArray[np.float64]

#: Largest number of points that are drawn of the targets' path.
_MAX_PATH_POINTS = 2_000
_SPEEDS = ("0.1", "0.25", "0.5", "1", "2", "5", "10")
_SLIDER_STEP = 0.01  # [s] of the time slider


class PlaybackView:
    """Plays a recording.

    Args:
        server: The server of the view.
        shape: Shape of the arm.
        playback: The recording with its answers.

    Attributes:
        time: Playback position, in [s] since the first target.
        playing: Whether the position advances with time.
    """

    def __init__(self, server: viser.ViserServer, shape: Shape, playback: Playback) -> None:
        self.server, self._solver, self._playback = server, shape.solver, playback
        self.time, self.playing = 0.0, False
        self._last_tick: float | None = None
        self._shown: float | None = None
        self.stage = Stage(server, shape, 1, RECORDED)
        self.stage.target.visible = False
        self._draw_path()
        self._text = server.gui.add_html("")
        self.play = server.gui.add_button("Play")
        self.play.on_click(lambda _: self._toggle())
        end = max(round(playback.duration, 2), _SLIDER_STEP)
        self.slider: Any = server.gui.add_slider("time [s]", 0.0, end, _SLIDER_STEP, 0.0)
        self.slider.on_update(self._on_slide)
        self._speed = server.gui.add_dropdown("speed", _SPEEDS, initial_value="1")
        server.gui.add_html(note("white: the answer; grey: the recorded joints; red: targets without one"))
        with server.gui.add_folder("All of it"):
            server.gui.add_html(summary(playback))

    def tick(self, now: float) -> None:
        """Advance the position if it plays, and draw the state there."""
        elapsed = 0.0 if self._last_tick is None else now - self._last_tick
        self._last_tick = now
        if self.playing:
            time = self.time + elapsed * float(self._speed.value)
            self.seek(time if time < self._playback.duration else 0.0)  # from the start again
        if self.time != self._shown:
            self._shown = self.time
            self._draw(self._playback.at(self.time))

    def seek(self, time: float) -> None:
        """Set the playback position [s]."""
        self.time = time
        self.slider.value = min(round(time, 2), self.slider.max)

    def _toggle(self) -> None:
        self.playing = not self.playing
        self.play.label = "Pause" if self.playing else "Play"

    def _on_slide(self, event: viser.GuiEvent[viser.GuiSliderHandle[float]]) -> None:
        if event.client is not None:
            self.time = float(event.target.value)

    def _draw(self, moment: Moment) -> None:
        with self.server.atomic():
            self.stage.arm.show(moment.answer)
            self.stage.show_ghosts([] if moment.recorded is None else [moment.recorded])
            self.stage.show_goal(moment.target)
            if moment.answer is not None:
                tool = self._solver.point_at(moment.answer)
                self.stage.show_miss(tool, moment.target[:3], moment.code != "solved")
        self._text.content = describe(moment, self.time)

    def _draw_path(self) -> None:
        stride = -(-len(self._playback.times) // _MAX_PATH_POINTS)
        points, solved = self._playback.path[::stride], self._playback.solved[::stride]
        colors = np.where(solved[:, None], PATH, MISSED).astype(np.uint8)
        self.stage.show_cloud("path", points, colors, 0.006)


def describe(moment: Moment, time: float) -> str:
    """The text of the panel for a moment, as HTML."""
    rows = [("time", f"{time:.2f} s"), ("residual", length(moment.residual))]
    if moment.displacement is not None:
        rows.append(("from the recorded joints", angle(moment.displacement)))
    solved = moment.code == "solved"
    return panel(moment.code.replace("_", " ").capitalize(), REACHED if solved else MISSED, rows)


def summary(playback: Playback) -> str:
    """The text of the panel for the whole recording, as HTML."""
    evaluation = playback.evaluation
    rows = [("targets", str(evaluation.targets)), ("solved", str(evaluation.solved))]
    rows.append(("reachable", str(evaluation.reachable)))
    if evaluation.residual is not None:
        rows.append(("largest residual", length(evaluation.residual.max)))
    if (all_of_them := evaluation.displacement.get("all")) is not None:
        rows.append(("displacement, median", angle(all_of_them.median)))
    rows.append(("branch changes", str(evaluation.branch_changes)))
    good = evaluation.solved == evaluation.reachable
    return panel(evaluation.recording, REACHED if good else MISSED, rows)
