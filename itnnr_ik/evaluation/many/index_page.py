"""A web page with a sortable table of many recordings, linked to the page of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import quote

from itnnr_ik.evaluation.many.evaluator import Result
from itnnr_ik.evaluation.many.table import HEADINGS, cells, totals
from itnnr_ik.evaluation.page import STYLE

_STYLE = """
main { max-width: 90rem; } th { cursor: pointer; } th::after { content: " ↕"; color: #c3c9d0; }
th[aria-sort=ascending]::after { content: " ↑"; } th[aria-sort=descending]::after { content: " ↓"; }
td.name { text-align: left; } tr.bad td { background: #fdecee; } td.why { text-align: left; color: #c1121f;
  white-space: normal; min-width: 18rem; }
"""

#: Sorts by the column whose heading is clicked: numbers by value, unknown ones at the end.
_SCRIPT = """
const table = document.querySelector("table"), body = table.tBodies[0];
table.tHead.addEventListener("click", event => {
  const head = event.target.closest("th");
  if (!head) return;
  const down = head.getAttribute("aria-sort") === "ascending", column = head.cellIndex;
  const key = row => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const compare = (a, b) => a === "" || b === "" ? (a === "") - (b === "")
    : (down ? -1 : 1) * (isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b);
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  body.append(...[...body.rows].sort((a, b) => compare(key(a), key(b))));
});
"""


def make_index(
    results: Mapping[int, Result],
    count: int,
    reports: Mapping[tuple[int, int], str],
    violations: Mapping[tuple[int, int], Sequence[str]],
) -> str:
    """The page.

    Args:
        results: Results by number, in the order of the rows.
        count: Number of all recordings, evaluated or not.
        reports: Relative links to the pages, by numbers of recording and model.
        violations: Violated requirements, by the same numbers.
    """
    found = list(results.values())
    headings = ("recording", "model", *(" ".join(lines).strip() for lines in HEADINGS), "remark")
    heads = "".join(f"<th>{escape(text)}</th>" for text in headings)
    rows = [row for number, result in results.items() for row in _rows(number, result, reports, violations)]
    title = f"{len(results)} recording{'s' * (len(results) != 1)}"
    told = "<br>".join(map(escape, totals(found, count)))
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{STYLE}{_STYLE}</style></head>
<body><main><h1>{title}</h1><p class="source">{told}</p>
<section><div class="scroll"><table><thead><tr>{heads}</tr></thead>
<tbody>
{"".join(rows)}</tbody></table></div></section></main>
<script>{_SCRIPT}</script></body></html>
"""


def _rows(
    number: int,
    result: Result,
    reports: Mapping[tuple[int, int], str],
    violations: Mapping[tuple[int, int], Sequence[str]],
) -> list[str]:
    """A row for each model, or one with the error."""
    name = escape(result.name)
    if result.error:
        empty = '<td data-value=""></td>' * (len(HEADINGS) + 1)
        return [f'<tr class="bad"><td>{name}</td>{empty}<td class="why">{escape(result.error)}</td></tr>\n']
    rows = []
    for i, evaluation in enumerate(result.evaluations):
        link, how = reports.get((number, i)), violations.get((number, i), ())
        shown = (
            name if link is None else f'<a href="{escape(quote(link, errors="surrogateescape"))}">{name}</a>'
        )
        numbers = "".join(
            f'<td data-value="{"" if cell.value is None else cell.value!r}">{escape(cell.text)}</td>'
            for cell in cells(evaluation)
        )
        rows.append(
            f'<tr{" class=bad" if how else ""}><td>{shown}</td><td class="name">{escape(evaluation.model)}'
            f'</td>{numbers}<td class="why">{escape("; ".join(how))}</td></tr>\n'
        )
    return rows
