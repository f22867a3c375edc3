"""Poses of one frame in another from recorded transforms, as tf2 would look them up."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from itnnr_ik.forms import listed
from itnnr_ik.recording.joint_layout import nanoseconds
from itnnr_ik.recording.pairing import MAX_STATE_AGE, Array
from itnnr_ik.recording.reader import Bag
from itnnr_ik.recording.records import BagError, RecordedPose
from itnnr_ik.robot.frame_names import without_slash

#: Parent and child of a transform.
_FramePair = tuple[str, str]

TF, TF_STATIC = "/tf", "/tf_static"
TF_TOPICS = (TF, TF_STATIC)
#: Moments are composed in batches of at least this number.
_MIN_BATCH = 256
_MAX_GAP = round(MAX_STATE_AGE * 1e9)  # [ns] between two transforms that are interpolated


@dataclass
class _Edge:
    """A transform of the chain from base to tool.

    Attributes:
        parent, child: The frames it connects.
        inverse: Whether the chain passes it from child to parent.
        stamps: Increasing stamps, or times of receipt, of its poses in [ns].
        poses: (7,) each, as x, y, z [m], qx, qy, qz, qw; a single one without a stamp if it is static.
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
        """Store a pose unless there is one with this stamp, as tf2 does; whether it was stored."""
        i = bisect_left(self.stamps, stamp)
        if i < len(self.stamps) and self.stamps[i] == stamp:
            return False
        self.stamps.insert(i, stamp)
        self.poses.insert(i, pose)
        return True

    def gap_at(self, moment: int) -> str:
        """Why there is no pose at a moment [ns] up to the last stamp; empty if there is one."""
        if self.static:
            return ""
        i = bisect_left(self.stamps, moment)
        if i < len(self.stamps) and self.stamps[i] == moment:
            return ""
        if i == 0:
            return f"before the first transform of {self.child!r}"
        if i == len(self.stamps) or self.stamps[i] - self.stamps[i - 1] > _MAX_GAP:
            return f"in a gap of {self.child!r}"
        return ""

    def at(self, moments: Sequence[int]) -> tuple[Rotation, Array]:
        """Interpolated rotations and translations (k, 3) [m] at increasing moments without a gap."""
        if self.static or len(self.stamps) == 1:
            poses = np.tile(self.poses[0], (len(moments), 1))
            return Rotation.from_quat(poses[:, 3:]), poses[:, :3]
        start = self.stamps[0]
        times = 1e-9 * (np.array(self.stamps, dtype=np.int64) - start)
        at = np.clip(1e-9 * (np.array(moments, dtype=np.int64) - start), times[0], times[-1])
        poses = np.array(self.poses)
        translations = np.stack([np.interp(at, times, column) for column in poses[:, :3].T], axis=1)
        return Slerp(times, Rotation.from_quat(poses[:, 3:]))(at), translations

    def discard_before(self, moment: int) -> None:
        """Drop the poses that are not needed for ``moment`` [ns] and later ones."""
        i = max(0, bisect_left(self.stamps, moment) - 1)
        if i and not self.static:
            del self.stamps[:i], self.poses[:i]


def transform_poses(bag: Bag, base: str, tool: str, warn: Callable[[str], None]) -> Iterator[RecordedPose]:
    """Poses of frame ``tool`` in frame ``base`` at each moment at which a transform between them is stamped.

    The other transforms are interpolated to that moment, as tf2 does. There is no pose in a gap of one of
    them that is longer than `MAX_STATE_AGE`. A pose counts as received with its transform, but not before the
    poses of earlier moments.

    Args:
        bag: An open recording, with /tf and /tf_static.
        base, tool: Frames.
        warn: Called with a sentence on moments that are left out.

    Raises:
        BagError: No transforms lead from base to tool; the recorded frames are listed.
    """
    latest = 0
    for pose in _poses(bag, without_slash(base), without_slash(tool), warn):
        latest = max(latest, pose.received)
        yield replace(pose, received=latest)


def _poses(bag: Bag, base: str, tool: str, warn: Callable[[str], None]) -> Iterator[RecordedPose]:
    """See `transform_poses`; each pose with the time of receipt of its own transform."""
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
        if problem := _store(edge, stamp, pose, last):
            left_out[f"{problem} ({edge.child!r})"] += 1
            continue
        i = bisect_left(pending, (stamp, -1))
        if i == len(pending) or pending[i][0] != stamp:
            pending.insert(i, (stamp, received))
        if len(pending) >= _MIN_BATCH and (count := _count_ready(moving.values(), pending)):
            yield from _compose(chain, base, pending[:count], left_out)
            last = pending[count - 1][0]
            del pending[:count]
            for edge in moving.values():
                edge.discard_before(last)
    yield from _compose(chain, base, pending, left_out)
    if left_out:
        counts = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()))
        warn(f"no pose of {tool!r} in {base!r} at {sum(left_out.values())} moments: {counts}")


def _store(edge: _Edge, stamp: int, pose: Array | None, last: int) -> str:
    """Add a pose to a transform; why it was not added, empty if it was."""
    if pose is None:
        return "not a pose"
    if stamp <= last:
        return "older than one before"
    return "" if edge.add(stamp, pose) else "at the time of another"


def _count_ready(moving: Iterable[_Edge], pending: Sequence[tuple[int, int]]) -> int:
    """Number of pending moments for which no further transforms need to be awaited."""
    ready = min(edge.stamps[-1] if edge.stamps else -1 for edge in moving)
    # A moment that is older than this is in a gap of the transform that it waits for.
    ready = max(ready, pending[-1][0] - 2 * _MAX_GAP)
    return bisect_left(pending, (ready + 1, -1))


def _compose(
    chain: Sequence[_Edge], base: str, moments: Sequence[tuple[int, int]], left_out: Counter[str]
) -> Iterator[RecordedPose]:
    """Poses at those moments [ns], given with times of receipt, at which the whole chain is known."""
    kept = []
    for moment, received in moments:
        gap = next((gap for edge in chain if (gap := edge.gap_at(moment))), "")
        if gap:
            left_out[gap] += 1
        else:
            kept.append((moment, received))
    if not kept:
        return
    times = [moment for moment, _ in kept]
    rotation = Rotation.from_quat(np.tile([0.0, 0.0, 0.0, 1.0], (len(kept), 1)))
    position = np.zeros((len(kept), 3))
    for edge in chain:
        edge_rotation, translation = edge.at(times)
        if edge.inverse:
            edge_rotation = edge_rotation.inv()
            translation = -edge_rotation.apply(translation)
        position = position + rotation.apply(translation)
        rotation = rotation * edge_rotation
    for (moment, received), point, quaternion in zip(kept, position, rotation.as_quat(), strict=True):
        yield RecordedPose(received, moment, base, point, quaternion)


def _chain(bag: Bag, base: str, tool: str, warn: Callable[[str], None]) -> tuple[list[_Edge], bool]:
    """The transforms from base to tool, static ones with pose; whether times of receipt replace stamps."""
    static: dict[_FramePair, Array] = {}
    changed: set[_FramePair] = set()
    for _, frames, _, pose in _transforms(bag, TF_STATIC):
        if pose is not None:
            if not np.array_equal(static.setdefault(frames, pose), pose):
                changed.add(frames)
            static[frames] = pose
    counts: Counter[_FramePair] = Counter()
    unstamped: Counter[_FramePair] = Counter()
    for _, frames, stamp, _ in _transforms(bag, TF):
        counts[frames] += 1
        unstamped[frames] += stamp == 0
    edges = _shortest_chain(bag, [*static, *counts], base, tool)
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


def _shortest_chain(bag: Bag, transforms: Iterable[_FramePair], base: str, tool: str) -> list[_Edge]:
    """The shortest chain of transforms from base to tool, by breadth-first search."""
    neighbours: dict[str, list[tuple[str, _Edge]]] = {}
    for parent, child in sorted(set(transforms)):
        neighbours.setdefault(parent, []).append((child, _Edge(parent, child, False)))
        neighbours.setdefault(child, []).append((parent, _Edge(parent, child, True)))
    for frame in (base, tool):
        if frame not in neighbours:
            raise BagError(
                f"no frame {frame!r} in the transforms of {bag.path}; recorded: {listed(sorted(neighbours))}"
            )
    chains: dict[str, list[_Edge]] = {base: []}
    waiting = deque([base])
    while waiting and tool not in chains:
        frame = waiting.popleft()
        for other, edge in neighbours[frame]:
            if other not in chains:
                chains[other] = [*chains[frame], edge]
                waiting.append(other)
    if tool not in chains:
        reached = listed(sorted(chains))
        raise BagError(
            f"no transforms lead from {base!r} to {tool!r} in {bag.path}: they lead only to {reached}"
        )
    return chains[tool]


def _transforms(bag: Bag, topic: str) -> Iterator[tuple[int, _FramePair, int, Array | None]]:
    """Time of receipt, frames, stamp and pose (7,) of each transform of a topic; an invalid pose is None."""
    if not any(found.name == topic and found.count for found in bag.topics):
        return
    for received, message in bag.messages(topic):
        for transform in getattr(message, "transforms", ()):
            pose = _pose_values(transform.transform)
            valid = bool(np.isfinite(pose).all() and pose[3:].any())
            header = transform.header
            frames = without_slash(header.frame_id), without_slash(transform.child_frame_id)
            yield received, frames, nanoseconds(header.stamp), pose if valid else None


def _pose_values(transform: Any) -> Array:
    p, q = transform.translation, transform.rotation
    return np.array([p.x, p.y, p.z, q.x, q.y, q.z, q.w], dtype=float)
