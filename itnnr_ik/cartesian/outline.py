"""The outlines of an SVG drawing, as curves that a pen follows; by the library svgelements."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from xml.parsers import expat

import numpy as np

from itnnr_ik.cartesian.table import Array

#: Largest file [bytes], elements once all that is used is in its place, how deep they may be nested, and the
#: most lines and curves.
_BYTES, _ELEMENTS, _DEPTH, _PIECES = 2_000_000, 100_000, 100, 100_000
#: Points that tell how far a curve has come: between them it is taken to run evenly.
_TABLE = np.linspace(0.0, 1.0, 129)
#: Steps along a curve may be longer than their mean by so much; pieces shorter than a share of where they are
#: are rounding's.
_UNEVEN, _LEAST = 1.01, 1e-9
_LINE, _LINES = np.array([0.0, 1.0]), ("Line", "Close")


class Piece(NamedTuple):
    """A curve of a stroke, without a corner.

    Attributes:
        segment: Of svgelements.
        length: In the drawing's unit.
        share: How far it has come (c,), from 0 to 1, at values of its parameter that are evenly apart.
    """

    segment: Any
    length: float
    share: Array

    def start(self) -> Array:
        """Its first point (2,)."""
        point: Array = _at(self.segment, np.zeros(1))[0]
        return point

    def points(self, step: float) -> Array:
        """Points (p, 2) that are evenly apart along the curve, by ``step`` at most; the first is left out."""
        uneven = _UNEVEN if len(self.share) > 2 else 1.0
        count = max(1, int(np.ceil(uneven * self.length / step - 1e-9)))
        even = np.arange(1, count + 1) / count
        return _at(self.segment, np.interp(even, self.share, np.linspace(0.0, 1.0, len(self.share))))


class Outline(NamedTuple):
    """The strokes of a drawing, each of pieces that join, in the drawing's unit; and what is left out."""

    strokes: tuple[tuple[Piece, ...], ...]
    notes: tuple[str, ...] = ()

    def box(self) -> tuple[Array, Array]:
        """Lower left and upper right corner (2,) of all that is drawn."""
        pieces = [piece for stroke in self.strokes for piece in stroke]
        points = np.concatenate([_at(piece.segment, _table(piece.segment)) for piece in pieces])
        return points.min(axis=0), points.max(axis=0)


def read_outline(file: Path) -> Outline:
    """The outlines of all shapes, filled or not, in their order; text and pictures are left out.

    Raises:
        ImportError: There is no svgelements; the message says what to install.
        ValueError: It is no SVG, defines entities, is too large, or nothing is drawn.
        OSError: The file cannot be read.
    """
    try:
        from svgelements import SVG, Shape
        from svgelements import Path as Drawn
    except ImportError as error:
        raise ImportError(f"reading SVG needs svgelements: pip install svgelements ({error})") from error
    text = _checked(file)
    strokes: list[list[Piece]] = []
    left_out, pieces = set(), 0
    try:
        for element in SVG.parse(io.BytesIO(text)).elements():
            if isinstance(element, Shape):
                drawn = Drawn(element)
                pieces += len(drawn)
                if pieces > _PIECES:
                    break
                strokes += [_pieces(part) for part in drawn.as_subpaths()]
            elif type(element).__name__ in ("Text", "Image"):
                left_out.add(type(element).__name__.lower())
    except (ValueError, ArithmeticError, AttributeError, TypeError, RecursionError) as error:
        raise ValueError(f"{file} has a shape that svgelements cannot read: {error!r}") from None
    if pieces > _PIECES:
        raise ValueError(f"expected at most {_PIECES} lines and curves in {file}, got more")
    found = tuple(tuple(stroke) for stroke in strokes if stroke)
    if not found:
        raise ValueError(f"expected at least one shape in {file}, got none that is drawn")
    if not all(np.isfinite(piece.length) for stroke in found for piece in stroke):
        raise ValueError(f"expected shapes of finite numbers in {file}")
    notes = tuple(f"{kind} is not drawn: turn it into paths" for kind in sorted(left_out))
    return Outline(found, notes)


def _pieces(part: Any) -> list[Piece]:
    """The curves of a stroke that have a length."""
    pieces = []
    for segment in part:
        if type(segment).__name__ == "Move" or segment.start is None:
            continue
        points = _at(segment, _table(segment))
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
        along = np.concatenate([[0.0], np.cumsum(steps)])
        if not along[-1] <= _LEAST * np.abs(points).max():
            pieces.append(Piece(segment, float(along[-1]), along / along[-1]))
    return pieces


def _table(segment: Any) -> Array:
    return _LINE if type(segment).__name__ in _LINES else _TABLE


def _at(segment: Any, places: Array) -> Array:
    """Points (p, 2) of a curve at its parameter (p,), from 0 to 1; in SVG, y is down."""
    points: Array = np.array([list(point) for point in segment.npoint(places)], dtype=float)
    return points * [1.0, -1.0]


def _checked(file: Path) -> bytes:
    """What is in the file, if it can be read without growing: no entities, and no `use` in what is used."""
    with file.open("rb") as stream:
        text = stream.read(_BYTES + 1)
    if len(text) > _BYTES:
        raise ValueError(f"expected an SVG of at most {_BYTES // 1_000_000} MB, got a larger one: {file}")
    count = _Count(file)
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = count.start, count.end
    parser.EntityDeclHandler = count.refuse_entities
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise ValueError(f"{file} is no well-formed SVG: {error}") from None
    count.check()
    return text


class _Count:
    """How many elements there are, in all and within each that has a name."""

    def __init__(self, file: Path) -> None:
        self._file, self._elements = file, 0
        #: Name of each open element, and the number of those before it and of uses before it.
        self._open: list[tuple[str, int, int]] = []
        self._sizes: dict[str, tuple[int, int]] = {}
        self._used: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._open and tag.rpartition(":")[2] != "svg":
            raise ValueError(f"expected an SVG, got {self._file} whose outermost element is {tag!r}")
        self._open.append((attributes.get("id", ""), self._elements, len(self._used)))
        self._elements += 1
        if len(self._open) > _DEPTH:
            raise ValueError(f"expected elements nested at most {_DEPTH} deep in {self._file}")
        if tag.rpartition(":")[2] == "use":
            self._used.append(attributes.get("href", attributes.get("xlink:href", ""))[1:])

    def end(self, tag: str) -> None:
        name, before, uses = self._open.pop()
        self._sizes[name] = self._elements - before, len(self._used) - uses

    def check(self) -> None:
        """Refuse what would be too much."""
        sizes = [self._sizes.get(name, (0, 0)) for name in self._used if name]
        if any(uses for _, uses in sizes):
            raise ValueError(f"{self._file} uses what uses something else in turn, which is not read")
        if self._elements + sum(size for size, _ in sizes) > _ELEMENTS:
            raise ValueError(f"expected at most {_ELEMENTS} elements in {self._file}, with all that is used")

    def refuse_entities(self, *_: object) -> NoReturn:
        raise ValueError(f"{self._file} defines entities (<!ENTITY …>), which are not read: remove them")
