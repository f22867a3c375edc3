"""Reading URDF from paths and texts, and the one clear line where that fails."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itnnr_ik.robot import KinematicChain
from itnnr_ik.robot.urdf import parse_urdf, read_urdf, rename_joints
from robot.generated import joint, link, random_robot, robot, serial
from robot.test_xml import BILLION_LAUGHS

_XACRO = "is xacro, not URDF: run `ros2 run xacro xacro FILE.xacro > FILE.urdf` and give FILE.urdf$"


@pytest.mark.parametrize(
    "start", ["", " \n\t", "\ufeff", '<?xml version="1.0"?>\n', '\n<?xml version="1.0"?>']
)
def test_a_text_is_told_from_a_path(start: str) -> None:
    """What begins with < after white space is a text, with or without a declaration."""
    assert KinematicChain.from_urdf(start + serial("revolute")).joint_names == ("j1",)


@pytest.mark.parametrize("convert", [str, Path])
def test_a_file_is_read(tmp_path: Path, convert: type) -> None:
    """From a path of either type; the text is kept, and a byte-order mark is not."""
    path = tmp_path / "arm.urdf"
    path.write_text(serial("revolute", "prismatic"), encoding="utf-8-sig")
    chain = KinematicChain.from_urdf(convert(path))
    assert chain.joint_types == ("revolute", "prismatic")
    assert chain.urdf == serial("revolute", "prismatic")


def test_a_declared_prefix_of_xacro_is_no_harm() -> None:
    """Expanded files keep the declaration, and now and then a remainder in what is drawn."""
    drawn = '<link name="x"><visual><xacro:grey/></visual></link>'
    text = serial("revolute").replace("<robot", '<robot xmlns:xacro="http://www.ros.org/wiki/xacro"')
    text = text.replace("</robot>", f"{drawn}</robot>")
    assert KinematicChain.from_urdf(text, "l0", "l1").joint_names == ("j1",)


def test_joints_elsewhere_are_not_taken_for_joints() -> None:
    """Transmissions and ros2_control have elements of the same name."""
    more = '<transmission><joint name="j1"/></transmission><ros2_control><joint name="j1"/></ros2_control>'
    assert parse_urdf(serial("revolute").replace("</robot>", f"{more}</robot>"), "text").joints.keys() == {
        "j1"
    }


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("arm.urdf", b"", r"^arm\.urdf is not well-formed XML: no element found"),
        ("arm.urdf", b"solid cube", r"^arm\.urdf is not well-formed XML: "),
        ("arm.urdf", b"\xff\xfe<\x00r\x00", r"arm\.urdf is not a URDF file: it is not UTF-8 text$"),
        ("arm.urdf", b"<sdf/>", r"^arm\.urdf must have <robot> as its outermost element, got <sdf>$"),
        ("arm.urdf", b"<robot/>", r"^arm\.urdf has no <link>$"),
        ("arm.xacro", b"<robot/>", r"^arm\.xacro " + _XACRO),
        ("arm.urdf.xacro", b"<robot/>", r"^arm\.urdf\.xacro " + _XACRO),
        ("arm.urdf", b'<robot><xacro:arm prefix="a"/></robot>', r"^arm\.urdf " + _XACRO),
        ("arm.urdf", b'<robot><xacro:include filename="a"/></robot>', r"^arm\.urdf " + _XACRO),
        ("arm.urdf", b'<robot><link name="${prefix}base"/></robot>', r"^arm\.urdf " + _XACRO),
        ("arm.urdf", BILLION_LAUGHS.encode(), r"^arm\.urdf has a document type"),
        ("folder", None, r"^cannot read URDF file '.*folder': Is a directory$"),
    ],
)
def test_a_file_that_is_no_urdf_is_named(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    """Each in one line that says what is wrong with which file."""
    path = tmp_path / name
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        KinematicChain.from_urdf(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("urdf", "message"),
    [
        ("no_such.urdf", r"^cannot read URDF file 'no_such\.urdf': No such file or directory$"),
        ("a\0b", "^cannot read URDF file 'a.*b': embedded null byte"),
        ("x" * 5000, r"^cannot read URDF file 'x{200}': File name too long$"),
        ("", "^urdf is empty: expected URDF text or the path of a file$"),
        (" \n", "^urdf is empty: expected URDF text or the path of a file$"),
        (None, "^urdf must be URDF text or the path of a file, got NoneType$"),
        (b"<robot/>", "^urdf must be URDF text or the path of a file, got bytes$"),
    ],
)
def test_what_is_neither_text_nor_file_is_refused(urdf: object, message: str) -> None:
    """Missing files, empty text and other types."""
    with pytest.raises(ValueError, match=message):
        read_urdf(urdf)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a&#10;b", "a&#x2028;b", "x" * 201])
@pytest.mark.parametrize("old", ["made_up", "l1", "j1"])
def test_names_that_no_message_can_have_are_refused(old: str, name: str) -> None:
    """Of the robot, a link or a joint: messages are of one line."""
    with pytest.raises(ValueError, match="must have at most 200 characters, all of them printable") as error:
        KinematicChain.from_urdf(serial("revolute").replace(f'"{old}"', f'"{name}"'))
    assert len(str(error.value).splitlines()) == 1
    with pytest.raises(ValueError, match="the name of the robot must have at most 200 characters"):
        KinematicChain.from_urdf(serial("revolute"), name=name.replace("&#", "\n"))


def test_what_is_too_large_is_refused() -> None:
    """Text of more than four mebibytes, and lists of names of more than a hundred."""
    with pytest.raises(ValueError, match=r"^urdf must have at most 4194304 characters, got 4194312$"):
        KinematicChain.from_urdf("<a/>" + " " * (2**22 + 4))
    links = "".join(link(f"x{i}") for i in range(1000))
    with pytest.raises(ValueError, match=r"links: l0, l1, x0, .*, x97 and 902 more$"):
        KinematicChain.from_urdf(serial("revolute").replace("</robot>", f"{links}</robot>"), "l0", "tip")


@pytest.mark.parametrize("inside", ["<a>" * 100_000 + "</a>" * 100_000, "<a/>" * 500_000, 'x="" ' * 9])
def test_what_is_deep_or_long_is_read_or_refused(inside: str) -> None:
    """A hundred thousand elements in each other, half a million side by side, an attribute often."""
    _chain_or_one_line(serial("revolute").replace("</robot>", f"<y>{inside}</y></robot>"))


def test_joints_are_renamed_wherever_they_are_named() -> None:
    """In mimics, transmissions and simulators' tags, but not a link of the same name."""
    links = [link("a"), link("b"), link("c"), link("j")]
    joints = [
        joint("j", "revolute", "a", "b"),
        joint("k", "revolute", "b", "c", mimic='joint="j" offset="1"'),
    ]
    more = '<transmission><joint name="j"/></transmission><gazebo reference="j"/><gazebo reference="k"/>'
    root = ElementTree.fromstring(rename_joints(robot(*links, *joints, more), {"j": "k", "k": "l"}))
    assert [element.get("name") for element in root.iter("joint")] == ["k", "l", "k"]
    assert [element.get("joint") for element in root.iter("mimic")] == ["k"]
    assert [element.get("reference") for element in root.iter("gazebo")] == ["j", "l"]
    assert [element.get("name") for element in root.iter("link")] == ["a", "b", "c", "j"]


def test_joints_are_not_renamed_in_what_is_too_deep() -> None:
    """Elements that can be read, but not written."""
    with pytest.raises(ValueError, match="nested too deeply"):
        rename_joints(robot("<a>" * 100_000 + "</a>" * 100_000), {"j": "k"})


_VALUES = st.one_of(
    st.sampled_from(
        ["", "a", "b", "0", "1 0 0", "0 0 0", "nan", "1e999", "-1", "revolute", "fixed", "planar"]
    ),
    st.floats().map(str),
    st.text(max_size=5).map(lambda text: "".join(c for c in text if c.isprintable() and c not in '<>&"')),
)
_TAGS = st.sampled_from(
    ["robot", "link", "joint", "parent", "child", "origin", "axis", "limit", "mimic", "xacro:x"]
)
_KEYS = st.sampled_from(
    ["name", "type", "link", "xyz", "rpy", "lower", "upper", "velocity", "joint", "multiplier", "offset"]
)
_LEAVES = st.builds(
    lambda tag, attributes, inside: "<{0} {1}>{2}</{0}>".format(
        tag, " ".join(f'{key}="{value}"' for key, value in attributes.items()), "".join(inside)
    ),
    _TAGS,
    st.dictionaries(_KEYS, _VALUES, max_size=4),
    st.just([]),
)
_ELEMENTS = st.recursive(
    _LEAVES,
    lambda inner: st.builds(
        lambda tag, attributes, inside: "<{0} {1}>{2}</{0}>".format(
            tag, " ".join(f'{key}="{value}"' for key, value in attributes.items()), "".join(inside)
        ),
        _TAGS,
        st.dictionaries(_KEYS, _VALUES, max_size=4),
        st.lists(inner, max_size=5),
    ),
    max_leaves=12,
)


def _chain_or_one_line(urdf: str) -> None:
    try:
        chain = KinematicChain.from_urdf(urdf)
    except ValueError as error:
        assert str(error)
        assert "\n" not in str(error).replace(repr(urdf), "")
    else:
        assert 1 <= chain.n_joints <= 10


@given(st.lists(_ELEMENTS, max_size=6))
def test_any_elements_are_a_chain_or_one_line(elements: list[str]) -> None:
    """Whatever stands in <robot>, nothing but a ValueError of one line comes of it."""
    _chain_or_one_line(robot(*elements))


@given(st.integers(0, 9), st.data())
def test_a_damaged_file_is_a_chain_or_one_line(seed: int, data: st.DataObject) -> None:
    """Attributes of a sound robot that are replaced or lost do no other harm."""
    root = ElementTree.fromstring(random_robot(seed).urdf)
    elements = [element for element in root.iter() if element.attrib]
    for _ in range(data.draw(st.integers(1, 3))):
        element = data.draw(st.sampled_from(elements))
        key = data.draw(st.sampled_from(sorted(element.attrib) or ["name"]))
        if data.draw(st.booleans()):
            element.set(key, data.draw(_VALUES))
        else:
            element.attrib.pop(key, None)
    _chain_or_one_line(ElementTree.tostring(root, encoding="unicode"))
