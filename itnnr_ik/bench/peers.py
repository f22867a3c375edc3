"""Solvers that are compared, each called with everything ready, as its own users call it."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.bench.arms import BenchArm

Array = NDArray[np.float64]


class Unsuited(Exception):
    """A solver does not take an arm or a task; the text says why."""


class Peer(Protocol):
    """A solver of one target.

    Attributes:
        name: For tables.
        solve: What is timed: takes what `ready` returns, answers with what `positions` reads.
    """

    name: str
    solve: Any

    def ready(self, transform: Array, target: Array, state: Array) -> tuple[Any, ...]:
        """Arguments of `solve`: the tool's transform (4, 4), or the target (m,), and the state (n,)."""

    def positions(self, answer: Any) -> Array | None:
        """Joint positions (n,) in an answer; None where nothing was found."""


class Ours:
    """`IKSolver.solve` from the current state."""

    def __init__(self, arm: BenchArm, name: str = "itnnr_ik") -> None:
        self.name = name
        self.solve = arm.solver.solve

    def ready(self, transform: Array, target: Array, state: Array) -> tuple[Any, ...]:
        return target, state

    def positions(self, answer: Any) -> Array | None:
        return np.asarray(answer.positions)


def installed_peers(arm: BenchArm) -> tuple[list[Peer], list[str]]:
    """Ours and the peers that can be imported and take the arm, and a line for each other one."""
    from itnnr_ik.bench.closed_form import Eaik, Ssik
    from itnnr_ik.bench.numeric import Optik, RoboticsToolbox, TracIK

    peers: list[Peer] = [Ours(arm)]
    missing = []
    for peer in (RoboticsToolbox, Optik, TracIK, Ssik, Eaik):
        try:
            peers.append(peer(arm))
        except ImportError as error:
            missing.append(f"{peer.name}: not installed ({error})")
        except Unsuited as error:
            missing.append(f"{peer.name}: {error}")
    return peers, missing


def element_transforms(arm: BenchArm) -> Array:
    """Fixed transforms (n + 1, 4, 4) between the joints of an arm, each joint's axis the z axis after it.

    Raises:
        Unsuited: A joint mimics another.
    """
    elements = arm.chain.elements
    if not np.array_equal(elements[:-1, 13], np.arange(arm.chain.n_joints)):
        raise Unsuited("takes no joints that mimic others")
    transforms = np.tile(np.eye(4), (len(elements), 1, 1))
    transforms[:, :3] = elements[:, :12].reshape(-1, 3, 4)
    return transforms
