"""Infinitely many solutions, and how the anchor chooses among them (section 4.6).

(a) On the half ball every target has a circle of preimages: anchors of one region give answers there.
(b) On the redundant three-link arm the current state as the anchor keeps the joint motion small; how small
is measured against the least motion that reaches the target.

Run with ``itnnr-ik paper infinite``.
"""

from itnnr_ik.paper.infinite.command import add_arguments, run

__all__ = ["add_arguments", "run"]
