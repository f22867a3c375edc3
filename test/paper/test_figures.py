"""The figures show the numbers that they are given, and are written the same each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import imread

from itnnr_ik.paper import figures
from itnnr_ik.paper.figures import cubic
from itnnr_ik.paper.figures.calibration import binned_medians
from itnnr_ik.paper.published import published_numbers
from itnnr_ik.paper.results import Records, Task

RANKS = [0.05, 0.06, 0.07, 0.08, 0.09]
NAMES = ("2", "4", "5", "6", "7", "8", "9", "A1")


def _report(scale: float, **best: float) -> dict[str, dict[str, object]]:
    values = {"by_rank": [scale * value for value in RANKS], **best}
    return {"published": values, "corrected": {"by_rank": [1.0] * 5}}


def _panel(figure: Figure, title: str) -> Axes:
    return next(axes for axes in figure.axes if axes.get_title() == title)


def _series(axes: Axes, label: str) -> np.ndarray:
    return next(np.asarray(line.get_ydata()) for line in axes.get_lines() if line.get_label() == label)


def _hollow(axes: Axes) -> list[float]:
    lines = [line for line in axes.get_lines() if line.get_markerfacecolor() == "none"]
    return sorted(float(value) for line in lines for value in np.atleast_1d(np.asarray(line.get_ydata())))


@pytest.fixture(scope="module")
def twin() -> object:
    """The cubic's twin, trained so briefly that only its shape counts."""
    pytest.importorskip("torch", reason="trains networks")
    return cubic.train_twin(steps=20)


def test_figure_8_shows_mean_and_range_over_the_seeds() -> None:
    """Mean and range are drawn by rank and for the best of five; a panel without records has none."""
    records: Records = {
        Task("7", 1, "itnnr", 0): _report(1.0, best_exact=0.01),
        Task("7", 1, "itnnr", 1): _report(3.0, best_exact=0.03),
        Task("7", 1, "nn", 0): {"published": {"by_rank": [0.2]}},
        Task("7", 2, "itnnr", 0): _report(100.0, best_exact=5.0),
    }
    figure = figures.figure_8(records)
    panel = _panel(figure, "7 two-link arm")
    np.testing.assert_allclose(_series(panel, "ITNNR as published"), 2.0 * np.array(RANKS))
    np.testing.assert_allclose(_series(panel, "ITNNR as published, best_exact"), [0.02])
    by_rank, best = (bars.get_segments() for bars in panel.collections)
    np.testing.assert_allclose([bar[:, 1] for bar in by_rank], np.outer(RANKS, [1.0, 3.0]))
    np.testing.assert_allclose(best[0][:, 1], [0.01, 0.03])
    np.testing.assert_allclose(_series(panel, "inverse network (NN)"), [0.2, 0.2])
    labels = [line.get_label() for line in _panel(figure, "8 three-link arm").get_lines()]
    assert "ITNNR as published" not in labels


def test_figure_9_shows_both_bests() -> None:
    """Figure 9 has the best of five by the learned f and by the exact one."""
    records: Records = {Task("1", 2, "ours", 0): _report(1.0, best_exact=0.001, best_learned=0.002)}
    panel = _panel(figures.figure_9(records), "1 cubic")
    assert _series(panel, "ours, best_exact") == [0.001]
    assert _series(panel, "ours, best_learned") == [0.002]


@pytest.mark.parametrize("table", [1, 2])
def test_without_records_the_papers_numbers_remain(table: int) -> None:
    """Without records all nine panels have the paper's numbers, as hollow markers."""
    figure = (figures.figure_8 if table == 1 else figures.figure_9)({})
    panel, row = _panel(figure, "9 yaw–pitch–pitch arm"), published_numbers()[table, "9"]
    expected = [*row.knn, *row.itnnr, row.best_exact, row.best_learned, row.nn]
    assert _hollow(panel) == sorted(value for value in expected if value is not None)


def test_a_lookup_answers_with_anchors() -> None:
    """Each anchor answers where it is the nearest in y, and nowhere else (section 4.4)."""
    branches = cubic.lookup_branches()
    distance = np.abs(branches.y[:, None] - cubic.f(cubic.ANCHORS)[:, 0])
    np.testing.assert_array_equal(branches.nearest, distance.argmin(axis=1))
    panel = figures.figure_4(branches).axes[0]
    shown = [np.asarray(line.get_ydata(), float) for line in panel.get_lines()]
    drawn = np.array([y for y in shown if len(y) == len(branches.y)])
    np.testing.assert_array_equal(np.isnan(drawn).sum(axis=0), 4)
    np.testing.assert_array_equal(np.nanmax(drawn, axis=0), cubic.ANCHORS[branches.nearest, 0])


def test_only_confirmed_predictions_stay(twin: object) -> None:
    """The right panel of Figure 6 has no line where f(x) is far from y."""
    branches = cubic.twin_branches(twin)  # type: ignore[arg-type]
    right = figures.figure_6(branches).axes[1]
    drawn = [line.get_xydata() for line in right.get_lines() if len(line.get_xydata()) == len(branches.y)]
    assert len(drawn) == 5
    points = np.concatenate([line[~np.isnan(line[:, 1])] for line in drawn])
    assert 0 < len(points) < branches.x.size
    assert np.abs(cubic.f(points[:, 1]) - points[:, 0]).max() <= cubic.CONFIRMED


def test_a_trained_twin_follows_branches_that_the_lookup_misses() -> None:
    """After seconds of training f confirms most answers from the nearest of five anchors."""
    pytest.importorskip("torch", reason="trains networks")

    def confirmed(branches: cubic.Branches) -> float:
        chosen = np.arange(len(cubic.ANCHORS))[:, None] == branches.nearest
        return float(branches.confirmed[chosen].mean())

    assert confirmed(cubic.lookup_branches()) < 0.1
    assert confirmed(cubic.twin_branches(cubic.train_twin(steps=1000))) > 0.5


def test_calibration_names_spearmans_rho_and_draws_medians() -> None:
    """A perfect order has ρ = 1, and pairs without a logarithm are left out."""
    uncertainty = np.array([0.0, *np.linspace(0.1, 1.0, 80), np.nan])
    figure = figures.figure_calibration({"arm": (uncertainty, uncertainty**2)})
    panel = _panel(figure, "arm: Spearman's ρ = 1.00")
    assert panel.get_xlabel() == "predicted uncertainty, in units of y"
    dots, medians, _ = (line.get_xydata() for line in panel.get_lines())
    assert len(dots) == 80
    np.testing.assert_allclose(medians.T, binned_medians(uncertainty[1:-1], uncertainty[1:-1] ** 2))


def test_binned_medians_take_equal_shares() -> None:
    """Bins are in the order of the uncertainty, in whatever order the predictions are given."""
    uncertainty, error = binned_medians(np.array([4.0, 1.0, 3.0, 2.0]), np.array([40.0, 10.0, 30.0, 20.0]), 2)
    assert (uncertainty.tolist(), error.tolist()) == ([1.5, 3.5], [15.0, 35.0])


def test_calibration_refuses_what_does_not_fit() -> None:
    """Shapes that do not fit are refused with the name of the panel."""
    with pytest.raises(ValueError, match="at least one panel"):
        figures.figure_calibration({})
    with pytest.raises(ValueError, match=r"arm needs uncertainty .* got \(2,\) and \(3,\)"):
        figures.figure_calibration({"arm": ([1.0, 2.0], [1.0, 2.0, 3.0])})


def test_a_figure_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    """A figure has neither a date nor random identifiers, and its text is paths."""
    for folder in ("one", "two"):
        figures.save(figures.figure_a1(), tmp_path / folder, "figure-A1")
    for suffix in ("svg", "png"):
        one, two = ((tmp_path / folder / f"figure-A1.{suffix}").read_bytes() for folder in ("one", "two"))
        assert one == two
    text = (tmp_path / "one" / "figure-A1.svg").read_text(encoding="utf-8")
    assert "<dc:date>" not in text
    assert "<text" not in text


@pytest.mark.slow
def test_all_figures_are_written_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every figure has content, and is written as SVG below 400 kB and PNG below 250 kB."""
    pytest.importorskip("torch", reason="trains networks")
    brief = {
        "twin": cubic.train_twin,
        "ball": figures.train_half_ball,
        "plain": figures.figure_2,
    }
    monkeypatch.setattr(cubic, "train_twin", lambda seed: brief["twin"](seed, steps=20))
    monkeypatch.setattr(figures, "train_half_ball", lambda seed, **kw: brief["ball"](seed, steps=20, **kw))
    monkeypatch.setattr(figures, "figure_2", lambda twin, seed: brief["plain"](twin, seed, epochs=2))
    figures.draw_all({Task("3", 1, "knn", 0): _report(1.0)}, tmp_path / "new", progress=False)
    assert {path.name for path in (tmp_path / "new").iterdir()} == {
        f"figure-{name}.{suffix}" for name in NAMES for suffix in ("svg", "png")
    }
    for name in NAMES:
        assert (tmp_path / "new" / f"figure-{name}.svg").stat().st_size < 400_000
        png = tmp_path / "new" / f"figure-{name}.png"
        assert png.stat().st_size < 250_000
        assert imread(png).std() > 0.01
