"""Nodes as processes: one's own, and others that are started, watched and talked to."""
