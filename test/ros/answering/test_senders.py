"""Two publishers of one topic, and joint states that cannot be those of one arm."""

from __future__ import annotations

import numpy as np

from itnnr_ik.ros.answering.senders import ConsistencyCheck, Senders, sender_of


def named(sender: str) -> bytes | None:
    return sender_of({"publisher_gid": {"data": sender.encode()}})


def test_two_that_take_turns_are_told_from_one_that_was_started_again() -> None:
    """For a second after the last turn."""
    senders = Senders()
    for now, sender in enumerate("aaabbb"):
        senders.take(named(sender), 0.1 * now)
        assert not senders.several(0.1 * now)
    senders.take(named("a"), 0.6)
    assert senders.several(0.6)
    assert senders.several(1.5)
    assert not senders.several(1.7)
    assert sender_of(None) is sender_of({}) is None
    senders.take(None, 1.8)
    assert not senders.several(1.9)


def test_joint_states_that_jump_there_and_back_disagree() -> None:
    """Not those of joints that move fast, are noisy, were moved once, or came late and all at once."""
    rng = np.random.default_rng(0)
    times = np.arange(0.0, 2.0, 0.01)
    fast = np.stack([np.sin(4.0 * times), np.zeros(len(times))], axis=1)
    noisy = rng.uniform(-0.01, 0.01, (len(times), 2))
    moved = np.where(times < 1.0, 0.0, 1.0)[:, None] * np.ones(2)
    other = np.zeros((len(times), 2))
    other[1::2, 1] = 1.0
    for positions, disagree in ((fast, False), (noisy, False), (moved, False), (other, True)):
        check = ConsistencyCheck(np.full(2, 4.0))
        for now, position in zip(times.tolist(), positions, strict=True):
            check.take(position, now)
        assert check.violated(2.0) is disagree
    check = ConsistencyCheck(np.full(2, 4.0))
    for position in fast:
        check.take(position, 0.0)
    assert not check.violated(0.0)
    assert check.violated(5.0) is False
