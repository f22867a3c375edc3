"""Inverse Twin Neural Network Regression: the method, without robots and without ROS.

Inference needs NumPy only; `itnnr_ik.twin.regressor` and what it imports need torch.
"""
