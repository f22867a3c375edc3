"""A level plane is told from space, and one that is not level from both."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik.learning.plane import level_plane
from itnnr_ik.recording import BagError
from itnnr_ik.robot import load_robot

NOISE = np.full(3, 0.002)


def tips_of(name: str, axes: tuple[int, ...], outliers: float = 0.0) -> np.ndarray:
    """Noisy tips (p, 3) [m] of an arm's postures, its coordinates along ``axes``, at 0.3 m of the others."""
    rng = np.random.default_rng(0)
    arm = load_robot(name)
    tips = np.full((2000, 3), 0.3)
    tips[:, axes] = arm.forward(arm.sample(2000, rng))[:, : len(axes)]
    tips += NOISE * rng.normal(size=tips.shape)
    tips[rng.uniform(size=len(tips)) < outliers] += 1.0
    return tips


@pytest.mark.parametrize("outliers", [0.0, 0.02, 0.1])
def test_a_level_plane_has_a_height(outliers: float) -> None:
    """The plane is found in spite of noise and outliers."""
    assert level_plane(tips_of("two_link", (0, 1), outliers), NOISE, "base") == pytest.approx(0.3, abs=1e-3)


@pytest.mark.parametrize("outliers", [0.0, 0.02])
def test_space_is_no_plane(outliers: float) -> None:
    """An arm that moves up and down."""
    assert level_plane(tips_of("yaw_pitch_pitch", (0, 1, 2), outliers), NOISE, "base") is None


@pytest.mark.parametrize("outliers", [0.0, 0.02])
@pytest.mark.parametrize(
    ("axes", "normal"), [((0, 2), "0.000, 1.000, 0.000"), ((1, 2), "1.000, 0.000, 0.000")]
)
def test_another_plane_is_an_error(axes: tuple[int, ...], normal: str, outliers: float) -> None:
    """Its third coordinate would be learned from noise; the message names the normal."""
    with pytest.raises(BagError, match=r"not level: its normal is \(.*\) in the frame 'base'") as caught:
        level_plane(tips_of("three_link", axes, outliers), NOISE, "base")
    assert normal in str(caught.value).replace("-0.000", "0.000").replace("0.001", "0.000")


def tilted(angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return tips_of("two_link", (0, 1)) @ np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]]).T


def test_a_tilted_plane_is_one_too() -> None:
    """As in the frame of a camera; the message says by how much."""
    with pytest.raises(BagError, match=r"not level: .* 17\.2° off z"):
        level_plane(tilted(0.3), NOISE, "camera")


def test_a_measured_frame_need_not_be_exact() -> None:
    """Half a degree, by which heights differ much more than noise explains."""
    assert level_plane(tilted(0.009), NOISE, "world") == pytest.approx(0.3, abs=0.02)
