"""Cartesian paths from files, and the joint paths that follow them: the command ``itnnr-ik path``."""
