"""Poses of one frame in another, out of recorded transforms, as tf2 would look them up."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from itnnr_ik.forms import listed
from itnnr_ik.recording.joint_layout import nanoseconds
from itnnr_ik.recording.pairing import OLDEST_STATE, Array
from itnnr_ik.recording.reader import Bag
from itnnr_ik.recording.records import BagError, RecordedPose

TF, TF_STATIC = "/tf", "/tf_static"
TF_TOPICS = (TF, TF_STATIC)
#: Moments that are composed together.
_BATCH = 256
_LONGEST_GAP = round(OLDEST_STATE * 1e9)


@dataclass
class _Edge:
    """A transform of the chain.

    Attributes:
        child: Its frame.
        inverse: Whether it leads from child to parent on the way from base to tool.
        stamps: Of its poses, rising, in [ns].
        poses: (7,) each, as x, y, z, qx, qy, qz, qw; a single one without a stamp if it is static.
    """

    child: str
    inverse: bool
    stamps: list[int] = field(default_factory=list)
    poses: list[Array] = field(default_factory=list)

    @property
    def static(self) -> bool:
        return bool(self.poses) and not self.stamps

    def add(self, stamp: int, pose: Array) -> None:
        """Take a pose; of two with one stamp the later counts."""
        i = bisect_left(self.stamps, stamp)
        if i < len(self.stamps) and self.stamps[i] == stamp:
            self.poses[i] = pose
        else:
            self.stamps.insert(i, stamp)
            self.poses.insert(i, pose)

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
    `OLDEST_STATE`, there is no pose.

    Args:
        bag: An open recording, with /tf and /tf_static.
        base, tool: Frames.
        warn: Called with a sentence on moments that are left out.

    Raises:
        BagError: No transforms lead from one to the other; the frames that there are, are listed.
    """
    chain = _chain(bag, base, tool)
    moving = {edge.child: edge for edge in chain if not edge.static}
    left_out: Counter[str] = Counter()
    pending: list[tuple[int, int]] = []  # moment, time of receipt
    last = -1
    for received, child, stamp, _, pose in _transforms(bag, TF):
        edge = moving.get(child)
        if edge is None:
            continue
        if stamp <= last:
            left_out[f"older than one before ({child!r})"] += 1
            continue
        edge.add(stamp, pose)
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


def _chain(bag: Bag, base: str, tool: str) -> list[_Edge]:
    """The transforms that lead from base to tool; the static ones have their pose."""
    static: dict[str, tuple[str, Array]] = {}
    for _, child, _, parent, pose in _transforms(bag, TF_STATIC):
        static[child] = parent, pose
    parents = {child: parent for child, (parent, _) in static.items()}
    moving: set[str] = set()
    for _, child, _, parent, _ in _transforms(bag, TF):
        moving.add(child)
        parents[child] = parent
    frames = sorted({*parents, *parents.values()})
    for frame in (base, tool):
        if frame not in frames:
            raise BagError(f"no frame {frame!r} in the transforms of {bag.path}; recorded: {listed(frames)}")
    up, down = _ancestors(base, parents), _ancestors(tool, parents)
    common = next((frame for frame in up if frame in down), None)
    if common is None:
        raise BagError(
            f"no transforms lead from {base!r} to {tool!r} in {bag.path}: their roots are {up[-1]!r} and "
            f"{down[-1]!r}"
        )
    edges = [_Edge(frame, True) for frame in up[: up.index(common)]]
    edges += [_Edge(frame, False) for frame in reversed(down[: down.index(common)])]
    for edge in edges:
        if edge.child not in moving:
            edge.poses.append(static[edge.child][1])
    if all(edge.static for edge in edges):
        raise BagError(f"the transforms from {base!r} to {tool!r} are static: there is nothing that moves")
    return edges


def _ancestors(frame: str, parents: Mapping[str, str]) -> list[str]:
    """The frame and those above it."""
    chain = [frame]
    while chain[-1] in parents and parents[chain[-1]] not in chain:
        chain.append(parents[chain[-1]])
    return chain


def _transforms(bag: Bag, topic: str) -> Iterator[tuple[int, str, int, str, Array]]:
    """Time of receipt, child, stamp, parent and pose (7,) of each sound transform of a topic."""
    if not any(found.name == topic and found.count for found in bag.topics):
        return
    for received, message in bag.messages(topic):
        for transform in getattr(message, "transforms", ()):
            pose = _pose_of(transform.transform)
            if np.isfinite(pose).all() and pose[3:].any():
                header = transform.header
                child, parent = _frame(transform.child_frame_id), _frame(header.frame_id)
                yield received, child, nanoseconds(header.stamp), parent, pose


def _pose_of(transform: Any) -> Array:
    moved, turned = transform.translation, transform.rotation
    return np.array([moved.x, moved.y, moved.z, turned.x, turned.y, turned.z, turned.w], dtype=float)


def _frame(name: str) -> str:
    """A frame without the slash that ROS 1 allowed before it."""
    return name.removeprefix("/")
