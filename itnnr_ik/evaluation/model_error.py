"""How far the model's tip at recorded joints is from recorded poses, which also shows wrong units."""

from __future__ import annotations

import numpy as np

from itnnr_ik.recording.joint_reading import UnitsError
from itnnr_ik.recording.joint_units import DEGREE, angular_joints
from itnnr_ik.recording.pairing import Array
from itnnr_ik.recording.statistics import RunningStatistics
from itnnr_ik.solver import IKSolver

#: Positions are taken for degrees if the error of the tip is then below this share of that with radians, and
#: that with radians above this share of the workspace's extent.
_MAX_DEGREES_ERROR, _MIN_RADIANS_ERROR = 0.1, 0.1


class ModelError:
    """The errors of the tip, piece by piece.

    Args:
        solver: A solver of the recorded arm.
        degrees: Whether it is known that the joints were recorded in degrees.
    """

    def __init__(self, solver: IKSolver, degrees: bool) -> None:
        self._solver, self._degrees = solver, degrees
        self._distances, self._angles = RunningStatistics(), RunningStatistics()
        tips = solver.point_at(solver.arm.sample(256, np.random.default_rng(0)))
        self._extent = float(np.linalg.norm(np.ptp(tips, axis=0)))  # of the workspace [m], approximately

    def add(self, recorded: Array, targets: Array) -> None:
        """Take joint positions (b, n), NaN where unknown, and the poses (b, …) at the same times.

        Raises:
            UnitsError: The tip is at the poses when joint positions are read as degrees.
        """
        known = np.isfinite(recorded).all(axis=1)
        if not known.any():
            return
        distance, angle = self._solver.errors(recorded[known], targets[known])
        self._check_units(recorded[known], targets[known], float(np.median(distance)))
        self._distances.add(distance)
        if angle is not None:
            self._angles.add(angle)

    def _check_units(self, recorded: Array, targets: Array, as_read: float) -> None:
        """Check with the median distance [m] of the tip from the poses with the positions as read."""
        if self._degrees or as_read <= _MIN_RADIANS_ERROR * self._extent:
            return
        factors = np.where(angular_joints(self._solver.arm), DEGREE, 1.0)
        in_degrees = float(np.median(self._solver.errors(recorded * factors, targets)[0]))
        if in_degrees < _MAX_DEGREES_ERROR * as_read:
            raise UnitsError(
                f"the joint positions look like degrees: as radians the model's tip is {as_read:.2g} m away "
                f"from the recorded poses, as degrees {in_degrees:.2g} m; --degrees reads them so"
            )

    @property
    def notes(self) -> list[str]:
        """A sentence, if there were both joints and poses."""
        distance, angle = self._distances.result(), self._angles.result()
        if distance is None:
            return []
        turned = "" if angle is None else f", turned by {angle.median:.2g} and at most {angle.max:.2g} rad"
        return [
            f"the model's tip at the recorded joints is {distance.median:.2g} m (median) and at most "
            f"{distance.max:.2g} m away from the recorded poses{turned}"
        ]
