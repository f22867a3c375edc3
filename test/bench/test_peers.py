"""Other people's solvers, those that are installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import numpy as np
import pytest

from bench.solvers import bench_arm
from itnnr_ik.bench.arms import TEST_ARMS, BenchArm
from itnnr_ik.bench.closed_form import Eaik, Ssik
from itnnr_ik.bench.draws import draws
from itnnr_ik.bench.numeric import Optik, RoboticsToolbox, TracIK
from itnnr_ik.bench.peers import Peer, UnsupportedArm, element_transforms, installed_peers
from itnnr_ik.bench.quality import contains_solution
from itnnr_ik.bench.race import random_targets
from itnnr_ik.robot import PACKAGED

_PEERS: list[tuple[str, Callable[[BenchArm], Peer], float]] = [
    ("roboticstoolbox", RoboticsToolbox, 0.9),
    ("optik", Optik, 0.9),
    ("trac_ik", TracIK, 0.5),
    ("urchin", Ssik, 0.99),
    ("eaik", Eaik, 0.99),
]


@pytest.mark.parametrize("name", [*PACKAGED, *TEST_ARMS])
@pytest.mark.parametrize(("module", "peer", "share"), _PEERS, ids=[module for module, _, _ in _PEERS])
def test_a_peer_solves_what_it_takes(
    name: str, module: str, peer: Callable[[BenchArm], Peer], share: float
) -> None:
    """Each installed peer solves most targets to our tolerance: its calls are converted right."""
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"needs {module}, which is not installed")
    arm = bench_arm(name)
    try:
        rival = peer(arm)
    except UnsupportedArm as reason:
        assert str(reason).startswith(("takes", "has no closed form"))
        return
    drawn = draws(arm, 30, np.random.default_rng(1))
    (result,), _ = random_targets(arm, [rival], drawn)
    assert result.solved >= share
    assert result.displacement > 0.0


def test_every_peer_is_a_rival_or_is_named_with_the_reason() -> None:
    """Our solver comes first, and each other one is compared or listed as missing."""
    peers, missing = installed_peers(bench_arm("scara"))
    assert peers[0].name == "itnnr_ik"
    named = {peer.name for peer in peers[1:]} | {line.split(":")[0] for line in missing}
    assert named == {"roboticstoolbox ik_LM", "optik", "pytracik", "ssik", "EAIK"}


@pytest.mark.parametrize("name", ["puma560", "ur5e"])
def test_all_solutions_hold_the_posture_that_made_the_target(name: str) -> None:
    """All solutions reach the target within the limits, none twice, and one is the target's posture."""
    pytest.importorskip("ssik")
    pytest.importorskip("urchin")
    arm = bench_arm(name)
    oracle = Ssik(arm)
    drawn = draws(arm, 20, np.random.default_rng(2))
    for i in range(len(drawn)):
        every = oracle.branches(drawn.transforms[i], drawn.states[i])
        assert arm.solved(every, np.repeat(drawn.targets[i : i + 1], len(every), axis=0)).all()
        assert contains_solution(arm, every, drawn.postures[i])
        for j in range(len(every)):
            assert not contains_solution(arm, np.delete(every, j, axis=0), every[j])


def test_transforms_between_joints_are_those_of_the_chain() -> None:
    """Fixed transforms and joint motions combine to the tool's pose."""
    arm = bench_arm("rail_arm")
    posture = arm.chain.sample(1, np.random.default_rng(0))[0]
    frame = np.eye(4)
    *transforms, last = element_transforms(arm)
    for transform, position, revolute in zip(transforms, posture, arm.revolute, strict=True):
        moved = np.eye(4)
        if revolute:
            c, s = np.cos(position), np.sin(position)
            moved[:2, :2] = [[c, -s], [s, c]]
        else:
            moved[2, 3] = position
        frame = frame @ transform @ moved
    assert frame @ last == pytest.approx(arm.chain.transforms(posture), abs=1e-12)
