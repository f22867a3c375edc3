"""Nodes as processes: running a node, and starting, watching and talking to others."""
