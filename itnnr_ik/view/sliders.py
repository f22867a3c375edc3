"""A slider for each joint, from limit to limit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import viser
from numpy.typing import NDArray

from itnnr_ik.robot import ForwardModel

Array = NDArray[np.float64]

#: Step of a slider [rad] or [m].
_RESOLUTION = 1e-3


class JointSliders:
    """Sliders that show joint positions, and report when the user moves one.

    The slider of a continuous joint shows its position within ±π, without whole turns.

    Args:
        gui: The panel for the sliders.
        arm: The arm.
        moved: Called with the number of the joint and its new position [rad, m].
    """

    def __init__(self, gui: viser.GuiApi, arm: ForwardModel, moved: Callable[[int, float], None]) -> None:
        self._continuous = ~np.isfinite(arm.lower)
        self._lower = _quantized(np.where(self._continuous, -np.pi, arm.lower), np.ceil)
        self._upper = _quantized(np.where(self._continuous, np.pi, arm.upper), np.floor)
        self.handles: list[Any] = []
        for i, name in enumerate(arm.joint_names):
            low, high = float(self._lower[i]), float(self._upper[i])
            slider = gui.add_slider(name, low, max(low, high), _RESOLUTION, low)
            slider.on_update(partial(self._on_update, i, moved))
            self.handles.append(slider)

    def show(self, positions: Array) -> None:
        """Set the sliders to joint positions (n,)."""
        for slider, value in zip(self.handles, self.values(positions).tolist(), strict=True):
            if slider.value != value:
                slider.value = value

    def values(self, positions: Array) -> Array:
        """Slider values for joint positions (n,)."""
        wrapped = (positions + np.pi) % (2.0 * np.pi) - np.pi
        values = _quantized(np.where(self._continuous, wrapped, positions), np.round)
        return np.clip(values, self._lower, np.maximum(self._lower, self._upper))

    @staticmethod
    def _on_update(joint: int, moved: Callable[[int, float], None], event: viser.GuiEvent[Any]) -> None:
        value = float(event.target.value)
        if event.client is not None and np.isfinite(value):  # moved by the user, not by `show`
            moved(joint, value)


def _quantized(values: Array, rounded: Callable[[Array], Array]) -> Array:
    """Values in whole steps, without rounding errors of the division."""
    return np.round(rounded(values / _RESOLUTION) * _RESOLUTION, 6)
