"""XML as a tree of elements, without the features that make parsing it unsafe."""

from __future__ import annotations

from typing import NoReturn
from xml.etree import ElementTree
from xml.parsers import expat

_XINCLUDE = "http://www.w3.org/2001/XInclude"


def parse_xml(text: str, label: str) -> ElementTree.Element:
    """Outermost element of XML text; tags keep their prefixes as written, declared or not.

    Nothing is expanded or loaded. ``label`` stands for the text in messages.

    Raises:
        ValueError: It is not well-formed, or has a document type (the only place to define entities) or
            XInclude.
    """
    builder = ElementTree.TreeBuilder()

    def start(tag: str, attributes: dict[str, str]) -> None:
        prefix, _, local = tag.rpartition(":")
        # Declaring the namespace without using it is common, and `xacro:include` is not XInclude.
        if local == "include" and prefix != "xacro" and (prefix or _XINCLUDE in attributes.values()):
            raise ValueError(f"{label} uses XInclude, which is not read: put all into one file")
        builder.start(tag, attributes)

    def refuse_doctype(*_: object) -> NoReturn:
        raise ValueError(f"{label} has a document type (<!DOCTYPE …>), which is not read: remove it")

    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse_doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(text.encode("utf-8"), True)
    except (expat.ExpatError, UnicodeEncodeError) as error:
        raise ValueError(f"{label} is not well-formed XML: {error}") from None
    return builder.close()
