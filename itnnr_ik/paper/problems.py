"""The functions that the paper inverts (Appendix A), with their domains and the sizes of data sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.arrays import namespace
from itnnr_ik.paper.kinematics import planar, yaw_pitch
from itnnr_ik.twin.config import PlateauSchedule
from itnnr_ik.twin.sampling import perturbation_radius

Array = NDArray[np.float64]

#: Squared radius within which the half ball is sampled; and radius beyond which inputs are projected to the
#: edge, up to a distance.
_BALL_SAMPLE_RADIUS_SQUARED, _BALL_RADIUS, _EDGE_DISTANCE = 0.99, 0.999, 1e-6
#: Schedule by which the published method learns f, except for the half ball.
_FORWARD_SCHEDULE = PlateauSchedule(learning_rate=1e-4)
#: Number of the paper's runs, after which data sets repeat.
_N_PAPER_RUNS = 5
#: Random generators of NumPy, old and new.
Generator = np.random.Generator | np.random.RandomState


@dataclass(frozen=True)
class Problem:
    """A function to invert, and how the paper draws data from it.

    Args:
        key: Number of the experiment in the tables; ``2-printed`` for the quartic of the text.
        title: Name in the figures.
        formula: f as text.
        function: f, (…, n) to (…, m), for NumPy arrays and torch tensors alike.
        n_x, n_y: Dimensions n and m.
        high: Inputs are uniform within ±high in each dimension.
        n_train, n_val, n_test: Numbers of points; the training points are also the anchors.
        multiplier: See `perturbation_radius`.
        periodic: Whether the inputs are angles.
        noise: Standard deviation of the factor of noisy outputs.
        data_seeds: Seeds of the data sets of Table 1 and of Table 2, see `data_seed`; None if each run has a
            data set of its own.
        batches_factor: An epoch of generated pairs has ⌊5 · points · batches_factor / 32⌋ batches.
        in_domain: Tells which sampled inputs belong to the domain; None for all.
        boundary: Projects inputs (…, n) to the domain; None for no projection.
        forward_schedule: Schedule by which the published method learns f from noisy data.
        branching: Whether ours gives two answers for each anchor in Table 1; docs/paper.md says why.
    """

    key: str
    title: str
    formula: str
    function: Callable[[Any], Any]
    n_x: int
    n_y: int
    high: float
    n_train: int
    n_val: int
    n_test: int
    data_seeds: tuple[int | None, int | None] = (4, 4)
    multiplier: float = 1.0
    periodic: bool = False
    noise: float = 0.01
    batches_factor: int = 1
    in_domain: Callable[[Array], NDArray[np.bool_]] | None = None
    boundary: Callable[[Array], Array] | None = None
    forward_schedule: PlateauSchedule = _FORWARD_SCHEDULE
    branching: bool = False

    @property
    def n_points(self) -> int:
        """All points of a data set."""
        return self.n_train + self.n_val + self.n_test

    @property
    def label(self) -> str:
        """Key and title, for tables and figures."""
        return f"{self.key} {self.title}"

    @property
    def radius(self) -> float:
        """Half-width ε of the generator's perturbation, see `perturbation_radius`."""
        return perturbation_radius(2 * self.high, self.n_train, self.n_x, self.multiplier)

    def data_seed(self, noisy: bool, run: int) -> int:
        """Seed of a run's data set, with which the lookup's errors are the paper's to the last digit.

        The points of Table 1 of experiments 2 and 5 are not known: there each run has points of its own, so
        that the result does not depend on one data set.
        """
        seed = self.data_seeds[noisy]
        return run % _N_PAPER_RUNS if seed is None else seed

    def sample(self, count: int, rng: Generator) -> Array:
        """Inputs (count, n), uniform over the domain."""
        kept = np.empty((0, self.n_x))
        while len(kept) < count:
            # Draws only what is missing: so the generator ends in the same state as after single draws.
            drawn = rng.uniform(-self.high, self.high, (count - len(kept), self.n_x))
            kept = np.concatenate([kept, drawn if self.in_domain is None else drawn[self.in_domain(drawn)]])
        return kept


def _cubic(x: Any) -> Any:
    return x**3 - x


def _quartic(x: Any) -> Any:
    return x**4 - 4 * x**2


def _quartic_printed(x: Any) -> Any:
    return x**4 - 4 * x


def _sine(x: Any) -> Any:
    return namespace(x).sin(5 * x)


def _half_ball(x: Any) -> Any:
    """√(1 − ‖x‖²), and its value near the edge for inputs beyond the radius 0.999."""
    xp, squared = namespace(x), (x**2).sum(-1)[..., None]
    beyond = squared > _BALL_RADIUS**2
    return xp.sqrt(1 - xp.where(beyond, (1 - _EDGE_DISTANCE) ** 2, squared))


def _bivariate(x: Any) -> Any:
    a, b = x[..., 0], x[..., 1]
    return namespace(x).stack([a**3 - 2 * a * b**2 + 5 * a + 5 * b, b**2 - 2 * a * b + 3 * a - 2 * b], -1)


def _trivariate(x: Any) -> Any:
    a, b, c = x[..., 0], x[..., 1], x[..., 2]
    return namespace(x).stack([a**2 - b**2 + c, 2 * a * b + c, a + b + c**2], -1)


def _in_ball(x: Array) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (x**2).sum(axis=1) < _BALL_SAMPLE_RADIUS_SQUARED
    return inside


def _to_ball(x: Array) -> Array:
    radius = np.linalg.norm(x, axis=-1, keepdims=True)
    return np.where(radius > _BALL_RADIUS, x / (radius + _EDGE_DISTANCE), x)


def _scalar(key: str, title: str, formula: str, function: Callable[[Any], Any], **changes: Any) -> Problem:
    return Problem(key, title, formula, function, 1, 1, 2.0, 300, 100, 100, **changes)


def _arm(key: str, title: str, formula: str, function: Callable[[Any], Any], n_x: int, n_y: int) -> Problem:
    return Problem(
        key, title, formula, function, n_x, n_y, np.pi / 2, 600, 200, 200, multiplier=2.0, periodic=True
    )


PROBLEMS: dict[str, Problem] = {
    problem.key: problem
    for problem in (
        _scalar("1", "cubic", "x³ − x", _cubic, data_seeds=(4, 3)),
        _scalar("2", "quartic", "x⁴ − 4x²", _quartic, data_seeds=(None, 4)),
        _scalar("2-printed", "quartic as printed", "x⁴ − 4x", _quartic_printed),
        _scalar("3", "sine", "sin 5x", _sine),
        Problem(
            "4", "half ball", "√(1 − x₁² − x₂²)", _half_ball, 2, 1, 1.0, 300, 100, 100,
            (None, None), noise=0.02, batches_factor=10, in_domain=_in_ball, boundary=_to_ball,
            forward_schedule=PlateauSchedule(1e-5, patience=8, stop_after=20, max_epochs=400),
        ),
        Problem(
            "5", "bivariate", "(x₁³ − 2x₁x₂² + 5x₁ + 5x₂, x₂² − 2x₁x₂ + 3x₁ − 2x₂)", _bivariate,
            2, 2, 3.0, 600, 200, 200, (None, 1), multiplier=2.0, branching=True,
        ),
        Problem(
            "6", "trivariate", "(x₁² − x₂² + x₃, 2x₁x₂ + x₃, x₁ + x₂ + x₃²)", _trivariate,
            3, 3, 3.0, 600, 200, 200, multiplier=2.0, branching=True,
        ),
        _arm("7", "two-link arm", "planar arm, two links of 1 m", planar, 2, 2),
        _arm("8", "three-link arm", "planar arm, three links of 1 m", planar, 3, 2),
        _arm("9", "yaw–pitch–pitch arm", "yawing base, two pitching links of 1 m", yaw_pitch, 3, 3),
    )
}  # fmt: skip

#: The nine experiments of the tables.
EXPERIMENTS = tuple(key for key in PROBLEMS if key.isdigit())


def get_problem(key: str) -> Problem:
    """One of the problems by its key.

    Raises:
        ValueError: There is none; the message lists the keys there are.
    """
    try:
        return PROBLEMS[key]
    except KeyError:
        raise ValueError(f"no experiment {key!r}; available: {', '.join(PROBLEMS)}") from None
