"""Models that were learned from a recording, behind the real node."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from learned import elbow_up_solver, learned_arm
from probe import Probe

from itnnr_ik import IKSolver
from itnnr_ik.learning.synthetic import record
from itnnr_ik.recording import Bag
from itnnr_ik.robot import load_robot
from itnnr_ik.solver.model import load_model

ARM = load_robot("two_link")


@pytest.mark.slow
def test_from_a_recording_to_a_moving_arm(probe: Probe, tmp_path: Path) -> None:
    """Learned with 1 % pose noise (2 cm) and no kinematics; the tip truly comes to within 5 mm of targets."""
    pytest.importorskip("torch")
    from itnnr_ik.learning.learn import learn
    from itnnr_ik.learning.preparing import prepare

    record(tmp_path / "bag", ARM, minutes=2.0)
    with Bag(tmp_path / "bag") as bag:
        learn(prepare(bag), steps=300).save(tmp_path / "model")
    probe.start_simulator("-p", "model:=two_link", "-p", "max_velocity:=20.0")
    probe.start_ik_node("-p", f"model:={tmp_path / 'model'}")
    probe.repeat_until(
        lambda: None,
        lambda: probe.ask(probe.target(1e6, 0.0))[0]["code"] == "unreachable",
        "an answer from the simulator's joint state",
    )
    errors = []
    for phase in np.linspace(0.0, 2.0 * np.pi, 25):
        goal = ARM.forward(np.array([-0.3 + 0.5 * np.cos(phase), 0.9 + 0.4 * np.sin(phase)]))[:2]
        values, _, solution = probe.ask(probe.target(*goal))
        assert values["code"] == "solved" and solution is not None
        wanted = list(solution.position)
        probe.joint_states.clear()
        probe.spin_until(
            lambda wanted=wanted: (  # type: ignore[misc]
                bool(probe.joint_states) and np.allclose(probe.joint_states[-1].position, wanted, atol=1e-9)
            ),
            10.0,
            f"the joints at {wanted}",
        )
        truly = ARM.forward(np.array(probe.joint_states[-1].position))[:2]
        errors.append(float(np.linalg.norm(truly - goal)))
    assert max(errors) < 0.005


def test_a_target_outside_the_data_is_refused(probe: Probe, tmp_path: Path) -> None:
    """With the code, how far it is from the data, and no solution; inside the data all is as ever."""
    solver = elbow_up_solver()
    solver.save(tmp_path)
    probe.start_ik_node("-p", f"model:={tmp_path}")
    probe.send_first_joint_state(ARM.joint_names, (0.0, 0.5))
    values, status, solution = probe.ask(probe.target(*ARM.forward(np.array([-0.8, -1.2]))[:2]))
    assert values["code"] == "outside_data" and solution is None
    assert float(values["distance_from_data"]) > 1.0
    assert "rad from the nearest recorded posture, expected at most 0.1 rad" in status.message
    values, _, solution = probe.ask(probe.target(*ARM.forward(np.array([-0.2, 0.9]))[:2]))
    assert values["code"] == "solved" and solution is not None


def test_a_plane_is_where_the_arm_moves(probe: Probe, tmp_path: Path) -> None:
    """A planar arm that was recorded above its base's frame takes targets at that height, and at no other."""
    trained = load_model("two_link")
    IKSolver(learned_arm(ARM, plane_height=0.4), trained.task, trained.twin).save(tmp_path)
    probe.start_ik_node("-p", f"model:={tmp_path}", "-p", "plane_tolerance:=0.01")
    tip = ARM.forward(np.array([-0.2, 0.9]))[:2]
    probe.repeat_until(
        lambda: probe.send_joint_state(ARM.joint_names, (0.0, 0.5)),
        lambda: probe.ask(probe.target(*tip, z=0.405))[0]["code"] == "solved",
        "a solution",
    )
    values, status, solution = probe.ask(probe.target(*tip))
    assert (values["code"], solution) == ("off_plane", None)
    assert "-0.4 m off the arm's plane z = 0.4 m" in status.message
