"""The theme that widgets under test are drawn with, and a way to show them."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.ui.theme import Theme
from tests.support.looks import plain_theme

W = TypeVar("W", bound=QWidget)


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    return plain_theme(qapp)


@pytest.fixture
def show(qtbot: QtBot) -> Iterator[Callable[[W], W]]:
    """Shows a widget in a window that has the keyboard."""

    kept: list[QWidget] = []

    def shown(widget: W) -> W:
        kept.append(widget)
        qtbot.addWidget(widget)
        with qtbot.waitActive(widget):
            widget.show()
            widget.activateWindow()
        return widget

    yield shown
    kept.clear()
