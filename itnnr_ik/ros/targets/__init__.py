"""Where targets come from: streams of them, and a marker that is dragged."""
