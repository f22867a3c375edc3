"""The tree of links and joints that a URDF describes."""

from __future__ import annotations

from dataclasses import dataclass

from itnnr_ik.forms import listed, shown
from itnnr_ik.robot.joint import Joint

#: Longest name of a robot, a link or a joint [characters].
_MAX_NAME_LENGTH = 200


@dataclass(frozen=True)
class Description:
    """Links and joints of a URDF, by name, in the order of the file; a tree, or several."""

    name: str
    links: tuple[str, ...]
    joints: dict[str, Joint]

    def path(self, base: str | None, tip: str | None) -> list[Joint]:
        """Joints from ``base`` down to ``tip``, each of which may be left out where only one fits.

        Raises:
            ValueError: No such link, several that fit, or no way down from one to the other.
        """
        above = {joint.child: joint for joint in self.joints.values()}
        parents = {joint.parent for joint in self.joints.values()}
        base = self._pick("base", base, [link for link in self.links if link not in above])
        tip = self._pick("tip", tip, [link for link in self.links if link not in parents])
        path = _ancestor_joints(above, tip, base)
        if path and path[-1].parent == base:
            return path[::-1]
        if base == tip:
            raise ValueError(f"base and tip of {self.name} must be two links, got {base!r} for both")
        back = _ancestor_joints(above, base, tip)
        if back and back[-1].parent == tip:
            raise ValueError(f"tip {tip!r} is above base {base!r} in {self.name}: exchange them")
        ancestors = listed(joint.parent for joint in path)
        raise ValueError(
            f"tip {tip!r} is not below base {base!r} in {self.name}; links above it: {ancestors}"
        )

    def joint(self, name: str, user: str) -> Joint:
        """The joint of that name, which ``user`` (for the message) refers to."""
        if name not in self.joints:
            raise ValueError(
                f"{user} names {shown(name)}, which is no joint of {self.name}; joints: {listed(self.joints)}"
            )
        return self.joints[name]

    def _pick(self, role: str, link: str | None, candidates: list[str]) -> str:
        if link is None:
            if len(candidates) != 1:
                raise ValueError(
                    f"{self.name} has several links that may be the {role}; "
                    f"give {role}= one of {listed(candidates)}"
                )
            return candidates[0]
        if link not in self.links:
            raise ValueError(f"no link {shown(link)} in {self.name}; links: {listed(self.links)}")
        return link


def _ancestor_joints(above: dict[str, Joint], link: str, end: str) -> list[Joint]:
    """Joints from ``link`` upwards until ``end`` or a root."""
    joints: list[Joint] = []
    while link != end and link in above:
        joints.append(above[link])
        link = joints[-1].parent
    return joints


def check_name(what: str, name: str) -> None:
    """Raise a ValueError where a name does not fit on the line of a message."""
    if len(name) > _MAX_NAME_LENGTH or not name.isprintable():
        raise ValueError(
            f"the name of {what} must have at most {_MAX_NAME_LENGTH} characters, all of them printable, "
            f"got {shown(name)}"
        )


def check_tree(links: tuple[str, ...], joints: list[Joint], label: str) -> None:
    """Raise a ValueError where a link is missing, has two parents, or is its own ancestor."""
    above: dict[str, Joint] = {}
    below: dict[str, list[str]] = {link: [] for link in links}
    for joint in joints:
        for role, link in (("parent", joint.parent), ("child", joint.child)):
            if link not in below:
                raise ValueError(
                    f"{role} of joint {joint.name!r} is {shown(link)}, which is no link of {label}; "
                    f"links: {listed(links)}"
                )
        if joint.child in above:
            raise ValueError(
                f"link {joint.child!r} in {label} has two parents: by joint {above[joint.child].name!r} and "
                f"by joint {joint.name!r}"
            )
        above[joint.child] = joint
        below[joint.parent].append(joint.child)
    # Links that cannot be reached from a root belong to a cycle.
    unvisited = [link for link in links if link not in above]
    visited = set(unvisited)
    while unvisited:
        children = below[unvisited.pop()]
        unvisited += children
        visited.update(children)
    if ring := [link for link in links if link not in visited]:
        raise ValueError(f"links of {label} go round in a ring: {listed(ring)}")
