"""The tree of links: which joints lie between two of them, and what is wrong with trees that are none."""

from __future__ import annotations

import pytest

from itnnr_ik.robot.description import Description
from itnnr_ik.robot.urdf import parse_urdf
from robot.generated import joint, link, robot

#: base → shoulder → arm → tool, and arm → camera.
_ARM = (
    *map(link, ("base", "shoulder", "arm", "tool", "camera")),
    joint("lift", "revolute", "shoulder", "arm"),
    joint("turn", "revolute", "base", "shoulder"),
    joint("mount", "fixed", "arm", "tool"),
    joint("eye", "fixed", "arm", "camera"),
)


def _described(*parts: str) -> Description:
    return parse_urdf(robot(*parts, name="arm"), "arm.urdf")


def _names(base: str | None, tip: str | None) -> list[str]:
    return [joint.name for joint in _described(*_ARM).path(base, tip)]


def test_the_path_runs_from_base_to_tip() -> None:
    """Whatever the order in the file; the base need not be the root."""
    assert _names("base", "tool") == ["turn", "lift", "mount"]
    assert _names("shoulder", "camera") == ["lift", "eye"]


def test_a_base_is_picked_where_there_is_one_root() -> None:
    """Without a base, the chain begins at the only link that has no parent."""
    assert _names(None, "tool") == ["turn", "lift", "mount"]


def test_a_tip_is_picked_where_there_is_one_leaf() -> None:
    """Without a tip, the chain ends at the only link that has no child."""
    links = [link("a"), link("b"), joint("j", "revolute", "a", "b")]
    assert [joint.name for joint in _described(*links).path(None, None)] == ["j"]


@pytest.mark.parametrize(
    ("base", "tip", "message"),
    [
        ("base", None, "^arm has several links that may be the tip; give tip= one of tool, camera$"),
        ("bass", "tool", "^no link 'bass' in arm; links: base, shoulder, arm, tool, camera$"),
        (None, "tol", "^no link 'tol' in arm; links: base, shoulder, arm, tool, camera$"),
        ("tool", "base", "^tip 'base' is above base 'tool' in arm: exchange them$"),
        (
            "camera",
            "tool",
            "^tip 'tool' is not below base 'camera' in arm; links above it: arm, shoulder, base$",
        ),
        ("tool", "tool", "^base and tip of arm must be two links, got 'tool' for both$"),
    ],
)
def test_a_path_that_is_not_there_is_explained(base: str | None, tip: str, message: str) -> None:
    """The message says which link is wrong and what there is."""
    with pytest.raises(ValueError, match=message):
        _described(*_ARM).path(base, tip)


def test_several_roots_are_listed() -> None:
    """Two trees in one file need a base."""
    forest = _described(*_ARM, link("floor"))
    with pytest.raises(
        ValueError, match=r"^arm has several links that may be the base; give base= one of base, fl"
    ):
        forest.path(None, "tool")
    assert len(forest.path("base", "tool")) == 3


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ([link("arm")], "^arm.urdf has more than one link named 'arm'$"),
        ([link("x"), joint("lift", "fixed", "arm", "x")], "^arm.urdf has more than one joint named 'lift'$"),
        (["<link/>"], "^arm.urdf has a <link> without a name$"),
        ([link("x"), joint("", "fixed", "arm", "x")], "^arm.urdf has a <joint> without a name$"),
        (
            [joint("j", "fixed", "base", "tool")],
            "^link 'tool' in arm.urdf has two parents: by joint 'mount' and by joint 'j'$",
        ),
        (
            [joint("j", "fixed", "arm", "x")],
            "^child of joint 'j' is 'x', which is no link of arm.urdf; links: base, shoulder, arm, tool, cam",
        ),
        (
            [joint("j", "fixed", "x", "base")],
            "^parent of joint 'j' is 'x', which is no link of arm.urdf; links: ",
        ),
        (
            [joint("j", "fixed", "tool", "base")],
            "^links of arm.urdf go round in a ring: base, shoulder, arm, ",
        ),
        ([link("x"), joint("j", "fixed", "x", "x")], "^links of arm.urdf go round in a ring: x$"),
        (
            ['<joint name="j" type="fixed"><child link="base"/></joint>'],
            "^joint 'j' in arm.urdf has no <parent link=",
        ),
        (
            ['<joint name="j" type="fixed"><parent link="base"/></joint>'],
            "^joint 'j' in arm.urdf has no <child link=",
        ),
        (['<joint name="j" type="fixed"><parent/></joint>'], "^joint 'j' in arm.urdf has no <parent link="),
        (
            [link("x"), joint("j", "hinge", "arm", "x")],
            "^type of joint 'j' in arm.urdf must be one of revolute, continuous, prismatic, fixed, floating, "
            "planar, got 'hinge'$",
        ),
        (['<joint name="j"/>'], "^type of joint 'j' in arm.urdf must be one of .*, got ''$"),
    ],
)
def test_what_is_no_tree_is_refused(more: list[str], message: str) -> None:
    """Repeated names, two parents, rings and loose ends are named."""
    with pytest.raises(ValueError, match=message):
        _described(*_ARM, *more)


def test_a_long_chain_of_links_takes_no_time() -> None:
    """Thousands of links neither recurse nor take quadratic time."""
    names = [f"l{i}" for i in range(5000)]
    joints = [joint(f"j{i}", "fixed", f"l{i}", f"l{i + 1}") for i in range(4999)]
    assert len(_described(*map(link, names), *joints).path(None, None)) == 4999
