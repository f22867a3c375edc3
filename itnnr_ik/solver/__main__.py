"""``python -m itnnr_ik.solver``: compile what a solver calls, so that first solves are quick."""

from __future__ import annotations

import numpy as np

from itnnr_ik.solver import IKSolver


def main() -> None:
    """Call each compiled function once; what they are compiled to is kept on disk."""
    for name in ("ur5e", "two_link", "panda"):
        solver = IKSolver.load(name)
        state = np.zeros(solver.arm.n_joints)
        target = solver.target_at(state + 0.1)
        solver.solve(target, state, state)
        solver.solve_batch([target], [state])
        solver.branches(target)
        solver.solve_path([target, target], state)
        solver.errors([state], [target])
        solver.jacobian(state)
        solver.arm.jacobian(state)


if __name__ == "__main__":
    main()
