"""The files of a page with many recordings: the index, and beside it a folder of reports."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from itnnr_ik.evaluation.many.evaluator import Result
from itnnr_ik.evaluation.many.index_page import make_index
from itnnr_ik.evaluation.many.places import Place
from itnnr_ik.evaluation.output import Output
from itnnr_ik.files import check_writable
from itnnr_ik.recording.replacing import as_bytes, check_place, replace_file

#: Largest number of characters of a recording's name in the file name of its page.
_MAX_NAME_LENGTH = 60


class Pages:
    """Writes the page of each recording when it is done, and the index at the end.

    Args:
        index: File of the index page.
        places: Places of the recordings, which must not be overwritten.

    Raises:
        ValueError: The pages cannot be written there.
    """

    def __init__(self, index: Path, places: Sequence[Place]) -> None:
        self._index = index
        self._folder = index.with_name(f"{index.stem}_reports")
        for place in places:
            Output(html=index, recording=place.path).check()
            check_place(self._folder, place.path)
        check_writable(self._folder)
        self._reports: dict[tuple[int, int], str] = {}

    def add(self, number: int, result: Result) -> None:
        """Write the pages of a recording, one for each model."""
        for i, page in enumerate(result.pages):
            name = re.sub(r"[^A-Za-z0-9._-]+", "_", Path(result.name).name)[:_MAX_NAME_LENGTH]
            report = self._folder / f"{number + 1:04}_{name}{f'_{i + 1}' if i else ''}.html"
            self._folder.mkdir(exist_ok=True)
            replace_file(report, as_bytes(page))
            self._reports[number, i] = f"{self._folder.name}/{report.name}"

    def finish(
        self, results: Mapping[int, Result], count: int, violations: Mapping[tuple[int, int], Sequence[str]]
    ) -> str:
        """Write the index; returns a sentence on it. Arguments as for `make_index`."""
        replace_file(self._index, as_bytes(make_index(results, count, self._reports, violations)))
        return f"{len(self._reports)} reports written to {self._folder}, their index to {self._index}"
