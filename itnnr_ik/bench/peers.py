"""Solvers that are compared, each called with its arguments prepared, as its own users call it."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.bench.arms import BenchArm

Array = NDArray[np.float64]


class UnsupportedArm(Exception):
    """A solver does not support an arm or a task; the text says why."""


class Peer(Protocol):
    """A solver of one target.

    Attributes:
        name: Name in the tables.
        solve: The timed call: takes what `arguments` returns, and returns what `positions` reads.
    """

    name: str
    solve: Any

    def arguments(self, transform: Array, target: Array, state: Array) -> tuple[Any, ...]:
        """Arguments of `solve`: the tool's transform (4, 4), or the target (m,), and the state (n,)."""

    def positions(self, answer: Any) -> Array | None:
        """Joint positions (n,) of an answer; None if nothing was found."""


class OwnSolver:
    """`IKSolver.solve` from the current state."""

    def __init__(self, arm: BenchArm, name: str = "itnnr_ik") -> None:
        self.name = name
        self.solve = arm.solver.solve

    def arguments(self, transform: Array, target: Array, state: Array) -> tuple[Any, ...]:
        return target, state

    def positions(self, answer: Any) -> Array | None:
        return np.asarray(answer.positions)


def installed_peers(arm: BenchArm) -> tuple[list[Peer], list[str]]:
    """`IKSolver` and all peers that are installed and support the arm, and a line for each other one."""
    from itnnr_ik.bench.closed_form import Eaik, Ssik
    from itnnr_ik.bench.numeric import Optik, RoboticsToolbox, TracIK

    peers: list[Peer] = [OwnSolver(arm)]
    missing = []
    for peer in (RoboticsToolbox, Optik, TracIK, Ssik, Eaik):
        try:
            peers.append(peer(arm))
        except ImportError as error:
            missing.append(f"{peer.name}: not installed ({error})")
        except UnsupportedArm as error:
            missing.append(f"{peer.name}: {error}")
    return peers, missing


def element_transforms(arm: BenchArm) -> Array:
    """Fixed transforms (n + 1, 4, 4) between the joints of an arm, whose axes are the z axes of the frames.

    Raises:
        UnsupportedArm: A joint mimics another.
    """
    elements = arm.chain.elements
    if not np.array_equal(elements[:-1, 13], np.arange(arm.chain.n_joints)):
        raise UnsupportedArm("takes no joints that mimic others")
    transforms = np.tile(np.eye(4), (len(elements), 1, 1))
    transforms[:, :3] = elements[:, :12].reshape(-1, 3, 4)
    return transforms
