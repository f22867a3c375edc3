"""What a node works with, for tests that need no node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from probe import Probe
from sensor_msgs.msg import JointState

from itnnr_ik import IKSolver
from itnnr_ik.ros.answering.answer import Answerer
from itnnr_ik.ros.answering.frames import Frames
from itnnr_ik.ros.answering.joint_memory import JointMemory
from itnnr_ik.ros.setup.configuration import Configuration
from itnnr_ik.ros.setup.robot import END_EFFECTOR_LINK, MODEL, ROBOT_BASE_LINK, ROBOT_PARAMETERS
from itnnr_ik.ros.setup.settings import PARAMETERS

NOW = 10.0  # [s]
#: Parameters that the solver is made from.
OF_THE_SOLVER = {p.name for p in ROBOT_PARAMETERS if p not in (MODEL, ROBOT_BASE_LINK, END_EFFECTOR_LINK)}
OF_THE_SOLVER |= {"tolerance", "orientation_tolerance"}


def configured(model: str) -> Configuration:
    """As the node has it for a packaged arm, without any other parameter given."""
    solver = IKSolver.load(model)
    values = {p.name: p.check(p.default) for p in PARAMETERS if p.name not in {*OF_THE_SOLVER, "joints"}}
    return Configuration(solver=solver, joints=solver.arm.joint_names, **values)


def answerer_of(probe: Probe, model: str, state: Sequence[float] | None, **settings: Any) -> Answerer:
    """An answerer whose robot stands at ``state`` (n,) since `NOW`."""
    configuration = replace(configured(model), **settings)
    arm = configuration.solver.arm
    joints = JointMemory(arm.joint_names, "/joint_states", 0.5, np.isinf(arm.lower))
    if state is not None:
        joints.take(JointState(name=list(arm.joint_names), position=list(state)), NOW)
    return Answerer(configuration, joints, Frames(probe.node, arm.base_link, 1.0, False))
