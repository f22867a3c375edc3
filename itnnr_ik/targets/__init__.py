"""Targets for an arm: smooth closed curves, straight lines and random ones, and start postures."""

from itnnr_ik.targets.curve import CURVES, Curve
from itnnr_ik.targets.layout import curve_for, first_posture, random_targets
from itnnr_ik.targets.lines import ROTATION_PER_METRE, straight_lines
from itnnr_ik.targets.postures import rest_positions

__all__ = [
    "CURVES",
    "ROTATION_PER_METRE",
    "Curve",
    "curve_for",
    "first_posture",
    "random_targets",
    "rest_positions",
    "straight_lines",
]
