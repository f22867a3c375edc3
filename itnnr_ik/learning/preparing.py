"""A recording as pairs of postures and measured tips, cleaned, a part of them held out."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.evaluation.replay import Selection
from itnnr_ik.learning.cleaning import moving, noise_of, time_blocks
from itnnr_ik.learning.clock_offset import ClockOffset, estimate_offset
from itnnr_ik.learning.matching import Recording, read_recording
from itnnr_ik.learning.plane import level_plane
from itnnr_ik.learning.series import Array, interpolated, wrapped
from itnnr_ik.recording.reader import Bag
from itnnr_ik.recording.records import BagError


@dataclass(frozen=True)
class Pairs:
    """Postures with measured tips, cleaned: one row for each pose that is used.

    Attributes:
        times: (p,) in [s], on the joint states' clock.
        positions: (p, n) in [rad].
        tips: (p, m) in [m].
        block: Number of the block of time (p,).
        training, held_out: Which rows (p,) are learned from, and which measured on.
    """

    times: Array
    positions: Array
    tips: Array
    block: NDArray[np.intp]
    training: NDArray[np.bool_]
    held_out: NDArray[np.bool_]


@dataclass(frozen=True)
class Prepared:
    """A recording that can be learned from.

    Attributes:
        recording: As it was read.
        offset: Between its clocks.
        pairs: Postures and tips.
        joint_noise, pose_noise: Standard deviations (n,) [rad] and (m,) [m] from sample to sample.
        unmatched, standstill: Poses that were left out.
        plane: Height [m] of the plane that the tip stays in; None for an arm in space.
        notes: What the reader of a report should know, a sentence each.
    """

    recording: Recording
    offset: ClockOffset
    pairs: Pairs
    joint_noise: Array
    pose_noise: Array
    unmatched: int
    standstill: int
    plane: float | None
    notes: tuple[str, ...] = ()


def prepare(
    bag: Bag,
    *,
    selection: Selection | None = None,
    max_offset: float = 0.5,
    seed: int = 0,
    warn: Callable[[str], None] = warnings.warn,
) -> Prepared:
    """Pair joint states with poses, leave out standstill, and hold out blocks of time.

    Args:
        bag: An open recording.
        selection: See `read_recording`.
        max_offset: Bound of the offset between the clocks, in [s].
        seed: Of the blocks.
        warn: Called with a sentence on what is unusual.

    Raises:
        BagError: The recording does not hold enough to learn from; the message says what is missing.
    """
    recording = read_recording(bag, selection or Selection(), warn)
    joint_noise, pose_noise = noise_of(recording.joints), noise_of(recording.poses)
    offset = estimate_offset(recording.joints, recording.poses, max_offset)
    times = recording.poses.times - offset.seconds
    positions, matched = interpolated(recording.joints, times)
    kept = matched & moving(recording.joints, times, joint_noise)
    if kept.sum() < 2:
        raise BagError(f"the joints of {', '.join(recording.joint_names)} stand still all the time")
    tips = recording.poses.values[kept]
    plane = level_plane(tips, pose_noise, recording.frame)
    if plane is not None:
        tips = tips[:, :2]
    if positions.shape[1] < tips.shape[1]:
        raise BagError(
            f"expected at least {tips.shape[1]} joints for a tip that moves in {tips.shape[1]} coordinates, "
            f"got {', '.join(recording.joint_names)}: most targets would be out of reach"
        )
    block, training, held_out = time_blocks(times[kept], seed)
    if not training.any() or not held_out.any():
        raise BagError("the recording is too short, or moves too little, to hold a part of it out")
    postures = wrapped(positions[kept], recording.begins)
    pairs = Pairs(times[kept], postures, tips, block, training, held_out)
    return Prepared(
        recording,
        offset,
        pairs,
        joint_noise,
        pose_noise[: tips.shape[1]],
        int((~matched).sum()),
        int((matched & ~kept).sum()),
        plane,
    )
