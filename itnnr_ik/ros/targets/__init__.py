"""Sources of targets: streams, and an interactive marker."""
