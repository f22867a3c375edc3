"""Kinematics and inverse kinematics from recordings alone."""
