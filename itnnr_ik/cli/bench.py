"""Compare with other solvers, or measure what the network changes, the node's round trip, or replays."""

from __future__ import annotations

import argparse

from itnnr_ik.bench import motion, network, node, paths, replay, solve

_PARTS = (
    (solve, "solve", "compare with other solvers; what runs if no part is named"),
    (network, "network", "measure what the trained network changes"),
    (motion, "motion", "measure how well limits hold at a controller, under faults"),
    (node, "node", "measure the round trip of ik_node against a bare echo node"),
    (paths, "paths", "measure how many whole paths are followed without a jump"),
    (replay, "replay", "measure how many recorded messages a second are read and solved"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``itnnr-ik bench``."""
    parts = parser.add_subparsers(dest="part", metavar="PART")
    for module, name, summary in _PARTS:
        part = parts.add_parser(
            name, help=summary, description=module.__doc__, formatter_class=parser.formatter_class
        )
        module.add_arguments(part)
        part.set_defaults(run=module.run)


def run(args: argparse.Namespace) -> int:
    """Run the default part, the comparison with other solvers, where none is named."""
    parser = argparse.ArgumentParser()
    solve.add_arguments(parser)
    return solve.run(parser.parse_args([]))
