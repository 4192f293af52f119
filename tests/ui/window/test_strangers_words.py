"""Words of strangers stand in tooltips as they are. `test_every_page` looks for them on all pages."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from PySide6 import QtGui
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from app.ui.kit.tooltip import literal, set_tip
from tests.support.window.strangers import HOSTILE


@pytest.mark.parametrize("words", HOSTILE)
def test_words_stay_what_they_are(words: str) -> None:
    shown = literal(words)
    assert not QtGui.Qt.mightBeRichText(shown)
    assert shown.replace("\N{ZERO WIDTH SPACE}", "") == words


@pytest.mark.parametrize("words", ["", "plain", "a < b", "Fish & chips", "line\n<b>no html for Qt</b>", "A" * 1000])
def test_other_words_are_not_touched(words: str) -> None:
    assert literal(words) == words


def test_what_is_no_tooltip_any_more_is_cut() -> None:
    assert literal("A" * 1001) == "A" * 999 + "…"


@pytest.mark.qt_log_ignore("does not support raise")
def test_a_hover_opens_no_file(show: Callable[[QWidget], QWidget], qtbot: Any, tmp_path: Any) -> None:
    """A pipe that nobody writes to holds for ever whoever opens it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    widget = QWidget()
    widget.resize(200, 100)
    set_tip(widget, f"<img src='file://{pipe}'>")
    show(widget)
    middle = QPoint(100, 50)
    QApplication.sendEvent(widget, QHelpEvent(QEvent.Type.ToolTip, middle, widget.mapToGlobal(middle)))
    qtbot.waitUntil(QToolTip.isVisible)
    assert "file://" in QToolTip.text()
    QToolTip.hideText()
