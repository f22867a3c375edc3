"""Rotations and transforms, against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from itnnr_ik.robot import transforms

_ANGLES = st.floats(-10.0, 10.0)
_COMPONENTS = st.floats(-1.0, 1.0)


@given(_ANGLES, _ANGLES, _ANGLES)
def test_roll_pitch_yaw_turns_about_fixed_axes(roll: float, pitch: float, yaw: float) -> None:
    """First about x, then y, then z of the parent's frame."""
    expected = Rotation.from_euler("xyz", [roll, pitch, yaw]).as_matrix()
    np.testing.assert_allclose(transforms.from_rpy(roll, pitch, yaw), expected, rtol=0, atol=1e-14)


@given(st.tuples(*[_COMPONENTS] * 4).filter(lambda quaternion: np.linalg.norm(quaternion) > 1e-3))
def test_quaternions_are_normalised(quaternion: tuple[float, float, float, float]) -> None:
    """x, y, z, w of any length give the rotation of the unit quaternion."""
    expected = Rotation.from_quat(quaternion).as_matrix()
    np.testing.assert_allclose(transforms.from_quaternion(*quaternion), expected, rtol=0, atol=1e-14)


@given(st.tuples(*[_COMPONENTS] * 3).filter(lambda axis: np.linalg.norm(axis) > 1e-3))
def test_z_is_turned_to_any_axis(axis: tuple[float, float, float]) -> None:
    """The result is a rotation whose third column is the axis, near −z too."""
    unit = np.array(axis) / np.linalg.norm(axis)
    rotation = transforms.turning_z_to(unit)
    np.testing.assert_allclose(rotation[:, 2], unit, rtol=0, atol=1e-15)
    np.testing.assert_allclose(rotation.T @ rotation, np.eye(3), rtol=0, atol=1e-14)
    assert np.linalg.det(rotation) > 0.0


@pytest.mark.parametrize("axis", [*np.eye(3), *-np.eye(3)], ids=str)
def test_axes_of_the_frame_are_exact(axis: np.ndarray) -> None:
    """Joints about x, y and z add no rounding."""
    rotation = transforms.turning_z_to(axis)
    assert set(np.abs(rotation).ravel()) == {0.0, 1.0}
    assert np.array_equal(rotation[:, 2], axis)


def test_motion_along_and_about_z() -> None:
    """A turn about z, a shift along z, and a rotation as transforms."""
    turn = transforms.about_z(0.3)
    np.testing.assert_allclose(turn[:3, :3], transforms.from_rpy(0, 0, 0.3), rtol=0, atol=1e-15)
    assert np.array_equal(transforms.along_z(0.3)[:3, 3], [0.0, 0.0, 0.3])
    assert np.array_equal(transforms.of_rotation(turn[:3, :3]), turn)
