"""What goes wrong around a running node, over real processes: it stops, goes on, and never jumps."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from probe import SILENCE, Probe
from processes import START_TIMEOUT
from rosgraph_msgs.msg import Clock
from rules import acceptance_problems
from sensor_msgs.msg import JointState
from traffic_loop import COMMANDING, Solved, TrafficLoop, assert_solved, swing

from itnnr_ik import IKSolver

SOLVER = IKSolver.load("two_link")
MAX_STEP = 0.3
#: How late a busy machine may be, in [s].
LATE = 1.0


def assert_commands_are_safe(loop: TrafficLoop, solver: IKSolver = SOLVER) -> None:
    """Accepted by every rule, within the limits, and near the joint state of that time."""
    arm = solver.arm
    for command in loop.commands:
        assert acceptance_problems(command.message, arm.joint_names) == []
        assert ((arm.lower <= command.positions) & (command.positions <= arm.upper)).all()
        assert command.step <= MAX_STEP + command.moved


def residual(solved: Solved, solver: IKSolver = SOLVER) -> float:
    """Distance in [m] of a solution's tool from the target that it answers."""
    return float(np.linalg.norm(solver.target_at(solved.positions) - solved.target.target))


def assert_answers_resume(loop: TrafficLoop, count: int = 20) -> None:
    already = loop.count()["solved"]
    assert loop.run(START_TIMEOUT, lambda: loop.count()["solved"] >= already + count), loop.count()


def test_node_killed_and_started_again(probe: Probe) -> None:
    """Meanwhile the targets have moved on, too far for one step: the new node waits till they come back."""
    loop = TrafficLoop(probe, SOLVER, 100.0, swing(SOLVER, 0.5, lap=4.0))
    options = (*COMMANDING, "-p", f"max_joint_step:={MAX_STEP}", "-p", "joint_state_timeout:=0.5")
    process = probe.start_ik_node(*options)
    assert_answers_resume(loop, 50)
    for _ in range(2):
        process.kill()
        loop.run(SILENCE)
        commanded = len(loop.commands)
        loop.run(SILENCE)
        assert len(loop.commands) == commanded, "nobody is there to send one"
        process = probe.start("ik_node", *options)
        assert_answers_resume(loop)
    loop.run(4.0)
    assert loop.count().keys() <= {"solved", "step_too_large", "no_joint_state"}
    assert_commands_are_safe(loop)
    assert "Traceback" not in process.output


def test_joint_states_end(probe: Probe) -> None:
    """The simulator is killed: no command once the last joint state is stale, and on with a new simulator."""
    timeout = 0.5
    loop = TrafficLoop(probe, SOLVER, 100.0, swing(SOLVER, 0.1, lap=4.0))
    loop.send_states = False
    options = ("-p", f"max_joint_step:={MAX_STEP}", "-p", f"joint_state_timeout:={timeout}")
    probe.start_ik_node(*COMMANDING, *options)
    simulator = probe.start("simulator")
    assert_answers_resume(loop, 50)

    simulator.kill()
    assert loop.run(START_TIMEOUT, lambda: loop.count()["stale_joint_state"] > 0), loop.count()
    loop.run(LATE)  # what was sent before is here by then
    loop.clear()
    assert loop.run(START_TIMEOUT, lambda: loop.count()["stale_joint_state"] > 20), loop.count()
    assert loop.commands == []
    assert loop.solved == []
    assert loop.count().keys() == {"stale_joint_state"}

    probe.start("simulator")
    assert_answers_resume(loop)


def test_two_publishers_of_targets(probe: Probe) -> None:
    """Each answer is the one of its own target, whoever sent it; no status is sent twice; no jump."""
    near, far = swing(SOLVER, 0.1, lap=4.0), swing(SOLVER, 0.25, lap=1.5, phase=2.0)
    loop = TrafficLoop(probe, SOLVER, 50.0, near, far)
    probe.start_ik_node(*COMMANDING, "-p", f"max_joint_step:={MAX_STEP}")
    assert_answers_resume(loop, 50)
    loop.run(3.0)
    loop.drain(1.0)
    answered = [id(target) for target, _ in loop.codes]
    assert len(set(answered)) == len(answered)
    assert {target.time for target, _ in loop.codes} >= {solved.target.time for solved in loop.solved}
    assert len(loop.solved) == loop.count()["solved"]
    assert loop.commands
    assert loop.count().keys() <= {"solved", "step_too_large", "no_joint_state"}
    assert max(residual(solved) for solved in loop.solved) <= 1e-6
    assert_commands_are_safe(loop)
    last = list(loop.sent.values())[-1]
    assert loop.codes[-1][0] is last, "the newest target has its answer"


@pytest.mark.parametrize("name", ["three_link", pytest.param("yaw_pitch_pitch", marks=pytest.mark.slow)])
def test_joint_order_shuffled_at_every_message(probe: Probe, name: str) -> None:
    """And other devices' joints in between, with absurd positions: the arm stays on its branch."""
    solver, rng = IKSolver.load(name), np.random.default_rng(0)
    orders = set()

    def shuffle(message: JointState) -> JointState:
        known = list(zip(message.name, message.position, strict=True))
        foreign = [(f"finger_{i}", float(rng.choice([np.nan, np.inf, 99.0]))) for i in range(3)]
        joints = [*known, *foreign]
        rng.shuffle(joints)
        names, positions = zip(*((str(n), float(p)) for n, p in joints), strict=True)
        orders.add(tuple(n for n in names if n in solver.arm.joint_names))
        return JointState(name=list(names), position=list(positions))

    loop = TrafficLoop(probe, solver, 100.0, swing(solver, 0.2, lap=2.0), lag=0.1, dress=shuffle)
    probe.start_ik_node("-p", f"model:={name}", *COMMANDING, "-p", f"max_joint_step:={MAX_STEP}")
    assert_answers_resume(loop, 50)
    loop.clear()
    loop.run(2.5)
    assert len(orders) == 6
    assert_solved(loop)
    assert max(residual(solved, solver) for solved in loop.solved) <= 1e-6
    assert_commands_are_safe(loop, solver)
    steps = [np.abs(b.positions - a.positions).max() for a, b in pairwise(loop.solved)]
    assert max(steps) <= MAX_STEP


def test_clock_jumps_back(probe: Probe) -> None:
    """A recording starts again: fresh joint states count, stale ones do not, and the heartbeat goes on."""
    clock = probe.node.create_publisher(Clock, "clock", 10)
    heartbeats: list[DiagnosticArray] = []
    probe.node.create_subscription(DiagnosticArray, "/diagnostics", heartbeats.append, 10)
    time = 0.0

    def tick() -> None:
        message = Clock()
        message.clock.sec, message.clock.nanosec = int(time), int(time % 1.0 * 1e9)
        clock.publish(message)

    def dress(message: JointState) -> JointState:
        nonlocal time
        time += 0.01
        tick()
        return message

    loop = TrafficLoop(probe, SOLVER, 50.0, swing(SOLVER, 0.1, lap=4.0), dress=dress)
    probe.start_ik_node(
        *("-r", "/clock:=clock", "-p", "use_sim_time:=true", "-p", "joint_state_timeout:=0.5", *COMMANDING)
    )
    for start in (1000.0, 10.0, 0.0):
        time = start
        assert_answers_resume(loop, 10)
        loop.run(SILENCE)
        loop.clear()
        heartbeats.clear()
        loop.run(1.5)
        assert loop.count().keys() == {"solved"}
        assert loop.count()["solved"] > 10
        assert_commands_are_safe(loop)
        assert heartbeats
        assert all(start <= beat.header.stamp.sec <= start + 60.0 for beat in heartbeats)

    loop.send_states = False
    end = time + 0.5 + LATE
    while time < end:
        time += 0.01
        tick()
        loop.drain(0.01)
    loop.clear()
    loop.run(0.5)
    assert loop.count().keys() == {"stale_joint_state"}
    assert loop.commands == []


def test_two_publishers_of_joint_states(probe: Probe) -> None:
    """No command, and a status that says why; when one of them is gone, it goes on."""
    loop = TrafficLoop(probe, SOLVER, 50.0, swing(SOLVER, 0.1, lap=4.0))
    probe.start_ik_node(*COMMANDING, "-p", f"max_joint_step:={MAX_STEP}")
    assert_answers_resume(loop, 50)
    other = probe.node.create_publisher(JointState, "joint_states", 10)
    names = list(SOLVER.arm.joint_names)
    liar = probe.node.create_timer(
        0.02, lambda: other.publish(JointState(name=names, position=(loop.states[-1][1] + 1.0).tolist()))
    )
    assert loop.run(START_TIMEOUT, lambda: loop.count()["conflicting_joint_states"] > 20), loop.count()
    loop.clear()
    loop.run(1.0)
    assert loop.count().keys() == {"conflicting_joint_states"}
    assert loop.commands == []
    probe.node.destroy_timer(liar)
    probe.node.destroy_publisher(other)
    assert_answers_resume(loop)
    assert_commands_are_safe(loop)
