"""Poses of one frame in another, out of recorded transforms, as tf2 would look them up."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from itnnr_ik.forms import listed
from itnnr_ik.recording.joint_layout import nanoseconds
from itnnr_ik.recording.pairing import MAX_STATE_AGE, Array
from itnnr_ik.recording.reader import Bag
from itnnr_ik.recording.records import BagError, RecordedPose

#: Parent and child of a transform.
_Frames = tuple[str, str]

TF, TF_STATIC = "/tf", "/tf_static"
TF_TOPICS = (TF, TF_STATIC)
#: Moments that are composed together.
_BATCH = 256
_LONGEST_GAP = round(MAX_STATE_AGE * 1e9)


@dataclass
class _Edge:
    """A transform of the chain.

    Attributes:
        parent, child: Its frames.
        inverse: Whether it leads from child to parent on the way from base to tool.
        stamps: Of its poses, or their times of receipt, rising, in [ns].
        poses: (7,) each, as x, y, z, qx, qy, qz, qw; a single one without a stamp if it is static.
    """

    parent: str
    child: str
    inverse: bool
    stamps: list[int] = field(default_factory=list)
    poses: list[Array] = field(default_factory=list)

    @property
    def static(self) -> bool:
        return bool(self.poses) and not self.stamps

    def add(self, stamp: int, pose: Array) -> bool:
        """Take a pose; whether there was none with this stamp: as in tf2 the first counts."""
        i = bisect_left(self.stamps, stamp)
        if i < len(self.stamps) and self.stamps[i] == stamp:
            return False
        self.stamps.insert(i, stamp)
        self.poses.insert(i, pose)
        return True

    def flaw_at(self, moment: int) -> str:
        """Why there is no pose at a moment [ns] up to the last stamp; empty if there is one."""
        if self.static:
            return ""
        i = bisect_left(self.stamps, moment)
        if i < len(self.stamps) and self.stamps[i] == moment:
            return ""
        if i == 0:
            return f"before the first transform of {self.child!r}"
        if i == len(self.stamps) or self.stamps[i] - self.stamps[i - 1] > _LONGEST_GAP:
            return f"in a gap of {self.child!r}"
        return ""

    def at(self, moments: Sequence[int]) -> tuple[Rotation, Array]:
        """Rotations and translations (k, 3) [m] at rising moments without a flaw."""
        if self.static or len(self.stamps) == 1:
            poses = np.tile(self.poses[0], (len(moments), 1))
            return Rotation.from_quat(poses[:, 3:]), poses[:, :3]
        start = self.stamps[0]
        times = 1e-9 * (np.array(self.stamps, dtype=np.int64) - start)
        at = np.clip(1e-9 * (np.array(moments, dtype=np.int64) - start), times[0], times[-1])
        poses = np.array(self.poses)
        moved = np.stack([np.interp(at, times, column) for column in poses[:, :3].T], axis=1)
        return Slerp(times, Rotation.from_quat(poses[:, 3:]))(at), moved

    def forget_before(self, moment: int) -> None:
        """Drop what no moment from here on needs."""
        i = max(0, bisect_left(self.stamps, moment) - 1)
        if i and not self.static:
            del self.stamps[:i], self.poses[:i]


def transform_poses(bag: Bag, base: str, tool: str, warn: Callable[[str], None]) -> Iterator[RecordedPose]:
    """Poses of frame ``tool`` in frame ``base`` at each moment at which a transform between them is stamped.

    The others are interpolated to that moment, as tf2 does; where one has no transform on both sides within
    `MAX_STATE_AGE`, there is no pose.

    Args:
        bag: An open recording, with /tf and /tf_static.
        base, tool: Frames.
        warn: Called with a sentence on moments that are left out.

    Raises:
        BagError: No transforms lead from one to the other; the frames that there are, are listed.
    """
    chain, by_receipt = _chain(bag, base, tool, warn)
    moving = {(edge.parent, edge.child): edge for edge in chain if not edge.static}
    left_out: Counter[str] = Counter()
    pending: list[tuple[int, int]] = []  # moment, time of receipt
    last = -1
    for received, frames, stamp, pose in _transforms(bag, TF):
        edge = moving.get(frames)
        if edge is None:
            continue
        stamp = received if by_receipt else stamp
        problem = "not a pose" if pose is None else "older than one before" if stamp <= last else ""
        if not problem and pose is not None and not edge.add(stamp, pose):
            problem = "at the time of another"
        if problem:
            left_out[f"{problem} ({edge.child!r})"] += 1
            continue
        i = bisect_left(pending, (stamp, -1))
        if i == len(pending) or pending[i][0] != stamp:
            pending.insert(i, (stamp, received))
        if len(pending) >= _BATCH:
            ready = min(edge.stamps[-1] if edge.stamps else -1 for edge in moving.values())
            # What waits for a transform for too long is in a gap of it.
            ready = max(ready, pending[-1][0] - 2 * _LONGEST_GAP)
            count = bisect_left(pending, (ready + 1, -1))
            if count:
                yield from _poses(chain, base, pending[:count], left_out)
                last = pending[count - 1][0]
                del pending[:count]
                for edge in moving.values():
                    edge.forget_before(last)
    yield from _poses(chain, base, pending, left_out)
    if left_out:
        counts = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()))
        warn(f"no pose of {tool!r} in {base!r} at {sum(left_out.values())} moments: {counts}")


def _poses(
    chain: Sequence[_Edge], base: str, moments: Sequence[tuple[int, int]], left_out: Counter[str]
) -> Iterator[RecordedPose]:
    """Poses at moments (with their times of receipt) where all of the chain is known."""
    kept = []
    for moment, received in moments:
        flaw = next((flaw for edge in chain if (flaw := edge.flaw_at(moment))), "")
        if flaw:
            left_out[flaw] += 1
        else:
            kept.append((moment, received))
    if not kept:
        return
    times = [moment for moment, _ in kept]
    rotation = Rotation.from_quat(np.tile([0.0, 0.0, 0.0, 1.0], (len(kept), 1)))
    position = np.zeros((len(kept), 3))
    for edge in chain:
        turned, moved = edge.at(times)
        if edge.inverse:
            turned = turned.inv()
            moved = -turned.apply(moved)
        position = position + rotation.apply(moved)
        rotation = rotation * turned
    latest = 0
    for (moment, received), there, quaternion in zip(kept, position, rotation.as_quat(), strict=True):
        latest = max(latest, received)
        yield RecordedPose(latest, moment, base, there, quaternion)


def _chain(bag: Bag, base: str, tool: str, warn: Callable[[str], None]) -> tuple[list[_Edge], bool]:
    """The transforms that lead from base to tool, and whether times of receipt stand in for their stamps.

    The static ones have their pose.
    """
    static: dict[_Frames, Array] = {}
    changed: set[_Frames] = set()
    for _, frames, _, pose in _transforms(bag, TF_STATIC):
        if pose is not None:
            if not np.array_equal(static.setdefault(frames, pose), pose):
                changed.add(frames)
            static[frames] = pose
    counts: Counter[_Frames] = Counter()
    unstamped: Counter[_Frames] = Counter()
    for _, frames, stamp, _ in _transforms(bag, TF):
        counts[frames] += 1
        unstamped[frames] += stamp == 0
    edges = _way(bag, [*static, *counts], base, tool)
    used = {edge.child: edge.parent for edge in edges}
    for (parent, child), count in sorted(counts.items()):
        if used.get(child, parent) != parent:
            warn(
                f"{count} transforms of {child!r} in {parent!r} are left out: {used[child]!r} is its parent "
                f"on the way from {base!r} to {tool!r}"
            )
    for edge in edges:
        if (edge.parent, edge.child) not in counts:
            edge.poses.append(static[edge.parent, edge.child])
            if (edge.parent, edge.child) in changed:
                warn(
                    f"the static transform of {edge.child!r} in {edge.parent!r} changes: the last one is "
                    "used throughout"
                )
    if all(edge.static for edge in edges):
        raise BagError(f"the transforms from {base!r} to {tool!r} are static: there is nothing that moves")
    zero = sum(unstamped[edge.parent, edge.child] for edge in edges)
    if zero:
        warn(f"{zero} transforms have a stamp of zero: times of receipt are used in their place")
    return edges, zero > 0


def _way(bag: Bag, transforms: Iterable[_Frames], base: str, tool: str) -> list[_Edge]:
    """The fewest transforms from base to tool."""
    near: dict[str, list[tuple[str, _Edge]]] = {}
    for parent, child in sorted(set(transforms)):
        near.setdefault(parent, []).append((child, _Edge(parent, child, False)))
        near.setdefault(child, []).append((parent, _Edge(parent, child, True)))
    for frame in (base, tool):
        if frame not in near:
            raise BagError(
                f"no frame {frame!r} in the transforms of {bag.path}; recorded: {listed(sorted(near))}"
            )
    ways: dict[str, list[_Edge]] = {base: []}
    waiting = deque([base])
    while waiting and tool not in ways:
        frame = waiting.popleft()
        for other, edge in near[frame]:
            if other not in ways:
                ways[other] = [*ways[frame], edge]
                waiting.append(other)
    if tool not in ways:
        reached = listed(sorted(ways))
        raise BagError(
            f"no transforms lead from {base!r} to {tool!r} in {bag.path}: they lead only to {reached}"
        )
    return ways[tool]


def _transforms(bag: Bag, topic: str) -> Iterator[tuple[int, _Frames, int, Array | None]]:
    """Time of receipt, frames, stamp and pose (7,), None if unsound, of each transform of a topic."""
    if not any(found.name == topic and found.count for found in bag.topics):
        return
    for received, message in bag.messages(topic):
        for transform in getattr(message, "transforms", ()):
            pose = _pose_of(transform.transform)
            sound = bool(np.isfinite(pose).all() and pose[3:].any())
            header = transform.header
            frames = _frame(header.frame_id), _frame(transform.child_frame_id)
            yield received, frames, nanoseconds(header.stamp), pose if sound else None


def _pose_of(transform: Any) -> Array:
    moved, turned = transform.translation, transform.rotation
    return np.array([moved.x, moved.y, moved.z, turned.x, turned.y, turned.z, turned.w], dtype=float)


def _frame(name: str) -> str:
    """A frame without the slash that ROS 1 allowed before it."""
    return name.removeprefix("/")
