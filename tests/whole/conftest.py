"""Whole-program tests: real processes, a real window (offscreen), real files."""

from tests.ui.conftest import _session_loop, loop, no_widget_stays, qapp, wait_for

__all__ = ["_session_loop", "loop", "no_widget_stays", "qapp", "wait_for"]
