"""Show an arm in the browser: drag its target, slide its joints, look at its branches and its reach.

With --live it shows a running node instead, and with --recording how a recording would have been answered.
"""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

from itnnr_ik.cli.arms import add_chain_arguments, named_solver
from itnnr_ik.options import check_goes_with, name_list
from itnnr_ik.printable import one_line
from itnnr_ik.robot import PACKAGED

_TICK_PERIOD = 1.0 / 60.0  # [s]
_PORTS = range(2**16)


class View(Protocol):
    """A page in the browser that is updated periodically.

    Attributes:
        server: A `viser.ViserServer`.
    """

    server: Any

    def tick(self, now: float) -> None:
        """Update the page for the time ``now`` [s]."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``itnnr-ik view``."""
    parser.add_argument(
        "arm", metavar="ARM", help=f"a packaged arm ({', '.join(PACKAGED)}), a model folder or a URDF file"
    )
    add_chain_arguments(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--live", action="store_true", help="show the running ik_node of this arm")
    what.add_argument(
        "--recording", type=Path, metavar="BAG", help="play a recording beside the answers it would have got"
    )
    parser.add_argument("--namespace", default="/", metavar="NS", help="with --live: of the node")
    parser.add_argument(
        "--joints",
        type=name_list,
        metavar="A,B",
        help="names of the joints on the robot or in the recording, base to tip",
    )
    parser.add_argument("--port", type=int, default=8080, help="on this machine, which alone can open it")


def run(args: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C."""
    if args.port not in _PORTS:
        raise ValueError(f"--port must be from 0 to {_PORTS[-1]}, got {args.port}")
    check_goes_with(args, "--live", args.live, namespace="/")
    check_goes_with(args, "--live or --recording", args.live or args.recording is not None, joints=None)
    with ExitStack() as stack:
        view = open_view(args, stack)
        print(one_line(f"{args.arm}: {address(view)} (Ctrl-C ends it)"), flush=True)
        while True:
            started = time.monotonic()
            view.tick(started)
            time.sleep(max(0.0, started + _TICK_PERIOD - time.monotonic()))


def address(view: View) -> str:
    """URL of the page on this machine."""
    return f"http://{view.server.get_host()}:{view.server.get_port()}"


def _folder(arm: str) -> Path | None:
    """Folder in which the meshes of an arm are looked for; None for a packaged arm."""
    path = Path(arm)
    return None if arm in PACKAGED else path if path.is_dir() else path.parent


def open_view(args: argparse.Namespace, stack: ExitStack) -> View:
    """Open the view that the options choose; closing ``stack`` ends it."""
    solver = named_solver(args.arm, args.base, args.tip, args.task)
    names = args.joints or solver.arm.joint_names
    if len(names) != solver.arm.n_joints:
        raise ValueError(f"--joints must name {solver.arm.n_joints} joints, got {','.join(names)}")
    playback = link = None
    if args.recording is not None:
        from itnnr_ik.view.playback import read_playback

        playback = read_playback(args.recording, solver, args.arm, names if args.joints else None)
    if args.live:
        try:
            from itnnr_ik.view.link import NodeLink
        except ImportError as error:
            raise ImportError(f"--live needs ROS 2: source an installation of it ({error})") from error
        link = stack.enter_context(NodeLink(solver, names, args.namespace))
    try:
        from itnnr_ik.view.serving import serve
    except ImportError as error:
        needs = 'pip install viser trimesh "websockets>=15"'
        raise ImportError(f"it needs viser, trimesh and websockets: {needs} ({error})") from error
    server, shape = serve(solver, _folder(args.arm), args.port, stack)
    if link is not None:
        from itnnr_ik.view.live_view import LiveView

        return LiveView(server, shape, link)
    if playback is not None:
        from itnnr_ik.view.playback_view import PlaybackView

        return PlaybackView(server, shape, playback)
    from itnnr_ik.view.dragging import DragView

    return DragView(server, shape)
