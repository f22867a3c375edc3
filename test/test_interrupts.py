"""A signal in the middle of a step comes at its end."""

from __future__ import annotations

import signal
import threading

import pytest

from itnnr_ik.interrupts import uninterrupted


def test_a_step_is_done_before_ctrl_c_counts() -> None:
    """And the handler is the one from before."""
    done = []
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        signal.raise_signal(signal.SIGINT)
        done.append("step")
    assert done == ["step"]
    assert signal.getsignal(signal.SIGINT) is before


def test_an_error_in_the_step_is_told_where_no_signal_came() -> None:
    with pytest.raises(ValueError, match="broken"), uninterrupted():
        raise ValueError("broken")


def test_other_threads_are_let_alone() -> None:
    """They get no signals: handlers run in the main thread."""
    done = []

    def step() -> None:
        with uninterrupted():
            done.append("step")

    thread = threading.Thread(target=step)
    thread.start()
    thread.join()
    assert done == ["step"]
