"""The sample policies for SROS2 allow each node what it uses, by the running graph, and nothing else."""

from __future__ import annotations

import importlib.util
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

import pytest
from bag_writer import joint_state, write_bag
from enclaves import POLICIES, enclave, make_keystore
from probe import SILENCE, Probe
from processes import START_TIMEOUT

#: Each executable and the name of its node.
NODES = {
    "ik_node": "itnnr_ik",
    "simulator": "simulator",
    "target_source": "target_source",
    "evaluator": "evaluator",
}
#: What a policy allows, by element and attribute; of these the graph tells.
PUBLISH, SUBSCRIBE, REPLY, REQUEST = KINDS = (
    ("topics", "publish"),
    ("topics", "subscribe"),
    ("services", "reply"),
    ("services", "request"),
)
#: (kind, full name) of everything that a node uses or may use.
Uses = set[tuple[tuple[str, str], str]]

_TRAJECTORIES = "command_out_type:=trajectory_msgs/JointTrajectory"
_POSITIONS = "command_out_type:=std_msgs/Float64MultiArray"
_SIMULATED = "command_out_topic:=simulated/commands"
_DESCRIPTION = ("robot_description_topic:=robot_description", "robot_description_timeout:=3600")
#: Parameters with which an executable uses all that it ever does.
CONFIGURATIONS: dict[str, tuple[tuple[str, ...], ...]] = {
    "ik_node": (
        (_TRAJECTORIES, "use_sim_time:=true"),
        (_POSITIONS,),
        (_TRAJECTORIES, _SIMULATED),
        _DESCRIPTION,
    ),
    "simulator": (
        ("publish_clock:=true",),
        (_TRAJECTORIES, "use_sim_time:=true"),
        (_POSITIONS,),
        (_TRAJECTORIES, _SIMULATED),
        _DESCRIPTION,
    ),
    "target_source": (
        ("use_sim_time:=true",),
        ("pattern:=bag", "publish_joint_states:=true", "bag:={bag}"),
        _DESCRIPTION,
    ),
    "target_marker": (("use_sim_time:=true",), _DESCRIPTION),
    "evaluator": (("use_sim_time:=true",), _DESCRIPTION),
}
_MARKER = pytest.param(
    "target_marker",
    marks=pytest.mark.skipif(
        importlib.util.find_spec("interactive_markers") is None, reason="needs interactive_markers"
    ),
)
#: What is used only where a package is installed that need not be.
_STATES = ("joint_trajectory_controller/controller_state", "simulated/controller_state")
OPTIONAL = {
    ("ik_node", "tf2_ros"): {(SUBSCRIBE, "/tf"), (SUBSCRIBE, "/tf_static")},
    ("ik_node", "nav_msgs"): {
        (SUBSCRIBE, "~/solve_path"),
        (PUBLISH, "~/path_solution"),
        (PUBLISH, "~/path_status"),
    },
    ("ik_node", "moveit_msgs"): {(REPLY, "compute_ik"), (REPLY, "compute_cartesian_path")},
    ("ik_node", "control_msgs"): {(SUBSCRIBE, name) for name in _STATES},
    ("simulator", "control_msgs"): {(PUBLISH, name) for name in _STATES},
}


def absolute(name: str, namespace: str, node: str = "~") -> str:
    """The name of a topic or service as ROS and sros2 make it; without ``node``, `~` stays."""
    if name.startswith("/"):
        return name
    if name.startswith("~"):
        return name if node == "~" else f"{namespace.rstrip('/')}/{node}{name[1:]}"
    return f"{namespace.rstrip('/')}/{name}"


def allowed(policy: str, namespace: str = "/", node: str = "~") -> Uses:
    """What a policy allows, were it written for that namespace."""
    (profile,) = ElementTree.parse(POLICIES / f"{policy}.xml").getroot().iter("profile")
    names = [
        ((group.tag, attribute), absolute(str(entry.text), namespace, node))
        for group in profile
        for attribute, qualifier in group.attrib.items()
        for entry in group
        if qualifier == "ALLOW"
    ]
    assert {kind for kind, _ in names} <= set(KINDS)
    assert len(set(names)) == len(names), "an entry twice"
    return set(names)


def used(probe: Probe, node: str) -> Uses:
    """What a node of the probe's namespace uses, as any participant sees it; nothing before it is found."""
    if (node, probe.namespace) not in probe.node.get_node_names_and_namespaces():
        return set()
    own = f"{probe.namespace}/{node}/"
    questions = (
        probe.node.get_publisher_names_and_types_by_node,
        probe.node.get_subscriber_names_and_types_by_node,
        probe.node.get_service_names_and_types_by_node,
        probe.node.get_client_names_and_types_by_node,
    )
    return {
        (kind, f"~/{name.removeprefix(own)}" if name.startswith(own) else name)
        for kind, ask in zip(KINDS, questions, strict=True)
        for name, _ in ask(node, probe.namespace)
    }


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """Recorded joint states of the usual arm."""
    states = [(i * 10**8, joint_state(i, ["joint_1", "joint_2"], [0.1 * i, 0.2])) for i in range(1, 4)]
    return write_bag(tmp_path / "bag", "mcap", {"/joint_states": states})


@pytest.mark.parametrize("executable", [*NODES, _MARKER])
def test_a_policy_allows_exactly_what_the_node_uses(probe: Probe, executable: str, bag: Path) -> None:
    """Nothing is missing in any configuration, and there is nothing that none of them needs."""
    names = [f"{executable}_{i}" for i in range(len(CONFIGURATIONS[executable]))]
    for name, parameters in zip(names, CONFIGURATIONS[executable], strict=True):
        arguments = [word for p in parameters for word in ("-p", p.format(bag=bag))]
        probe.start(executable, "-r", f"__node:={name}", *arguments)
    not_installed = {
        (kind, absolute(name, probe.namespace))
        for (who, package), uses in OPTIONAL.items()
        if who == executable and importlib.util.find_spec(package) is None
        for kind, name in uses
    }
    expected = allowed(executable, probe.namespace) - not_installed
    assert not_installed <= allowed(executable, probe.namespace)

    def found() -> Uses:
        return {use for name in names for use in used(probe, name)}

    with suppress(AssertionError):  # to say what differs, and not only that something does
        probe.spin_until(lambda: found() == expected, START_TIMEOUT, "all that the nodes use")
    probe.spin_for(SILENCE)
    assert found() == expected


#: What an executable says once it has opened all that it uses.
_UP = {"ik_node": "solving", "simulator": "moving", "target_source": "waiting", "evaluator": "evaluating"}


@pytest.mark.parametrize(
    ("executable", "parameters"), [(name, each) for name, all_ in CONFIGURATIONS.items() for each in all_]
)
def test_every_configuration_starts_in_its_enclave(
    probe: Probe, secured: Path, executable: str, parameters: tuple[str, ...], bag: Path
) -> None:
    """The middleware refuses nothing that the node opens, that of which no graph tells included."""
    words = _UP[executable]
    if parameters == _DESCRIPTION:
        parameters = (*parameters[:1], "robot_description_timeout:=0.1")
        words = "no latched std_msgs/String came"
    arguments = [word for p in parameters for word in ("-p", p.format(bag=bag))]
    process = probe.start(executable, *enclave(executable), *arguments)
    probe.spin_until(
        lambda: words in process.output or not process.alive(), START_TIMEOUT, "the node's first words"
    )
    assert words in process.output


def test_every_executable_has_a_policy() -> None:
    """And so has the operator, whoever that is."""
    assert {path.stem for path in POLICIES.iterdir()} == {*NODES, "target_marker", "operator"}


def test_nobody_but_the_operator_asks_anything() -> None:
    """The operator asks for what the node offers, and hears what others say; only the CLI has a `*`.

    The node asks its controller for a parameter.
    """
    offered = {name for kind, name in allowed("ik_node", node=NODES["ik_node"]) if kind == REPLY}
    said = {name for p, node in NODES.items() for kind, name in allowed(p, node=node) if kind == PUBLISH}
    operator = allowed("operator")
    moveit = {"/compute_ik", "/compute_cartesian_path"}
    assert {name for kind, name in operator if kind == REQUEST} == offered - moveit
    assert {name for kind, name in operator if kind == SUBSCRIBE} <= said
    assert {name for kind, name in operator if kind == PUBLISH} == {"/rosout", "/parameter_events"}
    everything = {(policy, use) for policy in (*NODES, "operator") for use in allowed(policy)}
    controllers = {"joint_trajectory_controller", "simulated"}
    asked = {
        (policy, name) for policy, (kind, name) in everything if kind == REQUEST and policy != "operator"
    }
    assert asked == {("ik_node", f"/{controller}/get_parameters") for controller in controllers}
    assert {name for _, (_, name) in everything if "*" in name} == {"/_ros2cli*"}


#: How DDS calls what a policy allows, before and after the name.
_DDS: dict[tuple[str, str], tuple[tuple[str, str, str], ...]] = {
    PUBLISH: (("publish", "rt", ""),),
    SUBSCRIBE: (("subscribe", "rt", ""),),
    REPLY: (("publish", "rr", "Reply"), ("subscribe", "rq", "Request")),
    REQUEST: (("publish", "rq", "Request"), ("subscribe", "rr", "Reply")),
}


@pytest.fixture(scope="module")
def keystore(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_keystore(tmp_path_factory.mktemp("security"))


@pytest.mark.parametrize("policy", [*NODES, "operator"])
def test_sros2_makes_permissions_of_it(policy: str, keystore: Path) -> None:
    """By its own schema, and they are what this module takes the policy for."""
    folder = keystore / "enclaves" / "itnnr_ik" / policy
    rules = list(ElementTree.parse(folder / "permissions.xml").getroot().iter("allow_rule"))
    found = {
        (way.tag, topic.text)
        for rule in rules
        for way in rule
        if way.tag != "domains"
        for topic in way.iter("topic")
    }
    uses = allowed(policy, node=NODES.get(policy, policy))
    expected = {(way, f"{before}{name}{after}") for kind, name in uses for way, before, after in _DDS[kind]}
    discovery = {(way, "ros_discovery_info") for way in ("publish", "subscribe")}
    assert found == expected | discovery
    assert (folder / "permissions.p7s").is_file()
