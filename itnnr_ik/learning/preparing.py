"""Prepares a recording for learning: cleaned pairs of postures and measured tips, some of them held out."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.evaluation.replay import Selection
from itnnr_ik.learning.cleaning import estimate_noise, is_moving, time_blocks
from itnnr_ik.learning.clock_offset import ClockOffset, estimate_offset
from itnnr_ik.learning.matching import Recording, read_recording
from itnnr_ik.learning.plane import level_plane
from itnnr_ik.learning.series import Array, interpolated, wrapped
from itnnr_ik.recording.reader import Bag
from itnnr_ik.recording.records import BagError

#: A tip that stays within this range [m] does not move.
_MIN_TIP_RANGE = 1e-3
#: A joint that moves by more than this [rad], two turns, may be recorded in degrees.
_MAX_PLAUSIBLE_RANGE = 4.0 * np.pi


@dataclass(frozen=True)
class Pairs:
    """Postures with measured tips, one row for each pose that is used.

    Attributes:
        times: (p,) in [s], on the joint states' clock.
        positions: (p, n) in [rad].
        tips: (p, m) in [m].
        block: Number of the block of time (p,) of each row.
        training, held_out: Which rows (p,) are for training, and which for measuring.
    """

    times: Array
    positions: Array
    tips: Array
    block: NDArray[np.intp]
    training: NDArray[np.bool_]
    held_out: NDArray[np.bool_]


@dataclass(frozen=True)
class Prepared:
    """A recording prepared for learning.

    Attributes:
        recording: The recording as it was read.
        offset: Offset between the clocks of poses and joint states.
        pairs: Postures and tips.
        joint_noise, pose_noise: Standard deviations of the noise (n,) [rad] and (m,) [m].
        unmatched, standstill: Numbers of poses without joint states, and of poses at standstill.
        plane: Height [m] of the plane in which the tip moves; None for an arm in space.
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
        max_offset: Largest offset between the clocks that is searched [s].
        seed: Seed of the choice of held-out blocks.
        warn: Called with a sentence on each peculiarity.

    Raises:
        BagError: The recording does not hold enough to learn from; the message says what is missing.
    """
    recording = read_recording(bag, selection or Selection(), warn)
    _hint_at_degrees(recording, warn)
    joint_noise, pose_noise = estimate_noise(recording.joints), estimate_noise(recording.poses)
    offset = estimate_offset(recording.joints, recording.poses, max_offset)
    times = recording.poses.times - offset.seconds
    positions, matched = interpolated(recording.joints, times)
    kept = matched & is_moving(recording.joints, times, joint_noise)
    if kept.sum() < 2:
        raise BagError(f"the joints of {', '.join(recording.joint_names)} stand still all the time")
    tip_range = float(np.ptp(recording.poses.values[kept], axis=0).max())
    if tip_range < _MIN_TIP_RANGE:
        raise BagError(
            f"expected poses of a tip that the joints move, got poses within {tip_range:.1e} m of each other"
        )
    tips, plane = _tip_coordinates(recording, recording.poses.values[kept], pose_noise)
    block, training, held_out = time_blocks(times[kept], seed)
    if not training.any() or not held_out.any():
        raise BagError("the recording is too short, or moves too little, to hold a part of it out")
    postures = wrapped(positions[kept], recording.turn_starts)
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


def _hint_at_degrees(recording: Recording, warn: Callable[[str], None]) -> None:
    """Warn of the joint with the widest recorded range, if that is more than most joints have."""
    ranges = np.where(np.isfinite(recording.turn_starts), 0.0, np.ptp(recording.joints.values, axis=0))
    widest = int(ranges.argmax())
    if ranges[widest] > _MAX_PLAUSIBLE_RANGE:
        warn(
            f"{recording.joint_names[widest]} moves over {ranges[widest]:.0f} rad: if these are degrees, "
            "--degrees reads them so"
        )


def _tip_coordinates(recording: Recording, tips: Array, noise: Array) -> tuple[Array, float | None]:
    """Tips (p, 3) [m] without z if they are in a level plane, and the height of that plane [m]."""
    plane = level_plane(tips, noise, recording.frame)
    if plane is not None:
        tips = tips[:, :2]
    if len(recording.joint_names) < tips.shape[1]:
        raise BagError(
            f"expected at least {tips.shape[1]} joints for a tip that moves in {tips.shape[1]} coordinates, "
            f"got {', '.join(recording.joint_names)}: most targets would be out of reach"
        )
    return tips, plane
