"""Setup of a node: parameters, the robot that they choose, and the configuration of ``ik_node``."""
