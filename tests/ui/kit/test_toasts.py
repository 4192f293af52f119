"""Notices: where they stand, how long they stay, and what their button does."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QTextEdit
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


def test_what_was_told_is_not_told_beside_itself(theme: Theme, show: Callable, qtbot: QtBot) -> None:
    host = ToastHost(theme, wide_window(show))
    done: list[int] = []
    for number in range(3):
        host.show_toast("“plans” was undone", "Saved as version 4", "undo", "Redo", lambda n=number: done.append(n))
    host.show_toast("“plans” was undone", "Saved as version 5")
    assert [toast.detail.text() for toast in host.toasts] == ["Saved as version 4", "Saved as version 5"]
    assert host.toasts[0].button is not None
    qtbot.mouseClick(host.toasts[0].button, Qt.MouseButton.LeftButton)
    assert done == [2], "the newest word keeps its own way back"


def test_a_toast_covers_nothing_to_click_or_to_type_into(theme: Theme, show: Callable) -> None:
    window = wide_window(show)
    corner, beside = QPushButton("Restore", window), QLineEdit(window)
    corner.setGeometry(800, 560, 90, 30)
    beside.setGeometry(600, 500, 150, 28)
    hidden = QPushButton("Hidden", window)
    hidden.setGeometry(560, 400, 300, 60)
    for widget in (corner, beside):
        widget.show()
    host = ToastHost(theme, window)
    host.show_toast("Backed up")
    assert host.geometry().bottom() < 500
    assert host.geometry().intersects(hidden.geometry())
    covering = QTextEdit(window)
    covering.setGeometry(500, 0, 400, 600)
    covering.show()
    host.show_toast("Backed up again")
    assert not host.geometry().intersects(covering.geometry())
    covering.resize(900, 600)
    covering.move(0, 0)
    host.show_toast("No room at all")
    assert window.rect().contains(host.geometry())


def test_a_toast_makes_way_for_buttons_that_come_below_it(theme: Theme, show: Callable, qtbot: QtBot) -> None:
    window = wide_window(show)
    host = ToastHost(theme, window)
    host.show_toast("Backed up")
    later = QPushButton("Undo", window)
    later.setGeometry(host.geometry())
    later.show()
    qtbot.waitUntil(lambda: not host.geometry().intersects(later.geometry()), timeout=2000)
