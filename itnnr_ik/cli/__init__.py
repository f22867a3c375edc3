"""The command line ``itnnr-ik``: one subcommand a module, each with `add_arguments` and `run`."""

from __future__ import annotations

import argparse
import importlib
import io
import sys
from collections.abc import Sequence

from itnnr_ik.interrupts import INTERRUPTED_STATUS

#: Subcommand, the module that carries it out, and its line in ``itnnr-ik --help``.
_COMMANDS = (
    ("demo", "itnnr_ik.cli.demo", "run the real nodes for each arm and measure them"),
    ("train", "itnnr_ik.cli.train", "train the twin network of an arm, from its URDF or packaged"),
    ("learn", "itnnr_ik.cli.learn", "learn inverse kinematics from a recording alone"),
    ("paper", "itnnr_ik.cli.paper", "run the paper's experiments, print its tables, draw its figures"),
    ("evaluate", "itnnr_ik.cli.evaluate", "replay a recording and measure the answers"),
    ("path", "itnnr_ik.cli.path", "joint positions for a whole Cartesian path, planned at once"),
    ("view", "itnnr_ik.cli.view", "show an arm, a running node or a recording in the browser"),
    ("bench", "itnnr_ik.cli.bench", "compare solve and solve_batch with other solvers, in one run"),
)


class _DefaultsFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Shows the default of every option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        nothing = action.default is None or action.default is False or action.default == []
        return action.help if nothing else super()._get_help_string(action)


def _parser(chosen: str) -> argparse.ArgumentParser:
    """A parser of all subcommands; only the module of ``chosen`` is imported, and adds its options."""
    parser = argparse.ArgumentParser(
        prog="itnnr-ik",
        description="Inverse kinematics of serial arms, by their URDF or by a recording of them.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module_name, summary in _COMMANDS:
        command = commands.add_parser(name, help=summary, formatter_class=_DefaultsFormatter)
        if name == chosen:
            module = importlib.import_module(module_name)
            command.description = module.__doc__
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; 0 on success, 1 with one line on stderr on failure, 130 on Ctrl-C."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # characters it cannot encode must not raise
    words = sys.argv[1:] if argv is None else list(argv)
    chosen = next((word for word in words if not word.startswith("-")), "")
    try:
        args = _parser(chosen).parse_args(words)
        return int(args.run(args))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED_STATUS
    except (ValueError, OSError, ImportError, RuntimeError, MemoryError, OverflowError) as error:
        from itnnr_ik.printable import one_line

        print(one_line(f"itnnr-ik {chosen}: {str(error) or type(error).__name__}"), file=sys.stderr)
        return 1
