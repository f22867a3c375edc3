"""Untrusted model folders: one clear line, or answers that are finite and within the limits."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learned import elbow_up_solver
from safetensors.numpy import load_file, save_file

from itnnr_ik import IKSolver
from itnnr_ik.robot import KinematicChain, LearnedArm, load_robot
from itnnr_ik.solver.assembly import anchor_postures
from itnnr_ik.solver.forward import TaskForward
from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.evaluator import TwinEvaluator
from itnnr_ik.twin.inference import TwinInverse
from itnnr_ik.twin.spec import NetworkSpec, Scales

KINDS = ("packaged", "pose", "limited", "learned")
#: The seconds that a child process has, and the memory beyond what it has when it starts.
_SECONDS, _MEMORY = 60, 300 * 2**20


def _pose_solver() -> IKSolver:
    """An arm of six joints with an untrained network, looked up by invariant coordinates."""
    solver = IKSolver.load("ur5e")
    forward = TaskForward(solver.arm, solver.task)
    n, m = forward.n_x, forward.n_y
    scales = Scales((0.3,) * m, (0.0,) * m, (0.5,) * m, x_spread=2.0, adjustment=0.2)
    spec = NetworkSpec(n, m, (16,), "silu", scales, periodic=True)
    rng, weights = np.random.default_rng(0), {}
    for i, (n_in, n_out) in enumerate(pairwise(spec.layer_sizes)):
        weights[f"layers.{2 * i}.weight"] = rng.normal(0.0, n_in**-0.5, (n_out, n_in)).astype(np.float32)
        weights[f"layers.{2 * i}.bias"] = rng.normal(0.0, 0.3, n_out).astype(np.float32)
    x = anchor_postures(solver.arm, solver.task, 0)[:256, forward.open]
    twin = TwinInverse(TwinEvaluator(spec, weights), Anchors(x, forward(x)))
    return IKSolver(solver.arm, solver.task, twin)


_MAKERS: dict[str, Callable[[], IKSolver]] = {
    "packaged": lambda: IKSolver.load("three_link"),
    "pose": _pose_solver,
    "limited": lambda: IKSolver.from_urdf(
        load_robot("panda").urdf, limits={"panda_joint1": (-1.0, 1.0)}, locked={"panda_joint3": 0.1}
    ),
    "learned": elbow_up_solver,
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A sound model folder of each kind."""
    found = {kind: tmp_path_factory.mktemp("models") / kind for kind in KINDS}
    for kind, folder in found.items():
        _MAKERS[kind]().save(folder)
    return found


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest, folders: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of each in turn."""
    return _copy(folders[request.param], tmp_path)


def _copy(folder: Path, parent: Path) -> Path:
    target = parent / folder.name
    target.mkdir(exist_ok=True)
    for file in folder.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target


def _metadata(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "model.json").read_text(encoding="utf-8")))


def _write(folder: Path, metadata: object) -> None:
    (folder / "model.json").write_text(json.dumps(metadata), encoding="utf-8")


def _refusal(folder: Path) -> str:
    """The one line with which a folder is refused."""
    with pytest.raises(ValueError, match=r".") as error:
        IKSolver.load(folder)
    text = str(error.value)
    assert type(error.value) is ValueError
    assert len(text.splitlines()) == 1
    assert len(text) < 1000
    assert str(folder) in text
    return text


def _answers(solver: IKSolver, targets: np.ndarray, states: np.ndarray) -> Iterator[tuple[np.ndarray, Any]]:
    """Joint positions of every kind of answer, and the numbers that come with them."""
    for target, state in zip(targets, states, strict=True):
        for solution in (solver.solve(target), solver.solve(target, state)):
            yield solution.positions, [solution.residual, solution.orientation_error or 0.0]
        for branch in solver.branches(target, state):
            yield branch.positions, [branch.residual, branch.displacement]
        yield solver.proposals(target, state)
    for batch in (solver.solve_batch(targets), solver.solve_batch(targets, states)):
        yield batch.positions, batch.residual


def _check_answers(solver: IKSolver, count: int = 6) -> None:
    """Every answer is finite and within the limits, from states beyond them and for targets far off, too."""
    rng, arm = np.random.default_rng(0), solver.arm
    targets = solver.target_at(arm.sample(count, rng))
    assert np.isfinite(targets).all()
    targets[-1, :2] += 1e3
    states = np.clip(arm.lower, -9.0, 9.0) + rng.uniform(-1.0, 9.0, (count, arm.n_joints))
    for positions, numbers in _answers(solver, targets, states):
        assert ((positions >= arm.lower) & (positions <= arm.upper)).all()
        assert np.isfinite(positions).all()
        assert np.isfinite(numbers).all()


def test_sound_models_answer(model: Path) -> None:
    """Each of the kinds that are damaged below; most targets are reached."""
    solver = IKSolver.load(model)
    _check_answers(solver)
    targets = solver.target_at(solver.arm.sample(50, np.random.default_rng(1)))
    assert solver.solve_batch(targets).converged.mean() > 0.9


#: Values of each type that JSON has, and numbers that cannot be computed with.
_OTHERS: dict[type, list[Any]] = {
    type(None): [None],
    bool: [True],
    int: [-1, 10**400],
    float: [math.nan, math.inf, 1e300],
    str: ["x"],
    list: [[], [None], [True, False]],
    dict: [{}, {"a": 1}],
}


def _check_refused_or_sound(folder: Path) -> None:
    """The model in a folder is refused in one line, or gives sound answers."""
    try:
        solver = IKSolver.load(folder)
    except ValueError:
        _refusal(folder)
    else:
        _check_answers(solver, count=2)


def _leaves(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value in a JSON value with its path; of lists, the first two items only."""
    yield at, value
    if isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else list(enumerate(value))[:2]
        for key, part in parts:
            yield from _leaves(part, (*at, key))


def _replaced(metadata: Any, at: tuple[Any, ...], value: Any) -> Any:
    if not at:
        return value
    inner = _replaced(metadata[at[0]], at[1:], value)
    if isinstance(metadata, dict):
        return {**metadata, at[0]: inner}
    return [*metadata[: at[0]], inner, *metadata[at[0] + 1 :]]


def test_values_of_other_types_are_refused(model: Path) -> None:
    """Wherever they stand in what describes the arm, the task and the network: null, true, lists, objects."""
    metadata = _metadata(model)
    count = 0
    for part in ("task", "arm", "network", "covered_within"):
        for at, old in _leaves(metadata[part], (part,)) if metadata.get(part) is not None else ():
            numbers = isinstance(old, int | float) and not isinstance(old, bool)
            for kind, values in _OTHERS.items():
                same = kind in (int, float) and numbers
                optional = at == ("network",) and kind is type(None) and model.name != "learned"
                # Of an object that may have any names, none are a description, too.
                empty = at in (("arm", "limits"), ("arm", "locked")) and kind is dict
                if (type(old) is kind and not isinstance(old, list | dict)) or same or optional or empty:
                    continue
                for value in values:
                    _write(model, _replaced(metadata, at, value))
                    _refusal(model)
                    count += 1
    assert count > 150


def test_numbers_that_cannot_be_computed_with_are_refused(model: Path) -> None:
    """Not finite, or too large for a double, wherever there is a number; what is far too large, mostly."""
    metadata = _metadata(model)
    for part in ("task", "arm", "network", "covered_within"):
        for at, old in _leaves(metadata.get(part), (part,)):
            if isinstance(old, int | float) and not isinstance(old, bool):
                for value in (math.nan, math.inf, -math.inf, 10**400, -(10**400)):
                    _write(model, _replaced(metadata, at, value))
                    _refusal(model)
                for value in (1e300, -1e300, 1e-300):
                    _write(model, _replaced(metadata, at, value))
                    _check_refused_or_sound(model)


def test_names_that_are_missing_or_too_many_are_refused(model: Path) -> None:
    """In the arm, the task and the network; also twice the same one, of which either might count."""
    metadata = _metadata(model)
    optional = {"tip_link", "plane_height"}
    for part in ("task", "arm", "network"):
        if metadata[part] is None:
            continue
        _write(model, {name: value for name, value in metadata.items() if name != part})
        if part != "network" or model.name == "learned":
            _refusal(model)
        for name in metadata[part].keys() - optional:
            _write(
                model, _replaced(metadata, (part,), {k: v for k, v in metadata[part].items() if k != name})
            )
            _refusal(model)
        _write(model, _replaced(metadata, (part,), {**metadata[part], "colour": "red"}))
        assert "'colour'" in _refusal(model)
        text = json.dumps(metadata)
        for twice in (
            f'{{"{part}": null, {text[1:]}',
            f'{text[:-1]}, "{part}": {json.dumps(metadata[part])}}}',
        ):
            (model / "model.json").write_text(twice, encoding="utf-8")
            assert f"'{part}' stands twice" in _refusal(model)


@pytest.mark.parametrize("kind", ["position", "pointing", "pose"])
@pytest.mark.parametrize("planar", [True, False])
def test_a_task_that_the_arm_cannot_have_is_refused(model: Path, kind: str, planar: bool) -> None:
    """Compiled code would read out of bounds; targets of a valid task are answered."""
    metadata = _metadata(model)
    metadata["task"].update(kind=kind, planar=planar)
    _write(model, metadata)
    possible = {
        "packaged": [("position", True)],
        "pose": [("pose", False)],
        "limited": [("position", False), ("pointing", False), ("pose", False)],
        "learned": [("position", True)],
    }
    if (kind, planar) in possible[model.name]:
        _check_answers(IKSolver.load(model), count=2)
    else:
        _refusal(model)


_CHILD = """
import resource, sys, time
from itnnr_ik import IKSolver
from itnnr_ik.robot import KinematicChain
for name in ("two_link", "ur5e"):
    IKSolver.load(name)
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + int(sys.argv[1]),) * 2)
for path in sys.argv[2:]:
    start = time.process_time()
    try:
        (KinematicChain.from_urdf if path.endswith(".urdf") else IKSolver.load)(path)
    except ValueError as error:
        print(f"{time.process_time() - start} {len(str(error).splitlines())} {error}")
    else:
        print("0 0 loaded")
"""


def _sparse(path: Path, size: int) -> None:
    content = path.read_bytes()
    with path.open("wb") as file:
        file.write(content)
        file.truncate(size)


def _link(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _link_to_pipe(path: Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    _link(path, str(path.with_name("pipe")))


#: What may stand where a file should, and what the message says of it.
_FAKES: dict[str, tuple[Callable[[Path], None], str]] = {
    "pipe": (_pipe, "Not a regular file"),
    "link to a pipe": (_link_to_pipe, "Not a regular file"),
    "device without an end": (lambda path: _link(path, "/dev/zero"), "Not a regular file"),
    "terminal": (lambda path: _link(path, "/dev/tty"), "Not a regular file"),
    "kernel log": (lambda path: _link(path, "/proc/kmsg"), ""),
    "link to itself": (lambda path: _link(path, str(path)), "Too many levels of symbolic links"),
    "folder": (lambda path: (path.unlink(), path.mkdir())[1], "Is a directory"),
    "gigabyte": (lambda path: _sparse(path, 2**30), "Larger than"),
    "terabyte": (lambda path: _sparse(path, 2**40), "Larger than"),
}


def test_what_is_no_file_is_neither_waited_for_nor_read(folders: dict[str, Path], tmp_path: Path) -> None:
    """In place of each file of a model, and of a URDF: a line within a second, in bounded memory."""
    paths: dict[Path, str] = {}
    for fake, (make, message) in _FAKES.items():
        for kind in ("pose", "learned"):
            for file in sorted(path.name for path in folders[kind].iterdir()):
                parent = tmp_path / f"{file} {fake}"
                parent.mkdir(exist_ok=True)
                copy = _copy(folders[kind], parent)
                make(copy / file)
                paths[copy] = message
                if file == "arm.urdf":
                    paths[copy / file] = message
    command = [sys.executable, "-c", _CHILD, str(_MEMORY), *map(str, paths)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert len(lines) == len(paths)
    for line, (path, message) in zip(lines, paths.items(), strict=True):
        seconds, count, text = line.split(" ", 2)
        assert float(seconds) < 1.0
        assert count == "1", f"{path}: {text}"
        assert message in text, f"{path}: {text}"


def test_limits_narrowed_in_the_file_hold_for_every_answer(model: Path) -> None:
    """Though nearly all anchors that were trained or recorded lie outside; what is within is found."""
    metadata, wide = _metadata(model), IKSolver.load(model).arm
    rng, whole = np.random.default_rng(3), wide.sample(2, np.random.default_rng(2))
    lower = np.minimum(*whole)
    upper = np.minimum(
        lower + 0.15 * (np.clip(wide.upper, -3.0, 3.0) - np.clip(wide.lower, -3.0, 3.0)), wide.upper
    )
    if model.name == "learned":
        metadata["arm"].update(lower=lower.tolist(), upper=upper.tolist())
    else:
        pairs = np.stack([lower, upper], axis=1).tolist()
        metadata["arm"]["limits"] = dict(zip(wide.joint_names, pairs, strict=True))
    _write(model, metadata)
    solver = IKSolver.load(model)
    np.testing.assert_array_equal([solver.arm.lower, solver.arm.upper], [lower, upper])
    _check_answers(solver, count=20)
    inside = rng.uniform(lower, upper, (40, len(lower)))
    for batch in (
        solver.solve_batch(solver.target_at(inside)),
        solver.solve_batch(solver.target_at(inside), inside),
    ):
        assert batch.converged.mean() > 0.9
        assert ((batch.positions >= lower) & (batch.positions <= upper)).all()
    # Those that the arm reaches without the limits are among the targets, too.
    away = wide.forward(wide.sample(40, rng))[..., : solver.task.n_coordinates]
    for batch in (solver.solve_batch(away), solver.solve_batch(away, wide.sample(40, rng))):
        assert ((batch.positions >= lower) & (batch.positions <= upper)).all()


def test_limits_that_are_none_are_refused(model: Path) -> None:
    """``true`` for a limit, the two exchanged, one or three of them, of a joint that there is not."""
    metadata = _metadata(model)
    for pair in ([True, 2.0], [1.0, -1.0], [1.0, 1.0], [1.0], [0.0, 1.0, 2.0], ["0", "1"], [None, 1.0]):
        changed = dict(metadata["arm"])
        if model.name == "learned":
            changed["lower"], changed["upper"] = [pair[0], -1.0], [pair[-1], 1.0]
            if len(pair) != 2:
                changed["lower"] = [*pair, 0.0, 0.0]
        else:
            changed["limits"] = {**changed["limits"], IKSolver.load(model).arm.joint_names[0]: pair}
        _write(model, {**metadata, "arm": changed})
        _refusal(model)
        _write(model, metadata)


def test_another_limit_is_saved_with_what_was_loaded(model: Path, tmp_path: Path) -> None:
    """Not what the metadata say of the arm, the task and the network that were loaded."""
    loaded = IKSolver.load(model)
    lower, upper = np.clip(loaded.arm.lower, -1.0, 0.0), np.clip(loaded.arm.upper, 0.5, 1.0)
    if isinstance(loaded.arm, KinematicChain):
        limits = dict(zip(loaded.arm.joint_names, zip(lower, upper, strict=True), strict=True))
        arm = KinematicChain.from_urdf(**{**loaded.arm.source, "limits": limits})
    else:
        assert isinstance(loaded.arm, LearnedArm)
        arm = replace(loaded.arm, lower=lower, upper=upper)
    other = IKSolver(arm, loaded.task, loaded.twin, metadata=loaded.metadata, coverage=loaded.coverage)
    other.save(tmp_path / "other")
    again = IKSolver.load(tmp_path / "other").arm
    np.testing.assert_array_equal([again.lower, again.upper], [arm.lower, arm.upper])


def _mutated(data: st.DataObject, folder: Path) -> None:
    """Change one random thing in a folder."""
    file = data.draw(st.sampled_from(sorted(path.name for path in folder.iterdir())))
    path, content = folder / file, (folder / file).read_bytes()
    if file == "model.json" and data.draw(st.booleans()):
        numbers = st.floats() | st.integers(-(10**20), 10**20) | st.just(10**400)
        values = st.recursive(
            st.none() | st.booleans() | numbers | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=5,
        )
        metadata = _metadata(folder)
        at = data.draw(st.sampled_from([at for at, _ in _leaves(metadata)]))
        _write(folder, _replaced(metadata, at, data.draw(values)))
    elif file == "weights.safetensors" and data.draw(st.booleans()):
        tensors = load_file(path)
        name = data.draw(st.sampled_from(sorted(tensors)))
        flat = tensors[name].reshape(-1).copy()
        width = 8 * flat.itemsize
        flat[data.draw(st.integers(0, flat.size - 1)) :: data.draw(st.integers(1, flat.size))] = data.draw(
            st.floats(width=64 if width == 64 else 32)
        )
        save_file({**tensors, name: flat.reshape(tensors[name].shape)}, path)
    else:
        changed = bytearray(content)
        for _ in range(data.draw(st.integers(1, 4))):
            changed[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(
            changed[: data.draw(st.sampled_from([len(content), len(content) // 2, len(content)]))]
        )


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=2000)
@given(data=st.data())
def test_any_damage_is_one_line_or_leaves_sound_answers(
    folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    """At random: values, numbers in tensors, bytes, and files that end early."""
    folder = _copy(folders[kind], tmp_path_factory.getbasetemp())
    _mutated(data, folder)
    _check_refused_or_sound(folder)
