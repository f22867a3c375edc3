"""XML is read without expanding or loading anything."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itnnr_ik.robot.xml import parse_xml

_LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
BILLION_LAUGHS = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY l0 "ha">{_LAUGHS}]><robot name="&l11;"/>'


def test_elements_attributes_and_text_are_kept() -> None:
    """Tags keep prefixes, also undeclared ones, and umlauts survive whatever encoding is declared."""
    root = parse_xml('<?xml version="1.0" encoding="latin-1"?><a:b x="ü &amp; 1">t<c/></a:b>', "text")
    assert (root.tag, root.get("x"), root.text, [child.tag for child in root]) == ("a:b", "ü & 1", "t", ["c"])


@pytest.mark.parametrize(
    "text",
    [
        BILLION_LAUGHS,
        '<!DOCTYPE robot SYSTEM "file:///etc/hostname"><robot/>',
        '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/hostname">]><robot>&e;</robot>',
        '<!DOCTYPE r [<!ENTITY % p SYSTEM "http://192.0.2.1/x.dtd"> %p;]><robot/>',
    ],
)
def test_document_types_are_refused_at_once(text: str) -> None:
    """Neither entities that grow without bounds nor files nor addresses are looked at."""
    start = time.perf_counter()
    with pytest.raises(ValueError, match=r"^arm\.urdf has a document type \(<!DOCTYPE …>\)"):
        parse_xml(text, "arm.urdf")
    assert time.perf_counter() - start < 1.0


@pytest.mark.parametrize(
    "text",
    [
        '<robot xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="arm.xml"/></robot>',
        '<robot xmlns:any="http://www.w3.org/2001/XInclude"><any:include href="arm.xml"/></robot>',
        '<robot><include xmlns="http://www.w3.org/2001/XInclude" href="arm.xml"/></robot>',
    ],
)
def test_xinclude_is_refused(text: str) -> None:
    """Files that would have to be included are named as the reason."""
    with pytest.raises(ValueError, match=r"^arm\.urdf uses XInclude, which is not read"):
        parse_xml(text, "arm.urdf")


def test_declaring_xinclude_is_no_harm() -> None:
    """Exporters declare namespaces that they do not use."""
    assert parse_xml('<robot xmlns:xi="http://www.w3.org/2001/XInclude"/>', "text").tag == "robot"


@pytest.mark.parametrize(
    "text", ["<robot>", "<robot></robot", "<a/><b/>", "<a>&x;</a>", "<a x=1/>", "<\ud800/>"]
)
def test_what_is_not_well_formed_is_said_to_be_so(text: str) -> None:
    """The message has the parser's reason."""
    with pytest.raises(ValueError, match=r"^text is not well-formed XML: .+"):
        parse_xml(text, "text")


@given(st.text(max_size=60))
def test_any_text_is_an_element_or_one_error(text: str) -> None:
    """No text raises anything but a ValueError."""
    try:
        parse_xml("<" + text, "text")
    except ValueError as error:
        assert str(error).startswith("text ")
