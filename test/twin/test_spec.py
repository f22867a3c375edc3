"""The architecture of F as plain data."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from cases import SCALES, SPECS

from itnnr_ik.twin.spec import NetworkSpec


def test_the_published_form_reads_both_outputs_and_the_anchor() -> None:
    """Appendix B for a two-link arm: 2 + 2 + 2 inputs, two layers of 640, 2 outputs."""
    spec = NetworkSpec(n_x=2, n_y=2)
    assert spec.layer_sizes == (6, 640, 640, 2)
    assert spec.n_parameters == 7 * 640 + 641 * 640 + 641 * 2


def test_the_zero_anchored_form_reads_the_change_and_the_anchor() -> None:
    """Its output and its input, of which angles enter as cosine and sine."""
    assert NetworkSpec(3, 2, (8,), scales=SCALES).layer_sizes == (2 + 2 + 3, 8, 3)
    assert NetworkSpec(3, 2, (8,), scales=SCALES, periodic=True).layer_sizes == (2 + 2 + 6, 8, 3)


@pytest.mark.parametrize("name", SPECS)
def test_a_spec_survives_json(name: str) -> None:
    """What `to_dict` writes, `from_dict` reads."""
    assert NetworkSpec.from_dict(json.loads(json.dumps(SPECS[name].to_dict()))) == SPECS[name]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activation": "tanh"}, "activation must be 'relu' or 'silu', got 'tanh'"),
        ({"n_x": 0}, "must be positive"),
        ({"n_y": 0}, "must be positive"),
        ({"hidden": ()}, "must be positive"),
        ({"hidden": (8, 0)}, "must be positive"),
        ({"scales": replace(SCALES, change=(0.1,))}, "scales of y need 2 values each"),
        ({"scales": replace(SCALES, y_spread=(0.0, 1.0))}, "scales must be positive"),
        ({"scales": replace(SCALES, adjustment=-1.0)}, "scales must be positive"),
        ({"scales": replace(SCALES, change=(0.1, float("nan")))}, "scales must be positive"),
        ({"scales": replace(SCALES, x_spread=1e-13)}, "scales must be positive, from 1e-12 to "),
        ({"scales": replace(SCALES, adjustment=1e13)}, "scales must be positive, from 1e-12 to "),
        ({"hidden": (1,) * 33}, "a network can have 32 hidden layers, got 33"),
        ({"periodic": True}, "periodic features belong to the zero-anchored form"),
    ],
)
def test_an_impossible_architecture_is_refused(options: dict[str, Any], message: str) -> None:
    """What does not fit is named."""
    with pytest.raises(ValueError, match=message):
        NetworkSpec(**{"n_x": 2, "n_y": 2, **options})
