"""Forward functions from noisy points: accurate, robust, and no more complicated than the arm."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik.learning import forward
from itnnr_ik.learning.forward import choose_order, fit_harmonics
from itnnr_ik.robot import KinematicChain, load_robot

COUNT = 6000
ARMS = ("two_link", "three_link", "yaw_pitch_pitch")


def tips_of(arm: KinematicChain, positions: np.ndarray) -> np.ndarray:
    """Tips (p, m) of an arm that is planar or in space."""
    tips: np.ndarray = arm.forward(positions)[:, : 2 if arm.is_planar else 3]
    return tips


def noisy(name: str, noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    arm, rng = load_robot(name), np.random.default_rng(seed)
    positions = arm.sample(COUNT, rng)
    tips = tips_of(arm, positions)
    return positions, tips + rng.normal(0.0, noise, tips.shape)


@pytest.mark.parametrize("outliers", [0.0, 0.1])
@pytest.mark.parametrize("name", ARMS)
def test_the_error_is_the_noise_over_the_root_of_the_points(name: str, outliers: float) -> None:
    """The error is within 30 % of the statistical one, also with a tenth of outliers."""
    positions, tips = noisy(name, 0.02)
    rng = np.random.default_rng(1)
    wrong = rng.uniform(size=COUNT) < outliers
    tips[wrong] += rng.uniform(-2.0, 2.0, (int(wrong.sum()), tips.shape[1]))
    fit = fit_harmonics(positions, tips, 1)
    arm = load_robot(name)
    fresh = arm.sample(2000, rng)
    rmse = np.sqrt(np.mean((fit(fresh) - tips_of(arm, fresh)) ** 2))
    assert rmse < 1.3 * 0.02 * np.sqrt(3**arm.n_joints / COUNT)
    assert fit.residual_std == pytest.approx(0.02, rel=0.1 if outliers == 0.0 else 0.2)
    assert (~fit.inliers[wrong]).mean() > 0.85 if outliers else fit.inliers.mean() > 0.99


def test_a_rigid_arm_needs_no_second_harmonics() -> None:
    """The first order is chosen at any noise."""
    block = np.arange(COUNT) * 30 // COUNT
    for seed in range(3):
        assert choose_order(*noisy("two_link", 0.02, seed), block) == 1


def test_elastic_joints_are_noticed() -> None:
    """Joints that gravity bends by up to 3° are not in the first harmonics, and nearly in the second."""
    arm, rng = load_robot("two_link"), np.random.default_rng(0)

    def sagging(positions: np.ndarray) -> np.ndarray:
        bent = positions.copy()
        bent[:, 1] -= 0.05 * np.cos(positions.sum(axis=1))
        return tips_of(arm, bent)

    positions = arm.sample(COUNT, rng)
    tips = sagging(positions) + rng.normal(0.0, 0.005, (COUNT, 2))
    assert choose_order(positions, tips, np.arange(COUNT) * 30 // COUNT) == 2
    fresh = arm.sample(1000, rng)
    errors = [
        np.linalg.norm(fit_harmonics(positions, tips, k)(fresh) - sagging(fresh), axis=1) for k in (1, 2)
    ]
    assert np.median(errors[1]) < 0.2 * np.median(errors[0])


def test_too_few_points_are_an_error() -> None:
    """The error gives the required number of postures."""
    with pytest.raises(ValueError, match="expected at least 18 postures, got 10"):
        fit_harmonics(np.zeros((10, 2)), np.zeros((10, 2)), 1)


def test_of_five_joints_only_the_first_order_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second has 3125 products of harmonics; nothing is fitted at all."""
    monkeypatch.setattr(forward, "fit_harmonics", lambda *_: pytest.fail("a fit was tried"))
    rng = np.random.default_rng(0)
    positions = rng.uniform(-1.0, 1.0, (50_000, 5))
    assert choose_order(positions, positions[:, :3], np.arange(len(positions)) // 1000) == 1
