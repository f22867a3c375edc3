"""Inverse kinematics by Inverse Twin Neural Network Regression (Wetzel 2026)."""
