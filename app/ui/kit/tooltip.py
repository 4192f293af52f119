"""Tooltips. Qt guesses whether they are HTML, and would open the files that HTML names; here they are what they say."""

from typing import Protocol

from PySide6.QtCore import QPoint
from PySide6.QtGui import Qt
from PySide6.QtWidgets import QToolTip, QWidget

LONGEST = 1000
"""Characters. What is longer is no tooltip, and laying out a whole block of memory would hold the window."""
_BREAK = "\N{ZERO WIDTH SPACE}"


class _Tipped(Protocol):
    def setToolTip(self, tip: str, /) -> None: ...


def literal(text: str) -> str:
    """The same words, so that Qt never takes them for HTML. For whatever is shown where Qt guesses.

    Names of agents, models and servers, paths and programs of requests: all of them may be chosen by strangers.
    """
    words = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    if Qt.mightBeRichText(words):
        # An invisible character after it keeps a sign from being the beginning of a tag or of an entity.
        words = words.replace("<", f"<{_BREAK}").replace("&", f"&{_BREAK}")
    return words


def set_tip(target: _Tipped, text: str) -> None:
    """`target`: a widget, an action, or the format of a stretch of text."""
    target.setToolTip(literal(text))


def show_tip(at: QPoint, text: str, widget: QWidget) -> None:
    """At once; an empty text takes the one that is shown away."""
    QToolTip.showText(at, literal(text), widget)
