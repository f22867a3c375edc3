"""Plans of the demo: for each arm a model and one or more streams of targets."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from itnnr_ik import IKSolver
from itnnr_ik.demo.recording import Expectation, Recording, Row
from itnnr_ik.evaluation.pose_targets import rejection_reason, target_of
from itnnr_ik.printable import one_line
from itnnr_ik.recording import JOINT_STATE, POSE_STAMPED, Bag, RecordedJoints, RecordedPose
from itnnr_ik.recording.pairing import joint_track
from itnnr_ik.robot import ForwardModel, KinematicChain
from itnnr_ik.targets import curve_for, first_posture

#: Arms with a position task, which can follow recorded poses of any orientation.
POSITION_ARMS = ("two_link", "three_link", "yaw_pitch_pitch")
#: Arms of the demo.
ARMS = (*POSITION_ARMS, "panda")
_CURVE = "lemniscate"
_CURVE_RATE = 100.0  # [Hz]
_CURVE_PERIOD = 6.0  # [s] per lap
_RANDOM_RATE = 50.0  # [Hz]
#: Largest joint steps [rad, m] from target to target that are accepted: on the curve about 5 rad/s.
_MAX_CURVE_STEP = 0.05
_MAX_RECORDED_STEP = 0.1


@dataclass(frozen=True)
class Run:
    """One stream of targets: parameters of `target_source`, and expectations on the answers."""

    label: str
    source: Mapping[str, Any]
    expected: Expectation


@dataclass(frozen=True)
class ArmPlan:
    """All runs of one arm.

    Attributes:
        solver: The arm, with the model's joint names, and its task.
        model: Name or folder of its model.
        joints: The robot's names of its joints, base to tip.
        posture: Initial joint positions (n,) in [rad] or [m] of the simulator; None for no simulator.
        runs: The runs, one after the other with the same nodes.
    """

    solver: IKSolver
    model: str
    joints: tuple[str, ...]
    posture: np.ndarray | None
    runs: tuple[Run, ...]

    @property
    def arm(self) -> ForwardModel:
        """The solver's arm."""
        return self.solver.arm


@dataclass(frozen=True)
class Result:
    """One run: its plan, recording and measures."""

    plan: ArmPlan
    run: Run
    recording: Recording
    row: Row


def plan_patterns(models: Sequence[str], seconds: float) -> list[ArmPlan]:
    """Plan a smooth curve and random reachable points, ``seconds`` each, for every model.

    Raises:
        ValueError: A model cannot be loaded, or its arm was learned: where such a curve leads is not known.
    """
    plans = []
    for model in models:
        solver = IKSolver.load(model)
        arm = solver.arm
        if not isinstance(arm, KinematicChain):
            raise ValueError(
                f"{model} was learned from a recording, which need not cover where a curve leads: give a "
                "recording to replay with --bag, or measure it with `itnnr-ik evaluate`"
            )
        tolerances = solver.tolerance, solver.orientation_tolerance
        count = round(seconds * _CURVE_RATE)
        source = {"model": model, "rate": _CURVE_RATE, "period": _CURVE_PERIOD, "count": count}
        expected = Expectation(count, *tolerances, step_bound=_MAX_CURVE_STEP)
        curve = Run(_CURVE, {"pattern": _CURVE, **source}, expected)
        count = round(seconds * _RANDOM_RATE)
        source = {"model": model, "rate": _RANDOM_RATE, "count": count}
        points = Run("random", {"pattern": "random", **source}, Expectation(count, *tolerances))
        posture = curve_for(solver, _CURVE).start
        plans.append(ArmPlan(solver, model, arm.joint_names, posture, (curve, points)))
    return plans


def plan_recording(
    path: Path,
    models: Sequence[str],
    topic: str | None,
    joints: Sequence[str],
    speed: float,
) -> list[ArmPlan]:
    """Plan the recorded poses or joint states of a bag, at their recorded rate, for every model.

    Raises:
        ValueError: The recording cannot be read, or joint states come without a model, or without the names
            of its joints.
    """
    with Bag(path, warn=lambda note: print(one_line(note), file=sys.stderr)) as bag:
        found = bag.find_topic([POSE_STAMPED, JOINT_STATE], topic)
        source = {"pattern": "bag", "bag": str(path.resolve()), "topic": found.name, "speed": speed}
        if found.msgtype == POSE_STAMPED:
            poses = list(bag.poses(found.name))
            return [_follow(model, source, poses) for model in list(models) or POSITION_ARMS]
        states = list(bag.joint_states(found.name))
    return [_replay(_model_for_joints(models, found.name), source, states, joints)]


def _follow(model: str, source: Mapping[str, Any], poses: Sequence[RecordedPose]) -> ArmPlan:
    """Plan recorded poses, some of which may be out of reach, starting at the first one that is a target."""
    solver = IKSolver.load(model)
    first = next((pose for pose in poses if not rejection_reason(solver, pose)), None)
    if first is None:
        raise ValueError(
            f"no message of {source['topic']} in {source['bag']} can be read as a target of {model}"
        )
    expected = Expectation(
        len(poses),
        solver.tolerance,
        solver.orientation_tolerance,
        step_bound=_MAX_RECORDED_STEP,
        may_be_unreachable=True,
    )
    run = Run(Path(source["bag"]).name, {**source, "model": model}, expected)
    posture = first_posture(solver, target_of(solver, first))
    return ArmPlan(solver, model, solver.arm.joint_names, posture, (run,))


def _replay(
    model: str, source: Mapping[str, Any], states: Sequence[RecordedJoints], joints: Sequence[str]
) -> ArmPlan:
    """Plan recorded joint states, which are published in place of a robot's."""
    solver = IKSolver.load(model)
    joints = _recorded_names(solver.arm, joints, states)
    # The first joint state is the initial state of the arm and no target.
    count = len(joint_track(states, joints)[0]) - 1
    expected = Expectation(
        count,
        solver.tolerance,
        solver.orientation_tolerance,
        step_bound=_MAX_RECORDED_STEP,
        replays_joints=True,
    )
    # The source must publish joint states, because there is neither simulator nor robot.
    own = {"model": model, "joints": list(joints), "publish_joint_states": True}
    run = Run(Path(source["bag"]).name, {**source, **own}, expected)
    return ArmPlan(solver, model, tuple(joints), None, (run,))


def _model_for_joints(models: Sequence[str], topic: str) -> str:
    """The one model for recorded joints; ValueError with advice if there is none or several."""
    if len(models) != 1:
        raise ValueError(
            f"{topic} holds joint states: give the recorded arm with --arm, or its model with --model DIR; "
            "train one with `itnnr-ik train --urdf FILE -o DIR`"
        )
    return models[0]


def _recorded_names(
    arm: ForwardModel, given: Sequence[str], states: Sequence[RecordedJoints]
) -> Sequence[str]:
    """Recorded names of the arm's joints: the given ones, or those of the model."""
    if given and len(given) != arm.n_joints:
        raise ValueError(f"{arm.name} has {arm.n_joints} joints, --joints names {len(given)}")
    recorded = dict.fromkeys(name for state in states for name in state.names)
    if not given and not set(arm.joint_names) <= set(recorded):
        raise ValueError(
            f"name the arm's joints, base to tip, with --joints; recorded are: {', '.join(recorded)}"
        )
    return given or arm.joint_names
