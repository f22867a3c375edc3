"""Run the paper's experiments again, print its tables, draw its figures, write the document about it."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from itnnr_ik.arrays import use_torch
from itnnr_ik.files import check_outputs, check_writable
from itnnr_ik.options import seed_number
from itnnr_ik.paper import infinite
from itnnr_ik.paper.problems import EXPERIMENTS, PROBLEMS
from itnnr_ik.paper.protocols import METHOD_NAMES, PROTOCOLS
from itnnr_ik.paper.results import Records, Task, committed_results, load_results
from itnnr_ik.paper.table import make_rows, to_markdown, to_text
from itnnr_ik.recording.replacing import as_bytes, replace_file

if TYPE_CHECKING:
    from itnnr_ik.paper.effort import Effort

_DEFAULT_FOLDER = Path("itnnr_paper")
_DEFAULT_SEEDS = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``itnnr-ik paper``."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    run_parser = actions.add_parser("run", help="train and evaluate; a stopped run goes on where it was")
    _add_selection(run_parser)
    run_parser.add_argument(
        "--method", choices=METHOD_NAMES, action="append", help="repeatable; all by default"
    )
    run_parser.add_argument(
        "--seeds", type=int, help=f"runs of each method (default: {_DEFAULT_SEEDS}; 1 with --quick)"
    )
    run_parser.add_argument("--quick", action="store_true", help="a reduced form of everything, in minutes")
    run_parser.add_argument("--processes", type=int, default=2, help="runs at a time")
    run_parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help=f"folder (default: {_DEFAULT_FOLDER}, or {_DEFAULT_FOLDER}_quick with --quick)",
    )
    run_parser.add_argument("--json", action="store_true", help="print JSON")
    run_parser.set_defaults(markdown=False)

    table_parser = actions.add_parser("table", help="print the tables")
    _add_selection(table_parser)
    style = table_parser.add_mutually_exclusive_group()
    style.add_argument("--markdown", action="store_true", help="print Markdown")
    style.add_argument("--json", action="store_true", help="print JSON")
    _add_results(table_parser)

    figures_parser = actions.add_parser("figures", help="draw the figures as SVG and PNG")
    figures_parser.add_argument(
        "-o", "--output", type=Path, default=_DEFAULT_FOLDER / "figures", help="folder"
    )
    figures_parser.add_argument("--seed", type=seed_number, default=0, help="of what is trained for them")
    _add_results(figures_parser)

    document_parser = actions.add_parser("document", help="write what the results say as Markdown")
    document_parser.add_argument(
        "-o", "--output", type=Path, default=_DEFAULT_FOLDER / "paper.md", help="file"
    )
    _add_results(document_parser)

    validate_parser = actions.add_parser("validate", help="what each part of ours is worth, on other points")
    validate_parser.add_argument(
        "--experiment", choices=PROBLEMS, action="append", help="repeatable; 1 to 9 by default"
    )
    validate_parser.add_argument("--seed", type=seed_number, default=0, help="of data, weights and batches")
    validate_parser.add_argument("--quick", action="store_true", help="train briefly")

    infinite_parser = actions.add_parser("infinite", help="infinitely many solutions: the anchor chooses one")
    infinite.add_arguments(infinite_parser)
    for action in actions.choices.values():
        action.formatter_class = parser.formatter_class


def _add_selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--experiment", choices=PROBLEMS, action="append", help="repeatable; 1 to 9 by default"
    )
    parser.add_argument(
        "--table", type=int, choices=(1, 2), help="1: f known, 2: noisy data; both by default"
    )
    parser.add_argument("--protocol", choices=PROTOCOLS, help="which anchors count; both by default")


def _add_results(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--results", type=Path, help="results.json of a run (default: those that come with the package)"
    )


def run(args: argparse.Namespace) -> int:
    """Run the chosen action."""
    if args.action == "run":
        return _run(args)
    if args.action == "table":
        _print_tables(_results(args), args)
    elif args.action == "figures":
        check_writable(args.output)
        use_torch()
        from itnnr_ik.paper.figures import draw_all

        draw_all(_results(args), args.output, args.seed)
        print(f"figures written to {args.output}")
    elif args.action == "document":
        from itnnr_ik.paper.document import make_document

        document = make_document(_results(args), args.results)
        args.output.parent.mkdir(parents=True, exist_ok=True)
        check_outputs([args.results], [args.output])
        replace_file(args.output, as_bytes(document))
        print(f"{args.output} written")
    elif args.action == "validate":
        _validate(args)
    else:
        return infinite.run(args)
    return 0


def _validate(args: argparse.Namespace) -> None:
    use_torch()
    from itnnr_ik.paper.effort import FULL, QUICK
    from itnnr_ik.paper.validation import validate

    print(f"{'RMSE of the best of 5':30}{'validation points':>20}{'20000 targets':>16}")
    for key in args.experiment or EXPERIMENTS:
        problem = PROBLEMS[key]
        for variant, errors in validate(problem, args.seed, QUICK if args.quick else FULL).items():
            print(f"{key + ' ' + variant:30}{errors[0]:20.5f}{errors[1]:16.5f}", flush=True)


def _run(args: argparse.Namespace) -> int:
    effort, folder, seeds = _effort(args)
    for name, value in (("--seeds", seeds), ("--processes", args.processes)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    check_writable(folder)
    use_torch()
    from itnnr_ik.paper.runner import RESULTS_FILE, run_tasks

    tasks = make_tasks(
        args.experiment or EXPERIMENTS,
        (args.table,) if args.table else (1, 2),
        args.method or list(METHOD_NAMES),
        seeds,
    )
    records = run_tasks(tasks, folder, effort, args.processes)
    print(f"results are in {folder / RESULTS_FILE}", file=sys.stderr)
    _print_tables(records, args)
    return 0


def _effort(args: argparse.Namespace) -> tuple[Effort, Path, int]:
    from itnnr_ik.paper.effort import FULL, QUICK

    effort, folder, seeds = (
        (QUICK, _DEFAULT_FOLDER.with_name(f"{_DEFAULT_FOLDER.name}_quick"), 1)
        if args.quick
        else (FULL, _DEFAULT_FOLDER, _DEFAULT_SEEDS)
    )
    return effort, args.output or folder, seeds if args.seeds is None else args.seeds


def make_tasks(
    experiments: list[str] | tuple[str, ...],
    tables: tuple[int, ...],
    methods: list[str] | tuple[str, ...],
    seeds: int,
) -> list[Task]:
    """All tasks of a selection, sorted by seed.

    The lookup has one task where all seeds have the same data set, and the inverse network has none in
    Table 2, as in the paper.

    Raises:
        ValueError: There is no task.
    """
    tasks = []
    for seed in range(seeds):
        for experiment in experiments:
            for table in tables:
                for method in methods:
                    again = seed > 0 and PROBLEMS[experiment].data_seeds[table - 1] is not None
                    if not (method == "knn" and again) and not (method == "nn" and table == 2):
                        tasks.append(Task(experiment, table, method, seed))
    if not tasks:
        raise ValueError("nothing to run: the paper has no inverse network in Table 2")
    return tasks


def _results(args: argparse.Namespace) -> Records:
    if args.results is None:
        return committed_results()
    if not args.results.is_file():
        raise ValueError(f"no results in {args.results}: expected the results.json of `itnnr-ik paper run`")
    return load_results(args.results)


def _print_tables(records: Records, args: argparse.Namespace) -> None:
    wanted = set(args.experiment or PROBLEMS)
    tables = (args.table,) if args.table else (1, 2)
    records = {t: record for t, record in records.items() if t.experiment in wanted and t.table in tables}
    if not records:
        raise ValueError(
            f"no results for experiment {', '.join(sorted(wanted))} in table {' or '.join(map(str, tables))}"
        )
    report = []
    for protocol in [args.protocol] if args.protocol else PROTOCOLS:
        for table in tables:
            rows = make_rows(records, table, protocol)
            if args.json:
                report += [{"table": table, "protocol": protocol, **asdict(row)} for row in rows]
            elif rows:
                title = (
                    f"Table {table}, protocol {protocol}: RMSE in y, mean ± standard deviation over the runs"
                )
                text = to_markdown(rows, table) if args.markdown else to_text(rows, table)
                print(f"{title}\n\n{text}\n")
    if args.json:
        print(json.dumps(report, indent=2))
