"""An evaluation as a web page in one file: numbers, plots and the targets that stand out."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from itnnr_ik.evaluation.measures import Evaluation
from itnnr_ik.evaluation.report import percent, setting, speed, statistics_rows, title

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #24303c; background: #f4f6f8; margin: 0; }
main { max-width: 64rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.1rem; margin: 0 0 .8rem; }
p.source { color: #5a6470; margin: .2rem 0 1.6rem; }
section { background: #fff; border: 1px solid #e3e6ea; border-radius: 10px; padding: 1.2rem 1.4rem;
  margin-top: 1rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem; }
.card { background: #fff; border: 1px solid #e3e6ea; border-radius: 10px; padding: .9rem 1.1rem; }
.card b { display: block; font-size: 1.2rem; white-space: nowrap; line-height: 1.3; color: #1b4965; }
.card.bad b { color: #c1121f; } .card span { color: #5a6470; font-size: .86rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .7rem; border-bottom: 1px solid #eceff2; white-space: nowrap; }
th { color: #5a6470; font-weight: 600; font-size: .86rem; }
th:first-child, td:first-child { text-align: left; } td.in { padding-left: 2rem; color: #5a6470; }
svg { width: 100%; height: auto; display: block; }
ul { margin: 0; padding-left: 1.2rem; }
"""


def make_page(evaluation: Evaluation, plots: Mapping[str, str]) -> str:
    """The page.

    Args:
        evaluation: The numbers.
        plots: An ``<svg>`` element under each heading.
    """
    e = evaluation
    figures = "".join(
        f"<section><h2>{escape(heading)}</h2>{svg}</section>\n" for heading, svg in plots.items()
    )
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title(e))}</title><style>{STYLE}</style></head>
<body><main>
<h1>{escape(e.recording)}</h1>
<p class="source">{escape(setting(e))} · {escape(speed(e))}</p>
<div class="cards">{_cards(e)}</div>
<section><h2>Numbers</h2><div class="scroll">{_numbers(e)}</div></section>
{figures}<section><h2>The {len(e.worst)} targets that stand out most</h2>
<div class="scroll">{_worst(e)}</div></section>
{_jumps(e)}{_remarks(e)}</main></body></html>
"""


def _cards(e: Evaluation) -> str:
    cards = [
        (
            percent(e.solved, e.reachable),
            f"solved: {e.solved} of {e.reachable} reachable targets",
            e.solved < e.reachable,
        ),
        (str(e.out_of_reach), "targets out of reach", False),
        *([(str(e.outside_data), "targets outside the model's data", True)] if e.outside_data else []),
        (
            "–" if e.residual is None else f"{e.residual.max:.1e} m",
            f"largest residual, tolerance {e.tolerance:g} m",
            e.residual is not None and e.residual.max > e.tolerance,
        ),
        *_orientation_card(e),
        *([(str(e.outside_limits), "answers outside the joint limits", True)] if e.outside_limits else []),
        ("–" if e.step is None else f"{e.step.max:.3g} rad", "largest step from answer to answer", False),
        (str(e.branch_changes), "branch changes", e.branch_changes > 0),
    ]
    if "all" in e.displacement:
        p99 = e.displacement["all"].p99
        cards.insert(-2, (f"{p99:.1e} rad", "from the recorded joints (p99)", False))
    return "".join(
        f'<div class="card{" bad" if bad else ""}"><b>{escape(value)}</b><span>{escape(label)}</span></div>'
        for value, label, bad in cards
    )


def _orientation_card(e: Evaluation) -> list[tuple[str, str, bool]]:
    if e.orientation_tolerance is None:
        return []
    label = f"largest orientation error, tolerance {e.orientation_tolerance:g} rad"
    if e.orientation_error is None:
        return [("–", label, False)]
    largest = e.orientation_error.max
    return [(f"{largest:.1e} rad", label, largest > e.orientation_tolerance)]


def _numbers(e: Evaluation) -> str:
    rows = "".join(
        f"<tr><td{' class=in' if label.startswith(' ') else ''}>{escape(label.strip())}</td>"
        f"<td>{stats.count}</td>"
        + "".join(f"<td>{value * factor:.3g}</td>" for value in (stats.median, stats.p99, stats.max))
        + "</tr>"
        for label, stats, factor in statistics_rows(e)
    )
    return f"<table><tr><th></th><th>count</th><th>median</th><th>p99</th><th>max</th></tr>{rows}</table>"


def _worst(e: Evaluation) -> str:
    reference = "from recorded joints" if e.displacement else "from the answer before"
    heads = ["target", "time [s]", "position [m]", "outcome", "residual [m]", f"{reference} [rad]"]
    turned = e.orientation_tolerance is not None
    if turned:
        heads[2] += ", quaternion"
        heads.insert(5, "orientation error [rad]")
    rows = []
    for t in e.worst:
        cells = [
            str(t.index),
            f"{t.time:.3f}",
            ", ".join(f"{value:.4f}" for value in t.target),
            escape(t.outcome.replace("_", " ")),
            *map(_optional, [t.residual, *([t.orientation_error] if turned else []), t.displacement]),
        ]
        rows.append("".join(f"<td>{cell}</td>" for cell in cells))
    head = "".join(f"<th>{text}</th>" for text in heads)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def _jumps(e: Evaluation) -> str:
    if not e.jumps:
        return ""
    avoidable = sum(jump.avoidable for jump in e.jumps)
    items = "".join(f"<li>{escape(str(jump))}</li>" for jump in e.jumps)
    heading = f"Jumps to another branch: {len(e.jumps)} of {e.branch_changes}, {avoidable} avoidable"
    return f"<section><h2>{heading}</h2><ul>{items}</ul></section>\n"


def _remarks(e: Evaluation) -> str:
    remarks = [f"{count} × {reason}" for reason, count in sorted(e.skipped.items())] + list(e.notes)
    if not remarks:
        return ""
    items = "".join(f"<li>{escape(remark)}</li>" for remark in remarks)
    return f"<section><h2>Left out, and to be known</h2><ul>{items}</ul></section>\n"


def _optional(value: float | None) -> str:
    return "–" if value is None else f"{value:.2e}"
