"""The robots that come with the package, as URDF."""

from __future__ import annotations

from importlib.resources import files

from itnnr_ik.robot.chain import KinematicChain

#: The paper's three arms (Appendix A.7 to A.9), and arms that exist. Each has one root and one leaf link.
PACKAGED = (
    "two_link",
    "three_link",
    "yaw_pitch_pitch",
    "ur5e",
    "panda",
    "so101",
    "open_manipulator_x",
    "scara",
)


def load_robot(name: str) -> KinematicChain:
    """One of the packaged robots, from its base to its tip.

    Raises:
        ValueError: No robot of that name; the message lists the names there are.
    """
    if name not in PACKAGED:
        raise ValueError(f"no robot named {name!r}; packaged robots: {', '.join(PACKAGED)}")
    urdf = files("itnnr_ik.robot") / "urdf" / f"{name}.urdf"
    return KinematicChain.from_urdf(urdf.read_text(encoding="utf-8"))
