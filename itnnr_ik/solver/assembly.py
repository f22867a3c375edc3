"""The arrays that the compiled search reads, from an arm, a task and, where there is one, a trained twin."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from itnnr_ik.robot import ForwardModel, KinematicChain, LearnedArm, units_of
from itnnr_ik.solver import anchors as kernels
from itnnr_ik.solver.anchors import HEADER, NONE, PLAIN, SHIFT, TURN, Anchors, Layout
from itnnr_ik.solver.problem import FREE_STEPS, STEPS, Problem
from itnnr_ik.solver.room import Search
from itnnr_ik.solver.spread import fill_box
from itnnr_ik.solver.table import Table, lay_table, no_table
from itnnr_ik.task import Task
from itnnr_ik.twin.inference import TwinInverse
from itnnr_ik.twin.kernels import Network

Array = NDArray[np.float64]

#: Arms with a position task and up to so many joints look anchors up in the position itself.
_PLAIN_JOINTS = 3
#: Anchors: two to this power, and to the next one more for each joint that they leave open, but not beyond
#: the last.
_POWER, _POWER_PER_JOINT, _MOST_POWER = 4, 2, 11
#: They are spread this share of a joint's range beyond its limits and cut to them, and each corner of the
#: limits is one: with those inside alone, an arm that is folded up has few near.
_BEYOND = 0.03
#: Candidates per such joint, and at most; twice as many where one joint is spare, as each then is on a curve
#: of solutions, of which few come near to the state.
_COUNT_PER_JOINT, _PLAIN_COUNT, _MOST_COUNT = 8, 5, 40
#: Anchors looked up for all branches, and for a pointing target that there seems to be a solution of.
_MOST = 1024
#: Starts around a state by the number of joints; of arms with joints to spare, which need fewer, at most.
_STARTS, _MANY_STARTS, _REDUNDANT_STARTS = (0, 2, 8, 16, 32), 64, 16
#: Starts lie within this share of the box around the state.
_START_SHARE = 0.8
#: See `Search`; the second slack where candidates come with no slopes, the third where they slide along the
#: null space; the second distance where all branches are in a table.
_SLACK, _PLAIN_SLACK, _SPARE_SLACK, _SAME, _SAME_IN_TABLE = 0.1, 0.2, 0.3, 0.3, 0.02
#: The current state serves as an anchor for targets up to this many typical changes of F's training away.
_RANGE = 4.0
#: Step [rad, m] of the difference quotients of the anchors' slopes, and the damping as a share of the reach.
_DIFFERENCE, _SLOPE_DAMPING = 0.01, 0.05
#: Postures by which it is found how near anchors are to targets, and of which share of them that holds.
_PROBES, _PROBED = 512, 0.95
#: Refinement goes on to this share of the tolerance.
_PRECISION = 0.5
#: Arms that reach less far [m] have no table: every posture of theirs would be as good as any other.
_LEAST_REACH = 1e-4
#: Targets so many times as far from the frame's origin as the tip gets are solved for the point at that
#: distance.
_FAR = 100.0
#: Turns of a joint at most that bring back all that follow it, and how exact their ratios [share] are.
_MOST_TURNS, _RATIO_ROUNDING = 12, 1e-12
#: Width [rad] in which others are looked at, and that of limits that are as good as none.
_UNLIMITED, _AS_GOOD_AS_NONE = 2.0 * _MOST_TURNS * math.pi, 1e4


def windows(arm: ForwardModel) -> tuple[Array, Array]:
    """Lower and upper bounds (n,) in which each posture occurs once: a turn's width of wider limits.

    About the middle of the limits, cut to a turn on both sides of 0: what is farther away stands for none.
    A joint that no turn brings back, without limits or as good as that, gets some.
    """
    lower, upper, length = np.array(arm.lower), np.array(arm.upper), turns(arm)
    rotates = np.array([unit == "rad" for unit in units_of(arm)])
    width = np.where(length > 0.0, length, _UNLIMITED)
    wide = rotates & (upper - lower > np.where(length > 0.0, length, _AS_GOOD_AS_NONE))
    middle = 0.5 * (lower.clip(-width, width) + upper.clip(-width, width))
    middle = middle.clip(lower + 0.5 * width, upper - 0.5 * width)
    return np.where(wide, middle - 0.5 * width, lower), np.where(wide, middle + 0.5 * width, upper)


def turns(arm: ForwardModel) -> Array:
    """Length (n,) of the turn of each joint that leaves the tool where it is, in [rad]; 0 for none.

    2π, or as many of them as make whole turns of all joints that follow it.
    """
    if not isinstance(arm, KinematicChain):
        return np.zeros(arm.n_joints)
    whole = np.ones(arm.n_joints, dtype=int)
    for element in arm.elements[:-1]:
        ratio, leader = float(element[14]), int(element[13])
        near = Fraction(ratio).limit_denominator(_MOST_TURNS)
        is_whole = element[12] == 0.0 and abs(float(near) - ratio) <= _RATIO_ROUNDING * abs(ratio)
        whole[leader] = math.lcm(int(whole[leader]), near.denominator if is_whole else 0)
    return np.where(whole <= _MOST_TURNS, 2.0 * math.pi * whole, 0.0)


def choose_layout(arm: ForwardModel, task: Task) -> tuple[Layout, slice, int]:
    """How anchors are looked up, which joints they leave open, and the number of coordinates.

    A few joints need few anchors, and a learned robot is known by its positions alone: there, anchors are
    looked up by the target's position as it is, as the paper has it.

    Raises:
        ValueError: The task is none of this arm.
    """
    task.check(arm)
    n = arm.n_joints
    if not isinstance(arm, KinematicChain) or (task.kind == "position" and n <= _PLAIN_JOINTS):
        return Layout(PLAIN, False, 0), slice(0, n), task.n_coordinates
    elements = arm.elements[:-1]
    alone = [int((elements[:, 13] == joint).sum()) == 1 for joint in (0, n - 1)]
    first, last = elements[0], elements[-1]
    kind = NONE
    if n > 1 and first[13] == 0 and alone[0] and (first[14], first[15]) == (1.0, 0.0):
        kind = TURN if first[12] == 0.0 else SHIFT
    rolls = (
        task.kind == "pose"
        and n > 2
        and last[13] == n - 1
        and alone[1]
        and (last[12], last[14], last[15]) == (0.0, 1.0, 0.0)
    )
    axes = {"position": 0, "pointing": 1}.get(task.kind, 1 if rolls else 2)
    size = (3 if kind == NONE else 2) + 3 * axes
    return Layout(kind, rolls, axes), slice(0 if kind == NONE else 1, n - 1 if rolls else n), size


def check_dimensions(arm: ForwardModel, task: Task, twin: TwinInverse) -> None:
    """Raise a ValueError where a twin has other dimensions than an arm and a task."""
    _, chosen, n_y = choose_layout(arm, task)
    n_x, spec = len(range(arm.n_joints)[chosen]), twin.evaluator.spec
    if (spec.n_x, spec.n_y) != (n_x, n_y):
        raise ValueError(
            f"{arm.name} has {n_x} open joints and {n_y} coordinates that anchors are looked up by, "
            f"the network was trained for {spec.n_x} and {spec.n_y}"
        )


def pose_problem(
    arm: ForwardModel,
    task: Task,
    position: float,
    angle: float,
    metre_in_rad: float = 1.0,
    posture: ArrayLike | None = None,
) -> Problem:
    """The arm and the task as a `Problem`, to be refined to ``position`` [m] and ``angle`` [rad]."""
    n, order = arm.n_joints, 0
    elements, coefficients, weights = np.zeros((0, 16)), np.zeros((0, 0)), np.ones(n)
    if isinstance(arm, LearnedArm):
        coefficients, order = np.array(arm.rows), arm.order
    elif isinstance(arm, KinematicChain):
        elements = task.elements(arm)
        weights[[kind == "prismatic" for kind in arm.joint_types]] = metre_in_rad
    lower, upper = windows(arm)
    preferred = np.full(n, np.nan) if posture is None else np.array(posture, dtype=float)
    near = 0.5 * (lower + upper) if posture is None else preferred
    joints = np.stack([arm.lower, arm.upper, turns(arm), weights, near, preferred])
    return Problem(
        elements, coefficients, order, joints, task.code, task.length, position, angle, FREE_STEPS, STEPS
    )


def spread_postures(arm: ForwardModel, task: Task, seed: int) -> Array:
    """Postures (p, n) that fill the open joints' limits evenly, some of them at a limit; the others are 0."""
    _, chosen, _ = choose_layout(arm, task)
    lower, upper = (bound[chosen] for bound in windows(arm))
    beyond, count = _BEYOND * (upper - lower), 2 ** min(_MOST_POWER, _POWER + _POWER_PER_JOINT * len(lower))
    spread = fill_box(lower - beyond, upper + beyond, count, seed).clip(lower, upper)
    corners = np.array(list(product(*zip(lower, upper, strict=True)))).reshape(-1, len(lower))
    postures = np.zeros((len(spread) + len(corners), arm.n_joints))
    postures[:, chosen] = np.vstack([spread, corners])
    return postures


class Assembly:
    """An arm and a task as arrays, with what Python keeps of them.

    Args:
        arm, task: What is solved.
        twin: Trained network with its anchors; None for anchors laid here, evenly spread.
        tolerance, orientation_tolerance: In [m] and [rad].
        metre_in_rad: What a metre of a prismatic joint counts in a displacement.
        posture: (n,) that spare joints prefer; None for any with room to move.
    """

    def __init__(
        self,
        arm: ForwardModel,
        task: Task,
        twin: TwinInverse | None,
        tolerance: float,
        orientation_tolerance: float,
        metre_in_rad: float,
        posture: ArrayLike | None,
    ) -> None:
        self.arm, self.task = arm, task
        self.layout, self.open, self.n_coordinates = choose_layout(arm, task)
        n = arm.n_joints
        precision = _precision(tolerance, orientation_tolerance)
        self.problem = pose_problem(arm, task, *precision, metre_in_rad, posture)
        if twin is None:
            y, rows = self.lay(spread_postures(arm, task, seed=0))
            network = _no_network(n)
        else:
            y, rows = self.known(twin)
            network = twin.network
        starts = _STARTS[n] if n < len(_STARTS) else _MANY_STARTS
        if n > task.n_rows:
            starts = min(starts, _REDUNDANT_STARTS)
        if self.layout.first == PLAIN:
            starts = 0
        box = fill_box(np.full(n, -_START_SHARE), np.full(n, _START_SHARE), starts)
        n_open = len(range(n)[self.open])
        self.reach, sizes = arm.reach or 1.0, rows.shape[0]
        per_joint = _PLAIN_COUNT if self.layout.first == PLAIN else _COUNT_PER_JOINT
        count = min(_MOST_COUNT, per_joint * n_open)
        if n == task.n_rows + 1:
            count *= 2
        scales = twin.evaluator.spec.scales if twin is not None else None
        table = self.table()
        tabled = len(table.rows) > 0
        #: All that the compiled functions read.
        self.search = Search(
            problem=self.problem,
            layout=self.layout,
            anchors=Anchors(y, rows, self.slopes(rows)),
            network=network,
            tolerance=tolerance,
            orientation_tolerance=orientation_tolerance,
            farthest=_FAR * max(arm.farthest, self.reach),
            axis=task.tool_axis if task.kind == "pointing" else np.zeros(3),
            curvature=self.reach,
            slack=self.slack(tabled),
            same=_SAME_IN_TABLE if tabled and n <= task.n_rows else min(_SAME, self.spacing(sizes)),
            near=max(1, min(count, sizes)),
            most=min(_MOST, sizes),
            range=_RANGE * scales.typical_change if scales and self.layout.first == PLAIN else 0.0,
            spread=self.spread(y),
            starts=box,
            table=table,
        )

    def slack(self, tabled: bool) -> float:
        """How much nearer to the state candidates come, which a table has or not."""
        if tabled:
            return _SLACK
        if self.arm.n_joints > self.task.n_rows:
            return _SPARE_SLACK
        return _PLAIN_SLACK if self.layout.first == PLAIN else _SLACK

    def table(self) -> Table:
        """All branches by cells, where a known arm's anchors are looked up by the position as it is."""
        tiny = self.arm.reach < _LEAST_REACH
        if self.layout.first != PLAIN or not isinstance(self.arm, KinematicChain) or tiny:
            return no_table(self.arm.n_joints)
        return lay_table(self.arm, self.task, self.problem, np.array(windows(self.arm)))

    def spacing(self, count: int) -> float:
        """Distance [rad] between ``count`` anchors that fill the open joints' limits."""
        lower, upper = windows(self.arm)
        volume = float(np.prod((upper - lower)[self.open]))
        return float((volume / count) ** (1.0 / len(lower[self.open])))

    def lay(self, postures: Array) -> tuple[NDArray[np.float32], Array]:
        """Coordinates (E, p) and rows (p, `HEADER` + n) of anchors at postures (p, n)."""
        y = np.zeros((self.n_coordinates, len(postures)), dtype=np.float32)
        rows = np.zeros((len(postures), HEADER + self.arm.n_joints))
        memory = np.empty(kernels.embedding_size(self.problem, len(y)))
        kernels.embed_many(self.problem, self.layout, np.ascontiguousarray(postures), y, rows, memory)
        return y, rows

    def slopes(self, rows: Array) -> NDArray[np.float32]:
        """How the joints of anchors follow their coordinates (p, n E): damped, by difference quotients.

        The first and the last joint follow those between, as in closed form. No rows where anchors are looked
        up by the target's position as it is.
        """
        n, postures = self.arm.n_joints, rows[:, HEADER:]
        if self.layout.first == PLAIN:
            return np.zeros((0, n * self.n_coordinates), dtype=np.float32)
        jacobian = np.zeros((len(rows), self.n_coordinates, n))
        turned = np.zeros((len(rows), n, n))
        for joint in range(n)[self.open]:
            for side in (-_DIFFERENCE, _DIFFERENCE):
                moved = postures.copy()
                moved[:, joint] += side
                y, moved_rows = self.lay(moved)
                closed = np.zeros_like(moved)
                kernels.complete_many(self.layout, moved_rows, rows, closed)
                if self.layout.first == TURN:
                    closed[:, 0] = np.remainder(closed[:, 0] + math.pi, 2.0 * math.pi) - math.pi
                jacobian[:, :, joint] += y.T / (2.0 * side)
                turned[:, :, joint] += closed / (2.0 * side)
            turned[:, joint, joint] = 1.0
        square = jacobian @ jacobian.transpose(0, 2, 1) + (_SLOPE_DAMPING * self.reach) ** 2 * np.eye(
            self.n_coordinates
        )
        slopes: Array = turned @ jacobian.transpose(0, 2, 1) @ np.linalg.inv(square)
        return slopes.astype(np.float32).reshape(len(slopes), -1)

    def spread(self, y: NDArray[np.float32]) -> float:
        """Distance [m] from reachable targets to the nearest of the anchors (E, p), of most of them."""
        targets, _ = self.lay(self.arm.sample(_PROBES, np.random.default_rng(0)))
        squares = [float(((y - target[:, None]) ** 2).sum(axis=0).min()) for target in targets.T]
        return math.sqrt(np.quantile(squares, _PROBED))

    def known(self, twin: TwinInverse) -> tuple[NDArray[np.float32], Array]:
        """The anchors of a twin, as `lay` gives them."""
        check_dimensions(self.arm, self.task, twin)
        postures = np.zeros((len(twin.anchors), self.arm.n_joints))
        postures[:, self.open] = twin.anchors.x
        return self.lay(postures)


def with_tolerances(search: Search, tolerance: float, orientation_tolerance: float) -> Search:
    """What an `Assembly` of the same with other tolerances in [m] and [rad] has as its search."""
    position, angle = _precision(tolerance, orientation_tolerance)
    return search._replace(
        problem=search.problem._replace(position=position, angle=angle),
        tolerance=tolerance,
        orientation_tolerance=orientation_tolerance,
    )


def _precision(tolerance: float, orientation_tolerance: float) -> tuple[float, float]:
    """What is refined to, in [m] and [rad]."""
    return _PRECISION * tolerance, _PRECISION * orientation_tolerance


def _no_network(n: int) -> Network:
    table = np.zeros((0, 1), np.float32)
    sizes = np.ones(1, np.int64)
    return Network(table, np.zeros((0, n)), table, table, np.zeros(0, np.float32), sizes, np.zeros(0), False)
