"""Build the input of the compiled search from an arm, a task and, where there is one, a trained twin."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from itnnr_ik.robot import ForwardModel, KinematicChain, LearnedArm, units_of
from itnnr_ik.solver import anchors as kernels
from itnnr_ik.solver.anchors import HEADER, NONE, POSITION, PRISMATIC, REVOLUTE, Anchors, Layout
from itnnr_ik.solver.buffers import Search
from itnnr_ik.solver.problem import FREE_STEPS, STEPS, Problem
from itnnr_ik.solver.refine import PRECISION_SHARE
from itnnr_ik.solver.spread import fill_box
from itnnr_ik.solver.table import Table, build_table, no_table
from itnnr_ik.task import Task
from itnnr_ik.task.task import MIN_SIZE
from itnnr_ik.twin.inference import TwinInverse
from itnnr_ik.twin.kernels import Network

Array = NDArray[np.float64]

#: Most joints of an arm whose anchors are looked up by the position itself, in position tasks.
_POSITION_LOOKUP_JOINTS = 3
#: Exponents of the number of anchors, a power of two: constant, per open joint, and largest.
_ANCHOR_POWER, _ANCHOR_POWER_PER_JOINT, _MAX_ANCHOR_POWER = 4, 2, 11
#: Anchors are sampled up to this share of a joint's range beyond its limits and clipped, and each corner of
#: the limits is one: otherwise, postures at the limits (of a folded arm) would have few anchors nearby.
_LIMIT_OVERSHOOT = 0.03
#: Candidates of a solve per open joint (with lookup by position, too), and at most. Twice as many with one
#: redundant joint, as then each is on a curve of solutions, of which few come near the state.
_CANDIDATES_PER_JOINT, _POSITION_CANDIDATES_PER_JOINT, _MAX_SOLVE_CANDIDATES = 8, 5, 40
#: Candidates for all branches, and for a pointing target that seems to be reachable.
_MAX_CANDIDATES = 1024
#: Seeds around a state by the number of joints, for more joints, and at most for redundant arms.
_SEEDS, _MAX_SEEDS, _MAX_REDUNDANT_SEEDS = (0, 2, 8, 16, 32), 64, 16
#: Seeds lie within this share of the box around the state.
_SEED_BOX_SHARE = 0.8
#: `Search.refinement_margin` [rad]: usual, of anchors without slopes, and of redundant arms, whose candidates
#: move along the null space.
_REFINEMENT_MARGIN, _POSITION_MARGIN, _REDUNDANT_MARGIN = 0.1, 0.2, 0.3
#: `Search.distinct_distance` [rad], without and with a table of all branches.
_DISTINCT_DISTANCE, _DISTINCT_DISTANCE_IN_TABLE = 0.3, 0.02
#: Largest distance of a target for which the state serves as F's anchor, in typical changes of F's training.
_NETWORK_RANGE = 4.0
#: Step [rad, m] of the central differences of the anchors' slopes, and their damping as a share of the reach.
_DIFFERENCE_STEP, _SLOPE_DAMPING = 0.01, 0.05
#: Random targets from which `Search.anchor_distance` is estimated, and the quantile of their distances.
_PROBE_POSTURES, _PROBE_QUANTILE = 512, 0.95
#: Smallest reach [m] of a tool with a table: below it, any posture would count as a solution.
_MIN_TABLE_REACH = 1e-4
#: Largest distance of targets from the frame's origin, in farthest distances of the tool. Targets beyond are
#: scaled down to it.
_MAX_TARGET_DISTANCE = 100.0
#: Most turns in a joint's period, and relative tolerance of the ratios of joints that mimic it.
_MAX_TURNS, _RATIO_TOLERANCE = 12, 1e-12
#: Search range [rad] of rotating joints without a period, and largest range of theirs that is searched whole.
_UNLIMITED_RANGE, _MAX_RANGE = 2.0 * _MAX_TURNS * math.pi, 1e4


def search_bounds(arm: ForwardModel) -> tuple[Array, Array]:
    """Lower and upper bounds (n,) in which each posture occurs once: one period of joints with wider limits.

    Centred in the limits, which are clipped to a period on both sides of 0: limits farther away count as
    infinite. Rotating joints without a period and with (nearly) no limits get finite bounds.
    """
    lower, upper, length = np.array(arm.lower), np.array(arm.upper), joint_periods(arm)
    rotates = np.array([unit == "rad" for unit in units_of(arm)])
    width = np.where(length > 0.0, length, _UNLIMITED_RANGE)
    wide = rotates & (upper - lower > np.where(length > 0.0, length, _MAX_RANGE))
    middle = 0.5 * (lower.clip(-width, width) + upper.clip(-width, width))
    middle = middle.clip(lower + 0.5 * width, upper - 0.5 * width)
    return np.where(wide, middle - 0.5 * width, lower), np.where(wide, middle + 0.5 * width, upper)


def joint_periods(arm: ForwardModel) -> Array:
    """Period (n,) of each joint in [rad], after which the tool is where it was; 0 for none.

    2π, or the multiple of it after which all joints that mimic it have made whole turns.
    """
    if not isinstance(arm, KinematicChain):
        return np.zeros(arm.n_joints)
    whole = np.ones(arm.n_joints, dtype=int)
    for element in arm.elements[:-1]:
        ratio, leader = float(element[14]), int(element[13])
        near = Fraction(ratio).limit_denominator(_MAX_TURNS)
        is_whole = element[12] == 0.0 and abs(float(near) - ratio) <= _RATIO_TOLERANCE * abs(ratio)
        whole[leader] = math.lcm(int(whole[leader]), near.denominator if is_whole else 0)
    return np.where(whole <= _MAX_TURNS, 2.0 * math.pi * whole, 0.0)


def choose_layout(arm: ForwardModel, task: Task) -> tuple[Layout, slice, int]:
    """Lookup coordinates of the anchors, their open joints, and the number of coordinates.

    Arms of few joints, which need few anchors, and learned robots, of which only positions are known, look
    anchors up by the target's position itself, as the paper does.

    Raises:
        ValueError: The arm does not have the coordinates of the task.
    """
    task.check(arm)
    n = arm.n_joints
    if not isinstance(arm, KinematicChain) or (task.kind == "position" and n <= _POSITION_LOOKUP_JOINTS):
        return Layout(POSITION, False, 0), slice(0, n), task.n_coordinates
    elements = arm.elements[:-1]
    moves_one_element = [int((elements[:, 13] == joint).sum()) == 1 for joint in (0, n - 1)]
    first, last = elements[0], elements[-1]
    kind = NONE
    if n > 1 and first[13] == 0 and moves_one_element[0] and (first[14], first[15]) == (1.0, 0.0):
        kind = REVOLUTE if first[12] == 0.0 else PRISMATIC
    last_rolls = (
        task.kind == "pose"
        and n > 2
        and last[13] == n - 1
        and moves_one_element[1]
        and (last[12], last[14], last[15]) == (0.0, 1.0, 0.0)
    )
    axes = {"position": 0, "pointing": 1}.get(task.kind, 1 if last_rolls else 2)
    size = (3 if kind == NONE else 2) + 3 * axes
    return Layout(kind, last_rolls, axes), slice(0 if kind == NONE else 1, n - 1 if last_rolls else n), size


def check_dimensions(arm: ForwardModel, task: Task, twin: TwinInverse) -> None:
    """Raise a ValueError where a twin's dimensions are not those of an arm and a task."""
    _, chosen, n_y = choose_layout(arm, task)
    n_x, spec = len(range(arm.n_joints)[chosen]), twin.evaluator.spec
    if (spec.n_x, spec.n_y) != (n_x, n_y):
        raise ValueError(
            f"{arm.name} has {n_x} open joints and {n_y} coordinates that anchors are looked up by, "
            f"the network was trained for {spec.n_x} and {spec.n_y}"
        )


def make_problem(
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
    lower, upper = search_bounds(arm)
    preferred = np.full(n, np.nan) if posture is None else np.array(posture, dtype=float)
    near = 0.5 * (lower + upper) if posture is None else preferred
    joints = np.stack([arm.lower, arm.upper, joint_periods(arm), weights, near, preferred])
    return Problem(
        elements, coefficients, order, joints, task.code, task.length, position, angle, FREE_STEPS, STEPS
    )


def anchor_postures(arm: ForwardModel, task: Task, seed: int) -> Array:
    """Postures (p, n) that fill the open joints' limits evenly, corners included; other joints are 0."""
    _, chosen, _ = choose_layout(arm, task)
    lower, upper = (bound[chosen] for bound in search_bounds(arm))
    overshoot = _LIMIT_OVERSHOOT * (upper - lower)
    count = 2 ** min(_MAX_ANCHOR_POWER, _ANCHOR_POWER + _ANCHOR_POWER_PER_JOINT * len(lower))
    spread = fill_box(lower - overshoot, upper + overshoot, count, seed).clip(lower, upper)
    corners = np.array(list(product(*zip(lower, upper, strict=True)))).reshape(-1, len(lower))
    postures = np.zeros((len(spread) + len(corners), arm.n_joints))
    postures[:, chosen] = np.vstack([spread, corners])
    return postures


class Assembly:
    """The input of the compiled search for an arm and a task.

    Args:
        arm, task: As `IKSolver` has them.
        twin: Trained network with its anchors; None for evenly spread anchors without a network.
        tolerance, orientation_tolerance: In [m] and [rad].
        metre_in_rad: Weight of a metre of a prismatic joint in a displacement.
        posture: (n,) preferred by redundant joints; None to stay away from the limits.
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
        self.problem = make_problem(arm, task, *precision, metre_in_rad, posture)
        if twin is None:
            y, rows = self.anchors_at(anchor_postures(arm, task, seed=0))
            network = _no_network(n)
        else:
            y, rows = self.twin_anchors(twin)
            network = twin.network
        self._tool_length, n_anchors = float(np.linalg.norm(task.tool[:3, 3])), rows.shape[0]
        reach = arm.reach + self._tool_length
        #: Of the tool [m]; 1 where nothing has a length.
        self.reach = reach if reach >= MIN_SIZE else 1.0
        table = self.table()
        has_table = len(table.rows) > 0
        #: Input of the compiled functions.
        self.search = Search(
            problem=self.problem,
            layout=self.layout,
            anchors=Anchors(y, rows, self.slopes(rows)),
            network=network,
            tolerance=tolerance,
            orientation_tolerance=orientation_tolerance,
            farthest=_MAX_TARGET_DISTANCE * max(arm.farthest + self._tool_length, self.reach),
            axis=task.tool_axis if task.kind == "pointing" else np.zeros(3),
            curvature=self.reach,
            refinement_margin=self.refinement_margin(has_table),
            distinct_distance=self.distinct_distance(has_table, n_anchors),
            n_candidates=max(1, min(self.n_candidates(), n_anchors)),
            max_candidates=min(_MAX_CANDIDATES, n_anchors),
            network_range=self.network_range(twin),
            anchor_distance=self.anchor_distance(y),
            seeds=self.seeds(),
            table=table,
        )

    def n_candidates(self) -> int:
        """Number of candidates of a solve where there are as many anchors."""
        per_joint = _POSITION_CANDIDATES_PER_JOINT if self.layout.first == POSITION else _CANDIDATES_PER_JOINT
        count = min(_MAX_SOLVE_CANDIDATES, per_joint * len(range(self.arm.n_joints)[self.open]))
        return 2 * count if self.arm.n_joints == self.task.n_rows + 1 else count

    def seeds(self) -> Array:
        """`Search.seeds` (S, n); none where anchors are looked up by the position itself."""
        n = self.arm.n_joints
        count = _SEEDS[n] if n < len(_SEEDS) else _MAX_SEEDS
        if n > self.task.n_rows:
            count = min(count, _MAX_REDUNDANT_SEEDS)
        if self.layout.first == POSITION:
            count = 0
        return fill_box(np.full(n, -_SEED_BOX_SHARE), np.full(n, _SEED_BOX_SHARE), count)

    def refinement_margin(self, has_table: bool) -> float:
        """`Search.refinement_margin` [rad] with or without a table."""
        if has_table:
            return _REFINEMENT_MARGIN
        if self.arm.n_joints > self.task.n_rows:
            return _REDUNDANT_MARGIN
        return _POSITION_MARGIN if self.layout.first == POSITION else _REFINEMENT_MARGIN

    def distinct_distance(self, has_table: bool, n_anchors: int) -> float:
        """`Search.distinct_distance` [rad] with or without a table."""
        if has_table and self.arm.n_joints <= self.task.n_rows:
            return _DISTINCT_DISTANCE_IN_TABLE
        return min(_DISTINCT_DISTANCE, self.anchor_spacing(n_anchors))

    def network_range(self, twin: TwinInverse | None) -> float:
        """`Search.network_range`; 0 without a network, and where F has no positions as input."""
        scales = twin.evaluator.spec.scales if twin is not None else None
        return _NETWORK_RANGE * scales.typical_change if scales and self.layout.first == POSITION else 0.0

    def table(self) -> Table:
        """The table of all branches, for chains whose anchors are looked up by the position itself."""
        is_tiny = self.arm.reach + self._tool_length < _MIN_TABLE_REACH
        if self.layout.first != POSITION or not isinstance(self.arm, KinematicChain) or is_tiny:
            return no_table(self.arm.n_joints)
        return build_table(self.arm, self.task, self.problem, np.array(search_bounds(self.arm)))

    def anchor_spacing(self, count: int) -> float:
        """Mean distance [rad] between ``count`` anchors that fill the open joints' limits."""
        lower, upper = search_bounds(self.arm)
        volume = float(np.prod((upper - lower)[self.open]))
        return float((volume / count) ** (1.0 / len(lower[self.open])))

    def anchors_at(self, postures: Array) -> tuple[NDArray[np.float32], Array]:
        """Coordinates (E, p) and rows (p, `HEADER` + n) of anchors at postures (p, n)."""
        y = np.zeros((self.n_coordinates, len(postures)), dtype=np.float32)
        rows = np.zeros((len(postures), HEADER + self.arm.n_joints))
        memory = np.empty(kernels.embedding_size(self.problem, len(y)))
        kernels.embed_many(self.problem, self.layout, np.ascontiguousarray(postures), y, rows, memory)
        return y, rows

    def slopes(self, rows: Array) -> NDArray[np.float32]:
        """Damped derivatives (p, n E) of the anchors' joints by their coordinates, from central differences.

        The first and last joint follow the open ones in closed form. No rows where anchors are looked up by
        the target's position itself.
        """
        n, postures = self.arm.n_joints, rows[:, HEADER:]
        if self.layout.first == POSITION:
            return np.zeros((0, n * self.n_coordinates), dtype=np.float32)
        jacobian = np.zeros((len(rows), self.n_coordinates, n))
        turned = np.zeros((len(rows), n, n))
        for joint in range(n)[self.open]:
            for side in (-_DIFFERENCE_STEP, _DIFFERENCE_STEP):
                moved = postures.copy()
                moved[:, joint] += side
                y, moved_rows = self.anchors_at(moved)
                closed = np.zeros_like(moved)
                kernels.complete_many(self.layout, moved_rows, rows, closed)
                if self.layout.first == REVOLUTE:
                    closed[:, 0] = np.remainder(closed[:, 0] + math.pi, 2.0 * math.pi) - math.pi
                jacobian[:, :, joint] += y.T / (2.0 * side)
                turned[:, :, joint] += closed / (2.0 * side)
            turned[:, joint, joint] = 1.0
        square = jacobian @ jacobian.transpose(0, 2, 1) + (_SLOPE_DAMPING * self.reach) ** 2 * np.eye(
            self.n_coordinates
        )
        slopes: Array = turned @ jacobian.transpose(0, 2, 1) @ np.linalg.inv(square)
        return slopes.astype(np.float32).reshape(len(slopes), -1)

    def anchor_distance(self, y: NDArray[np.float32]) -> float:
        """Distance [m] from most reachable targets to the nearest of the anchors (E, p)."""
        targets, _ = self.anchors_at(self.arm.sample(_PROBE_POSTURES, np.random.default_rng(0)))
        squares = [float(((y - target[:, None]) ** 2).sum(axis=0).min()) for target in targets.T]
        return math.sqrt(np.quantile(squares, _PROBE_QUANTILE))

    def twin_anchors(self, twin: TwinInverse) -> tuple[NDArray[np.float32], Array]:
        """The anchors of a twin, as `anchors_at` gives them."""
        check_dimensions(self.arm, self.task, twin)
        postures = np.zeros((len(twin.anchors), self.arm.n_joints))
        postures[:, self.open] = twin.anchors.x
        return self.anchors_at(postures)


def with_tolerances(search: Search, tolerance: float, orientation_tolerance: float) -> Search:
    """A search with other tolerances in [m] and [rad]."""
    position, angle = _precision(tolerance, orientation_tolerance)
    return search._replace(
        problem=search.problem._replace(position=position, angle=angle),
        tolerance=tolerance,
        orientation_tolerance=orientation_tolerance,
    )


def _precision(tolerance: float, orientation_tolerance: float) -> tuple[float, float]:
    """Errors at which a refinement stops, in [m] and [rad]."""
    return PRECISION_SHARE * tolerance, PRECISION_SHARE * orientation_tolerance


def _no_network(n: int) -> Network:
    table = np.zeros((0, 1), np.float32)
    sizes = np.ones(1, np.int64)
    return Network(table, np.zeros((0, n)), table, table, np.zeros(0, np.float32), sizes, np.zeros(0), False)
