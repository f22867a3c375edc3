"""The paper's figures, drawn anew: each function takes data or a trained twin and returns a figure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure
from tqdm import tqdm

from itnnr_ik.paper.figures import cubic
from itnnr_ik.paper.figures.calibration import figure_calibration
from itnnr_ik.paper.figures.five_anchors import figure_4, figure_5, figure_6
from itnnr_ik.paper.figures.geometry import figure_a1
from itnnr_ik.paper.figures.half_ball import figure_7, figure_infinite
from itnnr_ik.paper.figures.plain_network import figure_2
from itnnr_ik.paper.figures.ranks import figure_8, figure_9
from itnnr_ik.paper.figures.style import save
from itnnr_ik.paper.infinite.half_ball import train_half_ball
from itnnr_ik.paper.problems import EXPERIMENTS, PROBLEMS
from itnnr_ik.paper.results import Records, Task

__all__ = [
    "calibration_panels",
    "draw_all",
    "figure_2",
    "figure_4",
    "figure_5",
    "figure_6",
    "figure_7",
    "figure_8",
    "figure_9",
    "figure_a1",
    "figure_calibration",
    "figure_infinite",
    "save",
]

#: The method, seed and protocol whose predictions the calibration shows.
_CALIBRATED = ("ours", 0, "published")
#: Number of anchors of Figure 7, few enough to be distinguished.
_BALL_ANCHORS = 100


_CALIBRATION_TITLE = (
    "Noisy data: how far ours says that it may be off, against how far it is off (one run, seed 0)"
)


def calibration_panels(records: Records) -> dict[str, tuple[list[float], list[float]]]:
    """Predicted and true errors of one run of ours on each experiment of Table 2 that has one."""
    method, seed, protocol = _CALIBRATED
    panels = {}
    for key in EXPERIMENTS:
        record = records.get(Task(key, 2, method, seed))
        if record is not None:
            report = record[protocol]["uncertainty"]
            panels[PROBLEMS[key].label] = (report["predicted"], report["error"])
    return panels


def draw_all(records: Records, folder: Path, seed: int = 0, progress: bool = True) -> None:
    """Write Figures 2, 4 to 9 and A1, and the calibration, as ``figure-2.svg``, ``figure-2.png`` and so on.

    Args:
        records: Results for Figures 8 and 9 and the calibration; what is missing is left out.
        folder: Made where missing.
        seed: Of the networks and points of Figures 2 to 7.
        progress: Show a bar.
    """
    twin = cubic.train_twin(seed)
    figures: dict[str, Callable[[], Figure]] = {
        "figure-2": lambda: figure_2(twin, seed),
        "figure-4": lambda: figure_4(cubic.lookup_branches()),
        "figure-5": lambda: figure_5(cubic.twin_branches(twin)),
        "figure-6": lambda: figure_6(cubic.twin_branches(twin)),
        "figure-7": lambda: figure_7(train_half_ball(seed, n_anchors=_BALL_ANCHORS)),
        "figure-8": lambda: figure_8(records),
        "figure-9": lambda: figure_9(records),
        "figure-A1": figure_a1,
    }
    panels = calibration_panels(records)
    if panels:
        figures["calibration"] = lambda: figure_calibration(panels, _CALIBRATION_TITLE)
    for name, draw in tqdm(
        figures.items(), desc="figures", unit="figure", disable=None if progress else True
    ):
        save(draw(), folder, name)
