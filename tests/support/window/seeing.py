"""Looking at a window as a person does: by what stands on it."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QPlainTextEdit, QTextEdit, QWidget

W = TypeVar("W", bound=QWidget)


def shown(root: QWidget, kind: type[W]) -> list[W]:
    return [widget for widget in root.findChildren(kind) if widget.isVisible()]


def named(root: QWidget, name: str) -> QWidget | None:
    """The visible widget with this accessible name."""
    return next((widget for widget in shown(root, QWidget) if widget.accessibleName() == name), None)


def button(root: QWidget, name: str) -> QAbstractButton:
    """The visible button with this text or accessible name (its beginning is enough)."""
    found = [b for b in shown(root, QAbstractButton) if name in (b.text(), b.accessibleName())]
    found = found or [b for b in shown(root, QAbstractButton) if b.accessibleName().startswith(name)]
    assert found, f"no button “{name}”; there are: " + ", ".join(
        sorted({b.accessibleName() or b.text() for b in shown(root, QAbstractButton)})
    )
    return found[0]


def has_button(root: QWidget, name: str) -> bool:
    return any(b.accessibleName().startswith(name) or b.text() == name for b in shown(root, QAbstractButton))


def texts(root: QWidget) -> str:
    """All visible text, for `in`."""
    parts = [label.text() for label in shown(root, QLabel)]
    parts += [edit.toPlainText() for edit in shown(root, QPlainTextEdit)]
    parts += [edit.toPlainText() for edit in shown(root, QTextEdit)]
    parts += [b.text() for b in shown(root, QAbstractButton)]
    return "\n".join(parts)


async def until(met: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Waits while the window lives on; fails with a sentence."""
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain: {what}"
        await asyncio.sleep(0.02)


def press(widget: QWidget, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(widget, key, modifiers)


def type_text(widget: QWidget, text: str) -> None:
    QTest.keyClicks(widget, text)


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)
