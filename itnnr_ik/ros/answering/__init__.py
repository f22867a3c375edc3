"""What becomes of a target: the joints and frames that it is seen by, its solution, and what is told."""
