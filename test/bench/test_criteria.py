"""Criteria that hold and criteria that do not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from itnnr_ik.bench.child import BatchRate, FirstAnswer
from itnnr_ik.bench.criteria import Criterion, criteria
from itnnr_ik.bench.quality import ALL, POSTURE, BranchesFound, Nearness
from itnnr_ik.bench.race import Result, Tracked
from itnnr_ik.bench.report import arm_lines, criteria_lines, without_nan
from itnnr_ik.bench.solve import ArmReport

LM = "roboticstoolbox ik_LM"


def report(name: str = "two_link", kind: str = "position", spare: int = 0) -> ArmReport:
    """A report in which every criterion just holds."""
    pose = kind == "pose"
    return ArmReport(
        name=name,
        title=f"{name} ({kind})",
        kind=kind,
        n_joints=6,
        spare_joints=spare,
        random=[
            Result("itnnr_ik", 1.0, 80.0 if pose else 100.0, 350.0, 1.0),
            Result(LM, 0.99, 100.0, 1000.0, 1.1),
        ],
        singular=0.03,
        regular=[
            Tracked("itnnr_ik", 1.0, 5.0, 9.0, [0.08 if spare else 0.03], [0.02]),
            Tracked(LM, 1.0, 10.0, 20.0, [0.02], [0.02]),
        ],
        swings=[0.4],
        wide=[Tracked("itnnr_ik", 1.0, 5.0, 9.0, [3.0], [0.02])],
        near=[
            Nearness(None, POSTURE, 100, 1.0, 1.0, 1.2, 0.01, 0.01, 0.5),
            Nearness(None, ALL, 100, 1.0, 1.01, 1.0, 0.01, 0.04, 0.5),
            Nearness(0.1, POSTURE, 100, 1.0, 0.1, 0.1, 0.02, 0.005, 0.5),
            Nearness(0.5, ALL, 100, 1.0, 0.4, 0.4, 0.05, 0.0, 0.01),
        ],
        branches=BranchesFound(10, ALL, 80, 0.999, 8.0, 900.0),
        batch=[BatchRate("itnnr_ik", False, 10, 1.0, 3000.0), BatchRate("9900cfc", False, 10, 1.0, 1000.0)],
        first=FirstAnswer(1.0, 3.0, 30.0),
        missing=["optik: not installed"],
    )


@pytest.mark.parametrize(
    ("name", "kind", "spare"), [("two_link", "position", 0), ("ur5e", "pose", 0), ("panda", "pose", 1)]
)
def test_what_is_just_at_its_bound_is_held(name: str, kind: str, spare: int) -> None:
    """Values at their bounds hold, for an arm of the paper, a pose task, and a redundant arm."""
    assert [c for c in criteria([report(name, kind, spare)]) if not c.held] == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"random": [Result("itnnr_ik", 0.9999, 80.0, 350.0, 1.0)]}, "random targets solved"),
        (
            {"random": [Result("itnnr_ik", 1.0, 81.0, 350.0, 1.0), Result(LM, 1.0, 100.0, 1000.0, 1.0)]},
            "median time over ik_LM's",
        ),
        (
            {"random": [Result("itnnr_ik", 1.0, 80.0, 351.0, 1.0), Result(LM, 1.0, 100.0, 1000.0, 1.0)]},
            "p99 time over ik_LM's",
        ),
        ({"wide": [Tracked("itnnr_ik", 0.999, 5.0, 9.0, [0.1], [0.1])]}, "path targets solved, anywhere"),
        ({"regular": [Tracked("itnnr_ik", 0.999, 5.0, 9.0, [0.1], [0.1])]}, "path targets solved"),
        (
            {"regular": [Tracked("itnnr_ik", 1.0, 5.0, 9.0, [0.02, 0.031], [0.02, 0.02])]},
            "largest step over the path's",
        ),
        (
            {"near": [Nearness(None, POSTURE, 100, 1.0, 1.0, 1.0, 0.01, 0.011, 0.5)]},
            "share more than 0.01 rad farther than the posture, from anywhere",
        ),
        (
            {"near": [Nearness(None, ALL, 9, 1.0, 1.02, 1.0, 0.01, 0.1, 0.5)]},
            "displacement over the nearest's",
        ),
        (
            {"near": [Nearness(0.1, POSTURE, 100, 1.0, 1.0, 1.0, 0.02, 0.006, 0.5)]},
            "share more than 0.02 rad farther than the posture, from within 0.1 rad",
        ),
        (
            {"near": [Nearness(0.5, ALL, 20_000, 1.0, 1.0, 1.0, 0.05, 1 / 20_000, 0.5)]},
            "share more than 0.05 rad farther than the nearest, from within 0.5 rad",
        ),
        ({"branches": BranchesFound(10, ALL, 1000, 0.998, 8.0, 900.0)}, "certified branches found"),
        (
            {
                "batch": [
                    BatchRate("itnnr_ik", False, 10, 1.0, 2999.0),
                    BatchRate("old", False, 10, 1.0, 1000.0),
                ]
            },
            "batch rate over old's",
        ),
        ({"first": FirstAnswer(1.0, 3.1, None)}, "first answer [s]"),
        ({"first": FirstAnswer(1.0, 1.0, 31.0)}, "first answer on the first day [s]"),
    ],
)
def test_what_is_beyond_its_bound_is_not(change: dict[str, object], what: str) -> None:
    """Each criterion can fail alone."""
    broken = [c for c in criteria([replace(report("ur5e", "pose"), **change)]) if not c.held]
    assert [c.what for c in broken] == [what]


def test_spare_joints_may_step_farther() -> None:
    """A redundant arm may step three times the path's own largest step and 0.02 rad, not more."""
    arm = report("panda", "pose", spare=1)
    ours = Tracked("itnnr_ik", 1.0, 5.0, 9.0, [0.0801], [0.02])
    (broken,) = [c for c in criteria([replace(arm, regular=[ours])]) if not c.held]
    assert broken.what == "largest step less 0.02 rad over the path's"


def test_tracking_time_counts_on_the_paper_s_arms_only() -> None:
    """The criterion on tracking time is for the paper's arms only."""
    slow = [Tracked("itnnr_ik", 1.0, 6.0, 9.0, [0.02], [0.02]), report().regular[1]]
    (broken,) = [c for c in criteria([replace(report(), regular=slow)]) if not c.held]
    assert broken.what == "median time over ik_LM's, tracking"
    assert all(c.held for c in criteria([replace(report("ur5e", "pose"), regular=slow)]))


def test_what_could_not_be_measured_is_not_held() -> None:
    """With NaN a criterion does not hold, and it is null in JSON."""
    arm = replace(report("ur5e", "pose"), branches=BranchesFound(10, ALL, 0, float("nan"), 8.0, 900.0))
    assert [c.what for c in criteria([arm]) if not c.held] == ["certified branches found"]
    assert without_nan({"a": [float("nan"), 1.0], "b": {"c": float("inf")}}) == {
        "a": [None, 1.0],
        "b": {"c": None},
    }


def test_the_tables_name_everything() -> None:
    """The tables have all solvers, the missing ones, and the criteria with a mark each."""
    text = "\n".join(arm_lines(report()))
    for word in ("itnnr_ik", LM, "optik: not installed", "9900cfc", "branches: 99.90 %", "30.0 s"):
        assert word in text
    held = Criterion("ur5e", "first answer [s]", 2.0, 3.0, least=False, held=True)
    lines = criteria_lines([held, replace(held, value=4.0, held=False)])
    assert lines[1].endswith("≤ 3  ok")
    assert lines[2].endswith("NOT HELD")
    assert lines[3] == "1 of 2 held"
