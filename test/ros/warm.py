"""What the process has done that nodes are forked from: imports, and compiled code in memory."""

from __future__ import annotations

import itnnr_ik.ros.evaluator
import itnnr_ik.ros.ik_node
import itnnr_ik.ros.simulator
import itnnr_ik.ros.target_source  # noqa: F401
from itnnr_ik.solver.__main__ import main

main()
