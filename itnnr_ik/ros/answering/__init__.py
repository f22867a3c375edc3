"""Answers to targets: joint states and frames received, the solution, and what is reported."""
