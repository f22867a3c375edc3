"""Targets for an arm: closed smooth curves and random reachable ones, and where to start on them."""

from itnnr_ik.targets.curve import CURVES, Curve
from itnnr_ik.targets.layout import curve_for, first_posture, random_targets
from itnnr_ik.targets.lines import TURN, straight_lines
from itnnr_ik.targets.postures import rest_positions

__all__ = [
    "CURVES",
    "TURN",
    "Curve",
    "curve_for",
    "first_posture",
    "random_targets",
    "rest_positions",
    "straight_lines",
]
