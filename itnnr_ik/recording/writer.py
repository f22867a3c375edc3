"""Writes answers to a recording, and joint trajectories, as new recordings that ROS tools read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from itnnr_ik.files import check_folder_of
from itnnr_ik.recording.messages import joint_state, joint_trajectory
from itnnr_ik.recording.pairing import Array
from itnnr_ik.recording.records import JOINT_STATE, BagError
from itnnr_ik.recording.replacing import new_folder

STORAGES = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
SOLUTION_TOPIC, STATUS_TOPIC, TRAJECTORY_TOPIC = "/joint_solution", "/itnnr_ik/status", "/joint_trajectory"
_TRAJECTORY = "trajectory_msgs/msg/JointTrajectory"
_DIAGNOSTIC_STATUS, _KEY_VALUE = "diagnostic_msgs/msg/DiagnosticStatus", "diagnostic_msgs/msg/KeyValue"


@dataclass(frozen=True)
class WrittenSolution:
    """A joint solution: times of receipt and in its header in [ns], frame, positions (n,) in [rad] or [m]."""

    received: int
    stamp: int
    frame: str
    positions: Array


@dataclass(frozen=True)
class WrittenStatus:
    """A status of the node; fields as in diagnostic_msgs/DiagnosticStatus, time of receipt in [ns]."""

    received: int
    level: int
    name: str
    message: str
    hardware_id: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class WrittenTrajectory:
    """A joint trajectory.

    Args:
        times: (m,) in [s], increasing.
        positions: (m, n) in [rad] or [m].
        velocities: (m, n) in [rad/s] or [m/s]; None where the controller interpolates positions.
    """

    times: Array
    positions: Array
    velocities: Array | None = None


def check_new(folder: Path, storage: str) -> None:
    """Raise ValueError unless a recording can be written to ``folder``: before the work, not after it."""
    if folder.exists():
        raise BagError(f"{folder} exists already; a recording is written to a new folder only")
    check_folder_of(folder)
    # rosbags opens its database by a URI, in which these characters are special.
    invalid = [character for character in "?#%" if character in str(folder.resolve())]
    if storage == "sqlite3" and invalid:
        raise BagError(f"{folder.resolve()} has a {invalid[0]!r}, expected none with --storage sqlite3")


class AnswerWriter:
    """Writes joint solutions and statuses to a new rosbag2 folder, which appears only when it is complete.

    Use it in a ``with`` statement.

    Args:
        folder: It must not exist.
        storage: A key of `STORAGES`.

    Raises:
        ValueError: The folder exists, or cannot be made.
    """

    def __init__(self, folder: Path, storage: str) -> None:
        check_new(folder, storage)
        self._folder, self._storage = folder, storage
        self._types = get_typestore(Stores.ROS2_KILTED)
        self._connections: dict[str, Any] = {}

    def __enter__(self) -> AnswerWriter:
        with ExitStack() as stack:
            written = stack.enter_context(new_folder(self._folder))
            self._writer = stack.enter_context(
                Writer(written, version=9, storage_plugin=STORAGES[self._storage])
            )
            self._connect(SOLUTION_TOPIC, JOINT_STATE)
            self._opened = stack.pop_all()
        return self

    def __exit__(self, *raised: Any) -> None:
        self._opened.__exit__(*raised)

    def write(
        self,
        joints: Sequence[str],
        solutions: Sequence[WrittenSolution],
        statuses: Sequence[WrittenStatus] = (),
    ) -> None:
        """Write solutions and statuses that are later than those of earlier calls, in any order.

        Args:
            joints: Names of the joints.
            solutions, statuses: What to write.
        """
        types = self._types
        messages: list[tuple[int, str, Any]] = [
            (s.received, SOLUTION_TOPIC, joint_state(types, s.stamp, s.frame, joints, s.positions))
            for s in solutions
        ]
        messages += [(status.received, STATUS_TOPIC, _status(types, status)) for status in statuses]
        if statuses:
            self._connect(STATUS_TOPIC, _DIAGNOSTIC_STATUS)
        for received, topic, message in sorted(messages, key=lambda row: row[0]):
            connection = self._connections[topic]
            self._writer.write(connection, received, types.serialize_cdr(message, connection.msgtype))

    def _connect(self, topic: str, msgtype: str) -> None:
        if topic not in self._connections:
            self._connections[topic] = self._writer.add_connection(topic, msgtype, typestore=self._types)


def write_trajectories(
    folder: Path, storage: str, joints: Sequence[str], trajectories: Sequence[WrittenTrajectory]
) -> None:
    """Write one JointTrajectory each to a new rosbag2 ``folder``, which appears only when it is complete.

    The time of receipt of each is its beginning, counted from that of the first one. Its stamp is zero: a
    controller starts it at once.

    Args:
        folder: It must not exist.
        storage: A key of `STORAGES`.
        joints: Names of the joints.
        trajectories: In the order of their times.

    Raises:
        ValueError: The folder exists, or cannot be made.
    """
    check_new(folder, storage)
    types = get_typestore(Stores.ROS2_KILTED)
    with (
        new_folder(folder) as written,
        Writer(written, version=9, storage_plugin=STORAGES[storage]) as writer,
    ):
        connection = writer.add_connection(TRAJECTORY_TOPIC, _TRAJECTORY, typestore=types)
        for trajectory in trajectories:
            received = round(1e9 * (trajectory.times[0] - trajectories[0].times[0]))
            message = joint_trajectory(
                types, joints, trajectory.times, trajectory.positions, trajectory.velocities
            )
            writer.write(connection, received, types.serialize_cdr(message, _TRAJECTORY))


def _status(types: Any, status: WrittenStatus) -> Any:
    return types.types[_DIAGNOSTIC_STATUS](
        level=status.level,
        name=status.name,
        message=status.message,
        hardware_id=status.hardware_id,
        values=[types.types[_KEY_VALUE](key=key, value=value) for key, value in status.values.items()],
    )
