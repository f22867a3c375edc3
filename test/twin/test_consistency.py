"""The consistency loss and the units of the zero-anchored form, against numbers by hand."""

from __future__ import annotations

import numpy as np
import pytest

from itnnr_ik.twin.anchors import Anchors

torch = pytest.importorskip("torch", reason="losses are of tensors")

from itnnr_ik.twin.consistency import ConsistencyLoss, measure_scales, residuals  # noqa: E402


def _batch() -> tuple[torch.Tensor, ...]:
    """Of f(x) = 2x: two pairs from the anchor 1 with y 2 to 5 and to 2, whose labels are not used."""
    return tuple(torch.tensor(part) for part in ([[5.0], [2.0]], [[2.0], [2.0]], [[1.0], [1.0]], [[9.0]] * 2))


def test_residuals_are_distances_in_y() -> None:
    """f(1 + 1) = 4 is 1 from 5, f(1 + 0.25) = 2.5 is 0.5 from 2."""
    left = residuals(lambda x: 2 * x, _batch(), torch.tensor([[1.0], [0.25]]))
    assert left.tolist() == [1.0, 0.5]


def test_the_loss_is_the_share_of_the_change_that_is_left() -> None:
    """1 of 3 and 0.5 of none, each with a hundredth of the change 10, and the pull on the squares."""
    loss = ConsistencyLoss(lambda x: 2 * x, typical_change=10.0, pull=0.1)
    expected = (1.0 / 3.1 + 0.5 / 0.1) / 2 + 0.1 * (1.0 + 0.0625) / 2
    assert float(loss(_batch(), torch.tensor([[1.0], [0.25]]))) == pytest.approx(expected, rel=1e-6)


def test_the_loss_has_its_least_at_a_solution() -> None:
    """Without a pull, F = (y_new − y_anchor) / 2 leaves nothing, and the slope there leads to it."""
    loss = ConsistencyLoss(lambda x: 2 * x, typical_change=1.0, pull=0.0)
    assert float(loss(_batch(), torch.tensor([[1.5], [0.0]]))) == 0.0
    short = torch.tensor([[1.0], [0.0]], requires_grad=True)
    loss(_batch(), short).backward()
    assert short.grad is not None and short.grad[0, 0] < 0.0


def test_scales_are_spreads_and_one_where_nothing_varies() -> None:
    """The first output varies, the second does not."""
    anchors = Anchors(np.array([[-3.0], [1.0]]), np.array([[1.0, 7.0], [5.0, 7.0]]))
    scales = measure_scales(anchors, torch.tensor([[0.0, 4.0], [2.0, 4.0]]), 0.5)
    assert scales.change == pytest.approx((np.sqrt(2.0), 1.0))
    assert (scales.y_mean, scales.y_spread) == ((3.0, 7.0), (2.0, 1.0))
    assert (scales.x_spread, scales.adjustment) == (3.0, 1.5)


def test_rounding_errors_are_no_spread() -> None:
    """An output that is constant but for its last digits has the unit 1, and so has one of nothing else."""
    rounded = 7.0 + np.array([[0.0], [1e-15]])
    anchors = Anchors(np.array([[-3.0], [1.0]]), np.hstack([[[1.0], [5.0]], rounded]))
    scales = measure_scales(anchors, torch.tensor([[0.0, 4.0], [2.0, 4.0 + 1e-6]]), 0.5)
    assert (scales.y_spread, scales.change[1]) == ((2.0, 1.0), 1.0)
    alone = measure_scales(Anchors(anchors.x, rounded), torch.tensor([[1e-14], [0.0]]), 0.5)
    assert (alone.y_spread, alone.change) == ((1.0,), (1.0,))
