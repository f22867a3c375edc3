"""The browser view: an arm that follows a dragged target, a running node, or a recording."""
