"""A simulated robot: arms, the controllers of ros2_control, and models with mass."""
