"""The ROS 2 layer: it converts messages, keeps time and reports; solving is `itnnr_ik.IKSolver`'s."""
