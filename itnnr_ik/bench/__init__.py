"""Comparison with other solvers, within one run."""
