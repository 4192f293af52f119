"""Tells screen readers what the agent writes: once per paragraph, not per word."""

from collections.abc import Callable, Iterable

from PySide6.QtWidgets import QWidget

from app.ui.chat.transcript.row import Row
from app.ui.kit.announce import announce


class ParagraphSpeaker:
    def __init__(self, widget: QWidget, speak: Callable[[QWidget, str], None] = announce) -> None:
        self._widget = widget
        self._speak = speak
        self._spoken: dict[str, int] = {}

    def skip(self, rows: Iterable[Row]) -> None:
        """What is there already is not news."""
        self._spoken = {row.key: len(row.text) for row in rows}

    def tell(self, row: Row) -> None:
        """Speaks the paragraphs of a reply that are complete and were not spoken yet."""
        if row.kind != "assistant":
            return
        done = self._spoken.get(row.key, 0)
        end = row.text.rfind("\n\n") if row.state == "writing" else len(row.text)
        if end > done:
            self._spoken[row.key] = end
            if text := row.text[done:end].strip():
                self._speak(self._widget, text)
