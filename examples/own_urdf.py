"""Solve an arm on a rail, with a tool on its tip, from the text of its URDF."""

from __future__ import annotations

import math

import numpy as np

from itnnr_ik import IKSolver

URDF = """
<robot name="rail_arm">
  <link name="base"/> <link name="carriage"/> <link name="upper"/> <link name="lower"/> <link name="flange"/>
  <joint name="rail" type="prismatic">
    <parent link="base"/> <child link="carriage"/> <origin xyz="0 0 0.4"/> <axis xyz="0 1 0"/>
    <limit lower="0" upper="1.5" velocity="0.5" effort="100"/>
  </joint>
  <joint name="shoulder" type="revolute">
    <parent link="carriage"/> <child link="upper"/> <axis xyz="0 1 0"/>
    <limit lower="-2" upper="2" velocity="2" effort="100"/>
  </joint>
  <joint name="elbow" type="revolute">
    <parent link="upper"/> <child link="lower"/> <origin xyz="0 0 0.5"/> <axis xyz="0 1 0"/>
    <limit lower="-2.5" upper="2.5" velocity="2" effort="100"/>
  </joint>
  <joint name="mount" type="fixed">
    <parent link="lower"/> <child link="flange"/> <origin xyz="0 0 0.3"/>
  </joint>
</robot>
"""

# The path of a file will do, too. Base and tip may be left out where only one link can be meant.
solver = IKSolver.from_urdf(URDF, base="base", tip="flange", task="position", tool=[0.0, 0.0, 0.1])
target = [0.6, 1.1, 0.5]  # x, y, z [m] in the frame of the base
solution = solver.solve(target, current=[0.5, 0.3, 1.2])

for name, value in zip(solver.arm.joint_names, solution.positions, strict=True):
    print(f"{name:9}{value:8.4f} {'m' if name == 'rail' else 'rad'}")

# The same arm by hand: two links of 0.5 and 0.3 + 0.1 m in the plane y = rail, 0.4 m above the base.
rail, shoulder, elbow = solution.positions
x = 0.5 * math.sin(shoulder) + 0.4 * math.sin(shoulder + elbow)
z = 0.4 + 0.5 * math.cos(shoulder) + 0.4 * math.cos(shoulder + elbow)
error = np.linalg.norm(np.subtract([x, rail, z], target))

if not (solution.converged and error <= solver.tolerance):
    raise SystemExit(f"CHECK FAILED: by hand the tool is {error:g} m from the target")
print(f"by hand the tool is {error:.1e} m from the target")
