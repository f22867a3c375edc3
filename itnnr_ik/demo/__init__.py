"""The real nodes as separate processes, measured from outside over DDS."""
