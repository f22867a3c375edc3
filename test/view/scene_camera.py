"""Where points of the scene are on the page, by the camera that the view begins with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


class SceneCamera:
    """The camera of a page that was just opened.

    Args:
        server: Of the view.
        size: Of the page in pixels, all of which the scene fills.
    """

    def __init__(self, server: Any, size: tuple[int, int]) -> None:
        camera = server.initial_camera
        self._eye, self._size = np.array(camera.position), np.array(size)
        forward = np.array(camera.look_at) - self._eye
        self._forward = forward / np.linalg.norm(forward)
        self._right = np.cross(self._forward, [0.0, 0.0, 1.0])
        self._right /= np.linalg.norm(self._right)
        self._up = np.cross(self._right, self._forward)
        self._focal = 0.5 * size[1] / np.tan(0.5 * camera.fov)

    def pixel(self, point: ArrayLike) -> NDArray[np.float64]:
        """Column and row of a point (3,) [m]."""
        away = np.asarray(point, dtype=float) - self._eye
        depth = away @ self._forward
        place: NDArray[np.float64] = 0.5 * self._size + self._focal / depth * np.array(
            [away @ self._right, -(away @ self._up)]
        )
        return place
