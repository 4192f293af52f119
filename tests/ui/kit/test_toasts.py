"""Notices: where they stand, how long they stay, and what their button does."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.ui.kit.toast import TOASTS_MAX, ToastHost
from app.ui.theme import Theme
from tests.support.window.looks import wide_window


def test_toasts_stand_at_the_bottom_right_and_at_most_three(theme: Theme, show: Callable) -> None:
    window = wide_window(show)
    host = ToastHost(theme, window)
    error = host.show_toast("The disk is full.", kind="error")
    for n in range(4):
        host.show_toast(f"Notice {n}")
    assert len(host.toasts) == TOASTS_MAX
    assert error in host.toasts
    assert host.geometry().bottomRight().x() < window.width()
    assert host.geometry().bottom() < window.height()
    window.resize(500, 400)
    assert window.rect().contains(host.geometry())


def test_a_toast_waits_while_hovered_or_focused_and_an_error_stays(theme: Theme, show: Callable) -> None:
    host = ToastHost(theme, wide_window(show))
    toast = host.show_toast("Saved", action="Undo", on_action=lambda: None)
    error = host.show_toast("Not saved", kind="error")
    # The mouse of an earlier test may stand here.
    QApplication.sendEvent(toast, QEvent(QEvent.Type.Leave))
    assert toast.counting
    assert not error.counting
    here = QPointF(2, 2)
    QApplication.sendEvent(toast, QEnterEvent(here, here, here))
    assert not toast.counting
    QApplication.sendEvent(toast, QEvent(QEvent.Type.Leave))
    assert toast.counting
    assert toast.button is not None
    toast.button.setFocus()
    assert not toast.counting
    error.closer.setFocus()
    assert toast.counting


def test_a_toast_runs_its_action_once_and_goes(theme: Theme, show: Callable, qtbot: QtBot) -> None:
    host = ToastHost(theme, wide_window(show))
    undone: list[int] = []
    toast = host.show_toast("“plans” is back", action="Undo", on_action=lambda: undone.append(1))
    assert toast.button is not None
    qtbot.mouseClick(toast.button, Qt.MouseButton.LeftButton)
    assert undone == [1]
    assert host.toasts == []
    assert host.isHidden()
