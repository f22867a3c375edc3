"""What a node is set up with: parameters, the robot that they choose, and what ``ik_node`` makes of them."""
