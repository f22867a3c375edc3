"""The protocol of robots that the solver uses."""

from __future__ import annotations

import numpy as np

from itnnr_ik.robot import ForwardModel, load_robot


def test_a_chain_is_a_forward_model() -> None:
    """It has every attribute and method of the protocol; the type checker sees that they fit."""
    model: ForwardModel = load_robot("scara")
    offered = [name for name in vars(ForwardModel) if not name.startswith("_")]
    assert len(offered) >= 14
    assert all(hasattr(model, name) for name in offered)
    assert model.lower.shape == model.upper.shape == model.velocity.shape == (model.n_joints,)
    assert len(model.skeleton(np.zeros(model.n_joints))[0]) == 3
