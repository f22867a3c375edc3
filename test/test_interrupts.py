"""Signals that arrive in an uninterrupted block take effect at its end."""

from __future__ import annotations

import signal
import threading

import pytest

from itnnr_ik.interrupts import uninterrupted


def test_a_step_is_done_before_ctrl_c_counts() -> None:
    """Ctrl-C within the block is raised after it, and the previous handler is restored."""
    done = []
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        signal.raise_signal(signal.SIGINT)
        done.append("step")
    assert done == ["step"]
    assert signal.getsignal(signal.SIGINT) is before


def test_handlers_of_c_code_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python knows a handler that C code installed as None only, and could not restore it."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(signal, "getsignal", lambda number: None if number == signal.SIGTERM else before)
    with uninterrupted():
        monkeypatch.undo()
        assert signal.getsignal(signal.SIGTERM) is before


def test_an_error_in_the_step_is_told_where_no_signal_came() -> None:
    with pytest.raises(ValueError, match="broken"), uninterrupted():
        raise ValueError("broken")


def test_other_threads_are_let_alone() -> None:
    """The block does nothing in other threads: Python runs signal handlers in the main thread only."""
    done = []

    def step() -> None:
        with uninterrupted():
            done.append("step")

    thread = threading.Thread(target=step)
    thread.start()
    thread.join()
    assert done == ["step"]
