"""Reads the outlines of an SVG drawing as curves for a pen, with the library svgelements."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np

from itnnr_ik.cartesian.table import Array
from itnnr_ik.files import read_bytes
from itnnr_ik.forms import shown

_MAX_BYTES = 2_000_000  # of a file
_MAX_ELEMENTS = 100_000  # after every `use` is replaced by what it refers to
_MAX_DEPTH = 100  # of nested elements
_MAX_SEGMENTS = 100_000  # lines and curves
#: Elements whose content is drawn only where it is referred to, if at all, like that of ``defs``.
_DEFINITIONS = ("symbol", "mask", "marker")
#: Attributes of a ``use`` that are those of a symbol's viewport.
_PLACE = ("x", "y", "width", "height")
_XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
#: What svgelements raises at content that it cannot read.
_UNREADABLE = (ValueError, ArithmeticError, AttributeError, LookupError, TypeError, RecursionError)
#: Parameters at which the arc length of a curve is tabulated; it is interpolated linearly between them.
_CURVE_PARAMETERS = np.linspace(0.0, 1.0, 129)
_LINE_PARAMETERS, _LINE_TYPES = np.array([0.0, 1.0]), ("Line", "Close")
#: Factor of a curve's length, because interpolation makes some steps longer than the mean.
_LENGTH_MARGIN = 1.01
#: Shorter segments, as a share of the largest coordinate, are rounding errors.
_MIN_RELATIVE_LENGTH = 1e-9


class Segment(NamedTuple):
    """A line or curve of a stroke, without a corner.

    Attributes:
        curve: Segment of svgelements, as it is before the transforms of its shape.
        transform: Affine map (2, 3) from there to the drawing with y up.
        length: Arc length in the drawing's unit.
        progress: Share (c,) of the arc length, from 0 to 1, at evenly spaced values of the curve's parameter.
    """

    curve: Any
    transform: Array
    length: float
    progress: Array

    def start(self) -> Array:
        """Its first point (2,)."""
        point: Array = _evaluate(self.curve, self.transform, np.zeros(1))[0]
        return point

    def points(self, step: float) -> Array:
        """Points (p, 2) evenly spaced along the curve, at most ``step`` apart, without its first point."""
        margin = _LENGTH_MARGIN if len(self.progress) > 2 else 1.0
        count = max(1, int(np.ceil(margin * self.length / step - 1e-9)))
        even = np.arange(1, count + 1) / count
        parameters = np.interp(even, self.progress, np.linspace(0.0, 1.0, len(self.progress)))
        return _evaluate(self.curve, self.transform, parameters)


class Outline(NamedTuple):
    """The strokes of a drawing, each of connected segments, in its unit; and notes on what is left out."""

    strokes: tuple[tuple[Segment, ...], ...]
    notes: tuple[str, ...] = ()

    def box(self) -> tuple[Array, Array]:
        """Lower left and upper right corner (2,) of all that is drawn."""
        segments = [segment for stroke in self.strokes for segment in stroke]
        points = np.concatenate(
            [_evaluate(segment.curve, segment.transform, _parameters(segment.curve)) for segment in segments]
        )
        return points.min(axis=0), points.max(axis=0)


def read_outline(file: Path) -> Outline:
    """The outlines of all visible shapes, filled or not, in their order; text and pictures are left out.

    Raises:
        ImportError: svgelements is not installed; the message says what to install.
        ValueError: The file is no SVG, defines entities, is too large, draws nothing, or has a path with an
            error.
        OSError: The file cannot be read.
    """
    strokes, ignored = _parse(file)
    outline = tuple(tuple(stroke) for stroke in strokes if stroke)
    if not outline:
        raise ValueError(f"expected at least one shape in {file}, got none that is drawn")
    if not all(np.isfinite(segment.length) for stroke in outline for segment in stroke):
        raise ValueError(f"expected shapes of finite numbers in {file}")
    notes = tuple(f"{kind} is not drawn: turn it into paths" for kind in sorted(ignored))
    return Outline(outline, notes)


def _parse(file: Path) -> tuple[list[list[Segment]], set[str]]:
    """Strokes of all shapes, and the kinds of elements that are left out."""
    try:
        from svgelements import SVG, Shape
        from svgelements import Path as Drawn
    except ImportError as error:
        raise ImportError(f"reading SVG needs svgelements: pip install svgelements ({error})") from error
    root = _read_tree(file)
    for element in root.iter():
        if _local_name(element) == "path":
            _check_path(element.get("d", ""), file)
    _insert_symbols(root)
    _move_to_defs(root)
    strokes: list[list[Segment]] = []
    ignored, count = set(), 0
    try:
        # Without `reify`, which leaves rectangles and ellipses as they are where they are turned or mirrored,
        # and makes other ellipses of stretched arcs.
        for element in SVG.parse(io.BytesIO(ElementTree.tostring(root)), reify=False).elements():
            if isinstance(element, Shape):
                if element.values.get("visibility") in ("hidden", "collapse"):
                    continue
                drawn = Drawn(element)
                count += len(drawn)
                if count > _MAX_SEGMENTS:
                    break
                transform = _transform_of(drawn)
                strokes += [_segments(part, transform) for part in drawn.as_subpaths()]
            elif type(element).__name__ in ("Text", "Image"):
                ignored.add(type(element).__name__.lower())
    except _UNREADABLE as error:
        raise ValueError(f"{file} has a shape that svgelements cannot read: {error!r}") from None
    if count > _MAX_SEGMENTS:
        raise ValueError(f"expected at most {_MAX_SEGMENTS} lines and curves in {file}, got more")
    return strokes, ignored


def _transform_of(shape: Any) -> Array:
    """Affine map (2, 3) from a shape's coordinates to the drawing's, with y up; in SVG, y is down."""
    matrix = shape.transform
    rows: Array = np.array([[matrix.a, matrix.c, matrix.e], [-matrix.b, -matrix.d, -matrix.f]], dtype=float)
    return rows


def _segments(part: Any, transform: Array) -> list[Segment]:
    """The segments of a stroke, without those of no length."""
    segments = []
    for curve in part:
        if type(curve).__name__ == "Move" or curve.start is None:
            continue
        points = _evaluate(curve, transform, _parameters(curve))
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
        along = np.concatenate([[0.0], np.cumsum(steps)])
        if not along[-1] <= _MIN_RELATIVE_LENGTH * np.abs(points).max():
            segments.append(Segment(curve, transform, float(along[-1]), along / along[-1]))
    return segments


def _parameters(curve: Any) -> Array:
    return _LINE_PARAMETERS if type(curve).__name__ in _LINE_TYPES else _CURVE_PARAMETERS


def _evaluate(curve: Any, transform: Array, parameters: Array) -> Array:
    """Points (p, 2) of a curve at parameters (p,) from 0 to 1, mapped by a transform (2, 3)."""
    points = np.array([list(point) for point in curve.npoint(parameters)], dtype=float)
    with np.errstate(invalid="ignore"):  # infinite numbers are refused when all are read
        mapped: Array = points @ transform[:, :2].T + transform[:, 2]
    return mapped


def _read_checked(file: Path) -> bytes:
    """Content of a file that cannot expand without bound: no entities, and no `use` within what is used."""
    if file.stat().st_size > _MAX_BYTES:
        raise ValueError(f"expected an SVG of at most {_MAX_BYTES // 1_000_000} MB, got a larger one: {file}")
    text = read_bytes(file, _MAX_BYTES)
    counter = _ElementCounter(file)
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = counter.start, counter.end
    parser.EntityDeclHandler = counter.refuse_entities
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise ValueError(f"{file} is no well-formed SVG: {error}") from None
    counter.check()
    return text


def _read_tree(file: Path) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(_read_checked(file))
    except ElementTree.ParseError as error:  # of a prefix that is not declared
        raise ValueError(f"{file} is no well-formed SVG: {error}") from None


def _local_name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _check_path(data: str, file: Path) -> None:
    """Raise ValueError at an error in path data, up to which svgelements would draw it."""
    from svgelements import Path as Drawn
    from svgelements import SVGLexicalParser

    lexer = SVGLexicalParser()
    try:
        lexer.parse(Drawn(), data)
        complete = lexer.pos == lexer.limit or data == "none"
    except _UNREADABLE:
        complete = False
    if not complete:
        raise ValueError(f"{file} has a path that svgelements cannot read to its end: {shown(data)}")


def _insert_symbols(root: ElementTree.Element) -> None:
    """Replace every use of a symbol with a view box, which svgelements ignores, as SVG defines it."""
    symbols = {f"#{e.get('id')}": e for e in root.iter() if _local_name(e) == "symbol" and e.get("viewBox")}
    for use in [element for element in root.iter() if _local_name(element) == "use"]:
        symbol = symbols.get(use.get("href", use.get(_XLINK_HREF, "")))
        if symbol is not None:
            place = {name: use.attrib.pop(name) for name in _PLACE if name in use.attrib}
            namespace = symbol.tag.removesuffix("symbol")
            ElementTree.SubElement(use, f"{namespace}svg", {**symbol.attrib, **place}).extend(symbol)
            use.tag = f"{namespace}g"


def _move_to_defs(root: ElementTree.Element) -> None:
    """Put every one of `_DEFINITIONS` in a ``defs``; svgelements would draw them where they are."""
    for parent in list(root.iter()):
        for i, child in enumerate(parent):
            name = _local_name(child)
            if name in _DEFINITIONS:
                parent[i] = ElementTree.Element(f"{child.tag.removesuffix(name)}defs")
                parent[i].append(child)


class _ElementCounter:
    """Counts the elements of a file, in all and within each element that has an id."""

    def __init__(self, file: Path) -> None:
        self._file, self._elements = file, 0
        #: Id of each open element, and the numbers of elements and of uses before it.
        self._open: list[tuple[str, int, int]] = []
        self._sizes: dict[str, tuple[int, int]] = {}
        self._use_targets: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._open and tag.rpartition(":")[2] != "svg":
            raise ValueError(f"expected an SVG, got {self._file} whose outermost element is {tag!r}")
        self._open.append((attributes.get("id", ""), self._elements, len(self._use_targets)))
        self._elements += 1
        if len(self._open) > _MAX_DEPTH:
            raise ValueError(f"expected elements nested at most {_MAX_DEPTH} deep in {self._file}")
        if tag.rpartition(":")[2] == "use":
            self._use_targets.append(attributes.get("href", attributes.get("xlink:href", ""))[1:])

    def end(self, tag: str) -> None:
        name, before, uses = self._open.pop()
        self._sizes[name] = self._elements - before, len(self._use_targets) - uses

    def check(self) -> None:
        """Raise ValueError if the file is too large once every use is replaced, or uses are nested."""
        sizes = [self._sizes.get(name, (0, 0)) for name in self._use_targets if name]
        if any(uses for _, uses in sizes):
            raise ValueError(f"{self._file} uses what uses something else in turn, which is not read")
        if self._elements + sum(size for size, _ in sizes) > _MAX_ELEMENTS:
            raise ValueError(
                f"expected at most {_MAX_ELEMENTS} elements in {self._file}, with all that is used"
            )

    def refuse_entities(self, *_: object) -> NoReturn:
        raise ValueError(f"{self._file} defines entities (<!ENTITY …>), which are not read: remove them")
